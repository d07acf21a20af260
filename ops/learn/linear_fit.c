/* Fitting: epochs of shuffled batches. At the end of an epoch the mean of its iterates
 * (Polyak and Juditsky, 1992) is what is measured and kept, since a single iterate still
 * carries the noise of the last batches. */
#include "ops/base/memory.h"
#include "ops/base/rng.h"
#include "ops/learn/fit.h"
#include "ops/learn/learners.h"
#include "ops/learn/linear.h"
#include "ops/learn/linear_pass.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct fit {
    const at_fit_task *task;
    at_linear_config c;
    at_linear_pass pass;
    at_linear_descent descent;
    at_rng rng;
    size_t cells;            /* (cols + 1) * width */
    double *w, *mean, *best; /* (cols + 1, width): now, mean of the epoch, kept */
    int64_t *order;          /* (rows) */
    double train[AT_LINEAR_MODELS],
        valid[AT_LINEAR_MODELS];      /* losses of the last epoch */
    double measure[AT_LINEAR_MODELS]; /* of its epochs a model keeps the least: validation
                                         loss, else penalised training loss */
    double least[AT_LINEAR_MODELS]; /* measure of the kept weights; infinite: none yet */
    /* The same two as models are compared with each other. Where they weigh positive rows
     * differently, that is the loss with rows weighing alike: a weighted mean is no
     * smaller or larger for being of a better model. */
    bool uneven;
    double fair[AT_LINEAR_MODELS], kept[AT_LINEAR_MODELS];
    int64_t stale; /* epochs without improvement */
} fit;

static void fit_fini(fit *f) {
    at_linear_config_fini(&f->c);
    at_linear_pass_fini(&f->pass);
    at_free(f->descent.first);
    at_free(f->descent.second);
    at_free(f->w);
    at_free(f->mean);
    at_free(f->best);
    at_free(f->order);
}

static void first_weights(fit *f) {
    const at_linear_params *p = f->c.params;
    bool normal = strcmp(p->init_method, "normal") == 0;
    int used = f->c.models * f->c.outputs;
    for (int64_t j = 0; j < f->c.cols; j++)
        for (int k = 0; k < used; k++)
            f->w[j * f->c.width + k] =
                normal ? p->init_sigma * at_rng_normal(&f->rng)
                       : p->init_scale * (2 * at_rng_uniform(&f->rng) - 1);
    for (int k = 0; k < used && p->use_bias; k++)
        f->w[f->c.cols * f->c.width + k] = p->init_bias;
}

static at_status fit_init(fit *f, const at_fit_task *task, at_error *err) {
    *f = (fit){.task = task};
    AT_TRY(at_linear_config_init(&f->c, task, err));
    f->cells = (size_t)(f->c.cols + 1) * (size_t)f->c.width;
    f->w = at_alloc_array(f->cells, sizeof *f->w);
    f->mean = at_alloc_array(f->cells, sizeof *f->mean);
    f->best = at_alloc_array(f->cells, sizeof *f->best);
    f->descent.first = at_alloc_array(f->cells, sizeof *f->w);
    f->descent.second = at_alloc_array(f->cells, sizeof *f->w);
    f->order = at_alloc_array((size_t)f->c.rows, sizeof *f->order);
    at_status status = at_linear_pass_init(&f->pass, &f->c, task, err);
    if (status == AT_OK && (!f->w || !f->mean || !f->best || !f->descent.first ||
                            !f->descent.second || !f->order))
        status = at_fail(err, AT_NO_MEMORY, "no memory to train on %" PRId64 " rows",
                         f->c.rows);
    if (status != AT_OK) {
        fit_fini(f);
        return status;
    }
    for (int m = 0; m < f->c.models; m++) {
        f->least[m] = f->kept[m] = INFINITY;
        f->uneven = f->uneven || f->c.positive[m] != f->c.positive[0];
    }
    for (int64_t i = 0; i < f->c.rows; i++)
        f->order[i] = i;
    at_rng_init(&f->rng, task->seed);
    first_weights(f);
    return AT_OK;
}

/* The models' learning rates at the next step. */
static void rates(const fit *f, double *out) {
    const at_linear_config *c = &f->c;
    const at_linear_params *p = c->params;
    double step = (double)f->descent.step, least = 0, factor = 1;
    if (!c->step_schedule) {
        double way = fmin(step / ((double)c->steps * (double)c->anneal), 1);
        factor = 0.01 + 0.99 * 0.5 * (1 + cos(way * acos(-1.0)));
    } else if (p->use_lr_scheduler) {
        double cut = isnan(p->lr_scheduler_factor) ? 0.5 : p->lr_scheduler_factor;
        factor = pow(cut, floor(step / (double)p->lr_scheduler_step));
    }
    if (p->use_lr_scheduler && !isnan(p->lr_scheduler_minimum_lr))
        least = p->lr_scheduler_minimum_lr;
    for (int m = 0; m < c->models; m++)
        out[m] = fmax(c->lr[m] * factor, fmin(least, c->lr[m]));
}

/* What the penalties of model m add to its loss. */
static double penalty(const fit *f, int m) {
    const at_linear_config *c = &f->c;
    double squares = 0, sizes = 0;
    for (int64_t j = 0; j < c->cols; j++)
        for (int k = 0; k < c->outputs; k++) {
            double w = f->mean[j * c->width + m * c->outputs + k];
            squares += w * w;
            sizes += fabs(w);
        }
    return c->wd[m] / 2 * squares + c->l1 * sizes;
}

/* One epoch; false: interrupted before its end. */
static bool run_epoch(fit *f) {
    const at_linear_config *c = &f->c;
    double rate[AT_LINEAR_MODELS];
    at_linear_tally tallies[AT_LINEAR_MODELS] = {0};
    at_rng_shuffle(&f->rng, f->order, (size_t)c->rows);
    double taken = 0;
    for (int64_t at = 0; at < c->rows; at += c->batch) {
        if (at_fit_over(f->task))
            return false;
        int64_t count = c->rows - at < c->batch ? c->rows - at : c->batch;
        at_linear_unscale(c, f->w, f->pass.raw);
        at_linear_pass_learn(&f->pass, f->order + at, count, tallies);
        rates(f, rate);
        at_linear_step(c, &f->descent, rate, f->pass.sum, f->w);
        taken += 1;
        for (size_t i = 0; i < f->cells; i++)
            f->mean[i] += (f->w[i] - f->mean[i]) / taken;
    }
    for (int m = 0; m < c->models; m++)
        f->train[m] = tallies[m].loss / tallies[m].weight;
    bool apart = f->task->validation.rows > 0;
    if (apart) {
        at_linear_unscale(c, f->mean, f->pass.raw);
        at_linear_pass_loss(&f->pass, &f->task->validation, tallies);
    }
    for (int m = 0; m < c->models; m++) {
        double extra = apart ? 0 : penalty(f, m);
        f->valid[m] = tallies[m].loss / tallies[m].weight;
        f->measure[m] = f->valid[m] + extra;
        f->fair[m] = f->uneven ? tallies[m].even_loss / tallies[m].even_weight + extra
                               : f->measure[m];
    }
    return true;
}

/* The model with the least of these losses; -1: none is a number. */
static int least_of(const double *losses, int models) {
    int best = -1;
    for (int m = 0; m < models; m++)
        if (isfinite(losses[m]) && (best < 0 || losses[m] < losses[best]))
            best = m;
    return best;
}

/* The least measure of the models that weigh positive rows like model 0, and of those
 * that do not; infinite where there is none. */
static void records(const fit *f, double out[2]) {
    out[0] = out[1] = INFINITY;
    for (int m = 0; m < f->c.models; m++) {
        double *own = &out[f->c.positive[m] != f->c.positive[0]];
        *own = fmin(*own, f->least[m]);
    }
}

/* Keeps each model's weights where they are its best so far, and counts epochs without.
 * Of epochs that the tolerance cannot tell apart the later one is kept: its steps are
 * smaller. */
static void keep(fit *f) {
    const at_linear_config *c = &f->c;
    const double *loss = f->measure;
    double old[2], now[2];
    records(f, old);
    for (int m = 0; m < c->models; m++) {
        double slack = isinf(f->least[m])
                           ? 0
                           : c->params->early_stopping_tolerance * fabs(f->least[m]);
        if (!(loss[m] <= f->least[m] + slack))
            continue;
        f->least[m] = fmin(f->least[m], loss[m]);
        f->kept[m] = f->uneven ? f->fair[m] : f->least[m];
        for (int64_t j = 0; j <= c->cols; j++)
            memcpy(f->best + j * c->width + m * c->outputs,
                   f->mean + j * c->width + m * c->outputs,
                   (size_t)c->outputs * sizeof *f->best);
    }
    records(f, now);
    bool better = false;
    for (int k = 0; k < 2; k++)
        better = better ||
                 (isfinite(now[k]) &&
                  (isinf(old[k]) ||
                   old[k] - now[k] > c->params->early_stopping_tolerance * fabs(old[k])));
    f->stale = better ? 0 : f->stale + 1;
}

static void say(const fit *f, const char *series, int64_t epoch, double loss) {
    at_fit_say(f->task,
               "#quality_metric: host=algo-1, epoch=%" PRId64 ", %s %s <loss>=%.12g",
               epoch, series, f->c.loss->objective, loss);
    at_fit_point(f->task, series, f->c.loss->curve, (double)epoch + 1, loss);
}

static void report(const fit *f, int64_t epoch) {
    int best = least_of(f->fair, f->c.models);
    if (best < 0)
        return;
    int64_t epochs = f->c.params->epochs;
    say(f, "train", epoch, f->train[best]);
    if (f->task->validation.rows > 0)
        say(f, "validation", epoch, f->valid[best]);
    at_fit_say(f->task, "#progress_metric: host=algo-1, completed %.0f %% of epochs",
               100 * (double)(epoch + 1) / (double)epochs);
    char text[128];
    snprintf(text, sizeof text, "epoch %" PRId64 " of %" PRId64, epoch + 1, epochs);
    at_fit_progress(f->task, (double)(epoch + 1), (double)epochs, text);
}

static at_status diverged(const fit *f, int64_t epoch, at_error *err) {
    const at_linear_params *p = f->c.params;
    double most = 0;
    for (int m = 0; m < f->c.models; m++)
        most = fmax(most, f->c.lr[m]);
    at_fail(err, AT_INVALID,
            "the loss stopped being a finite number in epoch %" PRId64
            " (largest learning rate %g)",
            epoch + 1, most);
    at_hint(err, strcmp(p->normalize_data, "false") == 0
                     ? "use normalize_data = true, or a lower learning_rate"
                     : "use a lower learning_rate, or auto");
    return AT_INVALID;
}

/* While the learning rate is still high the loss stands still for its noise, not for want
 * of something to learn: with the automatic schedule, patience counts once the rate is
 * low. */
static bool stop_early(const fit *f, int64_t epoch) {
    const at_linear_config *c = &f->c;
    bool settled = c->step_schedule || epoch + 1 >= c->anneal;
    return settled && f->stale >= c->params->early_stopping_patience &&
           epoch + 1 < c->params->epochs;
}

static at_status run_epochs(fit *f, at_error *err) {
    for (int64_t epoch = 0; epoch < f->c.params->epochs; epoch++) {
        if (!run_epoch(f)) {
            if (epoch == 0)
                return at_fit_too_soon(f->task, "the first epoch ended", err);
            at_fit_say(f->task, "%s: the best model so far is kept",
                       at_fit_over(f->task));
            return AT_OK;
        }
        keep(f);
        if (least_of(f->least, f->c.models) < 0 || least_of(f->measure, f->c.models) < 0)
            return diverged(f, epoch, err);
        report(f, epoch);
        if (stop_early(f, epoch)) {
            at_fit_say(f->task,
                       "Early stop: no improvement of the loss in %" PRId64 " epochs",
                       f->stale);
            break;
        }
    }
    return AT_OK;
}

/* Model m as it serves: its weights meet raw rows and give values in the label's units.
 */
static void export_model(const fit *f, int m, at_learned *out) {
    const at_linear_config *c = &f->c;
    at_linear_unscale(c, f->best, f->pass.raw);
    for (int64_t j = 0; j < c->cols; j++) {
        out->importance[j] = 0;
        for (int k = 0; k < c->outputs; k++) {
            double w = f->pass.raw[j * c->width + m * c->outputs + k] * c->label_scale;
            out->weights[k * c->cols + j] = w;
            out->importance[j] += fabs(w) * c->deviation[j] / c->outputs;
        }
    }
    for (int k = 0; k < c->outputs; k++)
        out->bias[k] =
            f->pass.raw[c->cols * c->width + m * c->outputs + k] * c->label_scale +
            c->label_shift;
}

/* The criterion's word on each model that has weights; others stay at -inf. */
static at_status judge(const fit *f, at_learned *scratch, at_linear_choice *out,
                       at_error *err) {
    const at_design *d =
        f->task->validation.rows > 0 ? &f->task->validation : &f->task->train;
    double *scores = at_alloc_array((size_t)d->rows, sizeof *scores);
    if (!scores)
        return at_fail(err, AT_NO_MEMORY, "no memory to choose a model");
    at_status status = AT_OK;
    for (int m = 0; m < f->c.models && status == AT_OK; m++) {
        if (!isfinite(f->least[m]))
            continue;
        export_model(f, m, scratch);
        at_linear_learner.predict(scratch, d->x, d->rows, scores);
        status = at_linear_choose(f->c.params, d->y, d->weight, scores, d->rows,
                                  f->kept[m], &out[m], err);
    }
    at_free(scores);
    return status;
}

/* Of the models that the tolerance cannot tell from the best, the most promising one: the
 * differences are those of the validation rows, not of the models. */
static int first_of(const fit *f, int best) {
    double slack = f->c.params->early_stopping_tolerance * fabs(f->kept[best]);
    for (int m = 0; m < best; m++)
        if (f->kept[m] <= f->kept[best] + slack)
            return m;
    return best;
}

/* The best by the criterion; among those that chance cannot tell apart (a standard error
 * of a share), the one with the least loss. */
static int pick(const fit *f, const at_linear_choice *choices) {
    int models = f->c.models, best = 0;
    for (int m = 1; m < models; m++)
        best = choices[m].value > choices[best].value ? m : best;
    double share = choices[best].value;
    if (share <= 0 || share >= 1)
        return best;
    double rows = (double)(f->task->validation.rows > 0 ? f->task->validation.rows
                                                        : f->task->train.rows);
    double noise = sqrt(share * (1 - share) / rows);
    for (int m = 0; m < models; m++)
        if (choices[m].value >= share - noise && f->kept[m] < f->kept[best])
            best = m;
    return first_of(f, best);
}

static at_status finish(fit *f, at_learned **out, at_error *err) {
    at_learned *s = at_linear_new(f->task->problem, f->task->classes, f->c.cols);
    if (!s)
        return at_fail(err, AT_NO_MEMORY, "no memory for the fitted model");
    int best = first_of(f, least_of(f->kept, f->c.models));
    if (f->task->problem == AT_BINARY) {
        at_linear_choice choices[AT_LINEAR_MODELS];
        for (int m = 0; m < f->c.models; m++)
            choices[m] = (at_linear_choice){-INFINITY, 0.5};
        at_status status = judge(f, s, choices, err);
        if (status != AT_OK) {
            at_linear_release(s);
            return status;
        }
        best = pick(f, choices);
        s->threshold = choices[best].threshold;
    }
    export_model(f, best, s);
    if (f->c.models > 1)
        at_fit_say(f->task, "Kept model %d of %d: learning_rate=%g, wd=%g, loss=%.6g",
                   best + 1, f->c.models, f->c.lr[best], f->c.wd[best], f->kept[best]);
    *out = s;
    return AT_OK;
}

at_status at_linear_fit(const at_fit_task *task, at_learned **out, at_error *err) {
    *out = NULL;
    AT_TRY(at_linear_check(task, err));
    AT_TRY(at_fit_check_rows(task, false, err));
    fit f;
    AT_TRY(fit_init(&f, task, err));
    at_status status = run_epochs(&f, err);
    if (status == AT_OK)
        status = finish(&f, out, err);
    fit_fini(&f);
    return status;
}
