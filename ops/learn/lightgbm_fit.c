/* Rounds of boosting: each is measured on the validation rows; the best is kept. */
#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/learn/fit.h"
#include "ops/learn/lightgbm.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CHECKED_ROWS = 64 };

typedef struct fit {
    const at_fit_task *task;
    const at_lightgbm_params *p;
    at_text params; /* "name=value ..." */
    at_lightgbm_rows train, validation;
    at_lightgbm_booster booster;
    char metric[64];
    int64_t rounds, best; /* done; of the best measure */
    double best_value;
} fit;

static void fit_fini(fit *f) {
    at_lightgbm_booster_fini(&f->booster);
    at_lightgbm_rows_fini(&f->validation);
    at_lightgbm_rows_fini(&f->train);
    at_text_fini(&f->params);
}

static void put_real(at_text *out, const char *name, double value) {
    char text[64];
    at_format_real(value, text);
    at_text_format(out, " %s=%s", name, text);
}

static void write_params(fit *f) {
    const at_lightgbm_params *p = f->p;
    at_text *out = &f->params;
    static const char *const objectives[] = {[AT_REGRESSION] = "regression",
                                             [AT_BINARY] = "binary",
                                             [AT_MULTICLASS] = "multiclass"};
    static const char *const metrics[] = {[AT_REGRESSION] = "rmse",
                                          [AT_BINARY] = "binary_logloss",
                                          [AT_MULTICLASS] = "multi_logloss"};
    at_problem problem = f->task->problem;
    at_text_format(out,
                   "verbosity=-1 deterministic=true force_col_wise=true num_threads=%zu "
                   "seed=%" PRIu64 " is_provide_training_metric=true "
                   "feature_pre_filter=false objective=%s metric=%s boosting=gbdt",
                   at_pool_threads(f->task->pool),
                   (f->task->seed ^ f->task->seed >> 31) & INT32_MAX, objectives[problem],
                   strcmp(p->metric, "auto") == 0 ? metrics[problem] : p->metric);
    if (problem == AT_MULTICLASS)
        at_text_format(out, " num_class=%d", f->task->classes);
    if (problem == AT_BINARY && p->is_unbalance)
        at_text_put(out, " is_unbalance=true");
    else if (problem == AT_BINARY)
        put_real(out, "scale_pos_weight", p->scale_pos_weight);
    at_text_format(out,
                   " num_leaves=%" PRId64 " max_depth=%" PRId64
                   " min_data_in_leaf=%" PRId64 " bagging_freq=%" PRId64
                   " max_bin=%" PRId64 " extra_trees=%s",
                   p->num_leaves, p->max_depth, p->min_data_in_leaf, p->bagging_freq,
                   p->max_bin, p->extra_trees ? "true" : "false");
    put_real(out, "learning_rate", p->learning_rate);
    put_real(out, "feature_fraction", p->feature_fraction);
    put_real(out, "feature_fraction_bynode", p->feature_fraction_bynode);
    put_real(out, "bagging_fraction", p->bagging_fraction);
    put_real(out, "lambda_l1", p->lambda_l1);
    put_real(out, "lambda_l2", p->lambda_l2);
    put_real(out, "min_gain_to_split", p->min_gain_to_split);
    put_real(out, "max_delta_step", p->max_delta_step);
}

static at_status fit_init(fit *f, const at_fit_task *task, at_error *err) {
    *f = (fit){.task = task, .p = task->params, .best_value = (double)NAN};
    write_params(f);
    if (!at_text_ok(&f->params))
        return at_fail(err, AT_NO_MEMORY, "not enough memory to train");
    const char *params = at_text_get(&f->params);
    AT_TRY(at_lightgbm_rows_init(&f->train, &task->train, params, NULL, err));
    if (task->validation.rows > 0)
        AT_TRY(at_lightgbm_rows_init(&f->validation, &task->validation, params, &f->train,
                                     err));
    return at_lightgbm_booster_init(&f->booster, params, &f->train, &f->validation, err);
}

/* Measures the round that was just done. */
static at_status judge(fit *f, at_error *err) {
    double train = (double)NAN, valid = (double)NAN;
    double round = (double)f->rounds;
    AT_TRY(at_lightgbm_evaluate(&f->booster, 0, f->metric[0] ? NULL : f->metric, &train,
                                err));
    if (isfinite(train))
        at_fit_point(f->task, "train", f->metric, round, train);
    if (!f->validation.handle) {
        at_fit_say(f->task, "[%" PRId64 "]\ttrain's %s: %.6g", f->rounds, f->metric,
                   train);
        f->best = f->rounds;
        return AT_OK;
    }
    AT_TRY(at_lightgbm_evaluate(&f->booster, 1, NULL, &valid, err));
    at_fit_say(f->task, "[%" PRId64 "]\ttrain's %s: %.6g\tvalidation's %s: %.6g",
               f->rounds, f->metric, train, f->metric, valid);
    if (isfinite(valid))
        at_fit_point(f->task, "validation", f->metric, round, valid);
    bool rises = strcmp(f->metric, "auc") == 0;
    if (f->best == 0 || (rises ? valid > f->best_value : valid < f->best_value)) {
        f->best = f->rounds;
        f->best_value = valid;
    }
    return AT_OK;
}

static at_status run_rounds(fit *f, at_error *err) {
    int64_t patience = f->p->early_stopping_rounds, most = f->p->num_boost_round;
    bool finished = false;
    while (f->rounds < most && !finished) {
        const char *over = at_fit_over(f->task);
        char text[64];
        if (over && f->rounds == 0)
            return at_fit_too_soon(f->task, "the first round ended", err);
        if (over) {
            at_fit_say(f->task, "%s: the best round so far is kept", over);
            return AT_OK;
        }
        AT_TRY(at_lightgbm_update(&f->booster, &finished, err));
        if (finished && f->rounds > 0)
            break; /* it added nothing */
        f->rounds++;
        AT_TRY(judge(f, err));
        snprintf(text, sizeof text, "round %" PRId64 " of %" PRId64, f->rounds, most);
        at_fit_progress(f->task, (double)f->rounds, (double)most, text);
        if (patience > 0 && f->rounds - f->best >= patience) {
            at_fit_say(f->task,
                       "Early stop: no better %s in %" PRId64
                       " rounds; kept round %" PRId64,
                       f->metric, patience, f->best);
            return AT_OK;
        }
    }
    if (finished)
        at_fit_say(f->task, "No split gains anything after round %" PRId64, f->rounds);
    if (patience == 0)
        f->best = f->rounds;
    return AT_OK;
}

/* The library's own word on some rows against the forest's. */
static at_status compare(fit *f, const at_forest *forest, at_error *err) {
    at_design few = f->task->train;
    few.rows = few.rows < CHECKED_ROWS ? few.rows : CHECKED_ROWS;
    double *theirs =
        at_alloc_array((size_t)few.rows, (size_t)forest->outputs * sizeof *theirs);
    double ours[AT_FOREST_OUTPUTS];
    if (!theirs)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to train");
    at_status status =
        at_lightgbm_sums(&f->booster, &few, f->best, forest->outputs, theirs, err);
    for (int64_t i = 0; i < few.rows && status == AT_OK; i++) {
        at_forest_sums(forest, few.x + i * few.cols, 0, forest->trees, ours);
        for (int k = 0; k < forest->outputs; k++) {
            double other = theirs[i * forest->outputs + k];
            if (!(fabs(ours[k] - other) <= 1e-3 * fmax(1, fabs(other))))
                status = at_fail(err, AT_INTERNAL,
                                 "the trees of this version of lightgbm answer %g where "
                                 "the library says %g",
                                 ours[k], other);
        }
    }
    at_free(theirs);
    return status;
}

static at_status finish(fit *f, at_learned **out, at_error *err) {
    char *text;
    at_forest *forest;
    AT_TRY(at_lightgbm_save(&f->booster, f->best, &text, err));
    json_t *facts = json_pack("{s:I, s:I}", "rounds", (json_int_t)f->rounds, "best_round",
                              (json_int_t)f->best);
    if (facts && isfinite(f->best_value))
        json_object_set_new(facts, f->metric, json_real(f->best_value));
    at_status status =
        facts ? at_lightgbm_import(text, f->task, f->best, facts, &forest, err)
              : at_fail(err, AT_NO_MEMORY, "not enough memory for the trees");
    at_free(text);
    AT_TRY(status);
    status = compare(f, forest, err);
    if (status == AT_OK)
        *out = (at_learned *)(void *)forest;
    else
        at_forest_release((at_learned *)(void *)forest);
    return status;
}

at_status at_lightgbm_fit(const at_fit_task *task, at_learned **out, at_error *err) {
    *out = NULL;
    AT_TRY(at_lightgbm_ready(err));
    AT_TRY(at_lightgbm_check(task, err));
    AT_TRY(at_fit_check_rows(task, true, err));
    fit f;
    at_status status = fit_init(&f, task, err);
    if (status == AT_OK)
        status = run_rounds(&f, err);
    if (status == AT_OK)
        status = finish(&f, out, err);
    fit_fini(&f);
    return status;
}
