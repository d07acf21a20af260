/* The reference of every pointwise kernel that works on maps: plain loops, one channel at
 * a time. A file that includes this once has said what a map holds:
 *
 *     PIXEL                   words of a pixel
 *     GET(p, k), PUT(p, k, v) channel k of the pixel at p */
#include "ops/isa/pointwise.h"

#include <math.h>

enum { LANES = 16 };

static float *place(at_view view, int32_t i, int32_t j) {
    return view.data + (size_t)i * view.row + (size_t)j * PIXEL;
}

static void sums(at_view x, int32_t h, int32_t w, double *out) {
    for (int32_t i = 0; i < h; i++)
        for (int32_t j = 0; j < w; j++)
            for (int k = 0; k < LANES; k++) {
                double v = (double)GET(place(x, i, j), k);
                out[k] += v;
                out[LANES + k] += v * v;
            }
}

static void norm(const at_norm *n) {
    for (int32_t i = 0; i < n->h; i++)
        for (int32_t j = 0; j < n->w; j++) {
            const float *x = place(n->x, i, j);
            const float *add = n->add.data ? place(n->add, i, j) : NULL;
            float *y = place(n->y, i, j);
            for (int k = 0; k < LANES; k++) {
                float v = GET(x, k) * n->scale[k] + n->shift[k];
                if (add)
                    v += GET(add, k);
                PUT(y, k, n->relu && v < 0 ? 0 : v);
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
                bool open =
                    n->mask == AT_MASK_NONE ||
                    (y ? GET(y, k) > 0 : GET(x, k) * n->scale[k] + n->shift[k] > 0);
                float g = open ? GET(dy, k) : 0;
                if (y)
                    PUT(dy, k, g);
                n->sums[k] += (double)g;
                n->sums[LANES + k] += (double)g * (double)(GET(x, k) - n->mean[k]);
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
                    n->mask == AT_MASK_NONE || GET(x, k) * n->scale[k] + n->shift[k] > 0;
                float g = open ? GET(dy, k) : 0;
                float v = g * n->scale[k] - (GET(x, k) - n->mean[k]) * n->slope[k] -
                          n->offset[k];
                PUT(dx, k, n->accumulate ? GET(dx, k) + v : v);
            }
        }
}

static void add(at_view y, at_view a, at_view b, int32_t h, int32_t w, bool relu) {
    for (int32_t i = 0; i < h; i++)
        for (int32_t j = 0; j < w; j++)
            for (int k = 0; k < LANES; k++) {
                float v = GET(place(a, i, j), k);
                if (b.data)
                    v += GET(place(b, i, j), k);
                PUT(place(y, i, j), k, relu && v < 0 ? 0 : v);
            }
}

static void relu_back(at_view dx, at_view dy, at_view y, int32_t h, int32_t w,
                      bool accumulate) {
    for (int32_t i = 0; i < h; i++)
        for (int32_t j = 0; j < w; j++)
            for (int k = 0; k < LANES; k++) {
                float g = GET(place(y, i, j), k) > 0 ? GET(place(dy, i, j), k) : 0;
                float *to = place(dx, i, j);
                PUT(to, k, accumulate ? GET(to, k) + g : g);
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
                        float v = GET(place(p->x, y, x), k);
                        if (taken < 0 || v > best || v != v) {
                            best = v;
                            taken = r * p->kernel + s;
                        }
                    }
                PUT(place(p->y, i, j), k, best);
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
                sum += GET(place(p->y, i, j), k);
        }
    return sum;
}

static void max_pool_back(const at_pool2d *p) {
    for (int32_t y = 0; y < p->h; y++)
        for (int32_t x = 0; x < p->w; x++)
            for (int k = 0; k < LANES; k++) {
                float *to = place(p->x, y, x);
                float sum = taken_from(p, y, x, k);
                PUT(to, k, p->accumulate ? GET(to, k) + sum : sum);
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
                float *to = place(x, i, j);
                PUT(to, k, accumulate ? GET(to, k) + value[k] : value[k]);
            }
}

#define MAPS                                                                             \
    .sums = sums, .norm = norm, .norm_sums = norm_sums, .norm_back = norm_back,          \
    .add = add, .relu_back = relu_back, .max_pool = max_pool,                            \
    .max_pool_back = max_pool_back, .total = total, .spread = spread
