/* Where in the chain the rows of a dataset stand for a model: as they come to an
 * endpoint, or already cleaned like its training data. What %evaluate and %predict share.
 */
#ifndef ATELIER_MAGICS_TRAIN_STAGE_H
#define ATELIER_MAGICS_TRAIN_STAGE_H

#include "magics/workspace/store.h"
#include "ops/image/images.h"
#include "ops/learn/model.h"

/* A model and a dataset, opened together. */
typedef struct at_scoring {
    at_entry model_entry, data_entry;
    at_model *model;
    at_frame *frame;
    at_images *images; /* of a model of pictures */
    at_stage_of_rows stage;
} at_scoring;

/* Decided by lineage: the chain of the training data -> clean, its source -> source; else
 * by the columns that are there. AT_INVALID names the columns that are missing for
 * either. */
AT_MUST_USE at_status at_scoring_open(at_workspace *workspace, const char *model,
                                      const char *data, at_arena *arena, at_scoring *out,
                                      at_error *err);
/* The model's answers to the rows, or to the pictures that they name. */
AT_MUST_USE at_status at_scoring_predict(const at_scoring *scoring,
                                         const at_cancel *cancel, at_predictions *out,
                                         at_error *err);
void at_scoring_close(at_scoring *scoring); /* also after a failed open */

#endif
