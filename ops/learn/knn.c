#include "ops/learn/knn.h"
#include "ops/base/memory.h"
#include "ops/base/rng.h"
#include "ops/isa/distance.h"
#include "ops/learn/fit.h"
#include "ops/learn/learners.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#define AT(field) .name = #field, .offset = offsetof(at_knn_params, field)

static const char *const PREDICTORS[] = {
    "auto",      "classifier", "binary_classifier", "multiclass_classifier",
    "regressor", NULL};
static const char *const METRICS[] = {"L2", "COSINE", "INNER_PRODUCT", NULL};
static const char *const INDEXES[] = {"faiss.Flat", NULL};
static const char *const WEIGHTS[] = {"uniform", "distance", NULL};

static const at_param PARAMS[] = {
    {AT(predictor_type), .kind = AT_PARAM_CHOICE, .choices = PREDICTORS,
     .fallback = "auto",
     .help = "The kind of problem; auto works it out from the target"},
    {AT(k), .kind = AT_PARAM_INT, .automatic = true, .fallback = "auto", .min = 1,
     .max = AT_KNN_MOST, .unit = "rows",
     .help = "Neighbours that are asked; auto tries several on the validation rows"},
    {AT(index_metric), .kind = AT_PARAM_CHOICE, .choices = METRICS, .fallback = "L2",
     .help = "What near means"},
    {AT(weights), .kind = AT_PARAM_CHOICE, .choices = WEIGHTS, .fallback = "uniform",
     .help = "Whether the nearer of the neighbours count more (distance: 1 / distance)"},
    {AT(sample_size), .kind = AT_PARAM_INT, .automatic = true, .fallback = "auto",
     .min = 1, .max = 1e9, .unit = "rows",
     .help = "Training rows that are kept, chosen at random; auto keeps all"},
    {AT(feature_dim), .kind = AT_PARAM_INT, .automatic = true, .fallback = "auto",
     .min = 1, .max = AT_KNN_COLUMNS, .help = "The number of inputs; auto counts them"},
    {AT(index_type), .kind = AT_PARAM_CHOICE, .choices = INDEXES,
     .fallback = "faiss.Flat",
     .help = "How neighbours are found: all rows are looked at"},
};

/* What auto tries; without validation rows it is the first. */
static const int64_t TRIED[] = {10, 1, 3, 5, 7, 15, 20, 30, 50, 100, 200};
enum { TRIALS = sizeof TRIED / sizeof *TRIED, JUDGED = 5000 /* validation rows, most */ };

static at_status check(const at_fit_task *task, at_error *err) {
    const at_knn_params *p = task->params;
    if (p->feature_dim != AT_AUTO_INT && p->feature_dim != task->train.cols) {
        at_fail(err, AT_INVALID,
                "feature_dim is %" PRId64 ", but the preparation makes %" PRId64
                " inputs",
                p->feature_dim, task->train.cols);
        return at_hint(err, "leave it out: they are counted");
    }
    if (task->train.cols > AT_KNN_COLUMNS) {
        at_fail(err, AT_LIMIT,
                "knn takes at most %d inputs; the preparation makes %" PRId64,
                AT_KNN_COLUMNS, task->train.cols);
        return at_hint(err, "drop columns, or keep fewer values of the categories");
    }
    if (task->classes > AT_KNN_CLASSES || task->train.rows > INT32_MAX)
        return at_fail(err, AT_LIMIT, "knn takes at most %d classes and 2147483647 rows",
                       AT_KNN_CLASSES);
    if (strcmp(p->weights, "distance") == 0 &&
        strcmp(p->index_metric, "INNER_PRODUCT") == 0) {
        at_fail(err, AT_INVALID,
                "weights = distance does not go with index_metric = INNER_PRODUCT, which "
                "is no distance");
        return at_hint(err, "use index_metric = COSINE");
    }
    if (p->k != AT_AUTO_INT && p->k > task->train.rows)
        return at_fail(err, AT_INVALID,
                       "k is %" PRId64 ", but there are only %" PRId64 " training rows",
                       p->k, task->train.rows);
    return AT_OK;
}

static at_knn_metric metric_of(const at_knn_params *p) {
    return strcmp(p->index_metric, "L2") == 0       ? AT_KNN_L2
           : strcmp(p->index_metric, "COSINE") == 0 ? AT_KNN_COSINE
                                                    : AT_KNN_INNER_PRODUCT;
}

/* Rows of weight 0 are none; of the others, sample_size (Knuth's algorithm S). */
static int64_t choose_rows(const at_fit_task *task, int32_t *rows) {
    const at_knn_params *p = task->params;
    const at_design *d = &task->train;
    int64_t counted = 0, kept = 0, seen = 0;
    at_rng rng;
    at_rng_init(&rng, task->seed);
    for (int64_t i = 0; i < d->rows; i++)
        counted += !d->weight || d->weight[i] > 0;
    int64_t wanted = p->sample_size == AT_AUTO_INT || p->sample_size > counted
                         ? counted
                         : p->sample_size;
    for (int64_t i = 0; i < d->rows; i++) {
        if (d->weight && !(d->weight[i] > 0))
            continue;
        if (wanted == counted ||
            at_rng_uniform(&rng) * (double)(counted - seen) < (double)(wanted - kept))
            rows[kept++] = (int32_t)i;
        seen++;
    }
    return kept;
}

static at_status keep_rows(const at_fit_task *task, at_knn **out, at_error *err) {
    const at_knn_params *p = task->params;
    const at_design *d = &task->train;
    float point[AT_KNN_COLUMNS];
    int32_t *rows = at_alloc_array((size_t)d->rows, sizeof *rows);
    int64_t count = rows ? choose_rows(task, rows) : 0;
    at_knn *m = rows ? at_knn_new(count, d->cols, d->weight != NULL) : NULL;
    for (int64_t i = 0; m && i < count; i++) {
        at_knn_point(metric_of(p), d->x + rows[i] * d->cols, d->cols, point);
        at_knn_put(m, i, point);
        m->y[i] = d->y[rows[i]];
        if (m->weight)
            m->weight[i] = d->weight[rows[i]];
    }
    at_free(rows);
    if (!m)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to keep %" PRId64 " rows",
                       d->rows);
    m->problem = task->problem;
    m->classes = task->classes;
    m->outputs = task->problem == AT_MULTICLASS ? task->classes : 1;
    m->metric = metric_of(p);
    m->by_distance = strcmp(p->weights, "distance") == 0;
    *out = m;
    return AT_OK;
}

/* The trials of k, on validation rows. */
typedef struct trial {
    const at_fit_task *task;
    const at_knn *model;
    at_design judged; /* the first JUDGED of the validation rows: they are in no order */
    int64_t tried[TRIALS];
    int count;
    int64_t most;
    double *scores; /* (count, judged rows, outputs) */
} trial;

static void try_some(void *context, size_t group) {
    const trial *t = context;
    const at_knn *m = t->model;
    int64_t first = (int64_t)group * AT_DISTANCE_ASKED, rows = t->judged.rows - first;
    size_t count = (size_t)(rows < AT_DISTANCE_ASKED ? rows : AT_DISTANCE_ASKED);
    at_knn_near near[AT_DISTANCE_ASKED];
    if (at_fit_over(t->task))
        return;
    at_knn_find(m, t->judged.x + first * m->cols, count, t->most, near);
    for (int i = 0; i < t->count; i++)
        for (size_t q = 0; q < count; q++)
            at_knn_answer(m, &near[q], t->tried[i],
                          t->scores + ((int64_t)i * t->judged.rows + first + (int64_t)q) *
                                          m->outputs);
}

/* The k of the least loss. A share of 0 or 1 among few neighbours is no certainty: an
 * answer is drawn to the middle as one neighbour more of each class would. */
static int64_t best_of(trial *t) {
    double least = INFINITY;
    int64_t best = TRIED[0];
    int outputs = t->model->outputs;
    const char *name = at_fit_loss_name(t->task->problem);
    for (int i = 0; i < t->count; i++) {
        double *scores = t->scores + (int64_t)i * t->judged.rows * outputs;
        double k = (double)t->tried[i], classes = (double)t->task->classes;
        for (int64_t s = 0;
             t->task->problem != AT_REGRESSION && s < t->judged.rows * outputs; s++)
            scores[s] = (scores[s] * k + 1) / (k + classes);
        double loss = at_fit_loss(t->task, &t->judged, scores);
        at_fit_say(t->task, "k=%" PRId64 "\tvalidation-%s:%.6g", t->tried[i], name, loss);
        at_fit_point(t->task, "validation", name, k, loss);
        if (loss < least) {
            least = loss;
            best = t->tried[i];
        }
    }
    return best;
}

static at_status choose_k(const at_fit_task *task, at_knn *m, at_error *err) {
    trial t = {.task = task, .model = m, .judged = task->validation};
    t.judged.rows = t.judged.rows < JUDGED ? t.judged.rows : JUDGED;
    m->k = m->rows < TRIED[0] ? m->rows : TRIED[0];
    for (int i = 0; i < TRIALS; i++) {
        if (TRIED[i] > m->rows)
            continue;
        int at = t.count++;
        for (; at > 0 && t.tried[at - 1] > TRIED[i]; at--)
            t.tried[at] = t.tried[at - 1];
        t.tried[at] = TRIED[i];
        t.most = TRIED[i] > t.most ? TRIED[i] : t.most;
    }
    if (t.judged.rows == 0 || t.count == 0)
        return AT_OK;
    t.scores = at_alloc_array((size_t)t.count * (size_t)t.judged.rows,
                              (size_t)m->outputs * sizeof *t.scores);
    if (!t.scores)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to choose k");
    size_t groups = (size_t)(t.judged.rows + AT_DISTANCE_ASKED - 1) / AT_DISTANCE_ASKED;
    at_pool_run(task->pool, groups, try_some, &t);
    const char *over = at_fit_over(task);
    if (over)
        at_fit_say(task, "%s: k is %" PRId64 ", untried", over, m->k);
    else
        m->k = best_of(&t);
    at_free(t.scores);
    return AT_OK;
}

static at_status fit(const at_fit_task *task, at_learned **out, at_error *err) {
    const at_knn_params *p = task->params;
    at_knn *m;
    *out = NULL;
    AT_TRY(check(task, err));
    AT_TRY(at_fit_check_rows(task, false, err));
    if (at_fit_over(task))
        return at_fit_too_soon(task, "it began", err);
    AT_TRY(keep_rows(task, &m, err));
    at_status status = AT_OK;
    if (p->k == AT_AUTO_INT)
        status = choose_k(task, m, err);
    else
        m->k = p->k < m->rows ? p->k : m->rows;
    if (status != AT_OK) {
        at_knn_release((at_learned *)(void *)m);
        return status;
    }
    at_fit_say(task, "k=%" PRId64 ", %" PRId64 " rows kept", m->k, m->rows);
    at_fit_progress(task, 1, 1, "rows kept");
    *out = (at_learned *)(void *)m;
    return AT_OK;
}

/* SageMaker's word for both kinds of classes is classifier: the target tells which. */
static unsigned wants(const void *params) {
    const at_knn_params *p = params;
    at_problem problem;
    return at_problem_from_name(p->predictor_type, &problem) ? (unsigned)problem : 0;
}

static int64_t inputs(const at_learned *state) {
    return at_knn_of(state)->cols;
}

static double threshold(const at_learned *state) {
    (void)state;
    return 0.5;
}

static bool describe(const at_learned *state, json_t *facts) {
    const at_knn *m = at_knn_of(state);
    return json_object_set_new(facts, "k", json_integer((json_int_t)m->k)) == 0 &&
           json_object_set_new(facts, "rows_kept", json_integer((json_int_t)m->rows)) ==
               0;
}

const at_learner at_knn_learner = {
    .name = "knn",
    .title = "k-NN: the nearest rows answer",
    .problems = AT_REGRESSION | AT_BINARY | AT_MULTICLASS,
    .params = PARAMS,
    .param_count = sizeof PARAMS / sizeof *PARAMS,
    .params_size = sizeof(at_knn_params),
    .wants = wants,
    .check = check,
    .fit = fit,
    .predict = at_knn_predict,
    .inputs = inputs,
    .threshold = threshold,
    .describe = describe,
    .save = at_knn_save,
    .load = at_knn_load,
    .release = at_knn_release,
};
