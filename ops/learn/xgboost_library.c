/* The adapter of XGBoost's C interface (c_api.h of versions 1.7 to 3). The functions are
 * declared here, because a wheel brings no header: nothing of XGBoost is needed to build.
 */
#include "ops/base/memory.h"
#include "ops/base/wheel.h"
#include "ops/learn/xgboost.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Written once, before the first fit. */
static struct {
    void (*version)(int *major, int *minor, int *patch);
    const char *(*last_error)(void);
    int (*matrix_new)(const float *data, uint64_t rows, uint64_t cols, float missing,
                      void **out);
    int (*matrix_info)(void *matrix, const char *field, const float *values,
                       uint64_t count);
    int (*matrix_free)(void *matrix);
    int (*booster_new)(void *const *matrices, uint64_t count, void **out);
    int (*booster_free)(void *booster);
    int (*set)(void *booster, const char *name, const char *value);
    int (*update)(void *booster, int round, void *train);
    int (*evaluate)(void *booster, int round, void **matrices, const char **names,
                    uint64_t count, const char **out);
    int (*save)(void *booster, const char *config, uint64_t *length, const char **out);
    int (*predict)(void *booster, void *matrix, const char *config,
                   const uint64_t **shape, uint64_t *rank, const float **out);
} xgb;
static at_status load_status;
static at_error load_error;
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

static void load(void) {
    const at_symbol symbols[] = {
        {"XGBoostVersion", (void **)&xgb.version},
        {"XGBGetLastError", (void **)&xgb.last_error},
        {"XGDMatrixCreateFromMat", (void **)&xgb.matrix_new},
        {"XGDMatrixSetFloatInfo", (void **)&xgb.matrix_info},
        {"XGDMatrixFree", (void **)&xgb.matrix_free},
        {"XGBoosterCreate", (void **)&xgb.booster_new},
        {"XGBoosterFree", (void **)&xgb.booster_free},
        {"XGBoosterSetParam", (void **)&xgb.set},
        {"XGBoosterUpdateOneIter", (void **)&xgb.update},
        {"XGBoosterEvalOneIter", (void **)&xgb.evaluate},
        {"XGBoosterSaveModelToBuffer", (void **)&xgb.save},
        {"XGBoosterPredictFromDMatrix", (void **)&xgb.predict},
    };
    /* Its OpenMP threads would spin while they wait for each other, and where a core is
     * shared that takes ten times as long. Read when the library is loaded. */
    setenv("OMP_WAIT_POLICY", "PASSIVE", 0);
    load_status = at_wheel_load(&at_wheel_xgboost, symbols,
                                sizeof symbols / sizeof *symbols, NULL, &load_error);
}

at_status at_xgboost_ready(at_error *err) {
    pthread_once(&load_once, load);
    if (load_status == AT_OK)
        return AT_OK;
    at_fail(err, load_status, "the algorithm xgboost cannot be used: %s",
            load_error.text);
    return at_hint(err, "%s", load_error.hint);
}

void at_xgboost_version(char *out) {
    int major, minor, patch;
    xgb.version(&major, &minor, &patch);
    snprintf(out, 40, "%d.%d.%d", major, minor, patch);
}

/* The library's words come with a trace of its own inside. */
static at_status failed(const char *what, at_error *err) {
    const char *words = xgb.last_error();
    const char *trace = words ? strstr(words, "Stack trace") : NULL;
    int length = trace ? (int)(trace - words) : words ? (int)strlen(words) : 0;
    while (length > 0 && (words[length - 1] == '\n' || words[length - 1] == ' '))
        length--;
    return at_fail(err, AT_INVALID, "xgboost cannot %s: %.*s", what,
                   length > 700 ? 700 : length, words ? words : "");
}

static bool set_floats(void *matrix, const char *field, const double *values,
                       int64_t count, float *scratch) {
    for (int64_t i = 0; i < count; i++)
        scratch[i] = (float)values[i];
    return xgb.matrix_info(matrix, field, scratch, (uint64_t)count) == 0;
}

at_status at_xgboost_matrix_init(at_xgboost_matrix *m, const at_design *d,
                                 at_error *err) {
    *m = (at_xgboost_matrix){0};
    float *x = at_alloc_array((size_t)d->rows, (size_t)d->cols * sizeof *x);
    if (!x)
        return at_fail(err, AT_NO_MEMORY,
                       "not enough memory for %" PRId64 " rows of %" PRId64 " inputs",
                       d->rows, d->cols);
    for (int64_t i = 0; i < d->rows * d->cols; i++)
        x[i] = (float)d->x[i];
    bool ok =
        xgb.matrix_new(x, (uint64_t)d->rows, (uint64_t)d->cols, NAN, &m->handle) == 0;
    /* The rows are copied: their place serves for a column. */
    ok = ok && set_floats(m->handle, "label", d->y, d->rows, x);
    ok = ok && (!d->weight || set_floats(m->handle, "weight", d->weight, d->rows, x));
    at_free(x);
    return ok ? AT_OK : failed("take the rows", err);
}

void at_xgboost_matrix_fini(at_xgboost_matrix *m) {
    if (m->handle)
        xgb.matrix_free(m->handle);
    m->handle = NULL;
}

at_status at_xgboost_booster_init(at_xgboost_booster *b, const at_xgboost_matrix *train,
                                  const at_xgboost_matrix *validation, at_error *err) {
    void *const matrices[] = {train->handle, validation->handle};
    *b = (at_xgboost_booster){0};
    return xgb.booster_new(matrices, validation->handle ? 2 : 1, &b->handle) == 0
               ? AT_OK
               : failed("begin", err);
}

void at_xgboost_booster_fini(at_xgboost_booster *b) {
    if (b->handle)
        xgb.booster_free(b->handle);
    b->handle = NULL;
}

at_status at_xgboost_set(at_xgboost_booster *b, const char *name, const char *value,
                         at_error *err) {
    return xgb.set(b->handle, name, value) == 0 ? AT_OK : failed("take a setting", err);
}

at_status at_xgboost_update(at_xgboost_booster *b, int64_t round,
                            const at_xgboost_matrix *train, at_error *err) {
    return xgb.update(b->handle, (int)round, train->handle) == 0 ? AT_OK
                                                                 : failed("train", err);
}

at_status at_xgboost_evaluate(at_xgboost_booster *b, int64_t round,
                              const at_xgboost_matrix *train,
                              const at_xgboost_matrix *validation, const char **out,
                              at_error *err) {
    void *matrices[] = {train->handle, validation->handle};
    const char *names[] = {"train", "validation"};
    return xgb.evaluate(b->handle, (int)round, matrices, names,
                        validation->handle ? 2 : 1, out) == 0
               ? AT_OK
               : failed("evaluate", err);
}

at_status at_xgboost_save(at_xgboost_booster *b, const char **json, size_t *length,
                          at_error *err) {
    uint64_t bytes = 0;
    if (xgb.save(b->handle, "{\"format\": \"json\"}", &bytes, json) != 0)
        return failed("save the model", err);
    *length = (size_t)bytes;
    return AT_OK;
}

at_status at_xgboost_margins(at_xgboost_booster *b, const at_xgboost_matrix *m,
                             int64_t rounds, const float **out, uint64_t *count,
                             at_error *err) {
    char config[160];
    const uint64_t *shape;
    uint64_t rank;
    snprintf(config, sizeof config,
             "{\"type\": 1, \"training\": false, \"iteration_begin\": 0, "
             "\"iteration_end\": %" PRId64 ", \"strict_shape\": false}",
             rounds);
    if (xgb.predict(b->handle, m->handle, config, &shape, &rank, out) != 0)
        return failed("predict", err);
    *count = rank > 0 ? 1 : 0;
    for (uint64_t i = 0; i < rank; i++)
        *count *= shape[i];
    return AT_OK;
}
