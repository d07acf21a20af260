#include "ops/nn/conv_direct.h"

#include "ops/isa/direct.h"

/* The pixels of the grid in order of image, row, column make one line, which is cut into
 * tiles. A block of tiles goes through all output channels while its input is in the L2
 * cache; within it, a chunk of the weights goes through all tiles while it is there. */
enum {
    BLOCK_PIXELS = 448, /* at most */
    CHUNK_BYTES = 160 << 10 /* of weights */,
    INPUT_BYTES = 384 << 10 /* of a block of pixels */
};

/* Where the pixels of a block lie. */
typedef struct places {
    ptrdiff_t from[BLOCK_PIXELS], to[BLOCK_PIXELS], add[BLOCK_PIXELS];
} places;

static ptrdiff_t place(const at_blocked *map, at_conv_grid grid, int32_t n, int32_t i,
                       int32_t j) {
    return (ptrdiff_t)n * (ptrdiff_t)map->image +
           ((ptrdiff_t)i * grid.step + grid.row) * (ptrdiff_t)map->row +
           ((ptrdiff_t)j * grid.step + grid.column) * map->pixel;
}

static void find_places(const at_conv_sweep *sweep, size_t first, size_t count,
                        places *out) {
    size_t image = (size_t)sweep->rows * (size_t)sweep->columns, in = first % image;
    int32_t n = (int32_t)(first / image), i = (int32_t)(in / (size_t)sweep->columns);
    int32_t j = (int32_t)(in % (size_t)sweep->columns);
    for (size_t p = 0; p < count;) {
        ptrdiff_t from = place(sweep->from, sweep->from_grid, n, i, j);
        ptrdiff_t to = place(sweep->to, sweep->to_grid, n, i, j);
        ptrdiff_t add =
            sweep->store.add ? place(sweep->store.add, sweep->to_grid, n, i, j) : 0;
        for (; j < sweep->columns && p < count; j++, p++) {
            out->from[p] = from;
            out->to[p] = to;
            out->add[p] = add;
            from += sweep->from_grid.step * (ptrdiff_t)sweep->from->pixel;
            to += sweep->to_grid.step * (ptrdiff_t)sweep->to->pixel;
            add += sweep->to_grid.step * (ptrdiff_t)sweep->to->pixel;
        }
        j = 0;
        if (++i == sweep->rows) {
            i = 0;
            n++;
        }
    }
}

/* Output channels of blocks [first, first + tile->blocks), all that depends on them. */
static void aim(const at_conv_sweep *sweep, int32_t first, at_direct_tile *tile) {
    const at_conv_store *store = &sweep->store;
    size_t channel = (size_t)first * AT_BLOCK;
    tile->y = sweep->to->data + (size_t)first * sweep->to->plane;
    tile->bias = store->bias ? store->bias + channel : NULL;
    tile->add = store->add ? store->add->data + (size_t)first * store->add->plane : NULL;
    size_t padded = (size_t)at_blocks(sweep->to->c) * AT_BLOCK;
    tile->sum = store->statistics ? store->statistics + channel : NULL;
    tile->square = store->statistics ? store->statistics + padded + channel : NULL;
}

/* One chunk of the input channels, through all pixels of the block; fetch: what the next
 * tile reads is not yet in the cache. */
static void through_pixels(const at_conv_sweep *sweep, const places *where, size_t count,
                           bool fetch, at_direct_tile *tile) {
    size_t most = (size_t)sweep->isa->direct->pixels;
    size_t tiles = (count + most - 1) / most;
    for (size_t t = 0; t < tiles; t++) {
        size_t from, to;
        at_conv_share(count, (int)t, (int)tiles, &from, &to);
        tile->pixels = (int)(to - from);
        tile->pixel_x = where->from + from;
        tile->ahead = fetch && to < count ? where->from[to] - where->from[from] : 0;
        tile->pixel_y = where->to + from;
        tile->pixel_add = where->add + from;
        sweep->isa->direct->tile(tile);
    }
}

/* Input blocks whose weights are a chunk. A map of bfloat16 cannot hold a part of a sum:
 * there they are one, which the halved weights allow. */
static int32_t chunk_of(const at_conv_sweep *sweep, size_t a_block, int32_t blocks) {
    if (sweep->to->pixel == AT_BFLOAT16)
        return at_blocks(sweep->from->c);
    size_t bytes = (a_block ? a_block : 1) * (size_t)blocks * sizeof(float);
    int32_t chunk = (int32_t)(CHUNK_BYTES / bytes);
    return chunk < 1 ? 1 : chunk;
}

/* Pixels [first, first + count) for output blocks [k0, k1). */
static void block_of_pixels(const at_conv_sweep *sweep, size_t first, size_t count,
                            int32_t k0, int32_t k1) {
    places where;
    find_places(sweep, first, count, &where);
    int32_t inputs = at_blocks(sweep->from->c), most = sweep->isa->direct->blocks;
    size_t a_block = (size_t)sweep->tap_count * (size_t)sweep->inner * AT_BLOCK;
    at_direct_tile tile = {
        .taps = sweep->taps,
        .tap_count = sweep->tap_count,
        .inner = sweep->inner,
        .x_block = sweep->from->plane,
        .weights_block = a_block * (size_t)inputs,
        .y_block = sweep->to->plane,
        .add_block = sweep->store.add ? sweep->store.add->plane : 0,
        .relu = sweep->store.relu,
    };
    for (int32_t k = k0; k < k1; k += tile.blocks) {
        tile.blocks = k1 - k < most ? k1 - k : most;
        aim(sweep, k, &tile);
        int32_t chunk = chunk_of(sweep, a_block, tile.blocks);
        int32_t chunks = (inputs + chunk - 1) / chunk;
        for (int32_t i = 0; i < chunks; i++) {
            size_t c0, c1;
            at_conv_share((size_t)inputs, i, chunks, &c0, &c1);
            tile.x = sweep->from->data + c0 * sweep->from->plane;
            tile.weights = sweep->weights + (size_t)k * tile.weights_block + c0 * a_block;
            tile.inputs = (int)(c1 - c0);
            tile.accumulate = sweep->accumulate || i > 0;
            tile.last = i + 1 == chunks;
            through_pixels(sweep, &where, count, k == k0, &tile);
        }
    }
}

/* Parts share the pixels where that is even enough, else the output channels: where the
 * weights are the larger half of what is read, each then reads its own. */
static bool share_channels(const at_conv_sweep *sweep, size_t tiles, size_t groups,
                           int parts) {
    size_t p = (size_t)parts;
    double by_tiles = (double)tiles / (double)((tiles + p - 1) / p * p);
    double by_groups = (double)groups / (double)((groups + p - 1) / p * p);
    size_t weights = (size_t)at_blocks(sweep->from->c) * (size_t)sweep->tap_count *
                     (size_t)at_blocks(sweep->to->c) * AT_BLOCK;
    size_t pixels = (size_t)sweep->from->n * (size_t)sweep->rows *
                    (size_t)sweep->columns * (size_t)at_blocks(sweep->from->c);
    return weights > pixels ? by_groups >= by_tiles - 0.1 : by_groups > by_tiles + 0.1;
}

void at_conv_sweep_run(const at_conv_sweep *sweep, int part, int parts) {
    const at_direct_kernels *kernels = sweep->isa->direct;
    size_t tile = (size_t)kernels->pixels;
    size_t count = (size_t)sweep->from->n * (size_t)sweep->rows * (size_t)sweep->columns;
    int32_t outputs = at_blocks(sweep->to->c);
    size_t tiles = (count + tile - 1) / tile;
    size_t groups = (size_t)((outputs + kernels->blocks - 1) / kernels->blocks);
    size_t p0 = 0, p1 = tiles, g0 = 0, g1 = groups;
    if (share_channels(sweep, tiles, groups, parts))
        at_conv_share(groups, part, parts, &g0, &g1);
    else
        at_conv_share(tiles, part, parts, &p0, &p1);
    int32_t k0 = (int32_t)g0 * kernels->blocks, k1 = (int32_t)g1 * kernels->blocks;
    size_t end = p1 * tile < count ? p1 * tile : count;
    size_t input = (size_t)at_blocks(sweep->from->c) * sweep->from->pixel *
                   sizeof(float) * (size_t)sweep->from_grid.step *
                   (size_t)sweep->from_grid.step;
    size_t step = INPUT_BYTES / input / tile * tile;
    step = step < 4 * tile ? 4 * tile : step;
    step = step > BLOCK_PIXELS / tile * tile ? BLOCK_PIXELS / tile * tile : step;
    for (size_t p = p0 * tile; p < end; p += step)
        block_of_pixels(sweep, p, end - p < step ? end - p : step, k0,
                        k1 < outputs ? k1 : outputs);
}
