/* Rows in the safetensors container: "points" (rows, cols, F32), "y" (rows, F64),
 * "weight" (rows, F64; where they have some); the rest in __metadata__. */
#include "ops/base/memory.h"
#include "ops/base/safetensors.h"
#include "ops/base/text.h"
#include "ops/isa/distance.h"
#include "ops/learn/knn.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define FORMAT "atelier-knn/1"

static const char *const METRICS[] = {"L2", "COSINE", "INNER_PRODUCT"};

/* The points row by row; NULL on no memory. */
static float *rows_of(const at_knn *m) {
    float *rows = at_alloc_array((size_t)m->rows, (size_t)m->cols * sizeof *rows);
    for (int64_t i = 0; rows && i < m->rows; i++) {
        const float *block =
            m->points + i / AT_DISTANCE_LANES * m->cols * AT_DISTANCE_LANES;
        for (int64_t j = 0; j < m->cols; j++)
            rows[i * m->cols + j] = block[j * AT_DISTANCE_LANES + i % AT_DISTANCE_LANES];
    }
    return rows;
}

at_status at_knn_save(const at_learned *state, const char *path, at_error *err) {
    const at_knn *m = at_knn_of(state);
    float *rows = rows_of(m);
    at_text k = {0}, classes = {0};
    at_text_format(&k, "%" PRId64, m->k);
    at_text_format(&classes, "%d", m->classes);
    at_array arrays[] = {
        {.name = "points",
         .dtype = AT_DTYPE_F32,
         .rank = 2,
         .shape = {m->rows, m->cols},
         .data = rows},
        {.name = "y", .dtype = AT_DTYPE_F64, .rank = 1, .shape = {m->rows}, .data = m->y},
        {.name = "weight",
         .dtype = AT_DTYPE_F64,
         .rank = 1,
         .shape = {m->rows},
         .data = m->weight}};
    at_meta meta[] = {{"format", FORMAT},
                      {"problem", at_problem_name(m->problem)},
                      {"classes", at_text_get(&classes)},
                      {"k", at_text_get(&k)},
                      {"metric", METRICS[m->metric]},
                      {"weights", m->by_distance ? "distance" : "uniform"}};
    at_status status =
        rows && at_text_ok(&k) && at_text_ok(&classes)
            ? at_safetensors_write(path, arrays, m->weight ? 3 : 2, meta,
                                   sizeof meta / sizeof *meta, err)
            : at_fail(err, AT_NO_MEMORY, "not enough memory to save a model");
    at_text_fini(&k);
    at_text_fini(&classes);
    at_free(rows);
    return status;
}

static at_status damaged(const char *path, const char *what, at_error *err) {
    return at_fail(err, AT_CORRUPT, "%s holds no rows of k-NN that can be read: %s", path,
                   what);
}

/* The settings, and what they must be. */
typedef struct shape {
    at_problem problem;
    int64_t classes, k;
    at_knn_metric metric;
    bool by_distance;
} shape;

static bool read_shape(const at_safetensors *file, shape *s) {
    const char *classes = at_safetensors_meta(file, "classes");
    const char *k = at_safetensors_meta(file, "k");
    const char *metric = at_safetensors_meta(file, "metric");
    const char *weights = at_safetensors_meta(file, "weights");
    if (!classes || !k || !metric || !weights ||
        !at_problem_from_name(at_safetensors_meta(file, "problem"), &s->problem) ||
        !at_parse_int(classes, &s->classes) || !at_parse_int(k, &s->k))
        return false;
    size_t at = 0;
    while (at < sizeof METRICS / sizeof *METRICS && strcmp(metric, METRICS[at]) != 0)
        at++;
    s->metric = (at_knn_metric)at;
    s->by_distance = strcmp(weights, "distance") == 0;
    bool fits = s->problem == AT_REGRESSION ? s->classes == 1
                : s->problem == AT_BINARY
                    ? s->classes == 2
                    : s->classes >= 2 && s->classes <= AT_KNN_CLASSES;
    return at < sizeof METRICS / sizeof *METRICS && fits && s->k >= 1 &&
           s->k <= AT_KNN_MOST;
}

static bool sound(const at_knn *m, const float *rows) {
    for (int64_t i = 0; i < m->rows * m->cols; i++)
        if (!isfinite(rows[i]))
            return false;
    for (int64_t i = 0; i < m->rows; i++) {
        double y = m->y[i];
        bool known = m->problem == AT_REGRESSION
                         ? isfinite(y)
                         : y >= 0 && y < m->classes && y == floor(y);
        if (!known || (m->weight && !(isfinite(m->weight[i]) && m->weight[i] >= 0)))
            return false;
    }
    return true;
}

static const at_array *find(const at_safetensors *file, const char *name, at_dtype dtype,
                            int rank, int64_t rows) {
    const at_array *a = at_safetensors_find(file, name);
    return a && a->dtype == dtype && a->rank == rank && a->shape[0] == rows ? a : NULL;
}

static at_status read_model(const at_safetensors *file, const char *path, at_knn **out,
                            at_error *err) {
    const char *format = at_safetensors_meta(file, "format");
    shape s = {0};
    if (format && strncmp(format, "atelier-knn/", 12) == 0 && strcmp(format, FORMAT) != 0)
        return at_fail(err, AT_UNSUPPORTED,
                       "%s has the format %.40s, this program reads %s", path, format,
                       FORMAT);
    if (!format || strcmp(format, FORMAT) != 0)
        return damaged(path, "its format is not " FORMAT, err);
    const at_array *points = at_safetensors_find(file, "points");
    if (!read_shape(file, &s) || !points || points->dtype != AT_DTYPE_F32 ||
        points->rank != 2 || points->shape[0] < 1 || points->shape[0] > INT32_MAX ||
        points->shape[1] < 1 || points->shape[1] > AT_KNN_COLUMNS ||
        s.k > points->shape[0])
        return damaged(path, "a setting or the rows are missing or wrong", err);
    int64_t rows = points->shape[0], cols = points->shape[1];
    const at_array *y = find(file, "y", AT_DTYPE_F64, 1, rows);
    const at_array *weight = find(file, "weight", AT_DTYPE_F64, 1, rows);
    if (!y || (at_safetensors_find(file, "weight") && !weight))
        return damaged(path, "the labels or the weights are missing or wrong", err);
    at_knn *m = at_knn_new(rows, cols, weight != NULL);
    if (!m)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for %" PRId64 " rows", rows);
    *out = m;
    m->problem = s.problem;
    m->classes = (int)s.classes;
    m->outputs = s.problem == AT_MULTICLASS ? m->classes : 1;
    m->metric = s.metric;
    m->by_distance = s.by_distance;
    m->k = s.k;
    memcpy(m->y, y->data, (size_t)rows * sizeof *m->y);
    if (weight)
        memcpy(m->weight, weight->data, (size_t)rows * sizeof *m->weight);
    const float *from = points->data;
    for (int64_t i = 0; i < rows; i++)
        at_knn_put(m, i, from + i * cols);
    return sound(m, from) ? AT_OK
                          : damaged(path, "a row, a label or a weight is no number", err);
}

at_status at_knn_load(const char *path, at_learned **out, at_error *err) {
    *out = NULL;
    at_safetensors *file;
    at_knn *m = NULL;
    AT_TRY(at_safetensors_open(path, &file, err));
    at_status status = read_model(file, path, &m, err);
    at_safetensors_release(file);
    if (status == AT_OK)
        *out = (at_learned *)(void *)m;
    else
        at_knn_release((at_learned *)(void *)m);
    return status;
}
