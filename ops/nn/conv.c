#include "ops/nn/conv_algorithms.h"

#include <string.h>

/* Few input channels (an image): blocks of 16 would be mostly zeros. */
static bool thin(const at_conv_shape *shape) {
    return shape->c <= 4;
}

size_t at_conv_weights(const at_conv_shape *shape) {
    size_t inputs =
        thin(shape) ? (size_t)shape->c : (size_t)at_blocks(shape->c) * AT_BLOCK;
    return (size_t)at_blocks(shape->k) * AT_BLOCK * inputs * (size_t)shape->r *
           (size_t)shape->s;
}

double at_conv_flops(const at_conv_shape *shape) {
    return 2.0 * shape->n * shape->k * shape->c * shape->r * shape->s *
           at_conv_rows(shape) * at_conv_columns(shape);
}

size_t at_conv_weight_place(const at_conv_shape *shape, int32_t k, int32_t c, int32_t r,
                            int32_t s) {
    size_t taps = (size_t)shape->r * (size_t)shape->s;
    size_t tap = (size_t)r * (size_t)shape->s + (size_t)s;
    size_t kb = (size_t)(k / AT_BLOCK), kl = (size_t)(k % AT_BLOCK);
    if (thin(shape))
        return ((kb * taps + tap) * (size_t)shape->c + (size_t)c) * AT_BLOCK + kl;
    size_t cb = (size_t)(c / AT_BLOCK), cl = (size_t)(c % AT_BLOCK);
    return (((kb * (size_t)at_blocks(shape->c) + cb) * taps + tap) * AT_BLOCK + cl) *
               AT_BLOCK +
           kl;
}

void at_conv_pack(const at_conv_shape *shape, const float *kcrs, float *packed) {
    memset(packed, 0, at_conv_weights(shape) * sizeof *packed);
    for (int32_t k = 0; k < shape->k; k++)
        for (int32_t c = 0; c < shape->c; c++)
            for (int32_t r = 0; r < shape->r; r++)
                for (int32_t s = 0; s < shape->s; s++)
                    packed[at_conv_weight_place(shape, k, c, r, s)] = *kcrs++;
}

void at_conv_unpack(const at_conv_shape *shape, const float *packed, float *kcrs) {
    for (int32_t k = 0; k < shape->k; k++)
        for (int32_t c = 0; c < shape->c; c++)
            for (int32_t r = 0; r < shape->r; r++)
                for (int32_t s = 0; s < shape->s; s++)
                    *kcrs++ = packed[at_conv_weight_place(shape, k, c, r, s)];
}
