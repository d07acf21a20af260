/* The one adapter of libjpeg-turbo, and the only decoder of JPEG here. With its exact
 * inverse DCT and linear chroma upsampling the pixels are those of Pillow to the bit, by
 * any of its releases and instruction sets; so a picture that is served is the picture
 * that was trained on, whatever machine decodes it. */
#ifndef ATELIER_OPS_IMAGE_JPEG_H
#define ATELIER_OPS_IMAGE_JPEG_H

#include "ops/image/image.h"

/* `facts`: what at_container_jpeg found. *out is as the file has it, not yet upright.
 * CMYK becomes colour as Pillow does it: inverted, as Adobe writes it. */
AT_MUST_USE at_status at_jpeg_decode(const void *bytes, size_t length,
                                     const at_image_facts *facts, at_image *out,
                                     at_error *err);

#endif
