/* Image: a decoded picture, and how one comes out of the bytes of a file.
 *
 * Read are JPEG (baseline and progressive, 8 bits), PNG (every kind; 16 bits become 8),
 * BMP, GIF (its first picture) and binary PGM and PPM with 255 as the most (which is how
 * readers hand on pixels that no file format held). Which of them a file is, its first
 * bytes say, never its name. Transparency is dropped, as the common training loaders do
 * it. A picture that was taken with the camera on its side stands upright: the EXIF tag
 * of orientation is followed (orientation.h), as OpenCV does and every viewer.
 *
 * Bounded: AT_IMAGE_SIDE pixels a side, AT_IMAGE_PIXELS in all, and 16 bytes of memory a
 * pixel while decoding. What is damaged, cut off or too large is refused with the byte
 * where that shows; nothing crashes. Thread-safe. */
#ifndef ATELIER_OPS_IMAGE_IMAGE_H
#define ATELIER_OPS_IMAGE_IMAGE_H

#include "ops/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum {
    AT_IMAGE_SIDE = 30000,         /* most columns, and most rows */
    AT_IMAGE_PIXELS = 64 << 20,    /* most of both together */
    AT_IMAGE_FILE_MAX = 256 << 20, /* most bytes of one encoded image */
};

typedef enum at_image_format {
    AT_IMAGE_UNKNOWN,
    AT_IMAGE_JPEG,
    AT_IMAGE_PNG,
    AT_IMAGE_BMP,
    AT_IMAGE_GIF,
    AT_IMAGE_PNM, /* P5 or P6 */
} at_image_format;

const char *at_image_format_name(at_image_format format); /* "jpeg"; "raw" for PNM */

/* What the head of a file says. */
typedef struct at_image_facts {
    at_image_format format;
    int32_t w, h;        /* pixels, as it stands upright */
    int32_t c;           /* 1: grey, 3: colour */
    int32_t orientation; /* how the file has it: 1 (upright) to 8 */
} at_image_facts;

/* pixels: (h, w, c), 8 bits, c = 1 or 3 (red, green, blue). */
typedef struct at_image {
    const uint8_t *pixels;
    int32_t w, h, c;
    void *owned; /* what at_image_fini frees; NULL: pixels are borrowed */
} at_image;

/* The format alone; AT_IMAGE_UNKNOWN for anything that is not read here. */
at_image_format at_image_recognise(const void *bytes, size_t length);
/* Reads the head. AT_UNSUPPORTED for another kind of file (named where it is known),
 * AT_CORRUPT for a damaged one, AT_LIMIT for one that is too large. */
AT_MUST_USE at_status at_image_probe(const void *bytes, size_t length,
                                     at_image_facts *out, at_error *err);
/* Decodes. `channels`: 1 or 3, or 0 for what the file has. Grey of colour is ITU-R 601
 * luma in 16-bit fixed point, as Pillow makes it. Of a PGM or PPM with the wanted
 * channels, *out borrows from `bytes`. */
AT_MUST_USE at_status at_image_decode(const void *bytes, size_t length, int32_t channels,
                                      at_image *out, at_error *err);
void at_image_fini(at_image *image); /* may be zeroed */

/* An image with its own, unset pixels. */
AT_MUST_USE at_status at_image_new(int32_t w, int32_t h, int32_t c, at_image *out,
                                   at_error *err);
/* Its pixels to write to: NULL where they are borrowed. */
static inline uint8_t *at_image_own(const at_image *image) {
    return image->owned;
}
/* Makes *image one of `channels` (1 or 3). */
AT_MUST_USE at_status at_image_to_channels(at_image *image, int32_t channels,
                                           at_error *err);

#endif
