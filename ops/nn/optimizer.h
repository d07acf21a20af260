/* Optimisers, in the forms that MXNet gives them (and so SageMaker's image
 * classification), and the schedule of the learning rate. The updates themselves are
 * kernels (ops/isa/pointwise.h). */
#ifndef ATELIER_OPS_NN_OPTIMIZER_H
#define ATELIER_OPS_NN_OPTIMIZER_H

#include "ops/isa/pointwise.h"

typedef struct at_optimizer_options {
    float momentum; /* sgd, nag */
    float decay;    /* sgd, nag: weight decay */
    bool decay_all; /* of biases and shifts too (PyTorch); MXNet: weights and scales */
    float beta1, beta2; /* adam */
    float epsilon;      /* adam, rmsprop */
    float gamma;        /* rmsprop */
} at_optimizer_options;

/* SageMaker's defaults: 0.9, 1e-4, false, 0.9, 0.999, 1e-8, 0.9. */
at_optimizer_options at_optimizer_defaults(void);

typedef struct at_optimizer {
    const char *name; /* "sgd", "nag", "adam", "rmsprop" */
    int states;       /* arrays of the parameters' size that it keeps: m, v */
    bool decays;
    /* Fills the constants of step `step` (from 1) into *update. */
    void (*settle)(const at_optimizer_options *options, double rate, uint64_t step,
                   at_update *update);
    void (*run)(const at_pointwise *kernels, const at_update *update);
} at_optimizer;

const at_optimizer *at_optimizer_at(size_t index);        /* NULL past the last */
const at_optimizer *at_optimizer_named(const char *name); /* or NULL */

/* base times factor for each of `steps` (epochs, from 1) that has been completed when
 * epoch `epoch` (from 0) runs: lr_scheduler_factor and lr_scheduler_step. */
double at_learning_rate(double base, double factor, const int *steps, size_t count,
                        int epoch);

#endif
