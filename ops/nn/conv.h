/* 2-d convolution: one contract for every way to compute it.
 *
 *     y[n,k,i,j] = sum over c,r,s of x[n,c,i*stride+r-pad,j*stride+s-pad] * w[k,c,r,s]
 *
 * and its two adjoints: dx from (dy, w), dw from (x, dy). Cross-correlation, as in every
 * framework. Maps are blocked (ops/tensor/blocked.h).
 *
 * Weights, as parameter and as gradient, are float[K/16][C/16][R][S][16 c][16 k], padded
 * with zeros; where c <= 4 (the stem) they are float[K/16][R][S][c][16 k] and the input
 * is a blocked map like any other (channels past c are zero).
 *
 * Maps are of the element of the ISA's kernels: floats, or bfloat16 (at_isa_bf16), whose
 * sums are made in float. Weights and their gradient are floats with either.
 *
 * An algorithm says what it needs when the net is planned, and computes in phases: phase
 * p of a call runs once for each part in [0, parts), on any threads, in any order; all
 * parts of a phase are done before the next begins. What it computes depends on the
 * shape, the ISA and `parts`, never on the threads' timing. */
#ifndef ATELIER_OPS_NN_CONV_H
#define ATELIER_OPS_NN_CONV_H

#include "ops/isa/isa.h"
#include "ops/tensor/blocked.h"

#include <stdbool.h>

typedef struct at_conv_shape {
    int32_t n, c, h, w; /* the input */
    int32_t k;          /* output channels */
    int32_t r, s;       /* kernel rows, columns */
    int32_t stride, pad;
} at_conv_shape;

static inline int32_t at_conv_rows(const at_conv_shape *shape) {
    return (shape->h + 2 * shape->pad - shape->r) / shape->stride + 1;
}
static inline int32_t at_conv_columns(const at_conv_shape *shape) {
    return (shape->w + 2 * shape->pad - shape->s) / shape->stride + 1;
}
/* Floats of the weights in the layout above. */
size_t at_conv_weights(const at_conv_shape *shape);
/* Multiply-adds of one pass, times two: what rates are told in. */
double at_conv_flops(const at_conv_shape *shape);
/* (K, C, R, S), dense, to and from the layout above. */
void at_conv_pack(const at_conv_shape *shape, const float *kcrs, float *packed);
void at_conv_unpack(const at_conv_shape *shape, const float *packed, float *kcrs);

typedef enum at_conv_pass {
    AT_CONV_FORWARD, /* x, w -> y */
    AT_CONV_DATA,    /* y (its gradient), w -> x (its gradient) */
    AT_CONV_WEIGHTS, /* x, y (its gradient) -> dw */
} at_conv_pass;

/* What happens to each output of a forward pass as it is stored, in this order. */
typedef struct at_conv_store {
    const float *bias;     /* [K padded to 16], or NULL */
    const at_blocked *add; /* a map of y's shape, or NULL */
    bool relu;
    /* Sums of the stored values and of their squares, for batch norm, or NULL:
     * double[parts][2][K padded to 16], one slice a part, overwritten. */
    double *statistics;
} at_conv_store;

typedef struct at_conv_needs {
    at_halo x, y;    /* halo that the maps must have, at least */
    size_t prepared; /* bytes of the weights' prepared form; 0: reads them as they are */
    size_t scratch;  /* bytes for the call, all parts together */
    int phases;      /* of run */
    bool statistics; /* forward: can fill at_conv_store.statistics */
} at_conv_needs;

typedef struct at_conv_call {
    const at_conv_shape *shape;
    const at_isa *isa;
    at_blocked x, y; /* in or out, as the pass has it; written inside the halo only */
    const float *weights; /* forward, data */
    const void *prepared; /* what `prepare` made of them; AT_ALIGN-aligned */
    float *gradient;      /* weights pass: overwritten */
    bool accumulate;      /* data pass: adds to x instead of overwriting it */
    at_conv_store store;  /* forward pass */
    void *scratch;        /* AT_ALIGN-aligned */
    int parts;
} at_conv_call;

/* One way to compute one pass. Static. */
typedef struct at_conv_algorithm {
    const char *name; /* "direct", "winograd4" ... */
    at_conv_pass pass;
    /* False where it cannot do this shape. */
    bool (*needs)(const at_conv_shape *shape, const at_isa *isa, int parts,
                  at_conv_needs *out);
    /* Weights to their prepared form; runs as one phase, part by part. NULL: none. In
     * training before every pass that uses new weights, when serving once. */
    void (*prepare)(const at_conv_shape *shape, const at_isa *isa, const float *weights,
                    void *prepared, int part, int parts);
    void (*run)(const at_conv_call *call, int phase, int part);
} at_conv_algorithm;

/* Every algorithm; the reference of each pass first. NULL past the last. */
const at_conv_algorithm *at_conv_algorithm_at(size_t index);
/* By pass and name, or NULL. */
const at_conv_algorithm *at_conv_algorithm_named(at_conv_pass pass, const char *name);
/* The one to use: from a table of what was measured beforehand, by shape and ISA. */
const at_conv_algorithm *at_conv_choose(const at_conv_shape *shape, at_conv_pass pass,
                                        const at_isa *isa, int parts);

#endif
