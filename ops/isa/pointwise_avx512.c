#include "ops/isa/pointwise.h"

#if defined(__x86_64__)
#include "ops/isa/pointwise_avx512.h"

#include "ops/isa/pointwise_template.h"

#include "ops/isa/pointwise_floats.h"

const at_pointwise at_pointwise_avx512 = {MAPS, FLOATS};
#else
typedef int at_pointwise_no_avx512;
#endif
