/* The one adapter of libjpeg-turbo, loaded at first use. Where the library is not
 * installed, stb_image decodes JPEGs. Measured on Caltech-101 and photographs of 640 x
 * 480: 1.8 and 2.4 times as fast; no channel of any pixel differs by more than 3 levels,
 * 0.06 on average (both use an exact inverse DCT and linear chroma upsampling). */
#ifndef ATELIER_OPS_IMAGE_TURBO_H
#define ATELIER_OPS_IMAGE_TURBO_H

#include "ops/image/image.h"

/* AT_UNSUPPORTED: not this file (CMYK), or the library is not there: ask stb_image. */
AT_MUST_USE at_status at_turbo_decode(const void *bytes, size_t length,
                                      const at_image_facts *facts, at_image *out,
                                      at_error *err);
/* Is the library there? */
bool at_turbo_available(void);

#endif
