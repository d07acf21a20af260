/* Which algorithm a convolution gets: by shape and ISA, never by timing at run time, so
 * that the same net computes the same bits wherever the ISA and the threads are the
 * same. */
#include "ops/nn/conv_algorithms.h"

#include <string.h>

enum { LEAST_TILES = 32 };

/* Winograd's F(m,3) needs (m+2)^2 products a tile of m^2 outputs instead of 9 m^2, but
 * computes tiles wholly. Measured on Zen 4 with AVX-512 and AVX2, against direct: it wins
 * by two thirds of what it saves, down to the 1.7 of F(2,3) at 7 x 7. And it reads four
 * times (F(2,3): nearly twice) the weights, which a few tiles do not pay for: a single
 * image takes F(4,3) at 28 x 28, F(2,3) at 14 x 14, and neither at 7 x 7. */
static bool winograd_wins(const at_conv_shape *shape, at_conv_pass pass, int32_t m) {
    const bool data = pass == AT_CONV_DATA;
    const int32_t h = data ? shape->h : at_conv_rows(shape);
    const int32_t w = data ? shape->w : at_conv_columns(shape);
    const int64_t tiles = (int64_t)((h + m - 1) / m) * ((w + m - 1) / m);
    const double saved = 9.0 * h * w / ((double)(m + 2) * (m + 2) * (double)tiles);
    return shape->n * tiles >= LEAST_TILES && saved >= 1.6;
}

static bool wins(const at_conv_algorithm *algorithm, const at_conv_shape *shape) {
    if (strcmp(algorithm->name, "winograd4") == 0)
        return winograd_wins(shape, algorithm->pass, 4);
    if (strcmp(algorithm->name, "winograd2") == 0)
        return winograd_wins(shape, algorithm->pass, 2);
    return true;
}

const at_conv_algorithm *at_conv_choose(const at_conv_shape *shape, at_conv_pass pass,
                                        const at_isa *isa, int parts) {
    const at_conv_algorithm *best = NULL;
    at_conv_needs unused;
    for (size_t i = 0; at_conv_algorithm_at(i); i++) {
        const at_conv_algorithm *algorithm = at_conv_algorithm_at(i);
        if (algorithm->pass == pass && algorithm->needs(shape, isa, parts, &unused) &&
            wins(algorithm, shape))
            best = algorithm; /* later ones are better where they win */
    }
    return best;
}
