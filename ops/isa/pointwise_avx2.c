#include "ops/isa/pointwise.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET              __attribute__((target("avx2,fma")))
#define V                   __m256
#define LANES               8
#define LOAD(p)             _mm256_loadu_ps(p)
#define STORE(p, v)         _mm256_storeu_ps(p, v)
#define STREAM(p, v)        _mm256_stream_ps(p, v)
#define FENCE               _mm_sfence()
#define BROADCAST(x)        _mm256_set1_ps(x)
#define ZERO                _mm256_setzero_ps()
#define ADD(a, b)           _mm256_add_ps(a, b)
#define SUB(a, b)           _mm256_sub_ps(a, b)
#define MUL(a, b)           _mm256_mul_ps(a, b)
#define DIV(a, b)           _mm256_div_ps(a, b)
#define SQRT(a)             _mm256_sqrt_ps(a)
#define MAX(a, b)           _mm256_max_ps(a, b)
#define FMA(a, b, c)        _mm256_fmadd_ps(a, b, c)
#define FNMA(a, b, c)       _mm256_fnmadd_ps(a, b, c)
#define POSITIVE(a, v)      _mm256_and_ps(_mm256_cmp_ps(a, ZERO, _CMP_GT_OQ), v)
#define EQUAL(a, b, v)      _mm256_and_ps(_mm256_cmp_ps(a, b, _CMP_EQ_OQ), v)
#define GREATER(a, b, x, y) _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_GT_OQ))
#define ADD_DOUBLES(to, v)  to_doubles(to, v)
#define LOAD_BYTES(p)       from_bytes(p)
#define STORE_BYTES(p, v)   to_bytes(p, v)

TARGET static inline void to_doubles(double *to, __m256 v) {
    __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(v));
    __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
    _mm256_storeu_pd(to, _mm256_add_pd(_mm256_loadu_pd(to), low));
    _mm256_storeu_pd(to + 4, _mm256_add_pd(_mm256_loadu_pd(to + 4), high));
}

TARGET static inline __m256 from_bytes(const uint8_t *p) {
    __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)p);
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
}

TARGET static inline void to_bytes(uint8_t *p, __m256 v) {
    __m256i wide = _mm256_cvtps_epi32(v);
    __m128i half =
        _mm_packus_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    _mm_storel_epi64((__m128i *)(void *)p, _mm_packus_epi16(half, half));
}

#include "ops/isa/pointwise_template.h"

#include "ops/isa/pointwise_floats.h"

const at_pointwise at_pointwise_avx2 = {MAPS, FLOATS};
#else
typedef int at_pointwise_no_avx2;
#endif
