/* What winograd_template.h asks for, with AVX-512; TARGET is said before. */
#ifndef ATELIER_OPS_ISA_WINOGRAD_AVX512_H
#define ATELIER_OPS_ISA_WINOGRAD_AVX512_H

#include <immintrin.h>

#define V                   __m512
#define LANES               16
#define LOAD(p)             _mm512_load_ps(p)
#define STORE(p, v)         _mm512_store_ps(p, v)
#define BROADCAST(x)        _mm512_set1_ps(x)
#define ZERO                _mm512_setzero_ps()
#define ADD(a, b)           _mm512_add_ps(a, b)
#define SUB(a, b)           _mm512_sub_ps(a, b)
#define MUL(a, b)           _mm512_mul_ps(a, b)
#define MAX(a, b)           _mm512_max_ps(a, b)
#define FMA(a, b, c)        _mm512_fmadd_ps(a, b, c)
#define FNMA(a, b, c)       _mm512_fnmadd_ps(a, b, c)
#define ADD_DOUBLES(to, v)  add_doubles(to, v)
#define TRANSPOSE(from, to) transpose(from, to)

/* 14 x 2 sums, 2 weights and an input leave one of 32 registers. */
#define TILES  14
#define BLOCKS 2
#define CHUNK  16
#define SIZES(X)                                                                         \
    X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#define ROWS(X) X(0, 8) X(8, 8)

TARGET static void add_doubles(double *to, __m512 v) {
    __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256(v));
    __m512d high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
    _mm512_storeu_pd(to, _mm512_add_pd(_mm512_loadu_pd(to), low));
    _mm512_storeu_pd(to + 8, _mm512_add_pd(_mm512_loadu_pd(to + 8), high));
}

/* Elements, pairs, quarters, halves: each pass puts one more bit of the row's number
 * into the column's. */
TARGET static void transpose(const float *from, float *to) {
    __m512 a[16], b[16];
    for (int i = 0; i < 16; i++)
        a[i] = _mm512_load_ps(from + i * 16);
    for (int i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < 16; i += 4)
        for (int j = 0; j < 2; j++) {
            __m512d low = _mm512_castps_pd(b[i + j]);
            __m512d high = _mm512_castps_pd(b[i + j + 2]);
            a[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
            a[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
        }
    for (int i = 0; i < 16; i += 8)
        for (int j = 0; j < 4; j++) {
            b[i + j] = _mm512_shuffle_f32x4(a[i + j], a[i + j + 4], 0x88);
            b[i + j + 4] = _mm512_shuffle_f32x4(a[i + j], a[i + j + 4], 0xdd);
        }
    for (int j = 0; j < 8; j++) {
        _mm512_store_ps(to + j * 16, _mm512_shuffle_f32x4(b[j], b[j + 8], 0x88));
        _mm512_store_ps(to + (j + 8) * 16, _mm512_shuffle_f32x4(b[j], b[j + 8], 0xdd));
    }
}

#endif
