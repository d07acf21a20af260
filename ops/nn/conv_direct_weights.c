/* Direct convolution, the gradient of the weights: for each tap and each block of input
 * and output channels, a product of two strips of pixels, x times dy. A strip is summed
 * from zero in registers and then added: two levels of sums, so that rounding errors grow
 * with the square root of neither whole batch nor image.
 *
 * Parts share the output or the input channels where these divide evenly and the gradient
 * is large; else they share the pixels, each sums its own gradient, and a second phase
 * adds these up in order.
 *
 * Of bfloat16, a first phase puts two images into one, whose words hold a channel of
 * both: then the products that an instruction adds up are those of two images. */
#include "ops/isa/direct.h"
#include "ops/nn/conv_algorithms.h"
#include "ops/nn/conv_direct.h"

enum {
    STRIP_BYTES = 12 << 10,    /* of x, and of each block of dy: both stay in the L1 */
    GRADIENT_BYTES = 256 << 10 /* what is added to again and again stays in the L2 */
};

/* How a pass is cut up. */
typedef struct cut {
    int32_t inputs, outputs, groups; /* blocks of channels; groups of output blocks */
    int inner;                       /* rows of weights of a tap in an input block */
    size_t a_block;                  /* floats of a pair of blocks, all taps */
    int32_t images, rows;            /* of a strip */
    int32_t across, down;            /* strips over the images, over the rows */
    enum { BY_PIXELS, BY_OUTPUTS, BY_INPUTS } share; /* of the parts */
} cut;

/* Groups of output blocks [g0, g1), input blocks [c0, c1), strips [s0, s1). */
typedef struct box {
    size_t g0, g1, c0, c1, s0, s1;
} box;

static bool even(int32_t things, int parts) {
    return things % parts == 0 || things >= 8 * parts;
}

static void plan_share(const at_conv_shape *shape, int parts, cut *it) {
    double pixels = (double)shape->n * at_conv_rows(shape) * at_conv_columns(shape);
    bool large = (double)at_conv_weights(shape) * parts * 4 >
                 pixels * (it->inputs + it->outputs) * AT_BLOCK;
    bool few = it->across * it->down < 4 * parts;
    it->share = BY_PIXELS;
    if ((large || few) && even(it->groups, parts))
        it->share = BY_OUTPUTS;
    else if ((large || few) && even(it->inputs, parts))
        it->share = BY_INPUTS;
}

/* How many output pixels a strip should have: so that they and the input they are
 * multiplied with, its halo included, stay in the L1. (With a stride the taps do not
 * share their pixels.) */
static int32_t strip_pixels(const at_conv_shape *shape, int blocks) {
    double input = 1;
    if (shape->stride == 1)
        input = (double)(shape->h + 2 * shape->pad) * (shape->w + 2 * shape->pad) /
                ((double)at_conv_rows(shape) * at_conv_columns(shape));
    double pixel = (input + blocks) * AT_BLOCK * (double)sizeof(float);
    return (int32_t)((blocks + 1) * STRIP_BYTES / pixel);
}

static cut plan(const at_conv_shape *shape, const at_isa *isa, int parts) {
    cut it = {.inputs = at_blocks(shape->c), .outputs = at_blocks(shape->k)};
    int32_t rows = at_conv_rows(shape), columns = at_conv_columns(shape);
    it.groups = (it.outputs + isa->direct->blocks - 1) / isa->direct->blocks;
    it.inner = shape->c <= 4 ? shape->c : AT_BLOCK;
    it.a_block = (size_t)shape->r * (size_t)shape->s * (size_t)it.inner * AT_BLOCK;
    int32_t pixels = strip_pixels(shape, isa->direct->blocks);
    it.rows = pixels / columns < 1 ? 1 : pixels / columns;
    it.rows = it.rows < rows ? it.rows : rows;
    it.down = (rows + it.rows - 1) / it.rows;
    it.images = 1;
    if (it.down == 1)
        it.images = (pixels + columns * rows / 2) / (columns * rows);
    it.images = it.images < 1 ? 1 : it.images < shape->n ? it.images : shape->n;
    it.across = (shape->n + it.images - 1) / it.images;
    plan_share(shape, parts, &it);
    return it;
}

/* Maps of pairs of images: laid out as maps of floats are. */
typedef struct paired_maps {
    at_conv_shape shape;
    at_blocked x, y;
} paired_maps;

static paired_maps pairs_of(const at_conv_shape *shape, at_halo halo) {
    paired_maps out = {.shape = *shape};
    int32_t n = out.shape.n = (shape->n + 1) / 2;
    out.x = at_blocked_plan(n, shape->c, shape->h, shape->w, halo);
    out.y = at_blocked_plan(n, shape->k, at_conv_rows(shape), at_conv_columns(shape),
                            (at_halo){0});
    return out;
}

static bool needs(const at_conv_shape *shape, const at_isa *isa, int parts,
                  at_conv_needs *out) {
    int32_t rows = at_conv_rows(shape), columns = at_conv_columns(shape);
    int32_t bottom = (rows - 1) * shape->stride + shape->r - shape->pad - shape->h;
    int32_t right = (columns - 1) * shape->stride + shape->s - shape->pad - shape->w;
    if (!isa->direct || shape->r * shape->s > AT_CONV_TAPS)
        return false;
    *out = (at_conv_needs){
        .x = {shape->pad, shape->pad, bottom > 0 ? bottom : 0, right > 0 ? right : 0},
        .phases = 1};
    at_conv_shape summed = *shape;
    if (isa->direct->pair) {
        paired_maps both = pairs_of(shape, out->x);
        out->scratch = at_blocked_bytes(&both.x) + at_blocked_bytes(&both.y);
        out->phases++;
        summed = both.shape;
    }
    cut it = plan(&summed, isa, parts);
    if (it.share == BY_PIXELS) {
        out->scratch += (size_t)parts * at_conv_weights(shape) * sizeof(float);
        out->phases++;
    }
    return true;
}

/* This part's share of the planes of `from`, and of its halo what `to` has. */
static void pair_up(const at_isa *isa, const at_blocked *from, const at_blocked *to,
                    int part, int parts) {
    size_t blocks = (size_t)at_blocks(to->c), p0, p1;
    const at_halo *halo = &to->halo;
    ptrdiff_t left = halo->left;
    at_conv_share((size_t)to->n * blocks, part, parts, &p0, &p1);
    for (size_t p = p0; p < p1; p++) {
        size_t n = p / blocks * 2, block = p % blocks;
        const float *a = from->data + n * from->image + block * from->plane;
        float *words = to->data + p / blocks * to->image + block * to->plane;
        for (ptrdiff_t y = -halo->top; y < to->h + halo->bottom; y++) {
            const float *row = a + y * (ptrdiff_t)from->row - left * from->pixel;
            isa->direct->pair(row, (int32_t)n + 1 < from->n ? row + from->image : NULL,
                              (size_t)(to->w + halo->left + halo->right),
                              words + y * (ptrdiff_t)to->row - left * to->pixel);
        }
    }
}

/* Where the rows of weights find their input, from the first tap: with few channels each
 * row (tap, channel), else each tap. */
typedef struct places {
    ptrdiff_t at[AT_CONV_TAPS * 4];
} places;

static void find_places(const at_conv_call *call, const cut *it, places *out) {
    const at_conv_shape *shape = call->shape;
    int each = it->inner < AT_BLOCK ? it->inner : 1, count = 0;
    for (int32_t r = 0; r < shape->r; r++)
        for (int32_t s = 0; s < shape->s; s++)
            for (int i = 0; i < each; i++)
                out->at[count++] =
                    (ptrdiff_t)r * (ptrdiff_t)call->x.row + s * AT_BLOCK + i;
}

/* All rows of weights of one pair (group of output blocks, input block) over one strip,
 * already aimed at. */
static void all_rows(const at_conv_call *call, const cut *it, const places *where,
                     at_direct_strip *strip) {
    const float *x = strip->x;
    float *gradient = strip->gradient;
    ptrdiff_t ahead = strip->ahead;
    bool thin = it->inner < AT_BLOCK;
    size_t taps = (size_t)call->shape->r * (size_t)call->shape->s;
    size_t most = (size_t)call->isa->direct->strip_inputs[strip->blocks];
    size_t runs = thin ? 1 : taps, rows = thin ? taps * (size_t)it->inner : AT_BLOCK;
    size_t tiles = (rows + most - 1) / most, least = rows / tiles, more = rows % tiles;
    for (size_t run = 0; run < runs; run++)
        for (size_t t = 0, from = 0; t < tiles; t++) {
            size_t count = least + (t < more);
            strip->inputs = (int)count;
            strip->x = thin ? x : x + where->at[run] + from;
            strip->ahead = run + t == 0 ? ahead : 0;
            strip->input_x = thin ? where->at + from : NULL;
            strip->gradient = gradient + (run * rows + from) * AT_BLOCK;
            call->isa->direct->strip(strip);
            from += count;
        }
}

/* Strip `at` into the pairs of a box of `gradient`. */
static void one_strip(const at_conv_call *call, const cut *it, const places *where,
                      float *gradient, const box *in, size_t at) {
    const at_conv_shape *shape = call->shape;
    const size_t blocks = (size_t)call->isa->direct->blocks, inputs = (size_t)it->inputs;
    const size_t at_once = blocks < 2 ? 2 : 1; /* groups whose dy is in the L1 */
    const bool one = shape->r * shape->s == 1; /* tap: x is soon used up */
    size_t step = (size_t)shape->stride;
    int32_t n = (int32_t)(at / (size_t)it->down) * it->images;
    int32_t i = (int32_t)(at % (size_t)it->down) * it->rows;
    at_direct_strip strip = {
        .x_pixel = step * AT_BLOCK,
        .x_row = step * call->x.row,
        .x_image = call->x.image,
        .y_row = call->y.row,
        .y_image = call->y.image,
        .y_block = call->y.plane,
        .images = shape->n - n < it->images ? shape->n - n : it->images,
        .rows = call->y.h - i < it->rows ? call->y.h - i : it->rows,
        .columns = call->y.w,
        .gradient_block = it->a_block * inputs,
        .first = at == in->s0,
    };
    const float *y = call->y.data + (size_t)n * call->y.image + (size_t)i * call->y.row;
    const float *x =
        call->x.data + (size_t)n * call->x.image +
        (ptrdiff_t)(i * shape->stride - shape->pad) * (ptrdiff_t)call->x.row -
        shape->pad * AT_BLOCK;
    for (size_t some = in->g0; some < in->g1; some += at_once)
        for (size_t c = in->c0; c < in->c1; c++)
            for (size_t g = some; g < some + at_once && g < in->g1; g++) {
                size_t k = g * blocks, left = (size_t)it->outputs - k;
                strip.blocks = (int)(left < blocks ? left : blocks);
                strip.x = x + c * call->x.plane;
                strip.ahead = one && c + 1 < in->c1 ? (ptrdiff_t)call->x.plane : 0;
                strip.y = y + k * call->y.plane;
                strip.gradient = gradient + (k * inputs + c) * it->a_block;
                all_rows(call, it, where, &strip);
            }
}

/* A box in smaller ones, whose gradient stays in the cache. */
static void whole_box(const at_conv_call *call, const cut *it, float *gradient,
                      const box *in) {
    size_t bytes = it->a_block * (size_t)call->isa->direct->blocks * sizeof(float);
    size_t pairs = GRADIENT_BYTES / bytes, across = 1;
    while (across * across * (size_t)call->isa->direct->blocks < pairs)
        across++;
    size_t inputs = in->c1 - in->c0 < across ? in->c1 - in->c0 : across;
    size_t groups = pairs / (inputs ? inputs : 1);
    groups = groups < 1 ? 1 : groups;
    places where;
    find_places(call, it, &where);
    box part = *in;
    for (part.g0 = in->g0; part.g0 < in->g1; part.g0 = part.g1) {
        part.g1 = part.g0 + groups < in->g1 ? part.g0 + groups : in->g1;
        for (part.c0 = in->c0; part.c0 < in->c1; part.c0 = part.c1) {
            part.c1 = part.c0 + inputs < in->c1 ? part.c0 + inputs : in->c1;
            for (size_t s = in->s0; s < in->s1; s++)
                one_strip(call, it, &where, gradient, &part, s);
        }
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

/* Over maps of floats or of pairs. */
static void run_words(const at_conv_call *call, int phase, int part) {
    cut it = plan(call->shape, call->isa, call->parts);
    box all = {.g1 = (size_t)it.groups,
               .c1 = (size_t)it.inputs,
               .s1 = (size_t)it.across * (size_t)it.down};
    float *gradient = call->gradient;
    if (phase == 1) {
        add_up(call, part);
        return;
    }
    if (it.share == BY_OUTPUTS)
        at_conv_share(all.g1, part, call->parts, &all.g0, &all.g1);
    if (it.share == BY_INPUTS)
        at_conv_share(all.c1, part, call->parts, &all.c0, &all.c1);
    if (it.share == BY_PIXELS) {
        size_t floats = at_conv_weights(call->shape);
        gradient = (float *)call->scratch + (size_t)part * floats;
        at_conv_share(all.s1, part, call->parts, &all.s0, &all.s1);
        for (size_t i = 0; all.s0 == all.s1 && i < floats; i++)
            gradient[i] = 0;
    }
    whole_box(call, &it, gradient, &all);
}

static void run(const at_conv_call *call, int phase, int part) {
    const at_isa *isa = call->isa;
    if (!isa->direct->pair) {
        run_words(call, phase, part);
        return;
    }
    at_conv_needs needed;
    needs(call->shape, isa, call->parts, &needed);
    paired_maps both = pairs_of(call->shape, needed.x);
    at_conv_call paired = *call;
    char *scratch = call->scratch;
    paired.shape = &both.shape;
    paired.x = at_blocked_at(&both.x, scratch);
    paired.y = at_blocked_at(&both.y, scratch += at_blocked_bytes(&both.x));
    paired.scratch = scratch + at_blocked_bytes(&both.y);
    if (phase > 0) {
        run_words(&paired, phase - 1, part);
        return;
    }
    pair_up(isa, &call->x, &paired.x, part, call->parts);
    pair_up(isa, &call->y, &paired.y, part, call->parts);
}

const at_conv_algorithm at_conv_direct_weights = {
    .name = "direct", .pass = AT_CONV_WEIGHTS, .needs = needs, .run = run};
