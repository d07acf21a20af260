/* Pixels: 8-bit pictures on their way into a net: weighted sums of lines (resize), and
 * pixels drawn along a line through a picture, changed in hue, lightness and saturation
 * (augmentation). Every instruction set gives the bits of the scalar one. */
#ifndef ATELIER_OPS_ISA_PIXELS_H
#define ATELIER_OPS_ISA_PIXELS_H

#include <stddef.h>
#include <stdint.h>

enum { AT_PIXELS_BITS = 22 }; /* of a weight's fraction */

/* What each line out is made of: lines first[i], first[i] + 1, ... of those in, count[i]
 * of them, with the weights from weights[i * most] on, in units of 1 / 2^22; together
 * they weigh one. */
typedef struct at_pixels_taps {
    int32_t *first, *count; /* (out) */
    int32_t *weights;       /* (out, most) */
    int32_t most;
} at_pixels_taps;

/* A picture that is drawn from: (h, w, c), c = 1 or 3. */
typedef struct at_pixels_source {
    const uint8_t *pixels;
    int32_t w, h, c;
} at_pixels_source;

/* Where the pixels of a row come from: the first from (x, y), each next (dx, dy) on. In
 * pixels of the source; whole numbers are their centres. */
typedef struct at_pixels_line {
    float x, y, dx, dy;
} at_pixels_line;

/* What is added in HLS. */
typedef struct at_pixels_color {
    float hue;                   /* in twelfths of the circle, [0, 12) */
    float saturation, lightness; /* in [-1, 1]; the sums stop at 0 and 1 */
} at_pixels_color;

typedef struct at_pixels {
    /* to: `out` lines of `count` bytes, `stride` apart as those in. Sums are rounded and
     * clipped to 8 bits. */
    void (*blend)(const uint8_t *from, size_t stride, const at_pixels_taps *taps,
                  int32_t out, size_t count, uint8_t *to);
    /* pixels: (count, 3), in place. */
    void (*color)(uint8_t *pixels, size_t count, const at_pixels_color *color);
    /* to: (count, c): bilinear between the four pixels about each place, whose distances
     * are taken in 256ths; white outside of the picture. `color` may be NULL, and must be
     * where c is 1. */
    void (*warp)(const at_pixels_source *source, const at_pixels_line *line,
                 const at_pixels_color *color, size_t count, uint8_t *to);
} at_pixels;

extern const at_pixels at_pixels_scalar;
#if defined(__x86_64__)
extern const at_pixels at_pixels_avx2, at_pixels_avx512;
#elif defined(__aarch64__)
extern const at_pixels at_pixels_neon;
#endif

#endif
