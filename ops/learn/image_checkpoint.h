/* Checkpoint: all that a training of images must know to go on as if it had never
 * stopped, bit for bit. One file, replaced atomically. */
#ifndef ATELIER_OPS_LEARN_IMAGE_CHECKPOINT_H
#define ATELIER_OPS_LEARN_IMAGE_CHECKPOINT_H

#include "ops/learn/image_params.h"
#include "ops/nn/net.h"

typedef struct at_image_progress {
    int64_t epoch, batch; /* where it goes on: counted from 0 */
    /* Of the epoch so far: */
    double loss, right, right_k; /* sums over its images */
    int64_t images;
    /* Of the whole run: */
    int64_t best_epoch; /* -1: none yet */
    double best_accuracy, best_loss;
    double train_accuracy; /* of the best epoch */
    at_image_patience patience;
} at_image_progress;

AT_MUST_USE at_status at_image_checkpoint_save(const char *path, at_net *net,
                                               const at_image_progress *progress,
                                               at_error *err);
/* AT_NOT_FOUND where there is none; AT_CORRUPT for one of another net. */
AT_MUST_USE at_status at_image_checkpoint_load(const char *path, at_net *net,
                                               at_image_progress *progress,
                                               at_error *err);

#endif
