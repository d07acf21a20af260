/* Scalar, on maps of bfloat16. */
#include "ops/isa/bf16.h"

static inline float dot(const float *x, const float *w) {
    return at_bf16_get(x, 1) * at_bf16_get(w, 1) + at_bf16_get(x, 0) * at_bf16_get(w, 0);
}

#define PIXEL        8
#define GET(p, k)    at_bf16_get(p, (size_t)(k))
#define PUT(p, k, v) at_bf16_set(p, (size_t)(k), v)
#define DOT(x, w)    dot(x, w)

#include "ops/isa/direct_scalar.h"

static void pack(const float *rows, int count, float *words) {
    for (int i = 0; i < count; i += 2, rows += 2 * BLOCK, words += BLOCK)
        for (int k = 0; k < BLOCK; k++) {
            at_bf16_set(words + k, 0, rows[k]);
            at_bf16_set(words + k, 1, i + 1 < count ? rows[BLOCK + k] : 0);
        }
}

static void pair(const float *a, const float *b, size_t pixels, float *words) {
    for (size_t i = 0; i < pixels; i++)
        for (size_t k = 0; k < BLOCK; k++) {
            at_bf16_set(words + i * BLOCK + k, 0, GET(a + i * PIXEL, k));
            at_bf16_set(words + i * BLOCK + k, 1, b ? GET(b + i * PIXEL, k) : 0);
        }
}

const at_direct_kernels at_direct_scalar_bf16 = {SIZES, .tile = tile, .strip = strip,
                                                 .pack = pack, .pair = pair};
