/* The scalar kernels: plain loops, the oracle of the others. A file that includes this
 * once has said what a map holds:
 *
 *     PIXEL                   words of a pixel
 *     GET(p, k), PUT(p, k, v) channel k of the pixel at p
 *     DOT(x, w)               the product of two words, by their places */
#include "ops/isa/direct.h"

enum { BLOCK = 16 };

static void finish(const at_direct_tile *t, int pixel, int block, float *sums) {
    const float *bias = t->bias ? t->bias + block * BLOCK : NULL;
    const float *add =
        t->add ? t->add + t->pixel_add[pixel] + (size_t)block * t->add_block : NULL;
    for (int k = 0; k < BLOCK; k++) {
        sums[k] += bias ? bias[k] : 0;
        sums[k] += add ? GET(add, k) : 0;
        if (t->relu && sums[k] < 0)
            sums[k] = 0;
        if (t->sum) {
            float stored[BLOCK];
            PUT(stored, k, sums[k]);
            double value = (double)GET(stored, k);
            t->sum[block * BLOCK + k] += value;
            t->square[block * BLOCK + k] += value * value;
        }
    }
}

static void one_pixel(const at_direct_tile *t, int pixel, int block) {
    const float *w = t->weights + (size_t)block * t->weights_block;
    float *y = t->y + t->pixel_y[pixel] + (size_t)block * t->y_block;
    float sums[BLOCK];
    for (int k = 0; k < BLOCK; k++)
        sums[k] = t->accumulate ? GET(y, k) : 0;
    for (int c = 0; c < t->inputs; c++)
        for (int tap = 0; tap < t->tap_count; tap++) {
            const float *x =
                t->x + t->pixel_x[pixel] + (size_t)c * t->x_block + t->taps[tap];
            for (int i = 0; i < t->inner; i++, w += BLOCK)
                for (int k = 0; k < BLOCK; k++)
                    sums[k] += DOT(x + i, w + k);
        }
    if (t->last)
        finish(t, pixel, block, sums);
    for (int k = 0; k < BLOCK; k++)
        PUT(y, k, sums[k]);
}

static void tile(const at_direct_tile *t) {
    for (int block = 0; block < t->blocks; block++)
        for (int pixel = 0; pixel < t->pixels; pixel++)
            one_pixel(t, pixel, block);
}

static void one_row(const at_direct_strip *s, int input, int block) {
    float sums[BLOCK] = {0};
    for (int n = 0; n < s->images; n++)
        for (int i = 0; i < s->rows; i++) {
            const float *x = s->x + (s->input_x ? s->input_x[input] : input) +
                             (size_t)n * s->x_image + (size_t)i * s->x_row;
            const float *y = s->y + (size_t)block * s->y_block + (size_t)n * s->y_image +
                             (size_t)i * s->y_row;
            for (int j = 0; j < s->columns; j++)
                for (int k = 0; k < BLOCK; k++)
                    sums[k] += DOT(x + (size_t)j * s->x_pixel, y + j * BLOCK + k);
        }
    float *gradient =
        s->gradient + (size_t)block * s->gradient_block + (size_t)input * BLOCK;
    for (int k = 0; k < BLOCK; k++)
        gradient[k] = sums[k] + (s->first ? 0 : gradient[k]);
}

static void strip(const at_direct_strip *s) {
    for (int block = 0; block < s->blocks; block++)
        for (int input = 0; input < s->inputs; input++)
            one_row(s, input, block);
}

#define SIZES .pixels = AT_DIRECT_PIXELS, .blocks = 2, .strip_inputs = {0, 16, 16}
