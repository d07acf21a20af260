/* AVX-512 on floats. */
#include "ops/isa/direct.h"

#if defined(__x86_64__)
#include <immintrin.h>

#ifdef __clang__ /* which does not know the other */
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,fma"))),            \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,fma")
#endif

#include "ops/isa/direct_avx512.h"

const at_direct_kernels at_direct_avx512 = {SIZES, .tile = tile, .strip = strip};

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
