/* The reference of every pointwise kernel, on floats: maps, and what is floats always. */
#define PIXEL        16
#define GET(p, k)    (p)[k]
#define PUT(p, k, v) (p)[k] = (v)

#include "ops/isa/pointwise_scalar.h"

static float *input(const at_dense *d, int32_t row, int32_t c) {
    return d->x + (size_t)row * d->x_row + (size_t)(c / LANES) * d->x_block +
           (size_t)(c % LANES);
}

static float *output(const at_dense *d, int32_t row, int32_t block) {
    return d->y + (size_t)row * d->y_row + (size_t)block * d->y_block;
}

/* The 16 weights from input c to a block. */
static float *weight(const at_dense *d, int32_t block, int32_t c) {
    size_t padded = (size_t)((d->c + LANES - 1) / LANES) * LANES;
    return d->w + ((size_t)block * padded + (size_t)c) * LANES;
}

static void dense(const at_dense *d) {
    for (int32_t block = d->from; block < d->to; block++)
        for (int32_t row = 0; row < d->rows; row++)
            for (int k = 0; k < LANES; k++) {
                double sum = d->bias ? (double)d->bias[block * LANES + k] : 0;
                for (int32_t c = 0; c < d->c; c++)
                    sum += (double)*input(d, row, c) * (double)weight(d, block, c)[k];
                output(d, row, block)[k] = (float)sum;
            }
}

static void dense_data(const at_dense *d) {
    for (int32_t row = 0; row < d->rows; row++)
        for (int32_t c = d->from * LANES; c < d->to * LANES; c++) {
            double sum = 0;
            for (int32_t block = 0; block < d->blocks; block++)
                for (int k = 0; k < LANES; k++)
                    sum +=
                        (double)output(d, row, block)[k] * (double)weight(d, block, c)[k];
            float *x = input(d, row, c);
            *x = d->accumulate ? *x + (float)sum : (float)sum;
        }
}

static void dense_weights(const at_dense *d) {
    for (int32_t block = d->from; block < d->to; block++)
        for (int k = 0; k < LANES; k++) {
            double bias = 0;
            for (int32_t row = 0; row < d->rows; row++)
                bias += (double)output(d, row, block)[k];
            if (d->bias)
                d->bias[block * LANES + k] = (float)bias;
            for (int32_t c = 0; c < d->c; c++) {
                double sum = 0;
                for (int32_t row = 0; row < d->rows; row++)
                    sum += (double)*input(d, row, c) * (double)output(d, row, block)[k];
                weight(d, block, c)[k] = (float)sum;
            }
        }
}

static void sgd(const at_update *u) {
    for (size_t i = 0; i < u->count; i++) {
        float g = u->g[i] + u->decay * u->w[i];
        u->m[i] = u->momentum * u->m[i] - u->rate * g;
        u->w[i] += u->m[i];
    }
}

static void nag(const at_update *u) {
    for (size_t i = 0; i < u->count; i++) {
        float g = u->g[i] + u->decay * u->w[i];
        u->m[i] = u->momentum * u->m[i] + g;
        u->w[i] -= u->rate * (g + u->momentum * u->m[i]);
    }
}

static void adam(const at_update *u) {
    for (size_t i = 0; i < u->count; i++) {
        float g = u->g[i] + u->decay * u->w[i];
        u->m[i] = u->beta1 * u->m[i] + (1 - u->beta1) * g;
        u->v[i] = u->beta2 * u->v[i] + (1 - u->beta2) * (g * g);
        u->w[i] -= u->rate * u->m[i] / (sqrtf(u->v[i]) + u->epsilon);
    }
}

static void rmsprop(const at_update *u) {
    for (size_t i = 0; i < u->count; i++) {
        float g = u->g[i] + u->decay * u->w[i];
        u->m[i] = u->momentum * u->m[i] + (1 - u->momentum) * (g * g);
        u->w[i] -= u->rate * g / sqrtf(u->m[i] + u->epsilon);
    }
}

const at_pointwise at_pointwise_scalar = {
    MAPS,
    .dense = dense,
    .dense_data = dense_data,
    .dense_weights = dense_weights,
    .sgd = sgd,
    .nag = nag,
    .adam = adam,
    .rmsprop = rmsprop,
};
