/* The one adapter of stb_image_write: a picture as the bytes of a JPEG or PNG file. */
#ifndef ATELIER_OPS_IMAGE_IMAGE_WRITE_H
#define ATELIER_OPS_IMAGE_IMAGE_WRITE_H

#include "ops/base/text.h"
#include "ops/image/image.h"

/* Appends to *out. `quality`: 1 to 100. */
AT_MUST_USE at_status at_image_write_jpeg(const at_image *image, int quality,
                                          at_text *out, at_error *err);
AT_MUST_USE at_status at_image_write_png(const at_image *image, at_text *out,
                                         at_error *err);

#endif
