/* Resize: bilinear with antialiasing. Each pixel out is the average of the pixels in
 * under a triangle that is as wide as two pixels out (two pixels in, when enlarging);
 * first along rows, then along columns, each rounded to 8 bits. It is the method of
 * Pillow's BILINEAR (Pillow, src/libImaging/Resample.c), and gives the same bits. */
#ifndef ATELIER_OPS_IMAGE_RESIZE_H
#define ATELIER_OPS_IMAGE_RESIZE_H

#include "ops/image/image.h"

/* `in` to w x h, both at least 1. *out has pixels of its own. */
AT_MUST_USE at_status at_image_resize(const at_image *in, int32_t w, int32_t h,
                                      at_image *out, at_error *err);

#endif
