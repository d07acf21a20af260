/* Linear learner: generalised linear models by mini-batch descent, after Amazon
 * SageMaker's built-in algorithm of that name, several models side by side. Private to
 * ops/learn; the rest of the program sees an at_learner.
 *
 *   linear.c            the table of hyperparameters, checks, prediction
 *   linear_config.c     hyperparameters and data -> numbers (what "auto" becomes)
 *   linear_fit.c        epochs, batches, early stopping, what is kept
 *   linear_kernel.c     the two inner loops, all models at once
 *   linear_loss.c       losses and their derivatives
 *   linear_optimizer.c  sgd, adam, rmsprop; l1 as a proximal step
 *   linear_select.c     the best model on validation rows, the decision threshold
 *   linear_io.c         weights to and from a file
 *
 * Inside, all models are one: a matrix of weights (cols + 1, width) whose columns are
 * model * outputs + output, padded to a multiple of AT_LINEAR_LANES; the last row is the
 * bias. Inputs are standardised without a copy: the weights that meet a raw row are w *
 * scale, and the bias takes -sum(w * scale * shift). */
#ifndef ATELIER_OPS_LEARN_LINEAR_H
#define ATELIER_OPS_LEARN_LINEAR_H

#include "ops/learn/learner.h"

enum {
    AT_LINEAR_LANES = 8,
    AT_LINEAR_MODELS = 64,
    AT_LINEAR_CLASSES = 10000,
    AT_LINEAR_COLUMNS = 1000000, /* most inputs of a saved model */
};

typedef struct at_linear_params {
    const char *predictor_type, *optimizer, *loss, *init_method;
    const char *normalize_data, *normalize_label; /* auto, true, false */
    const char *positive_example_weight_mult;     /* auto, balanced or a number */
    const char *binary_classifier_model_selection_criteria;
    int64_t num_classes, epochs, mini_batch_size, num_models, early_stopping_patience;
    int64_t lr_scheduler_step;
    double learning_rate, l1, wd, momentum, beta_1, beta_2, init_scale, init_sigma,
        init_bias;
    double early_stopping_tolerance, target_recall, target_precision, quantile,
        huber_delta;
    double loss_insensitivity, lr_scheduler_factor, lr_scheduler_minimum_lr, f_beta;
    double bias_lr_mult, bias_wd_mult;
    bool use_bias, use_lr_scheduler, balance_multiclass_weights;
} at_linear_params;

/* One loss. z: (outputs) margins of one row; y: 0/1, a class or the normalised label.
 * Returns the loss and writes its derivative by z into g: (outputs), which may be z. */
typedef struct at_linear_config at_linear_config;
typedef double at_linear_loss_fn(const at_linear_config *c, const double *z, double y,
                                 double *g);
typedef struct at_linear_loss {
    const char *name;      /* the hyperparameter's word: "logistic" */
    const char *curve;     /* "logistic_loss" */
    const char *objective; /* as SageMaker's log has it */
    unsigned problems; /* at_problem bits; the first loss of a problem is its "auto" */
    at_linear_loss_fn *of;
} at_linear_loss;

const at_linear_loss *at_linear_losses(size_t *count);
/* The loss of that name ("auto": the problem's own); NULL if the problem cannot have it.
 */
const at_linear_loss *at_linear_loss_find(const char *name, at_problem problem);

typedef enum at_linear_optimizer {
    AT_LINEAR_SGD,
    AT_LINEAR_ADAM,
    AT_LINEAR_RMSPROP
} at_linear_optimizer;

/* Everything that a fit needs, with no "auto" left in it. */
struct at_linear_config {
    const at_linear_params *params;
    const at_linear_loss *loss;
    at_linear_optimizer optimizer;
    int64_t cols, rows, batch, steps; /* steps: batches an epoch */
    int models, outputs, width;
    double lr[AT_LINEAR_MODELS], wd[AT_LINEAR_MODELS], l1, positive[AT_LINEAR_MODELS];
    double momentum, beta_1, beta_2, bias_lr, bias_wd;
    bool step_schedule; /* else: half a cosine from the learning rate down to a hundredth
                         */
    int64_t anneal;     /* ... over so many epochs */
    double label_shift, label_scale;
    double weight_sum;     /* of the training rows, without class weights */
    double *shift, *scale; /* (cols): standardised x = (x - shift) * scale */
    double *deviation;     /* (cols): of the training rows */
    double *class_weight;  /* (classes), of mean 1 over the rows; NULL: all 1 */
};

/* AT_INVALID for what does not fit together; reads no rows. */
AT_MUST_USE at_status at_linear_check(const at_fit_task *task, at_error *err);
AT_MUST_USE at_status at_linear_config_init(at_linear_config *c, const at_fit_task *task,
                                            at_error *err);
void at_linear_config_fini(at_linear_config *c);
/* The weight of a row of class (or label) y in model m, without its own weight. */
static inline double at_linear_weight(const at_linear_config *c, int m, double y,
                                      bool binary) {
    double weight = c->class_weight ? c->class_weight[(int64_t)y] : 1;
    return binary && y > 0 ? weight * c->positive[m] : weight;
}

/* z: (width) = x (cols) times w (cols + 1, width), the bias being the last row; summed in
 * the order of the columns. */
void at_linear_forward(const double *x, const double *w, int64_t cols, int width,
                       double *z);
/* sum (cols + 1, width) += (x, 1) (cols + 1) times g (width). */
void at_linear_backward(const double *x, const double *g, int64_t cols, int width,
                        double *sum);

typedef struct at_linear_descent {
    double *first, *second; /* moments: (cols + 1, width) */
    int64_t step;           /* taken so far */
} at_linear_descent;
/* w -= step along gradient g, with weight decay and l1; rate: (models) learning rates. */
void at_linear_step(const at_linear_config *c, at_linear_descent *d, const double *rate,
                    const double *g, double *w);

/* The fitted model: weights meet raw rows. */
struct at_learned {
    at_problem problem;
    int classes, outputs;
    int64_t cols;
    double threshold;
    double *weights;    /* (outputs, cols) */
    double *bias;       /* (outputs) */
    double *importance; /* (cols): mean |standardised weight| over the outputs */
};

/* Arrays zeroed. NULL on no memory. */
at_learned *at_linear_new(at_problem problem, int classes, int64_t cols);
void at_linear_release(at_learned *state);
/* Margins to scores in place: identity, sigmoid or softmax of (outputs) values. */
void at_linear_link(at_problem problem, int outputs, double *scores);

at_status at_linear_fit(const at_fit_task *task, at_learned **out, at_error *err);
at_status at_linear_save(const at_learned *state, const char *path, at_error *err);
at_status at_linear_load(const char *path, at_learned **out, at_error *err);

/* What a criterion says of scores (rows) of class 1, higher is better, and the threshold
 * that it asks for. The loss itself is `loss`. weight: (rows); NULL: all 1. */
typedef struct at_linear_choice {
    double value, threshold;
} at_linear_choice;
AT_MUST_USE at_status at_linear_choose(const at_linear_params *p, const double *y,
                                       const double *weight, const double *score,
                                       int64_t rows, double loss, at_linear_choice *out,
                                       at_error *err);

#endif
