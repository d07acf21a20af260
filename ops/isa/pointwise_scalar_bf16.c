/* The reference on maps of bfloat16. */
#include "ops/isa/bf16.h"

#define PIXEL        8
#define GET(p, k)    at_bf16_get(p, (size_t)(k))
#define PUT(p, k, v) at_bf16_set(p, (size_t)(k), v)

#include "ops/isa/pointwise_scalar.h"

const at_pointwise at_pointwise_scalar_bf16 = {MAPS};
