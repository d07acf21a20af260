#include "ops/learn/linear.h"
#include "ops/learn/learners.h"

#include <math.h>
#include <stddef.h>

static const char *const PREDICTORS[] = {"auto", "binary_classifier",
                                         "multiclass_classifier", "regressor", NULL};
static const char *const OPTIMIZERS[] = {"auto", "sgd", "adam", "rmsprop", NULL};
static const char *const LOSSES[] = {"auto",
                                     "logistic",
                                     "hinge_loss",
                                     "softmax_loss",
                                     "squared_loss",
                                     "absolute_loss",
                                     "eps_insensitive_squared_loss",
                                     "eps_insensitive_absolute_loss",
                                     "quantile_loss",
                                     "huber_loss",
                                     NULL};
static const char *const SWITCH[] = {"auto", "true", "false", NULL};
static const char *const INITS[] = {"uniform", "normal", NULL};
static const char *const CRITERIA[] = {"accuracy",
                                       "f1",
                                       "f_beta",
                                       "precision_at_target_recall",
                                       "recall_at_target_precision",
                                       "cross_entropy_loss",
                                       "loss_function",
                                       NULL};

#define AT(field) .name = #field, .offset = offsetof(at_linear_params, field)

static const at_param PARAMS[] = {
    {AT(predictor_type), .kind = AT_PARAM_CHOICE, .choices = PREDICTORS,
     .fallback = "auto",
     .help = "The kind of problem; auto works it out from the target"},
    {AT(num_classes), .kind = AT_PARAM_INT, .automatic = true, .fallback = "auto",
     .min = 2, .max = AT_LINEAR_CLASSES,
     .help = "The number of classes; auto counts them"},
    {AT(epochs), .kind = AT_PARAM_INT, .fallback = "15", .min = 1, .max = 100000,
     .help = "The most passes over the training rows"},
    {AT(mini_batch_size), .kind = AT_PARAM_INT, .automatic = true, .fallback = "auto",
     .min = 1, .max = 1e9, .unit = "rows",
     .help = "Rows a step; auto is 1000, or fewer where a small table would leave less "
             "than 32 "
             "steps an epoch"},
    {AT(learning_rate), .kind = AT_PARAM_REAL, .automatic = true, .fallback = "auto",
     .min = 1e-12, .max = 1000, .help = "The step size; auto tries several side by side"},
    {AT(optimizer), .kind = AT_PARAM_CHOICE, .choices = OPTIMIZERS, .fallback = "auto",
     .help = "How steps are taken; auto is adam"},
    {AT(loss), .kind = AT_PARAM_CHOICE, .choices = LOSSES, .fallback = "auto",
     .help = "What is minimised; auto is logistic, softmax_loss or squared_loss. The "
             "probability of a hinge_loss model is the sigmoid of its margin"},
    {AT(l1), .kind = AT_PARAM_REAL, .automatic = true, .fallback = "auto", .min = 0,
     .max = 1e6, .help = "L1 penalty, which makes weights exactly 0; auto is 0"},
    {AT(wd), .kind = AT_PARAM_REAL, .automatic = true, .fallback = "auto", .min = 0,
     .max = 1e6,
     .help = "L2 penalty (weight decay); auto tries multiples of 1 / rows side by side"},
    {AT(momentum), .kind = AT_PARAM_REAL, .automatic = true, .fallback = "auto", .min = 0,
     .max = 0.9999, .help = "Momentum of sgd; auto is 0.9"},
    {AT(beta_1), .kind = AT_PARAM_REAL, .automatic = true, .fallback = "auto", .min = 0,
     .max = 0.9999, .help = "Decay of adam's first moment; auto is 0.9"},
    {AT(beta_2), .kind = AT_PARAM_REAL, .automatic = true, .fallback = "auto", .min = 0,
     .max = 0.999999, .help = "Decay of adam's second moment; auto is 0.999"},
    {AT(use_bias), .kind = AT_PARAM_BOOL, .fallback = "true",
     .help = "Learn a constant beside the weights"},
    {AT(bias_lr_mult), .kind = AT_PARAM_REAL, .automatic = true, .fallback = "auto",
     .min = 1e-9, .max = 1e9,
     .help = "The bias's learning rate, as a multiple of the weights'; auto is 1"},
    {AT(bias_wd_mult), .kind = AT_PARAM_REAL, .automatic = true, .fallback = "auto",
     .min = 0, .max = 1e9,
     .help = "The bias's penalty, as a multiple of the weights'; auto is 0"},
    {AT(normalize_data), .kind = AT_PARAM_CHOICE, .choices = SWITCH, .fallback = "auto",
     .help = "Standardise inputs before training; auto is true"},
    {AT(normalize_label), .kind = AT_PARAM_CHOICE, .choices = SWITCH, .fallback = "auto",
     .help = "Standardise the label of a regression; auto is true. Losses are then in "
             "units of "
             "its standard deviation"},
    {AT(init_method), .kind = AT_PARAM_CHOICE, .choices = INITS, .fallback = "uniform",
     .help = "How weights begin"},
    {AT(init_scale), .kind = AT_PARAM_REAL, .fallback = "0.07", .min = 0, .max = 1000,
     .help = "Uniform: weights begin within plus or minus this"},
    {AT(init_sigma), .kind = AT_PARAM_REAL, .fallback = "0.01", .min = 0, .max = 1000,
     .help = "Normal: the standard deviation of the first weights"},
    {AT(init_bias), .kind = AT_PARAM_REAL, .fallback = "0", .min = -1e9, .max = 1e9,
     .help = "Where the bias begins"},
    {AT(num_models), .kind = AT_PARAM_INT, .automatic = true, .fallback = "auto",
     .min = 1, .max = AT_LINEAR_MODELS,
     .help = "Models trained side by side, the best of which is kept; auto is up to 8"},
    {AT(early_stopping_patience), .kind = AT_PARAM_INT, .fallback = "3", .min = 1,
     .max = 100000, .unit = "epochs",
     .help = "Stop after so many epochs without improvement"},
    {AT(early_stopping_tolerance), .kind = AT_PARAM_REAL, .fallback = "0.001", .min = 0,
     .max = 1, .help = "A smaller relative improvement of the loss counts as none"},
    {AT(positive_example_weight_mult), .kind = AT_PARAM_TEXT, .fallback = "1.0",
     .help = "Weight of positive rows: a number, balanced (both classes weigh the same) "
             "or auto "
             "(tries both)"},
    {AT(balance_multiclass_weights), .kind = AT_PARAM_BOOL, .fallback = "false",
     .help = "Give every class the same weight in the loss"},
    {AT(binary_classifier_model_selection_criteria), .kind = AT_PARAM_CHOICE,
     .choices = CRITERIA, .fallback = "accuracy",
     .help =
         "What picks the best model and the decision threshold on the validation rows"},
    {AT(target_recall), .kind = AT_PARAM_REAL, .fallback = "0.8", .min = 1e-9, .max = 1,
     .help = "The recall that precision_at_target_recall asks for"},
    {AT(target_precision), .kind = AT_PARAM_REAL, .fallback = "0.8", .min = 1e-9,
     .max = 1, .help = "The precision that recall_at_target_precision asks for"},
    {AT(f_beta), .kind = AT_PARAM_REAL, .fallback = "1.0", .min = 1e-6, .max = 1e6,
     .help = "How much more recall counts than precision in f_beta"},
    {AT(quantile), .kind = AT_PARAM_REAL, .fallback = "0.5", .min = 1e-6, .max = 1 - 1e-6,
     .help = "The quantile of quantile_loss"},
    {AT(huber_delta), .kind = AT_PARAM_REAL, .fallback = "1.0", .min = 0, .max = 1e9,
     .help = "Where huber_loss turns from squared to absolute"},
    {AT(loss_insensitivity), .kind = AT_PARAM_REAL, .fallback = "0.01", .min = 0,
     .max = 1e9, .help = "Errors below this do not count in the eps_insensitive losses"},
    {AT(use_lr_scheduler), .kind = AT_PARAM_BOOL, .fallback = "true",
     .help = "Lower the learning rate as training goes on"},
    {AT(lr_scheduler_step), .kind = AT_PARAM_INT, .automatic = true, .fallback = "auto",
     .min = 1, .max = 1e9, .unit = "steps",
     .help =
         "Steps between two cuts of the learning rate; auto is half a cosine over the "
         "epochs"},
    {AT(lr_scheduler_factor), .kind = AT_PARAM_REAL, .automatic = true,
     .fallback = "auto", .min = 1e-6, .max = 1,
     .help = "What each cut multiplies the learning rate by; auto is 0.5"},
    {AT(lr_scheduler_minimum_lr), .kind = AT_PARAM_REAL, .automatic = true,
     .fallback = "auto", .min = 0, .max = 1000,
     .help = "The learning rate is never cut below this; auto is 0"},
};

void at_linear_link(at_problem problem, int outputs, double *scores) {
    if (problem == AT_REGRESSION)
        return;
    if (problem == AT_BINARY) {
        *scores = 1 / (1 + exp(-*scores));
        return;
    }
    double most = scores[0], sum = 0;
    for (int k = 1; k < outputs; k++)
        most = fmax(most, scores[k]);
    for (int k = 0; k < outputs; k++)
        sum += scores[k] = exp(scores[k] - most);
    for (int k = 0; k < outputs; k++)
        scores[k] /= sum;
}

/* Four sums in a fixed order: as quick as a row allows, and always the same bits. */
static double dot(const double *a, const double *b, int64_t n) {
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    int64_t j = 0;
    for (; j + 4 <= n; j += 4) {
        s0 += a[j] * b[j];
        s1 += a[j + 1] * b[j + 1];
        s2 += a[j + 2] * b[j + 2];
        s3 += a[j + 3] * b[j + 3];
    }
    for (; j < n; j++)
        s0 += a[j] * b[j];
    return (s0 + s1) + (s2 + s3);
}

static void predict(const at_learned *s, const double *x, int64_t rows, double *scores) {
    for (int64_t i = 0; i < rows; i++, x += s->cols, scores += s->outputs) {
        for (int k = 0; k < s->outputs; k++)
            scores[k] = s->bias[k] + dot(x, s->weights + k * s->cols, s->cols);
        at_linear_link(s->problem, s->outputs, scores);
    }
}

static double threshold(const at_learned *s) {
    return s->threshold;
}

static int64_t inputs(const at_learned *s) {
    return s->cols;
}

static void importance(const at_learned *s, double *out) {
    for (int64_t j = 0; j < s->cols; j++)
        out[j] = s->importance[j];
}

const at_learner at_linear_learner = {
    .name = "linear-learner",
    .title = "Linear learner: logistic, softmax or linear regression",
    .problems = AT_REGRESSION | AT_BINARY | AT_MULTICLASS,
    .params = PARAMS,
    .param_count = sizeof PARAMS / sizeof *PARAMS,
    .params_size = sizeof(at_linear_params),
    .check = at_linear_check,
    .fit = at_linear_fit,
    .inputs = inputs,
    .predict = predict,
    .threshold = threshold,
    .importance = importance,
    .save = at_linear_save,
    .load = at_linear_load,
    .release = at_linear_release,
};
