/* Survey: what pictures a table of images holds: how large, of what kind and class, and
 * which are there twice. Every picture's head and bytes are looked at once. */
#ifndef ATELIER_OPS_IMAGE_SURVEY_H
#define ATELIER_OPS_IMAGE_SURVEY_H

#include "ops/base/cancel.h"
#include "ops/base/memory.h"
#include "ops/base/pool.h"
#include "ops/frame/frame.h"
#include "ops/image/image.h"
#include "ops/image/images.h"

typedef struct at_survey_class {
    const char *name;
    int64_t count, first; /* rows of it, and the first of them */
} at_survey_class;

/* Two rows with the same picture, byte for byte. */
typedef struct at_survey_twin {
    int64_t row, first; /* `first`: the earliest row that has it */
    bool other_label;   /* their labels differ */
} at_survey_twin;

typedef struct at_survey {
    int64_t rows, unlabelled;
    at_survey_class *classes;   /* that have rows; commonest first, then as they come */
    size_t class_count;         /* 0: labels are no names of classes */
    int64_t smallest, largest;  /* rows, by pixels */
    at_image_facts least, most; /* of these two; upright */
    bool one_size;
    int32_t side_least, side_median, side_most; /* of the shorter sides */
    int64_t grey, turned; /* in shades of grey; not stored upright */
    int64_t formats[AT_IMAGE_PNM + 1];
    int64_t bytes, decoded;       /* as files, and as pixels of 8 bits */
    at_survey_twin *twins;        /* by row */
    size_t twin_count, conflicts; /* conflicts: twins of another label */
} at_survey;

/* Rows of `frame` with its columns `id` and `label` (at least one row); pictures of
 * `images`. Lists are in the arena. `pool` and `cancel` may be NULL. */
AT_MUST_USE at_status at_survey_of(const at_frame *frame, const at_images *images,
                                   at_pool *pool, const at_cancel *cancel,
                                   at_arena *arena, at_survey *out, at_error *err);

#endif
