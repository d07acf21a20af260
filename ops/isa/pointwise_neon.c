#include "ops/isa/pointwise.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define TARGET
#define V                   float32x4_t
#define LANES               4
#define LOAD(p)             vld1q_f32(p)
#define STORE(p, v)         vst1q_f32(p, v)
#define STREAM(p, v)        vst1q_f32(p, v)
#define FENCE               ((void)0)
#define BROADCAST(x)        vdupq_n_f32(x)
#define ZERO                vdupq_n_f32(0)
#define ADD(a, b)           vaddq_f32(a, b)
#define SUB(a, b)           vsubq_f32(a, b)
#define MUL(a, b)           vmulq_f32(a, b)
#define DIV(a, b)           vdivq_f32(a, b)
#define SQRT(a)             vsqrtq_f32(a)
#define MAX(a, b)           vmaxq_f32(a, b) /* not a number where either is */
#define FMA(a, b, c)        vfmaq_f32(c, a, b)
#define FNMA(a, b, c)       vfmsq_f32(c, a, b)
#define POSITIVE(a, v)      vbslq_f32(vcgtq_f32(a, ZERO), v, ZERO)
#define EQUAL(a, b, v)      vbslq_f32(vceqq_f32(a, b), v, ZERO)
#define GREATER(a, b, x, y) vbslq_f32(vcgtq_f32(a, b), x, y)
#define ADD_DOUBLES(to, v)  to_doubles(to, v)
#define LOAD_BYTES(p)       from_bytes(p)
#define STORE_BYTES(p, v)   to_bytes(p, v)

static inline void to_doubles(double *to, float32x4_t v) {
    vst1q_f64(to, vaddq_f64(vld1q_f64(to), vcvt_f64_f32(vget_low_f32(v))));
    vst1q_f64(to + 2, vaddq_f64(vld1q_f64(to + 2), vcvt_high_f64_f32(v)));
}

static inline float32x4_t from_bytes(const uint8_t *p) {
    const uint32_t wide[4] = {p[0], p[1], p[2], p[3]};
    return vcvtq_f32_u32(vld1q_u32(wide));
}

static inline void to_bytes(uint8_t *p, float32x4_t v) {
    uint32_t wide[4];
    vst1q_u32(wide, vcvtq_u32_f32(v));
    for (int k = 0; k < 4; k++)
        p[k] = (uint8_t)wide[k];
}

#include "ops/isa/pointwise_template.h"

#include "ops/isa/pointwise_floats.h"

const at_pointwise at_pointwise_neon = {MAPS, FLOATS};
#else
typedef int at_pointwise_no_neon;
#endif
