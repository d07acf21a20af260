/* Scalar, on maps of bfloat16. */
#include "ops/isa/bf16.h"

#define PIXEL        8
#define GET(p, k)    at_bf16_get(p, (size_t)(k))
#define PUT(p, k, v) at_bf16_set(p, (size_t)(k), v)

#include "ops/isa/winograd_scalar.h"

const at_winograd_kernels at_winograd_scalar_bf16 = KERNELS;
