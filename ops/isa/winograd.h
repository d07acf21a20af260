/* Micro-kernels of Winograd convolution: 3x3 kernels at stride 1.
 *
 * F(m,3) computes an m x m tile of outputs from an (m+2) x (m+2) tile of inputs with
 * (m+2)^2 products a pair of channels instead of 9 m^2:
 *
 *     Y = A^T [ (G w G^T) . (B^T x B) ] A          ("." element by element)
 *
 * summed over the input channels between the transforms, so that the products are
 * (m+2)^2 independent matrix products over tiles. Method: A. Lavin, S. Gray, "Fast
 * Algorithms for Convolutional Neural Networks", 2015 (arXiv:1509.09308), after Cook and
 * Toom. F(2,3) has the points 0, 1, -1, infinity; F(4,3) has 0, +-1/sqrt2, +-sqrt2,
 * infinity, which cost what the customary 0, +-1, +-2, infinity cost and halve the error
 * (points that are negatives and reciprocals of each other: S. A. Alam et al., "Winograd
 * Convolution for Deep Neural Networks: Efficient Point Selection", 2022,
 * doi:10.1145/3524069).
 *
 * Transformed data is [xi][block][tile][16 channels], xi = row * (m+2) + column of the
 * transformed tile; `step` is the floats between one xi and the next. Transformed
 * weights are [xi][k block][c][16 k]. Maps are blocked (ops/tensor/blocked.h), of floats
 * or, in a table for bfloat16, of that; all between is floats. `row` is their row stride
 * in words. Kernels work on one block of 16 channels unless they say
 * otherwise. Pointers are 64-byte aligned, strides are multiples of 16 floats. */
#ifndef ATELIER_OPS_ISA_WINOGRAD_H
#define ATELIER_OPS_ISA_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>

/* Of a tile, the rows [top, bottom) and columns [left, right) that exist. */
typedef struct at_winograd_clip {
    int top, left, bottom, right;
} at_winograd_clip;

/* What happens to an output before it is stored, in this order. */
typedef struct at_winograd_store {
    const float *bias; /* [16], or NULL */
    const float *add;  /* the pixel of another map that belongs to y's, or NULL; y itself
                          may be it */
    size_t add_row;
    bool relu;
    double *sums, *squares; /* [16] each, added to; or both NULL */
} at_winograd_store;

typedef struct at_winograd_transforms {
    int tile; /* m: outputs of a tile, a side */
    /* B^T x B of `count` whole tiles, m pixels apart in a row; tile i goes to v + 16 i.
     */
    void (*input)(const float *x, size_t row, int count, float *v, size_t step);
    /* The same for one tile of which only `clip` exists; the rest counts as zero and is
     * not read. x is where its first pixel would be. */
    void (*input_clipped)(const float *x, size_t row, at_winograd_clip clip, float *v,
                          size_t step);
    /* A^T M A of `count` tiles to y, the first `rows` x `columns` outputs of each. */
    void (*output)(const float *m, size_t step, int count, float *y, size_t row, int rows,
                   int columns, const at_winograd_store *store);
    /* The adjoint, A dY A^T: of `count` tiles to d. */
    void (*output_adjoint)(const float *dy, size_t row, int rows, int columns, int count,
                           float *d, size_t step);
    /* G w G^T of a pair of blocks: w[3][3][16 c][16 k] to u[xi][16 c][16 k]. */
    void (*weights)(const float *w, float *u, size_t step);
    /* The same of w turned by half a turn, c and k exchanged: to u[xi][16 k][16 c]. */
    void (*weights_turned)(const float *w, float *u, size_t step);
    /* The adjoint, G^T dU G, of the sum of `parts` gradients, `part` floats apart, added
     * up in their order: du[xi][16 c][16 k] to dw[3][3][16 c][16 k]. */
    void (*weights_adjoint)(const float *du, size_t step, size_t part, int parts,
                            float *dw);
} at_winograd_transforms;

typedef struct at_winograd_kernels {
    at_winograd_transforms f2, f4;
    int tiles; /* `multiply` likes multiples of this */
    /* At one xi, all channels: m[kb][t][k] = sum over cb, c of v[cb][t][c]
     * u[kb][cb][c][k]. `v_block`, `u_block`, `m_block`: floats between channel blocks (of
     * u: k blocks). */
    void (*multiply)(const float *v, size_t v_block, const float *u, size_t u_block,
                     int c_blocks, int k_blocks, int tiles, float *m, size_t m_block);
    /* At one xi: du[kb][cb][c][k] = sum over t of v[cb][t][c] d[kb][t][k], or += . What
     * is there is added to the finished sum, so that long sums are made in pieces. */
    void (*correlate)(const float *v, size_t v_block, const float *d, size_t d_block,
                      int c_blocks, int k_blocks, int tiles, bool accumulate, float *du,
                      size_t du_block);
} at_winograd_kernels;

extern const at_winograd_kernels at_winograd_scalar, at_winograd_scalar_bf16;
#if defined(__x86_64__)
extern const at_winograd_kernels at_winograd_avx2, at_winograd_avx512,
    at_winograd_avx512_bf16;
#elif defined(__aarch64__)
extern const at_winograd_kernels at_winograd_neon;
#endif

#endif
