/* Checkpoint: all that a training of images must know to go on as if it had never
 * stopped, bit for bit. One file, replaced atomically. */
#ifndef ATELIER_OPS_LEARN_IMAGE_CHECKPOINT_H
#define ATELIER_OPS_LEARN_IMAGE_CHECKPOINT_H

#include "ops/learn/image_params.h"
#include "ops/nn/net.h"

/* Sums over images: of losses, of right answers, of those right among the top k. */
typedef struct at_image_sums {
    double loss, right, right_k;
    int64_t images;
} at_image_sums; /* zero-initialise */

/* What an epoch came to. */
typedef struct at_image_verdict {
    double accuracy, loss, top_k; /* of the validation set; without one, of training */
    double train_accuracy;
    double mean_precision, f1; /* several labels an image, of the validation set */
} at_image_verdict;

typedef struct at_image_progress {
    int64_t epoch, batch; /* where it goes on: counted from 0 */
    at_image_sums sums;   /* of the epoch so far */
    int64_t best_epoch;   /* -1: none yet */
    at_image_verdict best;
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
