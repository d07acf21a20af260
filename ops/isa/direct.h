/* Direct convolution's micro-kernels: a tile of pixels times blocks of output channels is
 * held in registers and summed over the taps and the input channels.
 *
 * Pixels and taps are offsets, so that one kernel serves every stride, the remainders,
 * the ends of rows and both directions: forward reads x and writes y; the data pass reads
 * dy and writes dx with transposed weights. Weights come in blocks [input block][tap][16
 * c or fewer][16 k], one such sequence an output block.
 *
 * Maps and weights are words (ops/isa/bf16.h): a float, or two channels of bfloat16, both
 * multiplied at once and summed in float. Only sums that are complete are stored in
 * bfloat16.
 *
 * Rounding: a sum is one chain of multiply-adds per output, in the order input block,
 * tap, channel; the ISAs with fused multiply-adds give the same bits whatever the tile.
 */
#ifndef ATELIER_OPS_ISA_DIRECT_H
#define ATELIER_OPS_ISA_DIRECT_H

#include <stdbool.h>
#include <stddef.h>

enum {
    AT_DIRECT_PIXELS = 14, /* of a tile, at most, on any ISA */
    AT_DIRECT_INPUTS = 16, /* of a weights tile, at most, on any ISA */
};

/* What a tile computes, and how it is stored. Offsets and strides are in words. */
typedef struct at_direct_tile {
    int pixels, blocks; /* up to the kernels' own */
    const float *x;
    const ptrdiff_t *pixel_x; /* [pixels] */
    const ptrdiff_t *taps;    /* [tap_count] */
    int tap_count, inputs;    /* inputs: blocks of input channels */
    int inner;      /* words of an input block: all of a pixel, or fewer if inputs is 1 */
    size_t x_block; /* between input blocks */
    ptrdiff_t ahead; /* from these pixels to the next tile's, fetched meanwhile; or 0 */
    const float *weights;
    size_t weights_block; /* between output blocks */
    float *y;
    const ptrdiff_t *pixel_y; /* [pixels] */
    size_t y_block;           /* between output blocks */
    bool accumulate;          /* adds to y */
    bool last;                /* the sum is complete: what follows applies */
    bool relu;
    const float *bias; /* [blocks][16], or NULL */
    const float *add;  /* or NULL */
    const ptrdiff_t *pixel_add;
    size_t add_block;
    double *sum, *square; /* [blocks][16] each, added to; or NULL */
} at_direct_tile;

/* The gradient of `inputs` rows of weights, each for 16 output channels of `blocks`
 * blocks: gradient[b][i][16 k] += sum over pixels of x[pixel + input_x[i]] * y[b][pixel].
 * Of bfloat16, a word of x and y holds one channel of two images, made by `pair`. */
typedef struct at_direct_strip {
    int inputs, blocks; /* up to the kernels' own */
    const float *x;
    const ptrdiff_t *input_x; /* [inputs]; NULL: 0, 1, 2 ... */
    size_t x_pixel, x_row, x_image;
    ptrdiff_t ahead; /* from x to what is read next: fetched meanwhile; 0: nothing */
    const float *y;
    size_t y_row, y_image, y_block; /* its pixels are 16 words apart */
    int images, rows, columns;
    float *gradient;
    size_t gradient_block;
    bool first; /* overwrites */
} at_direct_strip;

typedef struct at_direct_kernels {
    int pixels, blocks;  /* the largest tile */
    int strip_inputs[3]; /* [blocks]: the most rows of a weights tile */
    void (*tile)(const at_direct_tile *tile);
    void (*strip)(const at_direct_strip *strip);
    /* Of bfloat16, else NULL. Rows of 16 weights, two to a row of 16 words; past an odd
     * last one: zeros. */
    void (*pack)(const float *rows, int count, float *words);
    /* Pixels of two images' maps to pixels of 16 words; b NULL: zeros. */
    void (*pair)(const float *a, const float *b, size_t pixels, float *words);
} at_direct_kernels;

extern const at_direct_kernels at_direct_scalar, at_direct_scalar_bf16;
#if defined(__x86_64__)
extern const at_direct_kernels at_direct_avx2, at_direct_avx512, at_direct_avx512_bf16;
#elif defined(__aarch64__)
extern const at_direct_kernels at_direct_neon;
#endif

#endif
