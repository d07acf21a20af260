#include "ops/isa/winograd.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET              __attribute__((target("avx2,fma")))
#define V                   __m256
#define LANES               8
#define LOAD(p)             _mm256_load_ps(p)
#define STORE(p, v)         _mm256_store_ps(p, v)
#define BROADCAST(x)        _mm256_set1_ps(x)
#define ZERO                _mm256_setzero_ps()
#define ADD(a, b)           _mm256_add_ps(a, b)
#define SUB(a, b)           _mm256_sub_ps(a, b)
#define MUL(a, b)           _mm256_mul_ps(a, b)
#define MAX(a, b)           _mm256_max_ps(a, b)
#define FMA(a, b, c)        _mm256_fmadd_ps(a, b, c)
#define FNMA(a, b, c)       _mm256_fnmadd_ps(a, b, c)
#define ADD_DOUBLES(to, v)  add_doubles(to, v)
#define TRANSPOSE(from, to) transpose(from, to)

/* 6 x 2 sums, 2 weights and an input leave one of 16 registers. */
#define TILES    6
#define BLOCKS   1
#define CHUNK    16
#define SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define ROWS(X)  X(0, 6) X(6, 5) X(11, 5)

TARGET static void add_doubles(double *to, __m256 v) {
    __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(v));
    __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
    _mm256_storeu_pd(to, _mm256_add_pd(_mm256_loadu_pd(to), low));
    _mm256_storeu_pd(to + 4, _mm256_add_pd(_mm256_loadu_pd(to + 4), high));
}

/* 8 x 8 of it: elements, pairs, halves. */
TARGET static void transpose_8(const float *from, float *to) {
    __m256 a[8], b[8];
    for (int i = 0; i < 8; i++)
        a[i] = _mm256_load_ps(from + i * 16);
    for (int i = 0; i < 8; i += 2) {
        b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            __m256d low = _mm256_castps_pd(b[i + j]);
            __m256d high = _mm256_castps_pd(b[i + j + 2]);
            a[i + 2 * j] = _mm256_castpd_ps(_mm256_unpacklo_pd(low, high));
            a[i + 2 * j + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(low, high));
        }
    for (int j = 0; j < 4; j++) {
        _mm256_store_ps(to + j * 16, _mm256_permute2f128_ps(a[j], a[j + 4], 0x20));
        _mm256_store_ps(to + (j + 4) * 16, _mm256_permute2f128_ps(a[j], a[j + 4], 0x31));
    }
}

TARGET static void transpose(const float *from, float *to) {
    for (int i = 0; i < 16; i += 8)
        for (int j = 0; j < 16; j += 8)
            transpose_8(from + i * 16 + j, to + j * 16 + i);
}

#include "ops/isa/winograd_template.h"

const at_winograd_kernels at_winograd_avx2 = KERNELS;

#endif
