/* Random forests and extra-trees: many trees, each on rows and columns of its own, whose
 * mean is the answer. The names of the hyperparameters are scikit-learn's, since
 * SageMaker has no such algorithm by itself. */
#include "ops/learn/random_forest.h"
#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/learn/fit.h"
#include "ops/learn/learners.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#define AT(field) .name = #field, .offset = offsetof(at_random_forest_params, field)

static const char *const PREDICTORS[] = {"auto", "binary_classifier",
                                         "multiclass_classifier", "regressor", NULL};

#define TABLE(rows_drawn)                                                                \
    {                                                                                    \
        {AT(predictor_type), .kind = AT_PARAM_CHOICE, .choices = PREDICTORS,             \
         .fallback = "auto",                                                             \
         .help = "The kind of problem; auto works it out from the target"},              \
        {AT(n_estimators), .kind = AT_PARAM_INT, .fallback = "100", .min = 1,            \
         .max = 100000, .unit = "trees", .help = "The number of trees"},                 \
        {AT(max_features), .kind = AT_PARAM_TEXT, .fallback = "auto",                    \
         .help = "Inputs that a split chooses from: sqrt, log2, all, a share such "      \
                 "as 0.3, or a number; auto is sqrt for classes, all for numbers"},      \
        {AT(max_depth), .kind = AT_PARAM_INT, .automatic = true, .fallback = "auto",     \
         .min = 1, .max = 10000,                                                         \
         .help = "The deepest that a tree may be; auto is "                              \
                 "no limit"},                                                            \
        {AT(min_samples_split), .kind = AT_PARAM_INT, .fallback = "2", .min = 2,         \
         .max = 1e9, .unit = "rows", .help = "The fewest rows that are split"},          \
        {AT(min_samples_leaf), .kind = AT_PARAM_INT, .fallback = "1", .min = 1,          \
         .max = 1e9, .unit = "rows", .help = "The fewest rows of a leaf"},               \
        {AT(bootstrap), .kind = AT_PARAM_BOOL, .fallback = rows_drawn,                   \
         .help = "Each tree draws its rows with replacement"},                           \
        {AT(max_samples), .kind = AT_PARAM_REAL, .fallback = "1", .min = 1e-6, .max = 1, \
         .help = "Rows that each tree draws, as a share of all"},                        \
    }

static const at_param FOREST_PARAMS[] = TABLE("true");
static const at_param EXTRA_PARAMS[] = TABLE("false");

/* The inputs that a split chooses from; 0: the words say nothing that there is. */
static int64_t tried(const char *words, at_problem problem, int64_t cols) {
    double number;
    if (strcmp(words, "auto") == 0)
        words = problem == AT_REGRESSION ? "all" : "sqrt";
    double wanted = 0;
    if (strcmp(words, "all") == 0)
        wanted = (double)cols;
    else if (strcmp(words, "sqrt") == 0)
        wanted = floor(sqrt((double)cols));
    else if (strcmp(words, "log2") == 0)
        wanted = floor(log2((double)cols));
    else if (!at_parse_real(words, &number) || !(number > 0) || !(number <= 1e9))
        return 0;
    else if (number <= 1 && strchr(words, '.'))
        wanted = floor(number * (double)cols);
    else if (number == floor(number))
        wanted = number;
    else
        return 0;
    wanted = fmin(fmax(wanted, 1), (double)cols);
    return (int64_t)wanted;
}

static at_status check(const at_fit_task *task, at_error *err) {
    const at_random_forest_params *p = task->params;
    if (tried(p->max_features, task->problem, task->train.cols) == 0)
        return at_fail(err, AT_INVALID,
                       "max_features is '%.80s'; auto, sqrt, log2, all, a share such as "
                       "0.3 or a whole number was expected",
                       p->max_features);
    if (task->classes > AT_FOREST_OUTPUTS)
        return at_fail(err, AT_LIMIT,
                       "the target has %d classes; at most %d can be learned",
                       task->classes, AT_FOREST_OUTPUTS);
    if (task->train.rows > INT32_MAX || task->train.cols > AT_FOREST_COLUMNS)
        return at_fail(err, AT_LIMIT,
                       "%" PRId64 " rows of %" PRId64 " inputs are too many for a forest",
                       task->train.rows, task->train.cols);
    return AT_OK;
}

/* The settings as numbers. */
static void plan(const at_fit_task *task, at_grow_task *g) {
    const at_random_forest_params *p = task->params;
    *g = (at_grow_task){.fit = task,
                        .sums = task->problem == AT_MULTICLASS ? task->classes : 1,
                        .tried = tried(p->max_features, task->problem, task->train.cols),
                        .max_depth =
                            p->max_depth == AT_AUTO_INT ? INT32_MAX : p->max_depth,
                        .min_split = p->min_samples_split,
                        .min_leaf = p->min_samples_leaf,
                        .bootstrap = p->bootstrap,
                        .share = p->max_samples};
}

static at_status fit_forest(const at_fit_task *task, at_learned **out, at_error *err) {
    const at_random_forest_params *p = task->params;
    at_grow_task g;
    at_bins bins;
    *out = NULL;
    AT_TRY(check(task, err));
    AT_TRY(at_fit_check_rows(task, true, err));
    plan(task, &g);
    AT_TRY(at_bins_init(&bins, &task->train, task->pool, err));
    g.bins = &bins;
    at_status status = at_random_forest_grow(&g, p->n_estimators, out, err);
    at_bins_fini(&bins);
    return status;
}

/* The columns side by side, as floats. */
static float *columns_of(const at_design *d) {
    float *columns = at_alloc_array((size_t)d->cols, (size_t)d->rows * sizeof *columns);
    for (int64_t i = 0; columns && i < d->rows; i++)
        for (int64_t j = 0; j < d->cols; j++)
            columns[j * d->rows + i] = at_bins_float(d->x[i * d->cols + j]);
    return columns;
}

static at_status fit_extra(const at_fit_task *task, at_learned **out, at_error *err) {
    const at_random_forest_params *p = task->params;
    at_grow_task g;
    *out = NULL;
    AT_TRY(check(task, err));
    AT_TRY(at_fit_check_rows(task, true, err));
    plan(task, &g);
    float *columns = columns_of(&task->train);
    g.columns = columns;
    at_status status = columns ? at_random_forest_grow(&g, p->n_estimators, out, err)
                               : at_fail(err, AT_NO_MEMORY,
                                         "not enough memory for a copy of "
                                         "the rows");
    at_free(columns);
    return status;
}

#define LEARNER(word, words, table, fitted)                                              \
    {                                                                                    \
        .name = word,                                                                    \
        .title = words,                                                                  \
        .problems = AT_REGRESSION | AT_BINARY | AT_MULTICLASS,                           \
        .traits = AT_LEARNER_TREES,                                                      \
        .params = table,                                                                 \
        .param_count = sizeof table / sizeof *table,                                     \
        .params_size = sizeof(at_random_forest_params),                                  \
        .check = check,                                                                  \
        .fit = fitted,                                                                   \
        .predict = at_forest_predict,                                                    \
        .inputs = at_forest_inputs,                                                      \
        .threshold = at_forest_threshold,                                                \
        .importance = at_forest_importance,                                              \
        .describe = at_forest_describe,                                                  \
        .save = at_forest_save,                                                          \
        .load = at_forest_load,                                                          \
        .release = at_forest_release,                                                    \
    }

const at_learner at_random_forest_learner = LEARNER(
    "random-forest", "Random forest: the mean of many trees", FOREST_PARAMS, fit_forest);
const at_learner at_extra_trees_learner =
    LEARNER("extra-trees", "Extra-trees: the mean of trees split at random places",
            EXTRA_PARAMS, fit_extra);
