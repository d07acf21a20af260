/* The one adapter of stb_image: PNG, BMP, GIF. Its JPEG decoder is left out (jpeg.h). */
#ifndef ATELIER_OPS_IMAGE_STB_IMAGE_H
#define ATELIER_OPS_IMAGE_STB_IMAGE_H

#include "ops/image/image.h"

/* Both take at most `budget` bytes of memory, the picture included. */
AT_MUST_USE at_status at_stb_image_probe(const void *bytes, size_t length, size_t budget,
                                         at_image_facts *facts, at_error *err);
/* c of *out: 1 where the file is grey, else 3. */
AT_MUST_USE at_status at_stb_image_decode(const void *bytes, size_t length, size_t budget,
                                          at_image *out, at_error *err);

#endif
