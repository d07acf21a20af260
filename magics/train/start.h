/* What %%train starts from where it does not start anew: a model of the workspace, or a
 * file of weights; and how much of that stays as it is. */
#ifndef ATELIER_MAGICS_TRAIN_START_H
#define ATELIER_MAGICS_TRAIN_START_H

#include "magics/language/context.h"
#include "ops/learn/algorithm.h"

#include <jansson.h>

typedef struct at_train_start {
    const char *from, *weights;
    bool freeze;
    int64_t freeze_stages;
} at_train_start;

/* Into the plan of the job: channels "weights" or "from", and what is frozen. *used: the
 * id of the model that the job reads, in the context's arena; NULL: none. */
AT_MUST_USE at_status at_train_start_add(at_context *context, const at_train_start *start,
                                         const at_algorithm *algorithm, json_t *spec,
                                         json_t *channels, const char **used,
                                         at_error *err);

#endif
