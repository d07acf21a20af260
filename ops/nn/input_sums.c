#include "ops/nn/input_sums.h"
#include "ops/nn/conv_algorithms.h"
#include "ops/nn/layer.h"

#include <string.h>

size_t at_input_sums_scratch(const at_conv_shape *shape, int parts) {
    return at_aligned((size_t)parts * (size_t)(shape->r * shape->s) *
                      at_padded(shape->k) * sizeof(double));
}

/* Outputs [*from, *to) whose tap lies within [0, size). */
static void inside(int32_t tap, int32_t pad, int32_t stride, int32_t size,
                   int32_t outputs, int32_t *from, int32_t *to) {
    int32_t shift = tap - pad; /* position = output * stride + shift */
    *from = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
    *to = size - shift <= 0 ? 0 : (size - shift - 1) / stride + 1;
    if (*to > outputs)
        *to = outputs;
    if (*from > *to)
        *from = *to;
}

/* out[16] += sign * the sums over rows [top, bottom) and columns [left, right). */
static void rectangle(const at_pointwise *kernels, at_view plane, at_element element,
                      int32_t top, int32_t bottom, int32_t left, int32_t right,
                      double sign, double *out) {
    if (top >= bottom || left >= right)
        return;
    _Alignas(AT_ALIGN) float sum[AT_BLOCK];
    at_view part = {plane.data + (size_t)top * plane.row + (size_t)left * element,
                    plane.row};
    kernels->total(part, bottom - top, right - left, sum);
    for (int k = 0; k < AT_BLOCK; k++)
        out[k] += sign * (double)sum[k];
}

/* One plane's share of every tap, to slice[tap][k padded]. */
static void plane_taps(const at_conv_shape *shape, const at_pointwise *kernels,
                       const at_blocked *dy, at_view plane, double *slice) {
    const int32_t h = dy->h, w = dy->w;
    const at_element element = dy->pixel;
    size_t padded = at_padded(shape->k);
    double all[AT_BLOCK] = {0};
    rectangle(kernels, plane, element, 0, h, 0, w, 1, all);
    for (int32_t r = 0; r < shape->r; r++) {
        int32_t top, bottom;
        inside(r, shape->pad, shape->stride, shape->h, h, &top, &bottom);
        double rows[AT_BLOCK];
        memcpy(rows, all, sizeof rows);
        rectangle(kernels, plane, element, 0, top, 0, w, -1, rows);
        rectangle(kernels, plane, element, bottom, h, 0, w, -1, rows);
        for (int32_t s = 0; s < shape->s; s++) {
            int32_t left, right;
            inside(s, shape->pad, shape->stride, shape->w, w, &left, &right);
            double *to = slice + (size_t)(r * shape->s + s) * padded;
            for (int k = 0; k < AT_BLOCK; k++)
                to[k] += rows[k];
            rectangle(kernels, plane, element, top, bottom, 0, left, -1, to);
            rectangle(kernels, plane, element, top, bottom, right, w, -1, to);
        }
    }
}

void at_input_sums_collect(const at_conv_shape *shape, const at_pointwise *kernels,
                           const at_blocked *dy, int32_t count, double *scratch, int part,
                           int parts) {
    size_t blocks = (size_t)at_blocks(shape->k), planes = (size_t)count * blocks;
    size_t floats = (size_t)(shape->r * shape->s) * at_padded(shape->k);
    double *slice = scratch + (size_t)part * floats;
    memset(slice, 0, floats * sizeof *slice);
    size_t end = at_share(planes, part + 1, parts);
    for (size_t i = at_share(planes, part, parts); i < end; i++)
        plane_taps(shape, kernels, dy,
                   at_plane(dy, (int32_t)(i / blocks), (int32_t)(i % blocks)),
                   slice + i % blocks * AT_BLOCK);
}

void at_input_sums_finish(const at_conv_shape *shape, const float *weights,
                          const double *scratch, int parts, float *sums) {
    size_t padded = at_padded(shape->k);
    size_t floats = (size_t)(shape->r * shape->s) * padded;
    memset(sums, 0, at_padded(shape->c) * sizeof *sums);
    for (int32_t c = 0; c < shape->c; c++) {
        double sum = 0;
        for (int32_t r = 0; r < shape->r; r++)
            for (int32_t s = 0; s < shape->s; s++)
                for (int32_t k = 0; k < shape->k; k++) {
                    double tap = 0;
                    for (int part = 0; part < parts; part++)
                        tap += scratch[(size_t)part * floats +
                                       (size_t)(r * shape->s + s) * padded + (size_t)k];
                    sum += tap * (double)weights[at_conv_weight_place(shape, k, c, r, s)];
                }
        sums[c] = (float)sum;
    }
}
