/* Hyperparameters of image-classification: the names, defaults and ranges of SageMaker's
 * built-in algorithm ("Image Classification Hyperparameters", AWS developer guide), and
 * what they come to once the data is known. */
#ifndef ATELIER_OPS_LEARN_IMAGE_PARAMS_H
#define ATELIER_OPS_LEARN_IMAGE_PARAMS_H

#include "ops/base/param.h"

#include <stdint.h>

/* As given; filled from the table by at_params_from_json. */
typedef struct at_image_params {
    int64_t num_classes, num_training_samples; /* auto: counted */
    int64_t num_layers;
    const char *image_shape; /* "C,H,W" */
    int64_t epochs, mini_batch_size;
    double learning_rate, lr_scheduler_factor;
    const char *lr_scheduler_step; /* "10,20"; NULL: none */
    const char *optimizer;
    double momentum, weight_decay, beta_1, beta_2, eps, gamma;
    const char *augmentation_type;
    int64_t resize; /* shortest side; auto: none */
    bool use_pretrained_model, multi_label, use_weighted_loss;
    const char *precision_dtype;
    int64_t top_k;                /* auto: none */
    int64_t checkpoint_frequency; /* auto: the best epoch alone is kept */
    bool early_stopping;
    int64_t early_stopping_min_epochs, early_stopping_patience;
    double early_stopping_tolerance;
    const char *kv_store; /* NULL: none */
} at_image_params;

extern const at_param at_image_param_table[];
extern const size_t at_image_param_count;

enum { AT_LR_STEPS = 64, AT_IMAGE_SHAPE_SIDE = 4096 };

/* The same, parsed and checked against the data. */
typedef struct at_image_config {
    int32_t channels, height, width; /* of image_shape */
    int32_t classes, layers;
    int32_t lr_steps[AT_LR_STEPS]; /* epochs after which the rate falls, rising */
    int lr_step_count;
} at_image_config;

/* What hangs together: layers with the image's height, top_k with the classes, weighted
 * loss with multi_label, momentum with the optimiser. `classes`: what the data has. */
AT_MUST_USE at_status at_image_params_check(const at_image_params *params,
                                            int32_t classes, at_image_config *out,
                                            at_error *err);
/* "C,H,W" as numbers; false: it is not that. */
bool at_image_shape(const char *text, int32_t *channels, int32_t *height, int32_t *width);
/* learning_rate after `epoch` epochs (0: the first): factor applied at each step passed.
 */
double at_image_learning_rate(const at_image_params *params,
                              const at_image_config *config, int64_t epoch);

/* Early stopping as SageMaker has it: after `min_epochs`, when the validation measure has
 * not grown by more than `tolerance` (relative) for `patience` epochs. */
typedef struct at_image_patience {
    double best;
    int64_t since;   /* epochs since `best` was last beaten */
} at_image_patience; /* zero-initialise */
/* Is patience at its end, `epochs` having been run? */
bool at_image_patience_over(const at_image_patience *patience,
                            const at_image_params *params, int64_t epochs);
/* Takes in one epoch's validation accuracy; true: stop. `epoch` from 0. */
bool at_image_patience_step(at_image_patience *patience, const at_image_params *params,
                            int64_t epoch, double accuracy);

#endif
