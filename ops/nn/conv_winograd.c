/* Winograd convolution, forward and to the data: the gradient of the data is the
 * convolution of the outputs' gradient with the weights turned by half a turn, inputs and
 * outputs exchanged, at the complementary padding.
 *
 * With many tiles each part takes its share of them, in blocks whose transformed inputs
 * and outputs stay in its cache, and all transformed weights stream past each block.
 * With few (a single image) that would read all weights in every part for little work:
 * then the parts transform the inputs together, and in a second phase each part computes
 * its share of the output channels. */
#include "ops/nn/conv_winograd.h"
#include "ops/nn/conv_algorithms.h"

enum {
    FEW = 24, /* tiles a part, below which the parts share the channels */
    NEXT = 3,
    FETCHED = 16, /* blocks of channels up to which the L2 has room for the next tiles */
};

/* One call, seen as a forward pass: the maps' roles are exchanged in the data pass. */
typedef struct plan {
    const at_winograd_kernels *kernels;
    at_winograd_tiles tiles;
    int32_t inputs, outputs; /* blocks of channels */
    int32_t block;           /* tiles at a time */
    bool shared;             /* the parts share the output channels */
    int32_t slab;            /* output blocks at a time, where they do */
    at_winograd_room v, m;
    size_t step; /* of the weights */
} plan;

/* Tiles at a time, as measured: with few channels their transforms stay in the L2; with
 * many they cannot, and more tiles share each reading of the weights. */
static int32_t block_of(const plan *it) {
    const int32_t channels = it->inputs > it->outputs ? it->inputs : it->outputs;
    if (channels <= 2)
        return 112;
    if (channels <= 4)
        return 56;
    if (channels <= 8)
        return 28;
    return channels <= 16 ? 128 : 64;
}

static bool plan_of(const at_conv_shape *shape, at_conv_pass pass, int tile,
                    const at_isa *isa, int parts, plan *out) {
    *out = (plan){.kernels = isa->winograd};
    if (!at_winograd_fits(shape) || !isa->winograd)
        return false;
    const at_winograd_transforms *f = tile == 4 ? &isa->winograd->f4 : &isa->winograd->f2;
    const bool forward = pass == AT_CONV_FORWARD;
    if (!at_winograd_tiles_of(f, shape->n, forward ? at_conv_rows(shape) : shape->h,
                              forward ? at_conv_columns(shape) : shape->w,
                              forward ? shape->pad : 2 - shape->pad, &out->tiles))
        return false;
    out->inputs = at_blocks(forward ? shape->c : shape->k);
    out->outputs = at_blocks(forward ? shape->k : shape->c);
    out->step = at_winograd_weights_step(out->inputs, out->outputs);
    const int32_t most = (out->tiles.count + parts - 1) / parts;
    out->shared = parts > 1 && most < FEW;
    if (out->shared) {
        out->block = out->tiles.count;
        out->slab = 2;
        out->m = at_winograd_room_of(&out->tiles, out->slab, out->block);
    } else {
        out->block = block_of(out);
        if (out->block > most)
            out->block = most;
        out->m = at_winograd_room_of(&out->tiles, out->outputs, out->block);
    }
    out->v = at_winograd_room_of(&out->tiles, out->inputs, out->block);
    return true;
}

static bool needs(const at_conv_shape *shape, at_conv_pass pass, int tile,
                  const at_isa *isa, int parts, at_conv_needs *out) {
    plan it;
    if (!plan_of(shape, pass, tile, isa, parts, &it))
        return false;
    const size_t each = it.m.floats + (it.shared ? 0 : it.v.floats);
    const size_t floats = (size_t)parts * each + (it.shared ? it.v.floats : 0);
    *out = (at_conv_needs){
        .prepared = (size_t)it.tiles.points * it.step * sizeof(float),
        .scratch = floats * sizeof(float),
        .phases = it.shared ? 2 : 1,
        .statistics = pass == AT_CONV_FORWARD,
    };
    return true;
}

/* Parts share the pairs of blocks, in the order of the parameter. */
static void prepare(const at_conv_shape *shape, at_conv_pass pass, int tile,
                    const at_isa *isa, const float *weights, void *prepared, int part,
                    int parts) {
    const at_winograd_transforms *f = tile == 4 ? &isa->winograd->f4 : &isa->winograd->f2;
    const int32_t c_blocks = at_blocks(shape->c), k_blocks = at_blocks(shape->k);
    const size_t step = at_winograd_weights_step(c_blocks, k_blocks);
    const at_winograd_range mine = at_winograd_share(c_blocks * k_blocks, part, parts);
    for (int32_t i = mine.first; i < mine.end; i++) {
        const float *w = weights + (size_t)i * 9 * AT_BLOCK * AT_BLOCK;
        const int32_t k = i / c_blocks, c = i % c_blocks;
        float *u = prepared;
        if (pass == AT_CONV_FORWARD)
            f->weights(w, u + (size_t)i * AT_BLOCK * AT_BLOCK, step);
        else
            f->weights_turned(w, u + (size_t)(c * k_blocks + k) * AT_BLOCK * AT_BLOCK,
                              step);
    }
}

/* Products of tiles in v with the weights of output blocks, at every point. */
static void products(const plan *it, const float *u, const float *v, int32_t tiles,
                     at_winograd_range blocks, float *m,
                     const at_winograd_ahead next[NEXT]) {
    const size_t u_block = (size_t)it->inputs * AT_BLOCK * AT_BLOCK;
    for (int32_t xi = 0; xi < it->tiles.points; xi++) {
        for (int i = 0; next && i < NEXT; i++)
            at_winograd_fetch(&it->tiles, &next[i], xi, it->tiles.points);
        it->kernels->multiply(v + (size_t)xi * it->v.step, it->v.block,
                              u + (size_t)xi * it->step + (size_t)blocks.first * u_block,
                              u_block, it->inputs, blocks.end - blocks.first, tiles,
                              m + (size_t)xi * it->m.step, it->m.block);
    }
}

static void by_tiles(const plan *it, const at_conv_call *call, const at_blocked *in,
                     const at_blocked *out, const at_conv_store *store, int part) {
    float *v = (float *)call->scratch + (size_t)part * (it->v.floats + it->m.floats);
    float *m = v + it->v.floats;
    const at_winograd_range all = {0, it->outputs};
    const at_winograd_range mine = at_winograd_share(it->tiles.count, part, call->parts);
    const int32_t count = mine.end - mine.first;
    const int32_t blocks = (count + it->block - 1) / it->block;
    at_winograd_range which = {mine.first, mine.first};
    for (int32_t b = 0; b < blocks; b++) {
        const at_winograd_range after = at_winograd_share(count, b + 1, blocks);
        which.first = which.end;
        which.end = mine.first + after.first;
        at_winograd_gather(&it->tiles, in, which, v, &it->v);
        at_winograd_ahead next[NEXT] = {{out, which}, {store->add, which}};
        if (b + 1 < blocks)
            next[2] = (at_winograd_ahead){in, {which.end, mine.first + after.end}};
        products(it, call->prepared, v, which.end - which.first, all, m,
                 it->inputs + it->outputs <= FETCHED ? next : NULL);
        at_winograd_scatter(&it->tiles, out, which, all, m, &it->m, store);
    }
}

static void by_channels(const plan *it, const at_conv_call *call, const at_blocked *in,
                        const at_blocked *out, const at_conv_store *store, int phase,
                        int part) {
    float *v = call->scratch;
    if (phase == 0) {
        const at_winograd_range mine =
            at_winograd_share(it->tiles.count, part, call->parts);
        at_winograd_gather(&it->tiles, in, mine, v + (size_t)mine.first * AT_BLOCK,
                           &it->v);
        return;
    }
    float *m = v + it->v.floats + (size_t)part * it->m.floats;
    const at_winograd_range all = {0, it->tiles.count};
    const at_winograd_range mine = at_winograd_share(it->outputs, part, call->parts);
    for (int32_t b = mine.first; b < mine.end; b += it->slab) {
        at_winograd_range blocks = {b, b + it->slab < mine.end ? b + it->slab : mine.end};
        products(it, call->prepared, v, all.end, blocks, m, NULL);
        at_winograd_scatter(&it->tiles, out, all, blocks, m, &it->m, store);
    }
}

static void run(const at_conv_call *call, at_conv_pass pass, int tile, int phase,
                int part) {
    plan it;
    plan_of(call->shape, pass, tile, call->isa, call->parts, &it);
    const bool forward = pass == AT_CONV_FORWARD;
    const at_blocked *in = forward ? &call->x : &call->y;
    const at_blocked *out = forward ? &call->y : &call->x;
    at_conv_store store = {.add = call->accumulate ? out : NULL};
    if (forward)
        store = call->store;
    if (store.statistics && phase == (it.shared ? 1 : 0)) {
        const size_t count = 2 * (size_t)it.outputs * AT_BLOCK;
        store.statistics += (size_t)part * count;
        for (size_t i = 0; i < count; i++)
            store.statistics[i] = 0;
    }
    if (it.shared)
        by_channels(&it, call, in, out, &store, phase, part);
    else
        by_tiles(&it, call, in, out, &store, part);
}

#define ALGORITHM(symbol, title, the_pass, tile)                                         \
    static bool symbol##_needs(const at_conv_shape *shape, const at_isa *isa, int parts, \
                               at_conv_needs *out) {                                     \
        return needs(shape, the_pass, tile, isa, parts, out);                            \
    }                                                                                    \
    static void symbol##_prepare(const at_conv_shape *shape, const at_isa *isa,          \
                                 const float *weights, void *prepared, int part,         \
                                 int parts) {                                            \
        prepare(shape, the_pass, tile, isa, weights, prepared, part, parts);             \
    }                                                                                    \
    static void symbol##_run(const at_conv_call *call, int phase, int part) {            \
        run(call, the_pass, tile, phase, part);                                          \
    }                                                                                    \
    const at_conv_algorithm symbol = {.name = title,                                     \
                                      .pass = the_pass,                                  \
                                      .needs = symbol##_needs,                           \
                                      .prepare = symbol##_prepare,                       \
                                      .run = symbol##_run};

ALGORITHM(at_conv_winograd2_forward, "winograd2", AT_CONV_FORWARD, 2)
ALGORITHM(at_conv_winograd4_forward, "winograd4", AT_CONV_FORWARD, 4)
ALGORITHM(at_conv_winograd2_data, "winograd2", AT_CONV_DATA, 2)
ALGORITHM(at_conv_winograd4_data, "winograd4", AT_CONV_DATA, 4)
