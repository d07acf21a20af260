#include "ops/learn/lightgbm.h"
#include "ops/learn/fit.h"
#include "ops/learn/learners.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define AT(field) .name = #field, .offset = offsetof(at_lightgbm_params, field)

static const char *const METRICS[] = {
    "auto", "rmse",          "l1",          "mape", "binary_logloss", "binary_error",
    "auc",  "multi_logloss", "multi_error", NULL};
static const char *const BOOSTINGS[] = {"gbdt", NULL};

static const at_param PARAMS[] = {
    {AT(num_boost_round), .kind = AT_PARAM_INT, .fallback = "100", .min = 1,
     .max = 100000, .unit = "rounds",
     .help = "The most rounds: a tree each, or a tree a class"},
    {AT(early_stopping_rounds), .kind = AT_PARAM_INT, .fallback = "10", .min = 0,
     .max = 100000, .unit = "rounds",
     .help = "Stop after so many rounds without a better metric on the validation rows, "
             "and keep the best; 0 goes on to num_boost_round and keeps all"},
    {AT(metric), .kind = AT_PARAM_CHOICE, .choices = METRICS, .fallback = "auto",
     .help = "What is measured each round and decides on the best; auto is the loss"},
    {AT(num_class), .kind = AT_PARAM_INT, .automatic = true, .fallback = "auto", .min = 2,
     .max = AT_FOREST_OUTPUTS, .help = "The number of classes; auto counts them"},
    {AT(learning_rate), .kind = AT_PARAM_REAL, .fallback = "0.1", .min = 1e-6, .max = 1,
     .help = "What each tree's answer is multiplied by"},
    {AT(num_leaves), .kind = AT_PARAM_INT, .fallback = "64", .min = 2, .max = 131072,
     .help = "The most leaves of a tree"},
    {AT(max_depth), .kind = AT_PARAM_INT, .fallback = "6", .min = -1, .max = 1000,
     .help = "The deepest that a tree may be; -1 is no limit"},
    {AT(min_data_in_leaf), .kind = AT_PARAM_INT, .fallback = "3", .min = 0, .max = 1e9,
     .unit = "rows", .help = "The fewest rows of a leaf"},
    {AT(feature_fraction), .kind = AT_PARAM_REAL, .fallback = "0.9", .min = 1e-3,
     .max = 1, .help = "Share of the inputs that each tree may use"},
    {AT(feature_fraction_bynode), .kind = AT_PARAM_REAL, .fallback = "1", .min = 1e-3,
     .max = 1, .help = "Share of those that each split may use"},
    {AT(bagging_fraction), .kind = AT_PARAM_REAL, .fallback = "0.9", .min = 1e-3,
     .max = 1, .help = "Share of the rows that a tree is grown on"},
    {AT(bagging_freq), .kind = AT_PARAM_INT, .fallback = "1", .min = 0, .max = 100000,
     .unit = "rounds", .help = "Draw those rows anew after so many rounds; 0 is never"},
    {AT(lambda_l1), .kind = AT_PARAM_REAL, .fallback = "0", .min = 0, .max = 1e9,
     .help = "L1 penalty on the leaves"},
    {AT(lambda_l2), .kind = AT_PARAM_REAL, .fallback = "0", .min = 0, .max = 1e9,
     .help = "L2 penalty on the leaves"},
    {AT(min_gain_to_split), .kind = AT_PARAM_REAL, .fallback = "0", .min = 0, .max = 1e9,
     .help = "The least that a split must gain"},
    {AT(max_delta_step), .kind = AT_PARAM_REAL, .fallback = "0", .min = 0, .max = 1e9,
     .help = "The largest step of a leaf; 0 is no limit"},
    {AT(scale_pos_weight), .kind = AT_PARAM_REAL, .fallback = "1", .min = 1e-6,
     .max = 1e6, .help = "What a row of the positive class counts, of two classes"},
    {AT(is_unbalance), .kind = AT_PARAM_BOOL, .fallback = "false",
     .help = "Both classes count the same; not with scale_pos_weight"},
    {AT(max_bin), .kind = AT_PARAM_INT, .fallback = "255", .min = 2, .max = 65535,
     .help = "The most places where an input may be split"},
    {AT(extra_trees), .kind = AT_PARAM_BOOL, .fallback = "false",
     .help = "Split at a random place of each input"},
    {AT(boosting), .kind = AT_PARAM_CHOICE, .choices = BOOSTINGS, .fallback = "gbdt",
     .help = "How trees follow each other"},
};

static at_status check_metric(const at_lightgbm_params *p, at_problem problem,
                              at_error *err) {
    static const char *const fitting[] = {
        [AT_REGRESSION] = "auto rmse l1 mape",
        [AT_BINARY] = "auto binary_logloss binary_error auc",
        [AT_MULTICLASS] = "auto multi_logloss multi_error"};
    const char *words = fitting[problem], *at = strstr(words, p->metric);
    size_t length = strlen(p->metric);
    if (at && (at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
        return AT_OK;
    at_fail(err, AT_INVALID, "metric = %s does not fit a %s", p->metric,
            at_problem_name(problem));
    return at_hint(err, "use one of: %s", words);
}

at_status at_lightgbm_check(const at_fit_task *task, at_error *err) {
    const at_lightgbm_params *p = task->params;
    AT_TRY(check_metric(p, task->problem, err));
    AT_TRY(at_fit_check_classes(task, p->num_class, err));
    bool scaled = p->scale_pos_weight != 1;
    if (task->problem != AT_BINARY && (scaled || p->is_unbalance)) {
        at_fail(err, AT_INVALID, "%s goes with two classes, not with a %s",
                scaled ? "scale_pos_weight" : "is_unbalance",
                at_problem_name(task->problem));
        return at_hint(err, "leave it out");
    }
    if (scaled && p->is_unbalance)
        return at_fail(err, AT_INVALID,
                       "scale_pos_weight and is_unbalance say the same: give one");
    if (task->train.rows > INT32_MAX || task->train.cols > AT_FOREST_COLUMNS ||
        task->classes > AT_FOREST_OUTPUTS)
        return at_fail(err, AT_LIMIT,
                       "%" PRId64 " rows of %" PRId64
                       " inputs and %d classes are too many for lightgbm",
                       task->train.rows, task->train.cols, task->classes);
    return AT_OK;
}

const at_learner at_lightgbm_learner = {
    .name = "lightgbm",
    .title = "LightGBM: boosted trees, leaf by leaf",
    .problems = AT_REGRESSION | AT_BINARY | AT_MULTICLASS,
    .traits = AT_LEARNER_TREES,
    .params = PARAMS,
    .param_count = sizeof PARAMS / sizeof *PARAMS,
    .params_size = sizeof(at_lightgbm_params),
    .ready = at_lightgbm_ready,
    .check = at_lightgbm_check,
    .fit = at_lightgbm_fit,
    .predict = at_forest_predict,
    .inputs = at_forest_inputs,
    .threshold = at_forest_threshold,
    .importance = at_forest_importance,
    .describe = at_forest_describe,
    .save = at_forest_save,
    .load = at_forest_load,
    .release = at_forest_release,
};
