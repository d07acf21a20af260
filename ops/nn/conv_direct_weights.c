/* Direct convolution, the gradient of the weights: for each tap and each block of input
 * and output channels, a product of two strips of pixels, x times dy. A strip is summed
 * from zero in registers and then added: two levels of sums, so that rounding errors grow
 * with the square root of neither whole batch nor image.
 *
 * Parts share the pairs of channel blocks where these divide evenly; else they share the
 * pixels, each sums its own gradient, and a second phase adds these up in order. */
#include "ops/isa/direct.h"
#include "ops/nn/conv_algorithms.h"
#include "ops/nn/conv_direct.h"

enum {
    STRIP_PIXELS = 128,        /* about: two blocks of dy and one of x stay in the L1 */
    GRADIENT_BYTES = 256 << 10 /* what is added to again and again stays in the L2 */
};

/* How a pass is cut up. */
typedef struct cut {
    int32_t inputs, outputs, groups; /* blocks of channels; groups of output blocks */
    int inner;                       /* rows of weights of a tap in an input block */
    size_t a_block;                  /* floats of a pair of blocks, all taps */
    int32_t images, rows;            /* of a strip */
    int32_t across, down;            /* strips over the images, over the rows */
    bool by_pixels;
} cut;

static cut plan(const at_conv_shape *shape, const at_isa *isa, int parts) {
    cut it = {.inputs = at_blocks(shape->c), .outputs = at_blocks(shape->k)};
    int32_t rows = at_conv_rows(shape), columns = at_conv_columns(shape);
    it.groups = (it.outputs + isa->direct->blocks - 1) / isa->direct->blocks;
    it.inner = shape->c <= 4 ? shape->c : AT_BLOCK;
    it.a_block = (size_t)shape->r * (size_t)shape->s * (size_t)it.inner * AT_BLOCK;
    it.rows = STRIP_PIXELS / columns < 1 ? 1 : STRIP_PIXELS / columns;
    it.rows = it.rows < rows ? it.rows : rows;
    it.down = (rows + it.rows - 1) / it.rows;
    it.images = 1;
    if (it.down == 1)
        it.images = (STRIP_PIXELS + columns * rows / 2) / (columns * rows);
    it.images = it.images < 1 ? 1 : it.images < shape->n ? it.images : shape->n;
    it.across = (shape->n + it.images - 1) / it.images;
    int32_t units = it.groups * it.inputs;
    it.by_pixels = units % parts != 0 && units < 8 * parts;
    return it;
}

static bool needs(const at_conv_shape *shape, const at_isa *isa, int parts,
                  at_conv_needs *out) {
    int32_t rows = at_conv_rows(shape), columns = at_conv_columns(shape);
    int32_t bottom = (rows - 1) * shape->stride + shape->r - shape->pad - shape->h;
    int32_t right = (columns - 1) * shape->stride + shape->s - shape->pad - shape->w;
    if (!isa->direct || shape->r * shape->s > AT_CONV_TAPS)
        return false;
    cut it = plan(shape, isa, parts);
    *out = (at_conv_needs){
        .x = {shape->pad, shape->pad, bottom > 0 ? bottom : 0, right > 0 ? right : 0},
        .scratch =
            it.by_pixels ? (size_t)parts * at_conv_weights(shape) * sizeof(float) : 0,
        .phases = it.by_pixels ? 2 : 1};
    return true;
}

/* All rows of weights of one pair (group of output blocks, input block) over one strip,
 * already aimed at: in each tap its channels, or with few channels all taps at once. */
static void all_rows(const at_conv_call *call, const cut *it, at_direct_strip *strip) {
    const at_conv_shape *shape = call->shape;
    const float *x = strip->x;
    float *gradient = strip->gradient;
    ptrdiff_t places[AT_DIRECT_INPUTS];
    bool thin = it->inner < AT_BLOCK;
    size_t taps = (size_t)shape->r * (size_t)shape->s, inner = (size_t)it->inner;
    size_t most = (size_t)call->isa->direct->strip_inputs[strip->blocks];
    size_t runs = thin ? 1 : taps, rows = thin ? taps * inner : inner;
    size_t tiles = (rows + most - 1) / most, from, to;
    for (size_t run = 0; run < runs; run++)
        for (size_t t = 0; t < tiles; t++) {
            at_conv_share(rows, (int)t, (int)tiles, &from, &to);
            for (size_t i = from; i < to; i++) {
                size_t tap = run + i / inner;
                places[i - from] =
                    (ptrdiff_t)(tap / (size_t)shape->s * call->x.row +
                                tap % (size_t)shape->s * AT_BLOCK + i % inner);
            }
            strip->inputs = (int)(to - from);
            strip->x = thin ? x : x + places[0];
            strip->input_x = thin ? places : NULL;
            strip->gradient = gradient + (run * inner + from) * AT_BLOCK;
            call->isa->direct->strip(strip);
        }
}

/* Strips [s0, s1) into pairs (group, input blocks [c0, c1)) of `gradient`. */
static void pairs(const at_conv_call *call, const cut *it, float *gradient, int32_t group,
                  size_t c0, size_t c1, size_t s0, size_t s1) {
    const at_conv_shape *shape = call->shape;
    int32_t k = group * call->isa->direct->blocks, left = it->outputs - k;
    size_t step = (size_t)shape->stride;
    at_direct_strip strip = {
        .blocks = left < call->isa->direct->blocks ? left : call->isa->direct->blocks,
        .x_pixel = step * AT_BLOCK,
        .x_row = step * call->x.row,
        .x_image = call->x.image,
        .y_row = call->y.row,
        .y_image = call->y.image,
        .y_block = call->y.plane,
        .columns = call->y.w,
        .gradient_block = it->a_block * (size_t)it->inputs,
    };
    for (size_t s = s0; s < s1; s++) {
        int32_t n = (int32_t)(s / (size_t)it->down) * it->images;
        int32_t i = (int32_t)(s % (size_t)it->down) * it->rows;
        strip.images = shape->n - n < it->images ? shape->n - n : it->images;
        strip.rows = call->y.h - i < it->rows ? call->y.h - i : it->rows;
        strip.first = s == s0;
        strip.y = call->y.data + (size_t)n * call->y.image + (size_t)k * call->y.plane +
                  (size_t)i * call->y.row;
        const float *x =
            call->x.data + (size_t)n * call->x.image +
            (ptrdiff_t)(i * shape->stride - shape->pad) * (ptrdiff_t)call->x.row -
            shape->pad * AT_BLOCK;
        for (size_t c = c0; c < c1; c++) {
            strip.x = x + c * call->x.plane;
            strip.gradient =
                gradient + ((size_t)k * (size_t)it->inputs + c) * it->a_block;
            all_rows(call, it, &strip);
        }
    }
}

/* Units [u0, u1) of (group, input block), in chunks that stay in the cache. */
static void units(const at_conv_call *call, const cut *it, float *gradient, size_t u0,
                  size_t u1, size_t s0, size_t s1) {
    size_t inputs = (size_t)it->inputs;
    size_t bytes = it->a_block * (size_t)call->isa->direct->blocks * sizeof(float);
    size_t chunk = GRADIENT_BYTES / bytes < 1 ? 1 : GRADIENT_BYTES / bytes;
    while (u0 < u1) {
        size_t group = u0 / inputs, c0 = u0 % inputs, c1 = c0 + chunk;
        c1 = c1 < inputs ? c1 : inputs;
        c1 = c1 - c0 < u1 - u0 ? c1 : c0 + (u1 - u0);
        pairs(call, it, gradient, (int32_t)group, c0, c1, s0, s1);
        u0 += c1 - c0;
    }
}

/* The parts' own gradients, added up in order: this part's share of the floats. */
static void add_up(const at_conv_call *call, int part) {
    size_t floats = at_conv_weights(call->shape), from, to;
    const float *own = call->scratch;
    at_conv_share(floats / AT_BLOCK, part, call->parts, &from, &to);
    for (size_t i = from * AT_BLOCK; i < to * AT_BLOCK; i++) {
        float sum = own[i];
        for (int p = 1; p < call->parts; p++)
            sum += own[(size_t)p * floats + i];
        call->gradient[i] = sum;
    }
}

static void run(const at_conv_call *call, int phase, int part) {
    cut it = plan(call->shape, call->isa, call->parts);
    size_t all = (size_t)it.groups * (size_t)it.inputs, from, to;
    size_t strips = (size_t)it.across * (size_t)it.down;
    if (phase == 1) {
        add_up(call, part);
    } else if (it.by_pixels) {
        size_t floats = at_conv_weights(call->shape);
        float *own = (float *)call->scratch + (size_t)part * floats;
        at_conv_share(strips, part, call->parts, &from, &to);
        for (size_t i = 0; from == to && i < floats; i++)
            own[i] = 0;
        units(call, &it, own, 0, all, from, to);
    } else {
        at_conv_share(all, part, call->parts, &from, &to);
        units(call, &it, call->gradient, from, to, 0, strips);
    }
}

const at_conv_algorithm at_conv_direct_weights = {
    .name = "direct", .pass = AT_CONV_WEIGHTS, .needs = needs, .run = run};
