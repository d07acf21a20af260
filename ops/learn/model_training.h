/* A training at work. Private to ops/learn/model_*.c. */
#ifndef ATELIER_OPS_LEARN_MODEL_TRAINING_H
#define ATELIER_OPS_LEARN_MODEL_TRAINING_H

#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/learn/model_parts.h"

/* Rows of one part, as a learner takes them. */
typedef struct at_training_part {
    at_frame *frame; /* rows with a known target, cleaned */
    double *x, *y;
    double *weight; /* (rows); NULL: all 1 */
    int64_t left_out;
} at_training_part;

typedef struct at_training {
    const at_train_request *request;
    at_arena arena;
    void *params;
    double deadline;    /* by at_now(); 0: none */
    const char *column; /* the target, in the frame's spelling */
    const char *weight; /* the column of weights, the same; NULL: none */
    at_target target;
    at_training_part train, validation;
    const double *balance; /* (classes): what a row of it is multiplied by; NULL: 1 */
    at_recipe *made;       /* the automatic recipe; NULL where one was given */
    at_recipe *recipe;
    at_features features;
    at_text notes;
    at_learned *state;
    at_model *model;
} at_training;

/* The card of what was fitted; *out is a new reference. */
AT_MUST_USE at_status at_training_card(const at_training *t, json_t **out, at_error *err);

/* The weight of each row of the part, whose y is known: its cell in the column of
 * weights, times what makes the classes of the training part count alike. */
AT_MUST_USE at_status at_training_weigh(at_training *t, at_training_part *part,
                                        const char *what, at_error *err);
/* The recipe (not NULL) after a step that takes the column of weights away: it is no
 * input, and an endpoint is not sent it. */
AT_MUST_USE at_status at_training_without_weight(const at_training *t,
                                                 const at_recipe *recipe, at_recipe **out,
                                                 at_error *err);

#endif
