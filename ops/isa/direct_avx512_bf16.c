/* AVX-512 on maps of bfloat16: vdpbf16ps multiplies 16 pairs of channels and adds to 16
 * sums, twice the products of an instruction on floats. */
#include "ops/isa/direct.h"

#if defined(__x86_64__)
#include <immintrin.h>

#ifdef __clang__ /* which does not know the other */
#pragma clang attribute push(                                                            \
    __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,fma"))),        \
    apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,fma")
#endif

#include "ops/isa/avx512_bf16.h"

#define PIXEL        8
#define GET(p)       at_bf16_load(p)
#define PUT(p, v)    at_bf16_store(p, v)
#define ROUND(v)     at_bf16_rounded(v)
#define DOT(a, b, c) at_bf16_dot(a, b, c)

#include "ops/isa/direct_avx512.h"

static void pack(const float *rows, int count, float *words) {
    for (int i = 0; i < count; i += 2, rows += 32, words += 16)
        ST(words, at_bf16_zip(LD(rows), i + 1 < count ? LD(rows + 16) : ZERO));
}

static void pair(const float *a, const float *b, size_t pixels, float *words) {
    for (size_t i = 0; i < pixels; i++)
        ST(words + i * 16, at_bf16_interleave(a + i * 8, b ? b + i * 8 : NULL));
}

const at_direct_kernels at_direct_avx512_bf16 = {SIZES, .tile = tile, .strip = strip,
                                                 .pack = pack, .pair = pair};

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
