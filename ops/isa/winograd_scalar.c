/* Scalar, on maps of floats. */
#define PIXEL        16
#define GET(p, k)    (p)[k]
#define PUT(p, k, v) (p)[k] = (v)

#include "ops/isa/winograd_scalar.h"

const at_winograd_kernels at_winograd_scalar = KERNELS;
