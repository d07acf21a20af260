/* Algorithms: all that %%train can name, whether it learns from rows (a learner) or from
 * pictures. One list for the job, completion, help and the reference page. */
#ifndef ATELIER_OPS_LEARN_ALGORITHM_H
#define ATELIER_OPS_LEARN_ALGORITHM_H

#include "ops/learn/learner.h"

typedef struct at_algorithm {
    const char *name, *title;
    const at_param *params;
    size_t param_count;
    const at_learner *learner; /* NULL: it learns from pictures (image_train.h) */
} at_algorithm;

/* The learners, in their order, then those of pictures; false past the last. */
bool at_algorithm_at(size_t index, at_algorithm *out);
bool at_algorithm_find(const char *name, at_algorithm *out);

#endif
