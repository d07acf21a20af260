#include "ops/isa/winograd.h"

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw")))

#include "ops/isa/winograd_avx512.h"

#include "ops/isa/winograd_template.h"

const at_winograd_kernels at_winograd_avx512 = KERNELS;

#endif
