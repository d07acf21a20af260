/* A training at work. Private to model_train.c and model_card.c. */
#ifndef ATELIER_OPS_LEARN_MODEL_TRAINING_H
#define ATELIER_OPS_LEARN_MODEL_TRAINING_H

#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/learn/model_parts.h"

/* Rows of one part, as a learner takes them. */
typedef struct at_training_part {
    at_frame *frame; /* rows with a known target, cleaned */
    double *x, *y;
    int64_t left_out;
} at_training_part;

typedef struct at_training {
    const at_train_request *request;
    at_arena arena;
    void *params;
    const char *column; /* the target, in the frame's spelling */
    at_target target;
    at_training_part train, validation;
    at_recipe *made; /* the automatic recipe; NULL where one was given */
    at_recipe *recipe;
    at_features features;
    at_text notes;
    at_learned *state;
    at_model *model;
} at_training;

/* The card of what was fitted; *out is a new reference. */
AT_MUST_USE at_status at_training_card(const at_training *t, json_t **out, at_error *err);

#endif
