/* Prep: what happens to an image on its way into a net. One description serves training,
 * validation and the endpoint, and travels with the model, so that a served picture is
 * treated exactly as one of the validation set was:
 *
 *     decode -> c channels -> shorter side to `resize` -> centre crop of h x w ->
 *     (pixel - mean) / deviation
 *
 * In training an augmentation (augment.h) stands in place of the centre crop. */
#ifndef ATELIER_OPS_IMAGE_PREP_H
#define ATELIER_OPS_IMAGE_PREP_H

#include "ops/image/image.h"
#include "ops/tensor/blocked.h"

typedef struct at_prep {
    int32_t c, h, w; /* SageMaker's image_shape; c = 1 or 3 */
    int32_t resize;  /* pixels of the shorter side; 0: as it comes */
    float mean[3];   /* of each channel, in 0..255 */
    float deviation[3];
} at_prep;

/* c, h, w and resize, with the means and deviations of ImageNet (123.675, 116.28, 103.53;
 * 58.395, 57.12, 57.375) for colour, 127.5 and 127.5 for grey. */
at_prep at_prep_default(int32_t c, int32_t h, int32_t w, int32_t resize);
/* AT_INVALID where sizes are out of range or resize is less than h or w. */
AT_MUST_USE at_status at_prep_check(const at_prep *prep, at_error *err);
typedef struct json_t json_t;
json_t *at_prep_to_json(const at_prep *prep); /* new reference; NULL: no memory */
AT_MUST_USE at_status at_prep_from_json(const json_t *json, at_prep *out, at_error *err);

/* The size of a w x h image after the resize. */
void at_prep_resized(const at_prep *prep, int32_t w, int32_t h, int32_t *out_w,
                     int32_t *out_h);
/* AT_INVALID, with what to do, for an image that is smaller than h x w then. */
AT_MUST_USE at_status at_prep_fits(const at_prep *prep, int32_t w, int32_t h,
                                   at_error *err);

/* Where a prepared image goes: float of channel k, row y, column x is
 * data[k*channel + y*row + x*pixel]. */
typedef struct at_prep_target {
    float *data;
    size_t channel, row, pixel;
} at_prep_target;
/* data: (c, h, w), dense. */
at_prep_target at_prep_nchw(const at_prep *prep, float *data);
/* Image n of a map; its channels past c and its halo stay as they are. */
at_prep_target at_prep_blocked(const at_blocked *map, int32_t n);

/* The first half: decoded, with c channels, resized. Borrows from `bytes` where there is
 * nothing to do (see at_image_decode). */
AT_MUST_USE at_status at_prep_load(const at_prep *prep, const void *bytes, size_t length,
                                   at_image *out, at_error *err);
/* The second half, from what at_prep_load made: the part of h x w at (left, top),
 * scaled. */
void at_prep_place(const at_prep *prep, const at_image *image, int32_t left, int32_t top,
                   const at_prep_target *target);
/* Both, with the centre crop: validation and serving. */
AT_MUST_USE at_status at_prep_run(const at_prep *prep, const void *bytes, size_t length,
                                  const at_prep_target *target, at_error *err);

#endif
