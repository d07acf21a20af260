/* The sweep that direct convolutions share: a grid of pixels of one map is computed from
 * another, tile by tile. Forward is one sweep; the data pass is one for each remainder of
 * the pixel modulo the stride. Private to ops/nn. */
#ifndef ATELIER_OPS_NN_CONV_DIRECT_H
#define ATELIER_OPS_NN_CONV_DIRECT_H

#include "ops/nn/conv.h"

enum { AT_CONV_TAPS = 121 /* of a kernel, at most: 11 x 11 */ };

/* Pixel (i, j) of the grid is (i, j) * step + (row, column) in a map. */
typedef struct at_conv_grid {
    int32_t step, row, column;
} at_conv_grid;

typedef struct at_conv_sweep {
    const at_isa *isa;
    const at_blocked *from, *to;
    at_conv_grid from_grid, to_grid;
    int32_t rows, columns; /* of the grid, in each image */
    int tap_count;
    ptrdiff_t taps[AT_CONV_TAPS]; /* in `from`, in words */
    int inner;                    /* words of an input block that are read */
    const float *weights;         /* [to block][from block][tap][inner][16] */
    bool accumulate;
    at_conv_store store; /* its statistics: [2][channels of `to`, padded], added to */
} at_conv_sweep;

/* The part's share of the grid. */
void at_conv_sweep_run(const at_conv_sweep *sweep, int part, int parts);

/* The share of part `part` in `count` things: [*from, *to). */
static inline void at_conv_share(size_t count, int part, int parts, size_t *from,
                                 size_t *to) {
    *from = count * (size_t)part / (size_t)parts;
    *to = count * ((size_t)part + 1) / (size_t)parts;
}

#endif
