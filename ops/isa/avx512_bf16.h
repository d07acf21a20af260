/* bfloat16 in AVX-512 registers: a vector of 16 words or 16 floats is an __m512. Included
 * where the functions' target has avx512bf16 already. */
#ifndef ATELIER_OPS_ISA_AVX512_BF16_H
#define ATELIER_OPS_ISA_AVX512_BF16_H

#include <immintrin.h>
#include <stddef.h>

#define AT_BF16_INLINE                                                                   \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"),                       \
                   always_inline)) static inline

AT_BF16_INLINE __m512 at_bf16_widened(__m256i halves) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

AT_BF16_INLINE __m256i at_bf16_narrowed(__m512 floats) {
    return (__m256i)_mm512_cvtneps_pbh(floats);
}

/* 16 channels of a map, 8 words. */
AT_BF16_INLINE __m512 at_bf16_load(const float *words) {
    return at_bf16_widened(_mm256_loadu_si256((const __m256i *)(const void *)words));
}

AT_BF16_INLINE void at_bf16_store(float *words, __m512 floats) {
    _mm256_storeu_si256((__m256i *)(void *)words, at_bf16_narrowed(floats));
}

AT_BF16_INLINE void at_bf16_stream(float *words, __m512 floats) {
    _mm256_stream_si256((__m256i *)(void *)words, at_bf16_narrowed(floats));
}

AT_BF16_INLINE __m512 at_bf16_rounded(__m512 floats) {
    return at_bf16_widened(at_bf16_narrowed(floats));
}

/* c + the products of both halves of each word. */
AT_BF16_INLINE __m512 at_bf16_dot(__m512 a, __m512 b, __m512 c) {
    return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
}

/* Words whose lower halves are a, whose upper are b. */
AT_BF16_INLINE __m512 at_bf16_zip(__m512 a, __m512 b) {
    __m512i low = _mm512_cvtepu16_epi32(at_bf16_narrowed(a));
    __m512i high = _mm512_cvtepu16_epi32(at_bf16_narrowed(b));
    return _mm512_castsi512_ps(_mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
}

/* The same of 16 channels of two maps; b NULL: zeros. */
AT_BF16_INLINE __m512 at_bf16_interleave(const float *a, const float *b) {
    const __m256i *low = (const void *)a, *high = (const void *)b;
    __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256(low));
    if (b)
        words = _mm512_or_si512(
            words,
            _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(high)), 16));
    return _mm512_castsi512_ps(words);
}

#endif
