/* What a training of images is made of. Private to ops/learn/image_*.c.
 *
 *   image_train.c   the data, the nets, the loop
 *   image_leave.c   what it leaves: the model's folder; its memory */
#ifndef ATELIER_OPS_LEARN_IMAGE_PARTS_H
#define ATELIER_OPS_LEARN_IMAGE_PARTS_H

#include "ops/image/pipeline.h"
#include "ops/learn/image_checkpoint.h"
#include "ops/learn/image_data.h"
#include "ops/learn/image_params.h"
#include "ops/learn/image_train.h"
#include "ops/nn/resnet.h"

typedef struct at_image_training {
    const at_image_train_request *request;
    at_arena arena; /* of the hyperparameters' texts */
    at_image_params params;
    at_image_config config;
    at_target target;
    at_image_data train, validation; /* validation.count 0: none */
    at_prep prep;
    at_augment augment;
    at_resnet_options resnet;
    at_net_spec *spec;
    at_net *net, *judge; /* judge: for validation; NULL: none */
    at_pipeline *feed, *judging;
    int32_t *labels; /* [mini_batch_size]: of the batch at hand */
    at_image_progress progress;
    char *best, *checkpoint; /* files */
    json_t *notes;           /* of the model's card */
    double began, epoch_began, saved, told;
    int64_t rate_images; /* since `began` */
} at_image_training;

/* Bytes that this machine (and its control group) can still give. */
size_t at_image_memory_left(void);
void at_image_note(at_image_training *training, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The best weights and the card become a model's folder at `place`. */
AT_MUST_USE at_status at_image_leave(at_image_training *training, const char *place,
                                     at_error *err);
/* Removes what only a training that goes on needs. */
void at_image_tidy(at_image_training *training);
void at_image_training_fini(at_image_training *training);

#endif
