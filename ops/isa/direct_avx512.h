/* Direct convolution with AVX-512, for both kinds of maps: 14 pixels x 2 output blocks
 * are 28 sums, 2 vectors of weights and a broadcast of the 32 registers. A file that
 * includes this once has said what PIXEL, GET, PUT, ROUND and DOT are
 * (direct_template.h); `tile` and `strip` are what it gets. */
#ifndef ATELIER_OPS_ISA_DIRECT_AVX512_H
#define ATELIER_OPS_ISA_DIRECT_AVX512_H

#define V            __m512
#define ZERO         _mm512_setzero_ps()
#define LD(p)        _mm512_loadu_ps(p)
#define ST(p, v)     _mm512_storeu_ps(p, v)
#define SPLAT(p)     _mm512_set1_ps(*(p))
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define ADD(a, b)    _mm512_add_ps(a, b)
#define RELU(v)      _mm512_max_ps(ZERO, v)

static inline __attribute__((always_inline)) void add_double(double *p, __m512 v) {
    __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256(v));
    __m512d high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
    _mm512_storeu_pd(p, _mm512_add_pd(_mm512_loadu_pd(p), low));
    _mm512_storeu_pd(p + 8, _mm512_add_pd(_mm512_loadu_pd(p + 8), high));
}
#define ADD_DOUBLE(p, v) add_double(p, v)

enum { LANES = 16, TILE_PIXELS = 14, TILE_BLOCKS = 2, STRIP_ONE = 16, STRIP_TWO = 8 };

#include "ops/isa/direct_template.h"

#define COUNTS(X, B)                                                                     \
    X(1, B)                                                                              \
    X(2, B)                                                                              \
    X(3, B)                                                                              \
    X(4, B)                                                                              \
    X(5, B) X(6, B) X(7, B) X(8, B) X(9, B) X(10, B) X(11, B) X(12, B) X(13, B) X(14, B)
COUNTS(TILE, 1)
COUNTS(TILE, 2)
RUN(14, 1)
RUN(14, 2)

#define ENTRY(T, B) tile_##T##_##B,
static tile_fn *const tiles[TILE_BLOCKS + 1][TILE_PIXELS + 1] = {
    {NULL}, {NULL, COUNTS(ENTRY, 1)}, {NULL, COUNTS(ENTRY, 2)}};

static void tile(const at_direct_tile *t) {
    if (t->pixels == 14 && t->inner == PIXEL &&
        t->pixel_x[13] - t->pixel_x[0] == 13 * PIXEL)
        (t->blocks == 2 ? run_14_2 : run_14_1)(t);
    else
        tiles[t->blocks][t->pixels](t);
}

#define STRIPS(X, B) X(1, B) X(2, B) X(3, B) X(4, B) X(5, B) X(6, B) X(7, B) X(8, B)
#define MORE_STRIPS(X, B)                                                                \
    X(9, B) X(10, B) X(11, B) X(12, B) X(13, B) X(14, B) X(15, B) X(16, B)
STRIPS(STRIP, 1)
MORE_STRIPS(STRIP, 1)
STRIPS(STRIP, 2)

#define STRIP_ENTRY(T, B) strip_##T##_##B,
static strip_fn *const strips[TILE_BLOCKS + 1][STRIP_ONE + 1] = {
    {NULL},
    {NULL, STRIPS(STRIP_ENTRY, 1) MORE_STRIPS(STRIP_ENTRY, 1)},
    {NULL, STRIPS(STRIP_ENTRY, 2)}};

static void strip(const at_direct_strip *s) {
    strips[s->blocks][s->inputs](s);
}

#define SIZES                                                                            \
    .pixels = TILE_PIXELS, .blocks = TILE_BLOCKS,                                        \
    .strip_inputs = {0, STRIP_ONE, STRIP_TWO}

#endif
