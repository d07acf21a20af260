/* Pointwise: what a net does besides convolution, over planes of 16 channels: batch norm
 * and its gradient (with ReLU and a sum in the same pass), pooling, matrix times vectors,
 * the optimisers' updates. Memory-bound, nearly all of it: a kernel makes one pass.
 *
 * A plane is h rows of w pixels, a pixel 16 channels (ops/tensor/blocked.h) of floats or,
 * in a table for bfloat16, of those; all else is floats, sums are made in float and
 * wider. Every kernel works on one plane; which planes, and on which thread, is the
 * caller's. */
#ifndef ATELIER_OPS_ISA_POINTWISE_H
#define ATELIER_OPS_ISA_POINTWISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pixel (0,0) of a plane, and the words from one row to the next. data may be NULL where
 * a map is optional. */
typedef struct at_view {
    float *data;
    size_t row;
} at_view;

/* Which gradients a ReLU lets through. */
typedef enum at_mask {
    AT_MASK_NONE,  /* all: no ReLU */
    AT_MASK_INPUT, /* where x * scale + shift > 0, as the forward pass computed it */
    AT_MASK_OUTPUT /* where y > 0 */
} at_mask;

/* Batch norm over one plane; the vectors hold this block's 16 channels.
 *   forward:  y = x * scale + shift (+ add) (then ReLU)
 *   backward: g = dy where the mask lets it through
 *             sums[0] += g, sums[1] += g * (x - mean)
 *             dx (+)= g * scale - (x - mean) * slope - offset */
typedef struct at_norm {
    int32_t h, w;
    at_view x, add, y; /* add: or none */
    at_view dy;        /* AT_MASK_OUTPUT: norm_sums writes g over it */
    at_view dx;        /* norm_back; may be dy */
    const float *scale, *shift, *mean, *slope, *offset;
    double *sums; /* [2][16], added to */
    at_mask mask; /* norm_back after AT_MASK_OUTPUT: AT_MASK_NONE, dy holds g by then */
    bool relu;
    bool accumulate; /* norm_back: adds to dx */
    bool stream;     /* past the caches: y (dx) is not read again soon */
} at_norm;

/* Pooling over one plane, x (h, w) and y (rows, columns). `taken` has 16 bytes for each
 * pixel of y: which tap of the window gave the maximum, row-major. */
typedef struct at_pool2d {
    int32_t h, w, rows, columns, kernel, stride, pad;
    at_view x, y; /* backward: their gradients; x is overwritten */
    uint8_t *taken;
    bool accumulate; /* backward: adds to x */
} at_pool2d;

/* y = x w + bias over the 16 outputs of one block. A row of x is c floats in blocks of
 * 16, x_block floats apart; w is [c][16]. */
typedef struct at_dense {
    int32_t rows, c, blocks; /* rows of x and y, inputs, blocks of outputs */
    float *x;
    size_t x_row, x_block;
    float *y; /* block 0 of outputs */
    size_t y_row, y_block;
    float *w;         /* blocks x [c padded to 16][16] */
    float *bias;      /* [blocks][16], or NULL */
    int32_t from, to; /* forward, weights: blocks of outputs; data: blocks of inputs */
    bool accumulate;  /* data: adds to x */
} at_dense;

/* One update of an optimiser over `count` values (a multiple of 16). */
typedef struct at_update {
    float *w, *g, *m, *v; /* values, gradients, first and second state */
    size_t count;
    float rate, decay, momentum, beta1, beta2, epsilon;
} at_update;

typedef struct at_pointwise {
    /* sums[0] += x, sums[1] += x * x. */
    void (*sums)(at_view x, int32_t h, int32_t w, double *sums);
    void (*norm)(const at_norm *norm);
    void (*norm_sums)(const at_norm *norm);
    void (*norm_back)(const at_norm *norm);
    /* y = a (+ b), then ReLU if told; b may be none. */
    void (*add)(at_view y, at_view a, at_view b, int32_t h, int32_t w, bool relu);
    /* dx (+)= dy where y > 0. */
    void (*relu_back)(at_view dx, at_view dy, at_view y, int32_t h, int32_t w,
                      bool accumulate);
    void (*max_pool)(const at_pool2d *pool);
    void (*max_pool_back)(const at_pool2d *pool);
    /* Sums of the 16 channels over a plane, to sum[16]. */
    void (*total)(at_view x, int32_t h, int32_t w, float *sum);
    /* Each pixel (+)= value[16]. */
    void (*spread)(at_view x, int32_t h, int32_t w, const float *value, bool accumulate);
    /* On floats always: NULL in a table for bfloat16. */
    void (*dense)(const at_dense *dense);
    void (*dense_data)(const at_dense *dense);    /* x from y and w */
    void (*dense_weights)(const at_dense *dense); /* w and bias from x and y */
    void (*sgd)(const at_update *update);
    void (*nag)(const at_update *update);
    void (*adam)(const at_update *update);
    void (*rmsprop)(const at_update *update);
} at_pointwise;

extern const at_pointwise at_pointwise_scalar, at_pointwise_scalar_bf16;
#if defined(__x86_64__)
extern const at_pointwise at_pointwise_avx2, at_pointwise_avx512,
    at_pointwise_avx512_bf16;
#elif defined(__aarch64__)
extern const at_pointwise at_pointwise_neon;
#endif

#endif
