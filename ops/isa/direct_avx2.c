/* AVX2 and FMA: 6 pixels x 16 output channels are 12 sums, 2 vectors of weights and a
 * broadcast of the 16 registers. */
#include "ops/isa/direct.h"

#if defined(__x86_64__)
#include <immintrin.h>

#ifdef __clang__ /* which does not know the other */
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

#define V            __m256
#define ZERO         _mm256_setzero_ps()
#define LD(p)        _mm256_loadu_ps(p)
#define ST(p, v)     _mm256_storeu_ps(p, v)
#define SPLAT(p)     _mm256_broadcast_ss(p)
#define FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define ADD(a, b)    _mm256_add_ps(a, b)
#define RELU(v)      _mm256_max_ps(ZERO, v)

static inline __attribute__((always_inline)) void add_double(double *p, __m256 v) {
    __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(v));
    __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
    _mm256_storeu_pd(p, _mm256_add_pd(_mm256_loadu_pd(p), low));
    _mm256_storeu_pd(p + 4, _mm256_add_pd(_mm256_loadu_pd(p + 4), high));
}
#define ADD_DOUBLE(p, v) add_double(p, v)

enum { LANES = 8, TILE_PIXELS = 6, TILE_BLOCKS = 1, STRIP_ONE = 6 };

#include "ops/isa/direct_template.h"

#define COUNTS(X) X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1)
COUNTS(TILE)
COUNTS(STRIP)

#define ENTRY(T, B) tile_##T##_##B,
static tile_fn *const tiles[TILE_PIXELS + 1] = {NULL, COUNTS(ENTRY)};

static void tile(const at_direct_tile *t) {
    tiles[t->pixels](t);
}

#define STRIP_ENTRY(T, B) strip_##T##_##B,
static strip_fn *const strips[STRIP_ONE + 1] = {NULL, COUNTS(STRIP_ENTRY)};

static void strip(const at_direct_strip *s) {
    strips[s->inputs](s);
}

const at_direct_kernels at_direct_avx2 = {.pixels = TILE_PIXELS,
                                          .blocks = TILE_BLOCKS,
                                          .strip_inputs = {0, STRIP_ONE},
                                          .tile = tile,
                                          .strip = strip};

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
