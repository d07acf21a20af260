#include "ops/learn/xgboost.h"
#include "ops/base/text.h"
#include "ops/learn/fit.h"
#include "ops/learn/learners.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#define AT(field) .name = #field, .offset = offsetof(at_xgboost_params, field)

static const at_xgboost_objective OBJECTIVES[] = {
    {"binary:logistic", "binary:logistic", AT_BINARY, AT_FOREST_LOGISTIC, -INFINITY,
     false},
    {"multi:softprob", "multi:softprob", AT_MULTICLASS, AT_FOREST_SOFTMAX, -INFINITY,
     false},
    {"reg:squarederror", "reg:squarederror", AT_REGRESSION, AT_FOREST_SUM, -INFINITY,
     false},
    {"multi:softmax", "multi:softprob", AT_MULTICLASS, AT_FOREST_SOFTMAX, -INFINITY,
     false},
    {"reg:linear", "reg:squarederror", AT_REGRESSION, AT_FOREST_SUM, -INFINITY, false},
    {"reg:squaredlogerror", "reg:squaredlogerror", AT_REGRESSION, AT_FOREST_SUM, -1,
     true},
    {"reg:absoluteerror", "reg:absoluteerror", AT_REGRESSION, AT_FOREST_SUM, -INFINITY,
     false},
    {"reg:gamma", "reg:gamma", AT_REGRESSION, AT_FOREST_EXP, 0, true},
    {"reg:tweedie", "reg:tweedie", AT_REGRESSION, AT_FOREST_EXP, 0, false},
    {"count:poisson", "count:poisson", AT_REGRESSION, AT_FOREST_EXP, 0, false},
};
enum { OBJECTIVE_COUNT = sizeof OBJECTIVES / sizeof *OBJECTIVES };

static const char *const OBJECTIVE_NAMES[] = {"auto",
                                              "binary:logistic",
                                              "multi:softprob",
                                              "multi:softmax",
                                              "reg:squarederror",
                                              "reg:linear",
                                              "reg:squaredlogerror",
                                              "reg:absoluteerror",
                                              "reg:gamma",
                                              "reg:tweedie",
                                              "count:poisson",
                                              NULL};
static const char *const METRICS[] = {"auto",  "rmse",     "mae",    "mape",
                                      "rmsle", "logloss",  "error",  "auc",
                                      "aucpr", "mlogloss", "merror", NULL};
static const char *const TREE_METHODS[] = {"auto", "hist", "approx", "exact", NULL};
static const char *const GROW[] = {"depthwise", "lossguide", NULL};
static const char *const BOOSTERS[] = {"gbtree", NULL};

static const at_param PARAMS[] = {
    {AT(num_round), .kind = AT_PARAM_INT, .fallback = "100", .min = 1, .max = 100000,
     .unit = "rounds", .help = "The most rounds: a tree each, or a tree a class"},
    {AT(num_class), .kind = AT_PARAM_INT, .automatic = true, .fallback = "auto", .min = 2,
     .max = AT_FOREST_OUTPUTS, .help = "The number of classes; auto counts them"},
    {AT(objective), .kind = AT_PARAM_CHOICE, .choices = OBJECTIVE_NAMES,
     .fallback = "auto",
     .help = "What is learned; auto is binary:logistic, multi:softprob or "
             "reg:squarederror, by the target"},
    {AT(eval_metric), .kind = AT_PARAM_CHOICE, .choices = METRICS, .fallback = "auto",
     .help = "What is measured each round and decides on the best; auto is the "
             "objective's own"},
    {AT(early_stopping_rounds), .kind = AT_PARAM_INT, .automatic = true,
     .fallback = "auto", .min = 0, .max = 100000, .unit = "rounds",
     .help = "Stop after so many rounds without a better eval_metric on the validation "
             "rows, and keep the best; auto is 10; 0 goes on to num_round and keeps all"},
    {AT(eta), .kind = AT_PARAM_REAL, .fallback = "0.3", .min = 0, .max = 1,
     .help = "What each tree's answer is multiplied by: less learns slower and better"},
    {AT(max_depth), .kind = AT_PARAM_INT, .fallback = "6", .min = 0, .max = 64,
     .help = "The deepest that a tree may be; 0 is no limit"},
    {AT(min_child_weight), .kind = AT_PARAM_REAL, .fallback = "1", .min = 0, .max = 1e9,
     .help = "The least sum of row weight (hessian) in a leaf"},
    {AT(gamma), .kind = AT_PARAM_REAL, .fallback = "0", .min = 0, .max = 1e9,
     .help = "The least that a split must gain"},
    {AT(subsample), .kind = AT_PARAM_REAL, .fallback = "1", .min = 1e-3, .max = 1,
     .help = "Share of the rows that each tree is grown on"},
    {AT(colsample_bytree), .kind = AT_PARAM_REAL, .fallback = "1", .min = 1e-3, .max = 1,
     .help = "Share of the inputs that each tree may use"},
    {AT(colsample_bylevel), .kind = AT_PARAM_REAL, .fallback = "1", .min = 1e-3, .max = 1,
     .help = "Share of those that each level may use"},
    {AT(colsample_bynode), .kind = AT_PARAM_REAL, .fallback = "1", .min = 1e-3, .max = 1,
     .help = "Share of those that each split may use"},
    {AT(lambda), .kind = AT_PARAM_REAL, .fallback = "1", .min = 0, .max = 1e9,
     .help = "L2 penalty on the leaves"},
    {AT(alpha), .kind = AT_PARAM_REAL, .fallback = "0", .min = 0, .max = 1e9,
     .help = "L1 penalty on the leaves"},
    {AT(max_delta_step), .kind = AT_PARAM_REAL, .fallback = "0", .min = 0, .max = 1e9,
     .help = "The largest step of a leaf; 0 is no limit"},
    {AT(scale_pos_weight), .kind = AT_PARAM_REAL, .fallback = "1", .min = 1e-6,
     .max = 1e6, .help = "What a row of the positive class counts, of two classes"},
    {AT(base_score), .kind = AT_PARAM_REAL, .automatic = true, .fallback = "auto",
     .min = -1e30, .max = 1e30,
     .help = "Where the sum begins; auto is worked out from the target"},
    {AT(tree_method), .kind = AT_PARAM_CHOICE, .choices = TREE_METHODS,
     .fallback = "auto", .help = "How splits are found; auto is hist"},
    {AT(grow_policy), .kind = AT_PARAM_CHOICE, .choices = GROW, .fallback = "depthwise",
     .help = "Level by level, or where it gains most (lossguide)"},
    {AT(max_leaves), .kind = AT_PARAM_INT, .fallback = "0", .min = 0, .max = 1e6,
     .help = "The most leaves of a tree; 0 is no limit"},
    {AT(max_bin), .kind = AT_PARAM_INT, .fallback = "256", .min = 2, .max = 65536,
     .help = "The most places where an input may be split, for hist and approx"},
    {AT(tweedie_variance_power), .kind = AT_PARAM_REAL, .fallback = "1.5", .min = 1,
     .max = 2, .help = "Of reg:tweedie, between 1 (like poisson) and 2 (like gamma)"},
    {AT(booster), .kind = AT_PARAM_CHOICE, .choices = BOOSTERS, .fallback = "gbtree",
     .help = "Trees; a linear model is linear-learner"},
};

const at_xgboost_objective *at_xgboost_objective_find(const char *name,
                                                      at_problem problem) {
    bool any = strcmp(name, "auto") == 0;
    for (size_t i = 0; i < OBJECTIVE_COUNT; i++)
        if ((OBJECTIVES[i].problems & (unsigned)problem) &&
            (any || strcmp(OBJECTIVES[i].name, name) == 0))
            return &OBJECTIVES[i];
    return NULL;
}

/* An objective says what kind of problem it is for. */
static unsigned wants(const void *params) {
    const at_xgboost_params *p = params;
    for (size_t i = 0; i < OBJECTIVE_COUNT; i++)
        if (strcmp(OBJECTIVES[i].name, p->objective) == 0)
            return OBJECTIVES[i].problems;
    return 0;
}

static at_status wrong_objective(const char *name, at_problem problem, at_error *err) {
    at_text fit = {0};
    for (size_t i = 0; i < OBJECTIVE_COUNT; i++)
        if (OBJECTIVES[i].problems & (unsigned)problem)
            at_text_format(&fit, "%s%s", fit.length ? ", " : "", OBJECTIVES[i].name);
    at_fail(err, AT_INVALID, "objective = %s does not fit a %s", name,
            at_problem_name(problem));
    at_hint(err, "use auto, %s", at_text_get(&fit));
    at_text_fini(&fit);
    return AT_INVALID;
}

static at_status check_metric(const at_xgboost_params *p, at_problem problem,
                              at_error *err) {
    static const struct {
        const char *name;
        unsigned problems;
    } fits[] = {{"auto", ~0u},
                {"rmse", AT_REGRESSION | AT_BINARY},
                {"mae", AT_REGRESSION | AT_BINARY},
                {"mape", AT_REGRESSION},
                {"rmsle", AT_REGRESSION},
                {"logloss", AT_BINARY},
                {"error", AT_BINARY},
                {"auc", AT_BINARY | AT_MULTICLASS},
                {"aucpr", AT_BINARY},
                {"mlogloss", AT_MULTICLASS},
                {"merror", AT_MULTICLASS}};
    at_text words = {0};
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
        bool fit = fits[i].problems & (unsigned)problem;
        if (fit && strcmp(fits[i].name, p->eval_metric) == 0) {
            at_text_fini(&words);
            return AT_OK;
        }
        if (fit)
            at_text_format(&words, "%s%s", words.length ? ", " : "", fits[i].name);
    }
    at_fail(err, AT_INVALID, "eval_metric = %s does not fit a %s", p->eval_metric,
            at_problem_name(problem));
    at_hint(err, "use %s", at_text_get(&words));
    at_text_fini(&words);
    return AT_INVALID;
}

static at_status check_labels(const at_xgboost_objective *o, const at_design *d,
                              const char *part, at_error *err) {
    for (int64_t i = 0; i < d->rows; i++)
        if (d->y[i] < o->least || (o->above && d->y[i] <= o->least))
            return at_fail(
                err, AT_INVALID,
                "objective = %s takes numbers %s %g; %s row %" PRId64 " has %g", o->name,
                o->above ? "above" : "of at least", o->least, part, i + 1, d->y[i]);
    return AT_OK;
}

at_status at_xgboost_check(const at_fit_task *task, at_error *err) {
    const at_xgboost_params *p = task->params;
    const at_xgboost_objective *o =
        at_xgboost_objective_find(p->objective, task->problem);
    if (!o)
        return wrong_objective(p->objective, task->problem, err);
    AT_TRY(check_metric(p, task->problem, err));
    AT_TRY(at_fit_check_classes(task, p->num_class, err));
    if (task->classes > AT_FOREST_OUTPUTS)
        return at_fail(err, AT_LIMIT,
                       "the target has %d classes; at most %d can be learned",
                       task->classes, AT_FOREST_OUTPUTS);
    if (p->scale_pos_weight != 1 && task->problem != AT_BINARY) {
        at_fail(err, AT_INVALID, "scale_pos_weight goes with two classes, not with a %s",
                at_problem_name(task->problem));
        return at_hint(err, "leave it out");
    }
    if (p->max_depth == 0 && p->max_leaves == 0 && strcmp(p->tree_method, "exact") == 0)
        return at_fail(err, AT_INVALID, "tree_method = exact needs a max_depth above 0");
    if (strcmp(p->grow_policy, "lossguide") == 0 &&
        strcmp(p->tree_method, "exact") == 0) {
        at_fail(err, AT_INVALID,
                "grow_policy = lossguide does not go with tree_method = "
                "exact");
        return at_hint(err, "use tree_method = hist");
    }
    AT_TRY(check_labels(o, &task->train, "training", err));
    return check_labels(o, &task->validation, "validation", err);
}

const at_learner at_xgboost_learner = {
    .name = "xgboost",
    .title = "XGBoost: boosted trees",
    .problems = AT_REGRESSION | AT_BINARY | AT_MULTICLASS,
    .traits = AT_LEARNER_TREES,
    .params = PARAMS,
    .param_count = sizeof PARAMS / sizeof *PARAMS,
    .params_size = sizeof(at_xgboost_params),
    .ready = at_xgboost_ready,
    .wants = wants,
    .check = at_xgboost_check,
    .fit = at_xgboost_fit,
    .predict = at_forest_predict,
    .inputs = at_forest_inputs,
    .threshold = at_forest_threshold,
    .importance = at_forest_importance,
    .describe = at_forest_describe,
    .save = at_forest_save,
    .load = at_forest_load,
    .release = at_forest_release,
};
