/* Maps of bfloat16 to and from the transforms of floats: a float's precision costs less
 * here than direct convolution in bfloat16 does. */
#include "ops/isa/winograd.h"

#if defined(__x86_64__)
#include "ops/isa/avx512_bf16.h"

#define TARGET    __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx512bf16")))
#define PIXEL     8
#define GET(p)    at_bf16_load(p)
#define PUT(p, v) at_bf16_store(p, v)
#define ROUND(v)  at_bf16_rounded(v)

#include "ops/isa/winograd_avx512.h"

#include "ops/isa/winograd_template.h"

const at_winograd_kernels at_winograd_avx512_bf16 = KERNELS;

#endif
