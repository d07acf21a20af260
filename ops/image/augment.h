/* Augment: the random changes of SageMaker's image classification, with the magnitudes of
 * MXNet (src/io/image_aug_default.cc):
 *
 *     crop                  a random part of image_shape, mirrored half the time
 *     crop_color            that, and hue +-36 (of 180), saturation +-50, lightness +-50
 *                           (of 255) of HLS
 *     crop_color_transform  that, and before it rotation +-10 degrees, shear +-0.1 and
 *                           aspect +-0.25 about the centre; what lies outside is white
 *
 * Hue goes round the circle, where MXNet stops at its ends (which turns reds grey-ish).
 * Every draw comes from (seed, epoch, index) alone: neither threads nor batches matter.
 */
#ifndef ATELIER_OPS_IMAGE_AUGMENT_H
#define ATELIER_OPS_IMAGE_AUGMENT_H

#include "ops/base/rng.h"
#include "ops/image/prep.h"

typedef enum at_augment_kind {
    AT_AUGMENT_NONE, /* the centre crop */
    AT_AUGMENT_CROP,
    AT_AUGMENT_COLOR,
    AT_AUGMENT_TRANSFORM,
} at_augment_kind;

/* "none", "crop", "crop_color", "crop_color_transform". */
const char *at_augment_name(at_augment_kind kind);
bool at_augment_from_name(const char *name, at_augment_kind *out);

typedef struct at_augment {
    at_augment_kind kind;
    int32_t pad; /* pixels of black around the image before a random crop (not of NONE) */
    uint64_t seed;
} at_augment;

/* What was drawn for one image. */
typedef struct at_augment_draw {
    double left, top; /* [0, 1) of the room there is */
    bool mirror;
    float hue, saturation, lightness; /* added; hue in 180ths, the others in 255ths */
    float matrix[4]; /* of the transform, source from target about the centres */
} at_augment_draw;
at_augment_draw at_augment_draw_of(const at_augment *augment, uint64_t epoch,
                                   uint64_t index);

/* Adds to hue, saturation and lightness of each pixel: pixels (count, 3). */
void at_augment_color(uint8_t *pixels, size_t count, float hue, float saturation,
                      float lightness);

/* The part of `image` (of at_prep_load) that was drawn, changed as drawn: to: (h, w, c)
 * of `prep`, in bytes; at_prep_place scales it. NONE is the centre crop. */
void at_augment_cut(const at_prep *prep, const at_augment *augment,
                    const at_augment_draw *draw, const at_image *image, uint8_t *to);

#endif
