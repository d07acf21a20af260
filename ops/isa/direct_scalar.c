/* Scalar, on floats. */
#define PIXEL        16
#define GET(p, k)    (p)[k]
#define PUT(p, k, v) (p)[k] = (v)
#define DOT(x, w)    (*(x) * *(w))

#include "ops/isa/direct_scalar.h"

const at_direct_kernels at_direct_scalar = {SIZES, .tile = tile, .strip = strip};
