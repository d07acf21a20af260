/* Tiles of a map for Winograd convolution: what its three passes share. Private to
 * ops/nn. The kernels and the method: ops/isa/winograd.h.
 *
 * The outputs of all images are cut into tiles of m x m, numbered by image, row, column.
 * A tile's inputs overlap its neighbours' by two pixels. Tiles at the border read only
 * what exists of the map, its halo included: no halo is needed and none is wasted, which
 * at 7 x 7 would double a map. */
#ifndef ATELIER_OPS_NN_CONV_WINOGRAD_H
#define ATELIER_OPS_NN_CONV_WINOGRAD_H

#include "ops/isa/winograd.h"
#include "ops/nn/conv.h"

/* 3x3 at stride 1, and not the thin layout of weights. */
bool at_winograd_fits(const at_conv_shape *shape);

typedef struct at_winograd_tiles {
    const at_winograd_transforms *f;
    int32_t rows, columns; /* of tiles, an image */
    int32_t count;         /* of all images */
    int32_t h, w;          /* outputs of an image, which the last tiles may exceed */
    int32_t pad;           /* of the convolution: input (0,0) of tile (0,0) is at -pad */
    int32_t points;        /* (m+2)^2 */
} at_winograd_tiles;

/* Tiles for outputs of n images of h x w. False where there are too many to number. */
bool at_winograd_tiles_of(const at_winograd_transforms *f, int32_t n, int32_t h,
                          int32_t w, int32_t pad, at_winograd_tiles *out);

/* Where transformed tiles lie: [xi][block][tile][16], tiles and points padded to an odd
 * number of cache lines, since equal sets of the L1 would thrash. */
typedef struct at_winograd_room {
    size_t block, step; /* floats between channel blocks, points */
    size_t floats;      /* of all points */
} at_winograd_room;
at_winograd_room at_winograd_room_of(const at_winograd_tiles *tiles, int32_t blocks,
                                     int32_t count);

/* Floats between the points of transformed weights, and of their gradient. */
size_t at_winograd_weights_step(int32_t c_blocks, int32_t k_blocks);

/* [first, end) of the share `part` of `count` things. */
typedef struct at_winograd_range {
    int32_t first, end;
} at_winograd_range;
static inline at_winograd_range at_winograd_share(int32_t count, int part, int parts) {
    return (at_winograd_range){(int32_t)((int64_t)count * part / parts),
                               (int32_t)((int64_t)count * (part + 1) / parts)};
}

/* Tiles of a map whose own pixels are asked for ahead of their use, while products are
 * made, which need no memory: share `share` of `shares`. map NULL: nothing. */
typedef struct at_winograd_ahead {
    const at_blocked *map;
    at_winograd_range which;
} at_winograd_ahead;
void at_winograd_fetch(const at_winograd_tiles *tiles, const at_winograd_ahead *ahead,
                       int share, int shares);
/* B^T x B of these tiles, all blocks of the map; the first tile goes to v. */
void at_winograd_gather(const at_winograd_tiles *tiles, const at_blocked *map,
                        at_winograd_range which, float *v, const at_winograd_room *room);
/* A dY A^T of these tiles of the map of outputs' gradients. */
void at_winograd_gather_adjoint(const at_winograd_tiles *tiles, const at_blocked *map,
                                at_winograd_range which, float *d,
                                const at_winograd_room *room);
/* A^T M A of these tiles to `blocks` blocks of the map from `block` on. `store` is that
 * of a convolution; its add and statistics are those of the part (or NULL). */
void at_winograd_scatter(const at_winograd_tiles *tiles, const at_blocked *map,
                         at_winograd_range which, at_winograd_range blocks,
                         const float *m, const at_winograd_room *room,
                         const at_conv_store *store);

#endif
