/* Direct convolution, forward and data: no transform, any kernel and stride, near the
 * processor's peak. A 1x1 kernel makes it a blocked matrix product; where c <= 4 it reads
 * the image's channels alone.
 *
 * The data pass is the same sweep with the weights transposed. With a stride, input
 * pixels are parted by their remainders (row % stride, column % stride): those of one
 * remainder see the same taps, at neighbouring output pixels. */
#include "ops/nn/conv_direct.h"
#include "ops/isa/direct.h"
#include "ops/nn/conv_algorithms.h"

static int32_t at_least_0(int32_t value) {
    return value > 0 ? value : 0;
}

static bool can(const at_conv_shape *shape, const at_isa *isa) {
    return isa->direct && shape->r * shape->s <= AT_CONV_TAPS;
}

/* Words of an input block of a pixel, and as many rows of weights. */
static int inner_of(const at_conv_shape *shape, const at_isa *isa) {
    int channels = shape->c <= 4 ? shape->c : AT_BLOCK, each = AT_BLOCK / isa->pixel;
    return (channels + each - 1) / each;
}

/* ---- forward --------------------------------------------------------------------------
 */

static size_t packed_words(const at_conv_shape *shape, const at_isa *isa) {
    size_t rows = (size_t)(shape->c <= 4 ? shape->c : AT_BLOCK);
    return at_conv_weights(shape) / rows * (size_t)inner_of(shape, isa);
}

static bool forward_needs(const at_conv_shape *shape, const at_isa *isa, int parts,
                          at_conv_needs *out) {
    (void)parts;
    int32_t rows = at_conv_rows(shape), columns = at_conv_columns(shape);
    int32_t bottom = (rows - 1) * shape->stride + shape->r - shape->pad - shape->h;
    int32_t right = (columns - 1) * shape->stride + shape->s - shape->pad - shape->w;
    *out = (at_conv_needs){
        .x = {shape->pad, shape->pad, at_least_0(bottom), at_least_0(right)},
        .phases = 1,
        .statistics = true};
    if (isa->direct && isa->direct->pack)
        out->prepared = packed_words(shape, isa) * sizeof(float);
    return can(shape, isa);
}

/* The weights in words, where these are not floats. Parts share the blocks' taps. */
static void forward_prepare(const at_conv_shape *shape, const at_isa *isa,
                            const float *weights, void *prepared, int part, int parts) {
    if (!isa->direct->pack)
        return;
    int rows = shape->c <= 4 ? shape->c : AT_BLOCK;
    size_t words = (size_t)inner_of(shape, isa) * AT_BLOCK, from, to;
    at_conv_share(packed_words(shape, isa) / words, part, parts, &from, &to);
    for (size_t i = from; i < to; i++)
        isa->direct->pack(weights + i * (size_t)rows * AT_BLOCK, rows,
                          (float *)prepared + i * words);
}

static void forward(const at_conv_call *call, int phase, int part) {
    (void)phase;
    const at_conv_shape *shape = call->shape;
    at_conv_sweep sweep = {
        .isa = call->isa,
        .from = &call->x,
        .to = &call->y,
        .from_grid = {shape->stride, -shape->pad, -shape->pad},
        .to_grid = {1, 0, 0},
        .rows = call->y.h,
        .columns = call->y.w,
        .inner = inner_of(shape, call->isa),
        .weights = call->isa->direct->pack ? call->prepared : call->weights,
        .store = call->store,
    };
    for (int32_t r = 0; r < shape->r; r++)
        for (int32_t s = 0; s < shape->s; s++)
            sweep.taps[sweep.tap_count++] =
                (ptrdiff_t)r * (ptrdiff_t)call->x.row + s * (ptrdiff_t)call->x.pixel;
    if (call->store.statistics) {
        size_t padded = (size_t)at_blocks(shape->k) * AT_BLOCK;
        sweep.store.statistics += (size_t)part * 2 * padded;
        for (size_t i = 0; i < 2 * padded; i++)
            sweep.store.statistics[i] = 0;
    }
    at_conv_sweep_run(&sweep, part, call->parts);
}

/* ---- data -----------------------------------------------------------------------------
 */

/* What the input pixels of one remainder see along one side: taps first, first + stride,
 * ... of a kernel, at output pixel (pixel - remainder) / stride + shift, and one less
 * with each tap further. */
typedef struct along {
    int32_t first, count, shift;
    int32_t pixels; /* of this remainder */
} along;

static along look(int32_t size, int32_t kernel, int32_t stride, int32_t pad,
                  int32_t remainder) {
    along it = {.first = (remainder + pad) % stride};
    it.shift = (remainder + pad) / stride;
    it.count = at_least_0((kernel - it.first + stride - 1) / stride);
    it.pixels = at_least_0((size - remainder + stride - 1) / stride);
    return it;
}

/* Widens the halo [*before, *after] of an output side of `size` pixels. */
static void reach(along it, int32_t size, int32_t *before, int32_t *after) {
    if (it.count == 0 || it.pixels == 0)
        return;
    int32_t least = it.shift - (it.count - 1), most = it.pixels - 1 + it.shift;
    *before = *before > -least ? *before : -least;
    *after = *after > most - (size - 1) ? *after : most - (size - 1);
}

static bool data_needs(const at_conv_shape *shape, const at_isa *isa, int parts,
                       at_conv_needs *out) {
    (void)parts;
    *out = (at_conv_needs){.prepared = at_conv_weights(shape) / AT_BLOCK *
                                       (size_t)isa->pixel * sizeof(float),
                           .phases = 1};
    for (int32_t i = 0; i < shape->stride; i++) {
        reach(look(shape->h, shape->r, shape->stride, shape->pad, i), at_conv_rows(shape),
              &out->y.top, &out->y.bottom);
        reach(look(shape->w, shape->s, shape->stride, shape->pad, i),
              at_conv_columns(shape), &out->y.left, &out->y.right);
    }
    return can(shape, isa) && shape->c > 4;
}

/* One 16 x 16 block of weights, transposed, in words. */
static void transpose(const at_isa *isa, const float *from, float *words) {
    _Alignas(AT_ALIGN) float rows[AT_BLOCK * AT_BLOCK];
    float *to = isa->direct->pack ? rows : words;
    for (int i = 0; i < AT_BLOCK; i++)
        for (int j = 0; j < AT_BLOCK; j++)
            to[i * AT_BLOCK + j] = from[j * AT_BLOCK + i];
    if (isa->direct->pack)
        isa->direct->pack(rows, AT_BLOCK, words);
}

/* Prepared: for each remainder [C/16][K/16][its taps][words of 16 k][16 c]. Parts share
 * the input blocks. */
static void data_prepare(const at_conv_shape *shape, const at_isa *isa,
                         const float *weights, void *prepared, int part, int parts) {
    enum { SQUARE = AT_BLOCK * AT_BLOCK };
    size_t words = (size_t)isa->pixel * AT_BLOCK;
    size_t inputs = (size_t)at_blocks(shape->c), outputs = (size_t)at_blocks(shape->k);
    size_t all = (size_t)shape->r * (size_t)shape->s, before = 0, c0, c1;
    at_conv_share(inputs, part, parts, &c0, &c1);
    for (int32_t i = 0; i < shape->stride * shape->stride; i++) {
        along row =
            look(shape->h, shape->r, shape->stride, shape->pad, i / shape->stride);
        along column =
            look(shape->w, shape->s, shape->stride, shape->pad, i % shape->stride);
        size_t taps = (size_t)row.count * (size_t)column.count;
        for (size_t c = c0; c < c1; c++) {
            float *to = (float *)prepared +
                        (before * inputs * outputs + c * outputs * taps) * words;
            for (size_t k = 0; k < outputs; k++)
                for (int32_t r = 0; r < row.count; r++)
                    for (int32_t s = 0; s < column.count; s++, to += words) {
                        size_t tap = (size_t)((row.first + r * shape->stride) * shape->s +
                                              column.first + s * shape->stride);
                        transpose(isa, weights + ((k * inputs + c) * all + tap) * SQUARE,
                                  to);
                    }
        }
        before += taps;
    }
}

static void data(const at_conv_call *call, int phase, int part) {
    (void)phase;
    const at_conv_shape *shape = call->shape;
    const float *weights = call->prepared;
    for (int32_t i = 0; i < shape->stride * shape->stride; i++) {
        int32_t top = i / shape->stride, left = i % shape->stride;
        along row = look(shape->h, shape->r, shape->stride, shape->pad, top);
        along column = look(shape->w, shape->s, shape->stride, shape->pad, left);
        at_conv_sweep sweep = {
            .isa = call->isa,
            .from = &call->y,
            .to = &call->x,
            .from_grid = {1, row.shift, column.shift},
            .to_grid = {shape->stride, top, left},
            .rows = row.pixels,
            .columns = column.pixels,
            .inner = call->isa->pixel,
            .weights = weights,
            .accumulate = call->accumulate,
        };
        for (int32_t r = 0; r < row.count; r++)
            for (int32_t s = 0; s < column.count; s++)
                sweep.taps[sweep.tap_count++] =
                    -(ptrdiff_t)r * (ptrdiff_t)call->y.row - s * (ptrdiff_t)call->y.pixel;
        weights += (size_t)sweep.tap_count * (size_t)at_blocks(shape->c) *
                   (size_t)at_blocks(shape->k) * AT_BLOCK * (size_t)call->isa->pixel;
        if (sweep.rows > 0 && sweep.columns > 0 &&
            (sweep.tap_count > 0 || !call->accumulate))
            at_conv_sweep_run(&sweep, part, call->parts);
    }
}

const at_conv_algorithm at_conv_direct_forward = {.name = "direct",
                                                  .pass = AT_CONV_FORWARD,
                                                  .needs = forward_needs,
                                                  .prepare = forward_prepare,
                                                  .run = forward};
const at_conv_algorithm at_conv_direct_data = {.name = "direct",
                                               .pass = AT_CONV_DATA,
                                               .needs = data_needs,
                                               .prepare = data_prepare,
                                               .run = data};
