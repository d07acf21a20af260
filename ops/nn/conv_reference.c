/* The reference convolution: the definition, term by term, summed in double. It is the
 * oracle of every other algorithm and documents what they compute. */
#include "ops/nn/conv_algorithms.h"

static float at_of(const at_blocked *map, int32_t n, int32_t c, int32_t y, int32_t x) {
    if (y < 0 || x < 0 || y >= map->h || x >= map->w)
        return 0;
    return at_blocked_get(map, n, c, y, x);
}

static float weight(const at_conv_call *call, int32_t k, int32_t c, int32_t r,
                    int32_t s) {
    return call->weights[at_conv_weight_place(call->shape, k, c, r, s)];
}

static bool needs(const at_conv_shape *shape, const at_isa *isa, int parts,
                  at_conv_needs *out) {
    (void)shape, (void)isa, (void)parts;
    *out = (at_conv_needs){.phases = 1, .statistics = true};
    return true;
}

static double forward_sum(const at_conv_call *call, int32_t n, int32_t k, int32_t i,
                          int32_t j) {
    const at_conv_shape *shape = call->shape;
    double sum = 0;
    for (int32_t c = 0; c < shape->c; c++)
        for (int32_t r = 0; r < shape->r; r++)
            for (int32_t s = 0; s < shape->s; s++)
                sum += (double)at_of(&call->x, n, c, i * shape->stride + r - shape->pad,
                                     j * shape->stride + s - shape->pad) *
                       (double)weight(call, k, c, r, s);
    return sum;
}

/* Parts share the output channels. */
static void forward(const at_conv_call *call, int phase, int part) {
    (void)phase;
    const at_conv_shape *shape = call->shape;
    const at_conv_store *store = &call->store;
    size_t padded = (size_t)at_blocks(shape->k) * AT_BLOCK;
    double *statistics =
        store->statistics ? store->statistics + (size_t)part * 2 * padded : NULL;
    for (size_t k = 0; statistics && k < 2 * padded; k++)
        statistics[k] = 0;
    for (int32_t k = part; k < shape->k; k += call->parts)
        for (int32_t n = 0; n < shape->n; n++)
            for (int32_t i = 0; i < call->y.h; i++)
                for (int32_t j = 0; j < call->y.w; j++) {
                    float y = (float)forward_sum(call, n, k, i, j);
                    if (store->bias)
                        y += store->bias[k];
                    if (store->add)
                        y += at_of(store->add, n, k, i, j);
                    if (store->relu && y < 0)
                        y = 0;
                    at_blocked_set(&call->y, n, k, i, j, y);
                    if (statistics) {
                        y = at_blocked_get(&call->y, n, k, i, j);
                        statistics[k] += (double)y;
                        statistics[padded + (size_t)k] += (double)y * (double)y;
                    }
                }
}

/* The output positions that tap r of row `h` reaches: i * stride + r - pad = h. */
static bool reaches(int32_t h, int32_t r, const at_conv_shape *shape, int32_t rows,
                    int32_t *i) {
    int32_t at = h + shape->pad - r;
    *i = at / shape->stride;
    return at >= 0 && at % shape->stride == 0 && *i < rows;
}

static double data_sum(const at_conv_call *call, int32_t n, int32_t c, int32_t h,
                       int32_t w) {
    const at_conv_shape *shape = call->shape;
    double sum = 0;
    int32_t i, j;
    for (int32_t r = 0; r < shape->r; r++)
        for (int32_t s = 0; s < shape->s; s++)
            if (reaches(h, r, shape, call->y.h, &i) &&
                reaches(w, s, shape, call->y.w, &j))
                for (int32_t k = 0; k < shape->k; k++)
                    sum += (double)at_of(&call->y, n, k, i, j) *
                           (double)weight(call, k, c, r, s);
    return sum;
}

/* Parts share the input channels. */
static void data(const at_conv_call *call, int phase, int part) {
    (void)phase;
    const at_conv_shape *shape = call->shape;
    for (int32_t c = part; c < shape->c; c += call->parts)
        for (int32_t n = 0; n < shape->n; n++)
            for (int32_t h = 0; h < shape->h; h++)
                for (int32_t w = 0; w < shape->w; w++) {
                    double x = data_sum(call, n, c, h, w);
                    if (call->accumulate)
                        x += (double)at_blocked_get(&call->x, n, c, h, w);
                    at_blocked_set(&call->x, n, c, h, w, (float)x);
                }
}

static double weights_sum(const at_conv_call *call, int32_t k, int32_t c, int32_t r,
                          int32_t s) {
    const at_conv_shape *shape = call->shape;
    double sum = 0;
    for (int32_t n = 0; n < shape->n; n++)
        for (int32_t i = 0; i < call->y.h; i++)
            for (int32_t j = 0; j < call->y.w; j++)
                sum += (double)at_of(&call->y, n, k, i, j) *
                       (double)at_of(&call->x, n, c, i * shape->stride + r - shape->pad,
                                     j * shape->stride + s - shape->pad);
    return sum;
}

/* Parts share the output blocks; what pads a block stays zero. */
static void weights(const at_conv_call *call, int phase, int part) {
    (void)phase;
    const at_conv_shape *shape = call->shape;
    size_t block = at_conv_weights(shape) / (size_t)at_blocks(shape->k);
    for (int32_t kb = part; kb < at_blocks(shape->k); kb += call->parts) {
        for (size_t i = 0; i < block; i++)
            call->gradient[(size_t)kb * block + i] = 0;
        for (int32_t k = kb * AT_BLOCK; k < shape->k && k < (kb + 1) * AT_BLOCK; k++)
            for (int32_t c = 0; c < shape->c; c++)
                for (int32_t r = 0; r < shape->r; r++)
                    for (int32_t s = 0; s < shape->s; s++)
                        call->gradient[at_conv_weight_place(shape, k, c, r, s)] =
                            (float)weights_sum(call, k, c, r, s);
    }
}

const at_conv_algorithm at_conv_reference_forward = {
    .name = "reference", .pass = AT_CONV_FORWARD, .needs = needs, .run = forward};
const at_conv_algorithm at_conv_reference_data = {
    .name = "reference", .pass = AT_CONV_DATA, .needs = needs, .run = data};
const at_conv_algorithm at_conv_reference_weights = {
    .name = "reference", .pass = AT_CONV_WEIGHTS, .needs = needs, .run = weights};
