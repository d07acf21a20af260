/* Blocked feature maps: the layout that every kernel of the engine works in (nChw16c, as
 * oneDNN calls it). Channels go in blocks of 16; a block is a plane of pixels, a pixel 16
 * floats, or 16 bfloat16 in 8 words (ops/isa/bf16.h). Around each plane lies a halo of
 * zeros, so that a kernel reads past the edge without asking; it is cleared once and
 * never written again. Channels past `c` in the last block are zero too, always. NCHW
 * exists at the edges of a net only.
 *
 *     pixel (n, c/16, y, x) at data + n*image + c/16*plane + y*row + x*pixel
 *     y in [-top, h + bottom), x in [-left, w + right)
 *
 * Strides count words, which are 4 bytes: of floats one each, of bfloat16 two channels.
 *
 * A value view: it owns nothing. */
#ifndef ATELIER_OPS_TENSOR_BLOCKED_H
#define ATELIER_OPS_TENSOR_BLOCKED_H

#include <stddef.h>
#include <stdint.h>

enum {
    AT_BLOCK = 16, /* channels of a block, on every processor */
    AT_ALIGN = 64, /* bytes: memory of a map; a pixel of floats is a cache line */
};

/* What a map holds: as words of a pixel. */
typedef enum at_element { AT_BFLOAT16 = AT_BLOCK / 2, AT_FLOAT32 = AT_BLOCK } at_element;

typedef struct at_halo {
    int32_t top, left, bottom, right; /* pixels of zero around a plane */
} at_halo;

typedef struct at_blocked {
    float *data;        /* words; pixel (0,0) of block 0 of image 0; NULL: only planned */
    int32_t n, c, h, w; /* images, channels, rows, columns */
    at_halo halo;
    at_element pixel;         /* words between pixels */
    size_t row, plane, image; /* words between rows, channel blocks, images */
} at_blocked;

static inline int32_t at_blocks(int32_t channels) {
    return (channels + AT_BLOCK - 1) / AT_BLOCK;
}

/* The wider of two halos on each side. */
at_halo at_halo_join(at_halo a, at_halo b);

/* The layout of (n, c, h, w) with at least `halo` around it; data is NULL. Strides are
 * padded off multiples of 4096 bytes, where cache sets thrash. */
at_blocked at_blocked_plan(int32_t n, int32_t c, int32_t h, int32_t w, at_halo halo);
at_blocked at_blocked_plan_of(at_element element, int32_t n, int32_t c, int32_t h,
                              int32_t w, at_halo halo);
/* Bytes that a planned map takes, halo included: a multiple of AT_ALIGN. */
size_t at_blocked_bytes(const at_blocked *map);
/* The same map at `memory` (AT_ALIGN-aligned, at_blocked_bytes long). */
at_blocked at_blocked_at(const at_blocked *map, void *memory);
/* Zeroes everything, halo and all; once, before the first use of the memory. */
void at_blocked_clear(const at_blocked *map);

/* Zeroes the halo and the channels past c, for memory that was another's; part `part` of
 * `parts` does its share of the images. */
void at_blocked_clear_border(const at_blocked *map, int part, int parts);

/* One value; set rounds to the map's precision. */
float at_blocked_get(const at_blocked *map, int32_t n, int32_t c, int32_t y, int32_t x);
void at_blocked_set(const at_blocked *map, int32_t n, int32_t c, int32_t y, int32_t x,
                    float value);
/* (N, C, H, W), dense, both ways. */
void at_blocked_from_nchw(const at_blocked *map, const float *nchw);
void at_blocked_to_nchw(const at_blocked *map, float *nchw);

#endif
