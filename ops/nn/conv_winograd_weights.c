/* Winograd convolution, to the weights: the exact adjoint of the forward pass,
 *
 *     dW = G^T [ sum over tiles of (B^T x B) . (A dY A^T) ] G
 *
 * as (m+2)^2 products over the tiles. Where the sums of all parts are smaller than the
 * transformed maps, each part takes its share of the tiles, block by block, into sums of
 * its own, and a second phase adds those up. Else (many channels, few tiles) the parts
 * transform the maps together, and in the second phase each computes its share of the
 * weights, slab by slab, over all tiles.
 *
 * A sum over thousands of tiles would lose a digit if it were made one by one: a block's
 * sum is finished first and then added to those before it. */
#include "ops/nn/conv_algorithms.h"
#include "ops/nn/conv_winograd.h"

#include <string.h>

enum {
    BLOCK = 64,    /* tiles whose transforms stay near, beside the sums */
    LONGEST = 128, /* tiles summed one by one */
    FETCHED = 16,  /* blocks of channels up to which the L2 has room for the next tiles */
    SLAB_K = 2,
    SLAB_C = 4, /* blocks of channels whose sums fit the L2 */
    PAIR = AT_BLOCK * AT_BLOCK,
};

typedef struct plan {
    const at_winograd_kernels *kernels;
    at_winograd_tiles tiles;
    int32_t c_blocks, k_blocks;
    bool slabs;
    int32_t block; /* tiles at a time, where a part has its own */
    at_winograd_room v, d;
    size_t step, sums; /* floats between points and of all points, of dU or a slab */
} plan;

static bool plan_of(const at_conv_shape *shape, const at_isa *isa, int parts, plan *out) {
    *out = (plan){.kernels = isa->winograd};
    if (!at_winograd_fits(shape) || !isa->winograd ||
        !at_winograd_tiles_of(&isa->winograd->f4, shape->n, at_conv_rows(shape),
                              at_conv_columns(shape), shape->pad, &out->tiles))
        return false;
    const at_winograd_tiles *tiles = &out->tiles;
    out->c_blocks = at_blocks(shape->c);
    out->k_blocks = at_blocks(shape->k);
    out->step = at_winograd_weights_step(out->c_blocks, out->k_blocks);
    const size_t maps = at_winograd_room_of(tiles, out->c_blocks, tiles->count).floats +
                        at_winograd_room_of(tiles, out->k_blocks, tiles->count).floats;
    out->slabs = (size_t)parts * (size_t)tiles->points * out->step > maps;
    out->block = tiles->count;
    if (out->slabs) {
        out->step = at_winograd_weights_step(SLAB_C, SLAB_K);
    } else {
        const int32_t most = (tiles->count + parts - 1) / parts;
        out->block = most < BLOCK ? most : BLOCK;
    }
    out->sums = (size_t)tiles->points * out->step;
    out->v = at_winograd_room_of(tiles, out->c_blocks, out->block);
    out->d = at_winograd_room_of(tiles, out->k_blocks, out->block);
    return true;
}

static bool needs(const at_conv_shape *shape, const at_isa *isa, int parts,
                  at_conv_needs *out) {
    plan it;
    if (!plan_of(shape, isa, parts, &it))
        return false;
    const size_t maps = it.v.floats + it.d.floats;
    const size_t floats = (size_t)parts * it.sums + (it.slabs ? 1 : (size_t)parts) * maps;
    *out = (at_conv_needs){.scratch = floats * sizeof(float), .phases = 2};
    return true;
}

/* Adds the products of `count` tiles to du: c_blocks x k_blocks blocks from v and d on.
 * Meanwhile the `next` tiles of both maps are fetched; NULL: none. */
static void correlate(const plan *it, const float *v, const float *d, int32_t count,
                      int32_t c_blocks, int32_t k_blocks, size_t du_block,
                      bool accumulate, float *du, const at_winograd_ahead next[2]) {
    const int32_t pieces = (count + LONGEST - 1) / LONGEST;
    for (int32_t xi = 0; xi < it->tiles.points; xi++) {
        for (int i = 0; next && i < 2; i++)
            at_winograd_fetch(&it->tiles, &next[i], xi, it->tiles.points);
        for (int32_t p = 0; p < pieces; p++) {
            const at_winograd_range some = at_winograd_share(count, p, pieces);
            const size_t from = (size_t)some.first * AT_BLOCK;
            it->kernels->correlate(v + (size_t)xi * it->v.step + from, it->v.block,
                                   d + (size_t)xi * it->d.step + from, it->d.block,
                                   c_blocks, k_blocks, some.end - some.first,
                                   accumulate || p > 0, du + (size_t)xi * it->step,
                                   du_block);
        }
    }
}

static void sum_tiles(const plan *it, const at_conv_call *call, int part) {
    float *v = (float *)call->scratch + (size_t)part * (it->v.floats + it->d.floats);
    float *d = v + it->v.floats;
    float *du = (float *)call->scratch +
                (size_t)call->parts * (it->v.floats + it->d.floats) +
                (size_t)part * it->sums;
    const at_winograd_range mine = at_winograd_share(it->tiles.count, part, call->parts);
    const int32_t count = mine.end - mine.first;
    const int32_t blocks = (count + it->block - 1) / it->block;
    if (count == 0)
        memset(du, 0, it->sums * sizeof *du);
    at_winograd_range which = {mine.first, mine.first};
    for (int32_t b = 0; b < blocks; b++) {
        const at_winograd_range after = at_winograd_share(count, b + 1, blocks);
        which.first = which.end;
        which.end = mine.first + after.first;
        at_winograd_gather(&it->tiles, &call->x, which, v, &it->v);
        at_winograd_gather_adjoint(&it->tiles, &call->y, which, d, &it->d);
        const at_winograd_range then = {which.end, mine.first + after.end};
        const at_winograd_ahead next[2] = {{&call->x, then}, {&call->y, then}};
        correlate(it, v, d, which.end - which.first, it->c_blocks, it->k_blocks,
                  (size_t)it->c_blocks * PAIR, b > 0, du,
                  it->c_blocks + it->k_blocks <= FETCHED && b + 1 < blocks ? next : NULL);
    }
}

static void add_parts(const plan *it, const at_conv_call *call, int part) {
    const float *du = (const float *)call->scratch +
                      (size_t)call->parts * (it->v.floats + it->d.floats);
    const at_winograd_range mine =
        at_winograd_share(it->c_blocks * it->k_blocks, part, call->parts);
    for (int32_t i = mine.first; i < mine.end; i++)
        it->tiles.f->weights_adjoint(du + (size_t)i * PAIR, it->step, it->sums,
                                     call->parts, call->gradient + (size_t)i * 9 * PAIR);
}

static void transform_maps(const plan *it, const at_conv_call *call, int part) {
    const at_winograd_range mine = at_winograd_share(it->tiles.count, part, call->parts);
    float *v = call->scratch, *d = v + it->v.floats;
    const size_t from = (size_t)mine.first * AT_BLOCK;
    at_winograd_gather(&it->tiles, &call->x, mine, v + from, &it->v);
    at_winograd_gather_adjoint(&it->tiles, &call->y, mine, d + from, &it->d);
}

static int32_t least(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static void sum_slabs(const plan *it, const at_conv_call *call, int part) {
    const float *v = call->scratch, *d = v + it->v.floats;
    float *du =
        (float *)call->scratch + it->v.floats + it->d.floats + (size_t)part * it->sums;
    const int32_t c_slabs = (it->c_blocks + SLAB_C - 1) / SLAB_C;
    const int32_t k_slabs = (it->k_blocks + SLAB_K - 1) / SLAB_K;
    const at_winograd_range mine =
        at_winograd_share(c_slabs * k_slabs, part, call->parts);
    for (int32_t i = mine.first; i < mine.end; i++) {
        const int32_t c = i % c_slabs * SLAB_C, k = i / c_slabs * SLAB_K;
        const int32_t c_blocks = least(SLAB_C, it->c_blocks - c);
        const int32_t k_blocks = least(SLAB_K, it->k_blocks - k);
        correlate(it, v + (size_t)c * it->v.block, d + (size_t)k * it->d.block,
                  it->tiles.count, c_blocks, k_blocks, SLAB_C * PAIR, false, du, NULL);
        for (int32_t kb = 0; kb < k_blocks; kb++)
            for (int32_t cb = 0; cb < c_blocks; cb++)
                it->tiles.f->weights_adjoint(
                    du + (size_t)(kb * SLAB_C + cb) * PAIR, it->step, 0, 1,
                    call->gradient +
                        ((size_t)(k + kb) * (size_t)it->c_blocks + (size_t)(c + cb)) * 9 *
                            PAIR);
    }
}

static void run(const at_conv_call *call, int phase, int part) {
    plan it;
    plan_of(call->shape, call->isa, call->parts, &it);
    if (it.slabs && phase == 0)
        transform_maps(&it, call, part);
    else if (it.slabs)
        sum_slabs(&it, call, part);
    else if (phase == 0)
        sum_tiles(&it, call, part);
    else
        add_parts(&it, call, part);
}

const at_conv_algorithm at_conv_winograd4_weights = {
    .name = "winograd4", .pass = AT_CONV_WEIGHTS, .needs = needs, .run = run};
