/* NEON: 6 pixels x 16 output channels are 24 sums, 4 vectors of weights and a broadcast
 * of the 32 registers. */
#include "ops/isa/direct.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define V            float32x4_t
#define ZERO         vdupq_n_f32(0)
#define LD(p)        vld1q_f32(p)
#define ST(p, v)     vst1q_f32(p, v)
#define SPLAT(p)     vld1q_dup_f32(p)
#define FMA(a, b, c) vfmaq_f32(c, a, b)
#define ADD(a, b)    vaddq_f32(a, b)
#define RELU(v)      vmaxq_f32(ZERO, v)

static inline __attribute__((always_inline)) void add_double(double *p, float32x4_t v) {
    vst1q_f64(p, vaddq_f64(vld1q_f64(p), vcvt_f64_f32(vget_low_f32(v))));
    vst1q_f64(p + 2, vaddq_f64(vld1q_f64(p + 2), vcvt_high_f64_f32(v)));
}
#define ADD_DOUBLE(p, v) add_double(p, v)

enum { LANES = 4, TILE_PIXELS = 6, TILE_BLOCKS = 1, STRIP_ONE = 6 };

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

const at_direct_kernels at_direct_neon = {.pixels = TILE_PIXELS,
                                          .blocks = TILE_BLOCKS,
                                          .strip_inputs = {0, STRIP_ONE},
                                          .tile = tile,
                                          .strip = strip};

#endif
