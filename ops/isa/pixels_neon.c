#include "ops/isa/pixels.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define TARGET
#define LANES        4
#define WIDEN(p)     widen(p)
#define NARROW(p, v) narrow(p, v)
#define LEAST(a, b)  ((floats)vminq_f32((float32x4_t)(a), (float32x4_t)(b)))
#define MOST(a, b)   ((floats)vmaxq_f32((float32x4_t)(a), (float32x4_t)(b)))
#define KERNELS      at_pixels_neon

#define widen(p) ((ints){(p)[0], (p)[1], (p)[2], (p)[3]})
#define narrow(p, v)                                                                     \
    do {                                                                                 \
        uint16x4_t half = vqmovun_s32((int32x4_t)(v));                                   \
        uint8x8_t bytes = vqmovn_u16(vcombine_u16(half, half));                          \
        vst1_lane_u32((void *)(p), vreinterpret_u32_u8(bytes), 0);                       \
    } while (0)

#include "ops/isa/pixels_template.h"
#else
typedef int at_pixels_no_neon;
#endif
