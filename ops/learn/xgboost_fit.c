/* Rounds of boosting: each is told, and measured on the validation rows; the best is
 * kept. */
#include "ops/base/text.h"
#include "ops/learn/fit.h"
#include "ops/learn/xgboost.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE = 10, CHECKED_ROWS = 64 };

typedef struct fit {
    const at_fit_task *task;
    const at_xgboost_params *p;
    const at_xgboost_objective *objective;
    at_xgboost_matrix train, validation;
    at_xgboost_booster booster;
    char metric[40]; /* as the library names it */
    int64_t rounds;  /* done */
    int64_t best;    /* rounds of the best measure */
    double best_value;
} fit;

static void fit_fini(fit *f) {
    at_xgboost_booster_fini(&f->booster);
    at_xgboost_matrix_fini(&f->train);
    at_xgboost_matrix_fini(&f->validation);
}

static at_status set_real(fit *f, const char *name, double value, at_error *err) {
    char text[64];
    at_format_real(value, text);
    return at_xgboost_set(&f->booster, name, text, err);
}

static at_status set_int(fit *f, const char *name, int64_t value, at_error *err) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    return at_xgboost_set(&f->booster, name, text, err);
}

static at_status set_sampling(fit *f, at_error *err) {
    const at_xgboost_params *p = f->p;
    AT_TRY(set_real(f, "subsample", p->subsample, err));
    AT_TRY(set_real(f, "colsample_bytree", p->colsample_bytree, err));
    AT_TRY(set_real(f, "colsample_bylevel", p->colsample_bylevel, err));
    AT_TRY(set_real(f, "colsample_bynode", p->colsample_bynode, err));
    /* The library takes 31 bits of a seed. */
    return set_int(f, "seed",
                   (int64_t)((f->task->seed ^ f->task->seed >> 31) & INT32_MAX), err);
}

static at_status set_all(fit *f, at_error *err) {
    const at_xgboost_params *p = f->p;
    at_xgboost_booster *b = &f->booster;
    bool by_bins = strcmp(p->tree_method, "exact") != 0;
    AT_TRY(at_xgboost_set(b, "verbosity", "0", err));
    AT_TRY(set_int(f, "nthread", (int64_t)at_pool_threads(f->task->pool), err));
    AT_TRY(at_xgboost_set(b, "objective", f->objective->passed, err));
    AT_TRY(at_xgboost_set(b, "tree_method",
                          strcmp(p->tree_method, "auto") == 0 ? "hist" : p->tree_method,
                          err));
    if (f->task->problem == AT_MULTICLASS)
        AT_TRY(set_int(f, "num_class", f->task->classes, err));
    if (strcmp(p->eval_metric, "auto") != 0)
        AT_TRY(at_xgboost_set(b, "eval_metric", p->eval_metric, err));
    if (strcmp(f->objective->name, "reg:tweedie") == 0)
        AT_TRY(set_real(f, "tweedie_variance_power", p->tweedie_variance_power, err));
    if (!isnan(p->base_score))
        AT_TRY(set_real(f, "base_score", p->base_score, err));
    if (by_bins) {
        AT_TRY(at_xgboost_set(b, "grow_policy", p->grow_policy, err));
        AT_TRY(set_int(f, "max_bin", p->max_bin, err));
        AT_TRY(set_int(f, "max_leaves", p->max_leaves, err));
    }
    AT_TRY(set_real(f, "eta", p->eta, err));
    AT_TRY(set_int(f, "max_depth", p->max_depth, err));
    AT_TRY(set_real(f, "min_child_weight", p->min_child_weight, err));
    AT_TRY(set_real(f, "gamma", p->gamma, err));
    AT_TRY(set_real(f, "lambda", p->lambda, err));
    AT_TRY(set_real(f, "alpha", p->alpha, err));
    AT_TRY(set_real(f, "max_delta_step", p->max_delta_step, err));
    if (f->task->problem == AT_BINARY)
        AT_TRY(set_real(f, "scale_pos_weight", p->scale_pos_weight, err));
    return set_sampling(f, err);
}

static at_status fit_init(fit *f, const at_fit_task *task, at_error *err) {
    *f = (fit){.task = task, .p = task->params, .best_value = NAN};
    f->objective = at_xgboost_objective_find(f->p->objective, task->problem);
    AT_TRY(at_xgboost_matrix_init(&f->train, &task->train, err));
    if (task->validation.rows > 0)
        AT_TRY(at_xgboost_matrix_init(&f->validation, &task->validation, err));
    AT_TRY(at_xgboost_booster_init(&f->booster, &f->train, &f->validation, err));
    return set_all(f, err);
}

/* Reads "name-metric:value" of a line of results; false: there is no such name. */
static bool read_result(const char *line, const char *name, char metric[40],
                        double *value) {
    char key[24];
    snprintf(key, sizeof key, "\t%s-", name);
    const char *at = strstr(line, key);
    const char *colon = at ? strchr(at, ':') : NULL;
    if (!colon)
        return false;
    at += strlen(key);
    size_t length = (size_t)(colon - at);
    snprintf(metric, 40, "%.*s", (int)(length < 39 ? length : 39), at);
    *value = strtod(colon + 1, NULL);
    return true;
}

static bool rises(const char *metric) {
    return strncmp(metric, "auc", 3) == 0;
}

/* Measures the round that was just done. */
static at_status judge(fit *f, at_error *err) {
    const char *line;
    double train, valid;
    AT_TRY(at_xgboost_evaluate(&f->booster, f->rounds - 1, &f->train, &f->validation,
                               &line, err));
    at_fit_say(f->task, "%s", line);
    if (read_result(line, "train", f->metric, &train) && isfinite(train))
        at_fit_point(f->task, "train", f->metric, (double)f->rounds, train);
    bool known =
        f->validation.handle && read_result(line, "validation", f->metric, &valid);
    if (!known) {
        f->best = f->rounds;
        return AT_OK;
    }
    if (isfinite(valid))
        at_fit_point(f->task, "validation", f->metric, (double)f->rounds, valid);
    bool better = rises(f->metric) ? valid > f->best_value : valid < f->best_value;
    if (f->best == 0 || better) {
        f->best = f->rounds;
        f->best_value = valid;
    }
    return AT_OK;
}

static at_status run_rounds(fit *f, at_error *err) {
    const at_xgboost_params *p = f->p;
    int64_t patience =
        p->early_stopping_rounds == AT_AUTO_INT ? PATIENCE : p->early_stopping_rounds;
    while (f->rounds < p->num_round) {
        const char *over = at_fit_over(f->task);
        char text[64];
        if (over && f->rounds == 0)
            return at_fit_too_soon(f->task, "the first round ended", err);
        if (over) {
            at_fit_say(f->task, "%s: the best round so far is kept", over);
            break;
        }
        AT_TRY(at_xgboost_update(&f->booster, f->rounds, &f->train, err));
        f->rounds++;
        AT_TRY(judge(f, err));
        snprintf(text, sizeof text, "round %" PRId64 " of %" PRId64, f->rounds,
                 p->num_round);
        at_fit_progress(f->task, (double)f->rounds, (double)p->num_round, text);
        if (patience > 0 && f->rounds - f->best >= patience) {
            at_fit_say(f->task,
                       "Early stop: no better %s in %" PRId64
                       " rounds; kept round %" PRId64,
                       f->metric, patience, f->best);
            break;
        }
    }
    if (patience == 0 && f->rounds == p->num_round)
        f->best = f->rounds;
    return AT_OK;
}

static json_t *facts_of(const fit *f) {
    char version[40];
    at_xgboost_version(version);
    json_t *facts = json_pack("{s:s, s:s, s:I, s:I}", "objective", f->objective->name,
                              "library", version, "rounds", (json_int_t)f->rounds,
                              "best_round", (json_int_t)f->best);
    if (facts && isfinite(f->best_value))
        json_object_set_new(facts, f->metric, json_real(f->best_value));
    return facts;
}

/* The library's own word on some rows against the forest's: a version that saves another
 * meaning in the same words must not go unseen. */
static at_status compare(fit *f, const at_forest *forest, at_error *err) {
    at_design few = f->task->train;
    few.rows = few.rows < CHECKED_ROWS ? few.rows : CHECKED_ROWS;
    at_xgboost_matrix m;
    const float *margins;
    uint64_t count;
    double sums[AT_FOREST_OUTPUTS];
    at_status status = at_xgboost_matrix_init(&m, &few, err);
    if (status == AT_OK)
        status = at_xgboost_margins(&f->booster, &m, f->best, &margins, &count, err);
    if (status == AT_OK && count != (uint64_t)(few.rows * forest->outputs))
        status = at_fail(err, AT_INTERNAL, "xgboost answers in an unknown shape");
    for (int64_t i = 0; i < few.rows && status == AT_OK; i++) {
        at_forest_sums(forest, few.x + i * few.cols, 0, forest->trees, sums);
        for (int k = 0; k < forest->outputs; k++) {
            double theirs = (double)margins[i * forest->outputs + k];
            double ours = sums[k] + forest->base[k];
            if (!(fabs(ours - theirs) <= 1e-3 * fmax(1, fabs(theirs))))
                status = at_fail(err, AT_INTERNAL,
                                 "the trees of this version of xgboost answer %g where "
                                 "the library says %g",
                                 ours, theirs);
        }
    }
    at_xgboost_matrix_fini(&m);
    return status;
}

static at_status finish(fit *f, at_learned **out, at_error *err) {
    const char *json;
    size_t length;
    at_forest *forest;
    AT_TRY(at_xgboost_save(&f->booster, &json, &length, err));
    json_t *facts = facts_of(f);
    if (!facts)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for the trees");
    AT_TRY(at_xgboost_import(json, length, f->task, f->objective->link, f->best, facts,
                             &forest, err));
    at_status status = compare(f, forest, err);
    if (status == AT_OK)
        *out = (at_learned *)(void *)forest;
    else
        at_forest_release((at_learned *)(void *)forest);
    return status;
}

at_status at_xgboost_fit(const at_fit_task *task, at_learned **out, at_error *err) {
    *out = NULL;
    AT_TRY(at_xgboost_ready(err));
    AT_TRY(at_xgboost_check(task, err));
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
