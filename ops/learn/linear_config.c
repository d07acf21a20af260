/* From hyperparameters and data to numbers: what "auto" becomes, and what does not fit.
 *
 * auto: batches of 1,000 rows, fewer where an epoch would have less than 32 batches;
 * adam; weight decay 1 / rows, which is a prior of variance 1 on standardised weights
 * (scikit-learn's C = 1); models that differ in learning rate and weight decay. */
#include "ops/base/memory.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"
#include "ops/learn/linear.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const double RARE = 0.2;

enum {
    BATCH = 1000,
    FEW_STEPS = 32,
    SMALL_BATCH = 4,
    SIDE_BY_SIDE = 8,
    OUTPUTS = 48,
    ANNEAL = 30
};

/* How the models that are trained side by side differ, in falling order of promise. */
static const struct {
    double lr, wd;
} SPREAD[SIDE_BY_SIDE] = {
    {1, 1}, {0.3, 1}, {1, 10}, {3, 1}, {1, 0.1}, {0.3, 10}, {0.1, 1}, {1, 100},
};

static bool is(const char *word, const char *other) {
    return strcmp(word, other) == 0;
}

/* "balanced", "auto" or a positive number: 0, NaN or the number; -1: none of them. */
static double positive_mult(const char *word) {
    double value;
    if (is(word, "balanced"))
        return 0;
    if (is(word, "auto"))
        return AT_AUTO_REAL;
    return at_parse_real(word, &value) && value > 0 && value <= 1e6 ? value : -1;
}

static at_status wrong_loss(const at_linear_params *p, at_problem problem,
                            at_error *err) {
    at_text fit = {0};
    size_t count;
    const at_linear_loss *losses = at_linear_losses(&count);
    for (size_t i = 0; i < count; i++)
        if (losses[i].problems & (unsigned)problem)
            at_text_format(&fit, "%s%s", fit.length ? ", " : "", losses[i].name);
    at_fail(err, AT_INVALID, "loss = %s does not fit a %s", p->loss,
            at_problem_name(problem));
    at_hint(err, "use auto, %s", at_text_get(&fit));
    at_text_fini(&fit);
    return AT_INVALID;
}

at_status at_linear_check(const at_fit_task *task, at_error *err) {
    const at_linear_params *p = task->params;
    if (!at_linear_loss_find(p->loss, task->problem))
        return wrong_loss(p, task->problem, err);
    if (task->problem == AT_MULTICLASS && p->num_classes != AT_AUTO_INT &&
        p->num_classes != task->classes) {
        at_fail(err, AT_INVALID,
                "num_classes is %" PRId64 ", but the target has %d classes",
                p->num_classes, task->classes);
        at_hint(err, "leave num_classes out: it is counted");
        return AT_INVALID;
    }
    if (task->classes > AT_LINEAR_CLASSES)
        return at_fail(err, AT_LIMIT,
                       "the target has %d classes; at most %d can be learned",
                       task->classes, AT_LINEAR_CLASSES);
    if (positive_mult(p->positive_example_weight_mult) < 0)
        return at_fail(
            err, AT_INVALID,
            "positive_example_weight_mult is '%.80s'; a number above 0 (at most "
            "1000000), balanced or auto was expected",
            p->positive_example_weight_mult);
    if (p->lr_scheduler_step != AT_AUTO_INT && !p->use_lr_scheduler)
        return at_fail(err, AT_INVALID,
                       "lr_scheduler_step is given, but use_lr_scheduler is false");
    if (!isnan(p->momentum) && p->momentum > 0 && !is(p->optimizer, "sgd")) {
        at_fail(err, AT_INVALID, "momentum goes with optimizer = sgd, not with %s",
                is(p->optimizer, "auto") ? "auto (adam)" : p->optimizer);
        at_hint(err, "add `optimizer = sgd`, or use beta_1 with adam");
        return AT_INVALID;
    }
    return AT_OK;
}

static at_linear_optimizer optimizer(const at_linear_params *p) {
    return is(p->optimizer, "sgd")       ? AT_LINEAR_SGD
           : is(p->optimizer, "rmsprop") ? AT_LINEAR_RMSPROP
                                         : AT_LINEAR_ADAM;
}

static double either(double given, double otherwise) {
    return isnan(given) ? otherwise : given;
}

/* The spread by which a column is divided. A rare indicator (a one-hot column) is not
 * blown up to a deviation of 1: its weight would go all but unpenalised, on the word of a
 * few rows. */
static double spread(const at_design *d, int64_t col, double deviation) {
    if (deviation >= RARE)
        return deviation;
    for (int64_t i = 0; i < d->rows; i++) {
        double x = d->x[i * d->cols + col];
        if (x != 0 && x != 1)
            return deviation;
    }
    return RARE;
}

/* Weighted mean and deviation of each column, in two passes. `shift` and `scale` become
 * the standardisation, where it is wanted. */
static void standardise(at_linear_config *c, const at_design *d, bool wanted) {
    for (int64_t i = 0; i < d->rows; i++) {
        double weight = d->weight ? d->weight[i] : 1;
        c->weight_sum += weight;
        for (int64_t j = 0; j < c->cols; j++)
            c->shift[j] += weight * d->x[i * c->cols + j];
    }
    for (int64_t j = 0; j < c->cols; j++)
        c->shift[j] /= c->weight_sum;
    for (int64_t i = 0; i < d->rows; i++) {
        double weight = d->weight ? d->weight[i] : 1;
        for (int64_t j = 0; j < c->cols; j++) {
            double off = d->x[i * c->cols + j] - c->shift[j];
            c->deviation[j] += weight * off * off;
        }
    }
    for (int64_t j = 0; j < c->cols; j++) {
        c->deviation[j] = sqrt(c->deviation[j] / c->weight_sum);
        /* What is left of a constant column is rounding. */
        bool constant = c->deviation[j] <= 1e-12 * fabs(c->shift[j]);
        c->scale[j] = constant ? 0 : wanted ? 1 / spread(d, j, c->deviation[j]) : 1;
        if (!wanted)
            c->shift[j] = 0;
    }
}

static void label_scale(at_linear_config *c, const at_design *d) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < d->rows; i++)
        sum += (d->weight ? d->weight[i] : 1) * d->y[i];
    c->label_shift = sum / c->weight_sum;
    for (int64_t i = 0; i < d->rows; i++) {
        double off = d->y[i] - c->label_shift;
        squares += (d->weight ? d->weight[i] : 1) * off * off;
    }
    double deviation = sqrt(squares / c->weight_sum);
    c->label_scale = deviation > 0 ? deviation : 1;
}

static at_status class_weights(at_linear_config *c, const at_fit_task *task,
                               at_error *err) {
    const at_design *d = &task->train;
    double *sums = at_alloc_array((size_t)task->classes, sizeof *sums);
    if (!sums)
        return at_fail(err, AT_NO_MEMORY, "no memory for %d classes", task->classes);
    for (int64_t i = 0; i < d->rows; i++)
        sums[(int64_t)d->y[i]] += d->weight ? d->weight[i] : 1;
    double wanted = task->problem == AT_BINARY
                        ? positive_mult(c->params->positive_example_weight_mult)
                        : 1;
    double balanced = sums[task->classes - 1] > 0 ? sums[0] / sums[task->classes - 1] : 1;
    for (int m = 0; m < c->models; m++) /* auto: every other model is balanced */
        c->positive[m] = wanted == 0 || (isnan(wanted) && m % 2) ? balanced
                         : isnan(wanted)                         ? 1
                                                                 : wanted;
    if (task->problem == AT_MULTICLASS && c->params->balance_multiclass_weights) {
        for (int k = 0; k < task->classes; k++)
            sums[k] = sums[k] > 0 ? c->weight_sum / (task->classes * sums[k]) : 1;
        c->class_weight = sums;
        return AT_OK;
    }
    at_free(sums);
    return AT_OK;
}

static void side_by_side(at_linear_config *c) {
    const at_linear_params *p = c->params;
    static const double RATE[] = {
        [AT_LINEAR_SGD] = 0.05, [AT_LINEAR_ADAM] = 0.05, [AT_LINEAR_RMSPROP] = 0.02};
    bool vary_lr = isnan(p->learning_rate), vary_wd = isnan(p->wd);
    int wanted = OUTPUTS / c->outputs;
    wanted = wanted > SIDE_BY_SIDE ? SIDE_BY_SIDE : wanted < 2 ? 2 : wanted;
    bool vary = vary_lr || vary_wd || is(p->positive_example_weight_mult, "auto");
    c->models = p->num_models != AT_AUTO_INT ? (int)p->num_models : vary ? wanted : 1;
    int at = 0;
    for (int m = 0; m < c->models; m++, at++) {
        /* Pass over what would only repeat a model. */
        while (at < SIDE_BY_SIDE && m > 0 &&
               ((!vary_lr && SPREAD[at].lr < 1) || (!vary_lr && SPREAD[at].lr > 1) ||
                (!vary_wd && (SPREAD[at].wd > 1 || SPREAD[at].wd < 1))))
            at++;
        int place = at % SIDE_BY_SIDE;
        c->lr[m] = vary_lr ? RATE[c->optimizer] * SPREAD[place].lr : p->learning_rate;
        c->wd[m] = vary_wd ? SPREAD[place].wd / (double)c->rows : p->wd;
    }
    int width = c->models * c->outputs + AT_LINEAR_LANES - 1;
    c->width = width - width % AT_LINEAR_LANES;
}

at_status at_linear_config_init(at_linear_config *c, const at_fit_task *task,
                                at_error *err) {
    const at_linear_params *p = task->params;
    const at_design *d = &task->train;
    *c = (at_linear_config){
        .params = p, .cols = d->cols, .rows = d->rows, .label_scale = 1};
    c->loss = at_linear_loss_find(p->loss, task->problem);
    c->optimizer = optimizer(p);
    c->outputs = task->problem == AT_MULTICLASS ? task->classes : 1;
    int64_t few = d->rows / FEW_STEPS;
    c->batch = p->mini_batch_size != AT_AUTO_INT ? p->mini_batch_size
               : few > BATCH                     ? BATCH
               : few > SMALL_BATCH               ? few
                                                 : SMALL_BATCH;
    if (c->batch > d->rows)
        c->batch = d->rows;
    c->steps = (d->rows + c->batch - 1) / c->batch;
    c->l1 = either(p->l1, 0);
    c->momentum = either(p->momentum, is(p->optimizer, "sgd") ? 0.9 : 0);
    c->beta_1 = either(p->beta_1, 0.9);
    c->beta_2 = either(p->beta_2, 0.999);
    c->bias_lr = either(p->bias_lr_mult, 1);
    c->bias_wd = either(p->bias_wd_mult, 0);
    c->anneal = (3 * p->epochs + 3) / 4;
    if (c->anneal > ANNEAL)
        c->anneal = ANNEAL;
    c->step_schedule = !p->use_lr_scheduler || p->lr_scheduler_step != AT_AUTO_INT;
    side_by_side(c);
    c->shift = at_alloc_array((size_t)c->cols, sizeof *c->shift);
    c->scale = at_alloc_array((size_t)c->cols, sizeof *c->scale);
    c->deviation = at_alloc_array((size_t)c->cols, sizeof *c->deviation);
    if (!c->shift || !c->scale || !c->deviation) {
        at_linear_config_fini(c);
        return at_fail(err, AT_NO_MEMORY, "no memory for %" PRId64 " inputs", c->cols);
    }
    standardise(c, d, !is(p->normalize_data, "false"));
    for (int m = 0; m < c->models; m++)
        c->positive[m] = 1;
    at_status status = AT_OK;
    if (task->problem != AT_REGRESSION)
        status = class_weights(c, task, err);
    else if (!is(p->normalize_label, "false"))
        label_scale(c, d);
    if (status != AT_OK)
        at_linear_config_fini(c);
    return status;
}

void at_linear_config_fini(at_linear_config *c) {
    at_free(c->shift);
    at_free(c->scale);
    at_free(c->deviation);
    at_free(c->class_weight);
    c->shift = c->scale = c->deviation = c->class_weight = NULL;
}
