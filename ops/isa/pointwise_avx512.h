/* What pointwise_template.h asks for, with AVX-512. */
#ifndef ATELIER_OPS_ISA_POINTWISE_AVX512_H
#define ATELIER_OPS_ISA_POINTWISE_AVX512_H

#include <immintrin.h>

#ifndef TARGET
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw")))
#endif
#define V              __m512
#define LANES          16
#define LOAD(p)        _mm512_loadu_ps(p)
#define STORE(p, v)    _mm512_storeu_ps(p, v)
#define STREAM(p, v)   _mm512_stream_ps(p, v)
#define FENCE          _mm_sfence()
#define BROADCAST(x)   _mm512_set1_ps(x)
#define ZERO           _mm512_setzero_ps()
#define ADD(a, b)      _mm512_add_ps(a, b)
#define SUB(a, b)      _mm512_sub_ps(a, b)
#define MUL(a, b)      _mm512_mul_ps(a, b)
#define DIV(a, b)      _mm512_div_ps(a, b)
#define SQRT(a)        _mm512_sqrt_ps(a)
#define MAX(a, b)      _mm512_max_ps(a, b)
#define FMA(a, b, c)   _mm512_fmadd_ps(a, b, c)
#define FNMA(a, b, c)  _mm512_fnmadd_ps(a, b, c)
#define POSITIVE(a, v) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, ZERO, _CMP_GT_OQ), v)
#define EQUAL(a, b, v) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ), v)
#define GREATER(a, b, x, y) _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), x)
#define ADD_DOUBLES(to, v)  to_doubles(to, v)
#define LOAD_BYTES(p)       from_bytes(p)
#define STORE_BYTES(p, v)   to_bytes(p, v)

TARGET static inline void to_doubles(double *to, __m512 v) {
    __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256(v));
    __m512d high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
    _mm512_storeu_pd(to, _mm512_add_pd(_mm512_loadu_pd(to), low));
    _mm512_storeu_pd(to + 8, _mm512_add_pd(_mm512_loadu_pd(to + 8), high));
}

TARGET static inline __m512 from_bytes(const uint8_t *p) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
}

TARGET static inline void to_bytes(uint8_t *p, __m512 v) {
    __m128i bytes = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v));
    _mm_storeu_si128((__m128i *)(void *)p, bytes);
}

#endif
