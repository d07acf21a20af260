/* What a training of images is made of. Private to ops/learn/image_*.c.
 *
 *   image_train.c    from the first to the last; what a stop leaves
 *   image_settle.c   the data, and what the hyperparameters come to with it
 *   image_idle.c     which of them come to nothing
 *   image_start.c    the model that it goes on from
 *   image_nets.c     the nets, and the weights they start from
 *   image_features.c where only the last layer is learned: what goes into it, once
 *   image_feed.c     batches, from the pipeline or from those features
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
#include "ops/learn/image_start.h"
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
    at_image_start start; /* the model that it goes on from */
    at_resnet_options resnet;
    bool bf16; /* what learns computes in bfloat16; what judges and serves in float */
    at_net_spec *spec;
    size_t frozen;       /* layers of it that stay as they are */
    at_net *net, *judge; /* judge: for validation, within net's memory; NULL: none */
    /* Where only the last layer is learned from images that do not vary, net is that
     * layer alone, and trunk the whole, as it infers; else trunk is NULL. */
    at_net *trunk;
    at_net_spec *head_spec;
    size_t features;    /* what goes into the last layer */
    float *head_values; /* room for the last layer's weights */
    float *inputs;      /* [mini_batch_size][features] */
    int64_t *order;     /* of an epoch: places in the training set */
    int64_t ordered;    /* the epoch of `order`, or -1 */
    size_t *places;     /* [mini_batch_size] */
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

/* Tells of hyperparameters that were given and have no effect. */
void at_image_tell_idle(at_image_training *training);
/* use_weighted_loss: a class weighs the mean number of images of a class over its own
 * number, both its presence and its absence, within [1 / most, most]. */
#define AT_WEIGHT_MOST 10.0
AT_MUST_USE at_status at_image_weigh(at_image_training *training, at_error *err);

/* Where only the last layer is learned and its inputs can be kept: the net becomes that
 * layer, the whole net its trunk. */
bool at_image_features_fit(const at_image_training *training);
AT_MUST_USE at_status at_image_features_nets(at_image_training *training,
                                             const at_net_options *options,
                                             at_error *err);
/* Runs the trunk over the images of a set. */
AT_MUST_USE at_status at_image_features_make(at_image_training *training,
                                             at_image_data *data, at_error *err);
/* The trunk gets the last layer as it is learned so far. */
void at_image_join(at_image_training *training);
/* The best last layer, joined with the trunk, takes the place of the file of the best. */
AT_MUST_USE at_status at_image_features_finish(at_image_training *training,
                                               at_error *err);

/* Opened after the progress is known. */
AT_MUST_USE at_status at_image_feed_open(at_image_training *training, at_error *err);
size_t at_image_feed_batches(const at_image_training *training,
                             const at_image_data *data);
/* Batch `index` of the epoch; asked for in order. */
AT_MUST_USE at_status at_image_feed_next(at_image_training *training,
                                         const at_image_data *data, size_t index,
                                         at_pipeline_batch *out, at_error *err);

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
