/* The reference of every pointwise kernel: plain loops, one channel at a time. */
#include "ops/isa/pointwise.h"

#include <math.h>

enum { LANES = 16 };

static void sums(at_view x, int32_t h, int32_t w, double *out) {
    for (int32_t i = 0; i < h; i++)
        for (int32_t j = 0; j < w; j++)
            for (int k = 0; k < LANES; k++) {
                double v = (double)x.data[(size_t)i * x.row + (size_t)(j * LANES + k)];
                out[k] += v;
                out[LANES + k] += v * v;
            }
}

static float *place(at_view view, int32_t i, int32_t j) {
    return view.data + (size_t)i * view.row + (size_t)j * LANES;
}

static void norm(const at_norm *n) {
    for (int32_t i = 0; i < n->h; i++)
        for (int32_t j = 0; j < n->w; j++) {
            const float *x = place(n->x, i, j);
            const float *add = n->add.data ? place(n->add, i, j) : NULL;
            float *y = place(n->y, i, j);
            for (int k = 0; k < LANES; k++) {
                float v = x[k] * n->scale[k] + n->shift[k];
                if (add)
                    v += add[k];
                y[k] = n->relu && v < 0 ? 0 : v;
            }
        }
}

static void norm_sums(const at_norm *n) {
    for (int32_t i = 0; i < n->h; i++)
        for (int32_t j = 0; j < n->w; j++) {
            const float *x = place(n->x, i, j);
            const float *y = n->mask == AT_MASK_OUTPUT ? place(n->y, i, j) : NULL;
            float *dy = place(n->dy, i, j);
            for (int k = 0; k < LANES; k++) {
                bool open = n->mask == AT_MASK_NONE ||
                            (y ? y[k] > 0 : x[k] * n->scale[k] + n->shift[k] > 0);
                float g = open ? dy[k] : 0;
                if (y)
                    dy[k] = g;
                n->sums[k] += (double)g;
                n->sums[LANES + k] += (double)g * (double)(x[k] - n->mean[k]);
            }
        }
}

static void norm_back(const at_norm *n) {
    for (int32_t i = 0; i < n->h; i++)
        for (int32_t j = 0; j < n->w; j++) {
            const float *x = place(n->x, i, j), *dy = place(n->dy, i, j);
            float *dx = place(n->dx, i, j);
            for (int k = 0; k < LANES; k++) {
                bool open =
                    n->mask == AT_MASK_NONE || x[k] * n->scale[k] + n->shift[k] > 0;
                float g = open ? dy[k] : 0;
                float v =
                    g * n->scale[k] - (x[k] - n->mean[k]) * n->slope[k] - n->offset[k];
                dx[k] = n->accumulate ? dx[k] + v : v;
            }
        }
}

static void add(at_view y, at_view a, at_view b, int32_t h, int32_t w, bool relu) {
    for (int32_t i = 0; i < h; i++)
        for (int32_t j = 0; j < w; j++)
            for (int k = 0; k < LANES; k++) {
                float v = place(a, i, j)[k];
                if (b.data)
                    v += place(b, i, j)[k];
                place(y, i, j)[k] = relu && v < 0 ? 0 : v;
            }
}

static void relu_back(at_view dx, at_view dy, at_view y, int32_t h, int32_t w,
                      bool accumulate) {
    for (int32_t i = 0; i < h; i++)
        for (int32_t j = 0; j < w; j++)
            for (int k = 0; k < LANES; k++) {
                float g = place(y, i, j)[k] > 0 ? place(dy, i, j)[k] : 0;
                float *to = place(dx, i, j) + k;
                *to = accumulate ? *to + g : g;
            }
}

static void max_pool(const at_pool2d *p) {
    for (int32_t i = 0; i < p->rows; i++)
        for (int32_t j = 0; j < p->columns; j++)
            for (int k = 0; k < LANES; k++) {
                float best = -INFINITY;
                int taken = -1;
                for (int r = 0; r < p->kernel; r++)
                    for (int s = 0; s < p->kernel; s++) {
                        int32_t y = i * p->stride + r - p->pad;
                        int32_t x = j * p->stride + s - p->pad;
                        if (y < 0 || x < 0 || y >= p->h || x >= p->w)
                            continue;
                        float v = place(p->x, y, x)[k];
                        if (taken < 0 || v > best || v != v) {
                            best = v;
                            taken = r * p->kernel + s;
                        }
                    }
                place(p->y, i, j)[k] = best;
                if (p->taken)
                    p->taken[((size_t)i * (size_t)p->columns + (size_t)j) * LANES +
                             (size_t)k] = (uint8_t)taken;
            }
}

/* What reaches pixel (y, x): from each window that holds it and took it. */
static float taken_from(const at_pool2d *p, int32_t y, int32_t x, int k) {
    float sum = 0;
    for (int r = 0; r < p->kernel; r++)
        for (int s = 0; s < p->kernel; s++) {
            int32_t up = y + p->pad - r, left = x + p->pad - s;
            if (up < 0 || left < 0 || up % p->stride || left % p->stride)
                continue;
            int32_t i = up / p->stride, j = left / p->stride;
            if (i >= p->rows || j >= p->columns)
                continue;
            size_t at = ((size_t)i * (size_t)p->columns + (size_t)j) * LANES + (size_t)k;
            if (p->taken[at] == r * p->kernel + s)
                sum += place(p->y, i, j)[k];
        }
    return sum;
}

static void max_pool_back(const at_pool2d *p) {
    for (int32_t y = 0; y < p->h; y++)
        for (int32_t x = 0; x < p->w; x++)
            for (int k = 0; k < LANES; k++) {
                float *to = place(p->x, y, x) + k;
                float sum = taken_from(p, y, x, k);
                *to = p->accumulate ? *to + sum : sum;
            }
}

static void total(at_view x, int32_t h, int32_t w, float *sum) {
    double wide[2 * LANES] = {0};
    sums(x, h, w, wide);
    for (int k = 0; k < LANES; k++)
        sum[k] = (float)wide[k];
}

static void spread(at_view x, int32_t h, int32_t w, const float *value, bool accumulate) {
    for (int32_t i = 0; i < h; i++)
        for (int32_t j = 0; j < w; j++)
            for (int k = 0; k < LANES; k++) {
                float *to = place(x, i, j) + k;
                *to = accumulate ? *to + value[k] : value[k];
            }
}

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
    .sums = sums,
    .norm = norm,
    .norm_sums = norm_sums,
    .norm_back = norm_back,
    .add = add,
    .relu_back = relu_back,
    .max_pool = max_pool,
    .max_pool_back = max_pool_back,
    .total = total,
    .spread = spread,
    .dense = dense,
    .dense_data = dense_data,
    .dense_weights = dense_weights,
    .sgd = sgd,
    .nag = nag,
    .adam = adam,
    .rmsprop = rmsprop,
};
