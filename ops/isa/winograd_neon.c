#include "ops/isa/winograd.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define TARGET
#define V                   float32x4_t
#define LANES               4
#define LOAD(p)             vld1q_f32(p)
#define STORE(p, v)         vst1q_f32(p, v)
#define BROADCAST(x)        vdupq_n_f32(x)
#define ZERO                vdupq_n_f32(0)
#define ADD(a, b)           vaddq_f32(a, b)
#define SUB(a, b)           vsubq_f32(a, b)
#define MUL(a, b)           vmulq_f32(a, b)
#define MAX(a, b)           vmaxq_f32(a, b)
#define FMA(a, b, c)        vfmaq_f32(c, a, b)
#define FNMA(a, b, c)       vfmsq_f32(c, a, b)
#define ADD_DOUBLES(to, v)  add_doubles(to, v)
#define TRANSPOSE(from, to) transpose(from, to)

/* 6 x 4 sums, 4 weights and an input, of 32 registers. */
#define TILES    6
#define BLOCKS   1
#define CHUNK    16
#define SIZES(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define ROWS(X)  X(0, 6) X(6, 5) X(11, 5)

static void add_doubles(double *to, float32x4_t v) {
    vst1q_f64(to, vaddq_f64(vld1q_f64(to), vcvt_f64_f32(vget_low_f32(v))));
    vst1q_f64(to + 2, vaddq_f64(vld1q_f64(to + 2), vcvt_high_f64_f32(v)));
}

/* Loading four rows de-interleaved transposes them. */
static void transpose(const float *from, float *to) {
    for (int i = 0; i < 16; i += 4)
        for (int j = 0; j < 16; j += 4) {
            float rows[16];
            for (int k = 0; k < 4; k++)
                vst1q_f32(rows + 4 * k, vld1q_f32(from + (i + k) * 16 + j));
            float32x4x4_t columns = vld4q_f32(rows);
            for (int k = 0; k < 4; k++)
                vst1q_f32(to + (j + k) * 16 + i, columns.val[k]);
        }
}

#include "ops/isa/winograd_template.h"

const at_winograd_kernels at_winograd_neon = KERNELS;

#endif
