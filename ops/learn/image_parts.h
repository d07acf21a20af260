/* What a training of images is made of. Private to ops/learn/image_*.c.
 *
 *   image_train.c    from the first to the last; what a stop leaves
 *   image_settle.c   the data, and what the hyperparameters come to with it
 *   image_nets.c     the nets, and the weights they start from
 *   image_loop.c     steps and epochs
 *   image_judge.c    how good the net is: of a batch, of the validation set
 *   image_leave.c    what it leaves: the model's folder; its memory
 *   image_say.c      what it tells */
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
    at_label_lists lists;            /* multi_label: how the target column holds labels */
    at_image_data train, validation; /* validation.count 0: none */
    at_prep prep;
    at_augment augment;
    at_resnet_options resnet;
    at_net_spec *spec;
    at_net *net, *judge; /* judge: for validation, within net's memory; NULL: none */
    at_pipeline *feed, *judging;
    /* Of the batch at hand: [mini_batch_size], or [mini_batch_size][classes]. */
    int32_t *labels;
    float *targets;
    float *class_weights; /* [classes]; NULL: all 1 */
    at_image_progress progress;
    char *best, *checkpoint; /* files */
    json_t *notes;           /* of the model's card */
    double began, epoch_began, saved, told;
    int64_t rate_images; /* since `began` */
} at_image_training;

/* Bytes that this machine (and its control group) can still give. */
size_t at_image_memory_left(void);
void at_image_say(const at_image_training *training, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void at_image_point(const at_image_training *training, const char *series,
                    const char *metric, double x, double y);
void at_image_note(at_image_training *training, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
AT_MUST_USE at_status at_image_settle(at_image_training *training, at_error *err);
AT_MUST_USE at_status at_image_make_nets(at_image_training *training, at_error *err);
/* AT_CANCELLED and AT_INVALID (it diverged) leave the best so far. */
AT_MUST_USE at_status at_image_loop(at_image_training *training, at_error *err);
AT_MUST_USE at_status at_image_keep_best(at_image_training *training, at_error *err);

/* use_weighted_loss: a class weighs the mean number of images of a class over its own
 * number, both its presence and its absence, within [1 / most, most]. */
#define AT_WEIGHT_MOST 10.0
AT_MUST_USE at_status at_image_weigh(at_image_training *training, at_error *err);

/* What the net takes of a batch of the pipeline's. Borrows from both. */
at_batch at_image_batch(at_image_training *training, const at_image_data *data,
                        const at_pipeline_batch *images);
/* Adds the batch that `net` has just seen, whose loss is a mean over it. */
void at_image_sum(const at_image_training *training, const at_net *net, int32_t count,
                  double loss, at_image_sums *sums);
/* The net as it stands against the validation set. */
AT_MUST_USE at_status at_image_validate(at_image_training *training,
                                        at_image_verdict *out, at_error *err);

/* The best weights and the card become a model's folder at `place`. */
AT_MUST_USE at_status at_image_leave(at_image_training *training, const char *place,
                                     at_error *err);
/* Removes what only a training that goes on needs. */
void at_image_tidy(at_image_training *training);
void at_image_training_fini(at_image_training *training);

#endif
