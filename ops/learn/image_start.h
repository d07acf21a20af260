/* What a training of images starts from: a model of ours, of which the net goes on
 * (SageMaker's incremental training, its channel "model"). Private to
 * ops/learn/image_*.c. */
#ifndef ATELIER_OPS_LEARN_IMAGE_START_H
#define ATELIER_OPS_LEARN_IMAGE_START_H

#include "ops/image/prep.h"
#include "ops/learn/image_params.h"
#include "ops/learn/target.h"
#include "ops/nn/resnet.h"

typedef struct at_image_start {
    json_t *card; /* of the model; NULL: there is none */
    at_target target;
    at_resnet_options resnet;
    at_prep prep;
    char *weights;    /* its file */
    const char *name; /* of the model; borrowed */
    bool head;        /* its last layer goes on too: the classes are the same */
} at_image_start;     /* zero-initialise */

/* The model in `folder`. AT_INVALID for one that is not of pictures. */
AT_MUST_USE at_status at_image_start_open(const char *folder, const char *name,
                                          at_image_start *out, at_error *err);
void at_image_start_fini(at_image_start *start);
/* What `given` (hyperparameters) leaves out is as the model has it: num_layers,
 * image_shape, resize, multi_label. AT_INVALID, with both values, where what it says is
 * another net. Texts go into the arena. */
AT_MUST_USE at_status at_image_start_inherit(const at_image_start *start,
                                             const json_t *given, at_arena *arena,
                                             at_image_params *params, at_error *err);
/* Where `target` has the model's classes, they are put into the model's order and the
 * head goes on. */
AT_MUST_USE at_status at_image_start_adopt(at_image_start *start, at_target *target,
                                           at_error *err);

#endif
