/* Labelled pictures: the rows of an image dataset as a training or a validation set. */
#ifndef ATELIER_OPS_LEARN_IMAGE_DATA_H
#define ATELIER_OPS_LEARN_IMAGE_DATA_H

#include "ops/frame/frame.h"
#include "ops/image/images.h"
#include "ops/image/prep.h"
#include "ops/learn/label_lists.h"
#include "ops/learn/target.h"

typedef struct at_image_data {
    at_images *images; /* retained */
    int64_t *ids;      /* (count) */
    int32_t *labels;   /* (count): classes of the target; NULL: several labels an image */
    uint8_t *targets;  /* (count, classes) of 0 and 1: several labels; or NULL */
    float *features;   /* (count, features): see image_features.c; or NULL */
    size_t count;
    int64_t left_out; /* rows without a label that the target knows */
} at_image_data;      /* zero-initialise */

/* `frame` has the column `id` (places in `images`) and the column `label`. `lists`: how
 * that holds several labels; NULL: one a row. AT_INVALID where it has not, or no row is
 * left. */
AT_MUST_USE at_status at_image_data_init(const at_frame *frame, at_images *images,
                                         const char *label, const at_target *target,
                                         const at_label_lists *lists, at_image_data *out,
                                         at_error *err);
void at_image_data_fini(at_image_data *data);
/* The ids of all rows: (rows), at_free. */
AT_MUST_USE at_status at_image_ids(const at_frame *frame, at_images *images,
                                   int64_t **out, at_error *err);
/* Looks at the head of every picture: AT_INVALID names the first that is smaller than
 * `prep` cuts, and counts them. */
AT_MUST_USE at_status at_image_data_fits(const at_image_data *data, const at_prep *prep,
                                         at_error *err);

#endif
