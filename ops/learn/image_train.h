/* Training of image-classification: pictures and hyperparameters to a model's folder.
 *
 * A ResNet (v2, the open twin of SageMaker's algorithm; v1 where given weights are of
 * that kind), softmax cross-entropy, the optimisers and schedule of SageMaker's
 * hyperparameters. Log lines are as SageMaker prints them. What it does is fixed by
 * request, seed, ISA and the pool's threads, also when it was killed and goes on. */
#ifndef ATELIER_OPS_LEARN_IMAGE_TRAIN_H
#define ATELIER_OPS_LEARN_IMAGE_TRAIN_H

#include "ops/frame/frame.h"
#include "ops/image/images.h"
#include "ops/learn/learner.h"

#include <jansson.h>

#define AT_IMAGE_ALGORITHM "image-classification"

typedef struct at_image_train_request {
    const json_t *hyperparameters; /* {"epochs": "3"} */
    const char *target;            /* the column of labels */
    const at_frame *train;
    at_images *train_images;
    const at_frame *validation; /* NULL: `holdout` of train is set apart, stratified */
    at_images *validation_images;
    double holdout;      /* 0: none; the last epoch is kept */
    const char *weights; /* a safetensors file to start from, or NULL */
    /* A model's folder to start from, or NULL: what hyperparameters leave out is as it
     * has it, the same classes keep the last layer. */
    const char *from;
    const char *from_name, *from_id; /* of that model, for the card and errors */
    /* With either: all but the last layer is kept as it is, or only the stem and so many
     * stages (0: none). */
    bool freeze;
    int freeze_stages;
    /* Folder for what a killed training goes on from; NULL: it begins again. */
    const char *checkpoints;
    double checkpoint_every; /* seconds, within an epoch; 0: at its end alone */
    uint64_t seed;
    at_pool *pool;
    const at_cancel *cancel; /* raised: stops after the step, keeps the best so far */
    const at_fit_events *events;
} at_image_train_request;

/* Leaves a model (see model.h) at `place`, which must not exist; it appears whole.
 * AT_CANCELLED where there was nothing to keep. */
AT_MUST_USE at_status at_image_train(const at_image_train_request *request,
                                     const char *place, at_error *err);

#endif
