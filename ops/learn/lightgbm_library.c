/* The adapter of LightGBM's C interface (c_api.h of versions 3 and 4), declared here as a
 * wheel brings no header: nothing of LightGBM is needed to build. */
#include "ops/base/memory.h"
#include "ops/base/wheel.h"
#include "ops/learn/bins.h"
#include "ops/learn/lightgbm.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FLOAT32 = 0, RAW_SCORE = 1, MODEL_MAX = 1 << 30 /* bytes of a model as text */ };

/* Written once, before the first fit. */
static struct {
    const char *(*last_error)(void);
    int (*silence)(void (*callback)(const char *));
    int (*rows_new)(const void *data, int type, int32_t rows, int32_t cols, int row_major,
                    const char *params, void *reference, void **out);
    int (*rows_field)(void *rows, const char *name, const void *data, int count,
                      int type);
    int (*rows_free)(void *rows);
    int (*booster_new)(void *train, const char *params, void **out);
    int (*booster_free)(void *booster);
    int (*add_validation)(void *booster, void *rows);
    int (*update)(void *booster, int *finished);
    int (*eval_count)(void *booster, int *out);
    int (*eval_names)(void *booster, int length, int *count, size_t buffer,
                      size_t *needed, char **out);
    int (*eval)(void *booster, int part, int *count, double *out);
    int (*save)(void *booster, int from, int rounds, int importance, int64_t room,
                int64_t *length, char *out);
    int (*predict)(void *booster, const void *data, int type, int32_t rows, int32_t cols,
                   int row_major, int kind, int from, int rounds, const char *params,
                   int64_t *length, double *out);
} lgb;
static at_status load_status;
static at_error load_error;
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

static void hush(const char *line) {
    (void)line; /* what matters comes back as an error */
}

static void load(void) {
    const at_symbol symbols[] = {
        {"LGBM_GetLastError", (void **)&lgb.last_error},
        {"LGBM_RegisterLogCallback", (void **)&lgb.silence},
        {"LGBM_DatasetCreateFromMat", (void **)&lgb.rows_new},
        {"LGBM_DatasetSetField", (void **)&lgb.rows_field},
        {"LGBM_DatasetFree", (void **)&lgb.rows_free},
        {"LGBM_BoosterCreate", (void **)&lgb.booster_new},
        {"LGBM_BoosterFree", (void **)&lgb.booster_free},
        {"LGBM_BoosterAddValidData", (void **)&lgb.add_validation},
        {"LGBM_BoosterUpdateOneIter", (void **)&lgb.update},
        {"LGBM_BoosterGetEvalCounts", (void **)&lgb.eval_count},
        {"LGBM_BoosterGetEvalNames", (void **)&lgb.eval_names},
        {"LGBM_BoosterGetEval", (void **)&lgb.eval},
        {"LGBM_BoosterSaveModelToString", (void **)&lgb.save},
        {"LGBM_BoosterPredictForMat", (void **)&lgb.predict},
    };
    /* As with xgboost_library.c: threads that wait must not spin. */
    setenv("OMP_WAIT_POLICY", "PASSIVE", 0);
    load_status = at_wheel_load(&at_wheel_lightgbm, symbols,
                                sizeof symbols / sizeof *symbols, NULL, &load_error);
    if (load_status == AT_OK)
        lgb.silence(hush);
}

at_status at_lightgbm_ready(at_error *err) {
    pthread_once(&load_once, load);
    if (load_status == AT_OK)
        return AT_OK;
    at_fail(err, load_status, "the algorithm lightgbm cannot be used: %s",
            load_error.text);
    return at_hint(err, "%s", load_error.hint);
}

static at_status failed(const char *what, at_error *err) {
    const char *words = lgb.last_error();
    return at_fail(err, AT_INVALID, "lightgbm cannot %s: %.700s", what,
                   words ? words : "");
}

/* The rows as floats; NULL on no memory. */
static float *floats(const at_design *d) {
    float *x = at_alloc_array((size_t)d->rows, (size_t)d->cols * sizeof *x);
    for (int64_t i = 0; x && i < d->rows * d->cols; i++)
        x[i] = at_bins_float(d->x[i]);
    return x;
}

static bool set_floats(void *rows, const char *field, const double *values, int64_t count,
                       float *scratch) {
    for (int64_t i = 0; i < count; i++)
        scratch[i] = (float)values[i];
    return lgb.rows_field(rows, field, scratch, (int)count, FLOAT32) == 0;
}

at_status at_lightgbm_rows_init(at_lightgbm_rows *rows, const at_design *d,
                                const char *params, const at_lightgbm_rows *like,
                                at_error *err) {
    *rows = (at_lightgbm_rows){0};
    float *x = floats(d);
    if (!x)
        return at_fail(err, AT_NO_MEMORY,
                       "not enough memory for %" PRId64 " rows of %" PRId64 " inputs",
                       d->rows, d->cols);
    bool ok = lgb.rows_new(x, FLOAT32, (int32_t)d->rows, (int32_t)d->cols, 1, params,
                           like ? like->handle : NULL, &rows->handle) == 0;
    /* The rows are copied: their place serves for a column. */
    ok = ok && set_floats(rows->handle, "label", d->y, d->rows, x);
    ok = ok && (!d->weight || set_floats(rows->handle, "weight", d->weight, d->rows, x));
    at_free(x);
    return ok ? AT_OK : failed("take the rows", err);
}

void at_lightgbm_rows_fini(at_lightgbm_rows *rows) {
    if (rows->handle)
        lgb.rows_free(rows->handle);
    rows->handle = NULL;
}

at_status at_lightgbm_booster_init(at_lightgbm_booster *b, const char *params,
                                   const at_lightgbm_rows *train,
                                   const at_lightgbm_rows *validation, at_error *err) {
    *b = (at_lightgbm_booster){0};
    if (lgb.booster_new(train->handle, params, &b->handle) != 0)
        return failed("begin", err);
    return !validation->handle || lgb.add_validation(b->handle, validation->handle) == 0
               ? AT_OK
               : failed("take the validation rows", err);
}

void at_lightgbm_booster_fini(at_lightgbm_booster *b) {
    if (b->handle)
        lgb.booster_free(b->handle);
    b->handle = NULL;
}

at_status at_lightgbm_update(at_lightgbm_booster *b, bool *finished, at_error *err) {
    int done = 0;
    if (lgb.update(b->handle, &done) != 0)
        return failed("train", err);
    *finished = done != 0;
    return AT_OK;
}

at_status at_lightgbm_evaluate(at_lightgbm_booster *b, int part, char name[64],
                               double *out, at_error *err) {
    enum { METRICS = 8 };
    double values[METRICS];
    int count = 0;
    if (lgb.eval_count(b->handle, &count) != 0)
        return failed("evaluate", err);
    if (count < 1 || count > METRICS)
        return at_fail(err, AT_INTERNAL, "lightgbm measures %d things", count);
    if (lgb.eval(b->handle, part, &count, values) != 0 || count < 1)
        return failed("evaluate", err);
    *out = values[0];
    if (!name)
        return AT_OK;
    char rows[METRICS][64];
    char *names[METRICS];
    size_t needed;
    for (int i = 0; i < METRICS; i++)
        names[i] = rows[i];
    if (lgb.eval_names(b->handle, METRICS, &count, sizeof rows[0], &needed, names) != 0)
        return failed("evaluate", err);
    memcpy(name, rows[0], sizeof rows[0]);
    name[63] = '\0';
    return AT_OK;
}

at_status at_lightgbm_save(at_lightgbm_booster *b, int64_t rounds, char **out,
                           at_error *err) {
    int64_t length = 0, room = 1 << 20;
    *out = NULL;
    for (int pass = 0; pass < 2; pass++, room = length) {
        at_free(*out);
        *out = at_alloc((size_t)room);
        if (!*out)
            return at_fail(err, AT_NO_MEMORY, "not enough memory for the trees");
        if (lgb.save(b->handle, 0, (int)rounds, 0, room, &length, *out) != 0)
            break;
        if (length <= room)
            return AT_OK;
        if (length > MODEL_MAX)
            break;
    }
    at_free(*out);
    *out = NULL;
    return length > MODEL_MAX
               ? at_fail(err, AT_LIMIT, "the trees take more than %d bytes", MODEL_MAX)
               : failed("save the model", err);
}

at_status at_lightgbm_sums(at_lightgbm_booster *b, const at_design *d, int64_t rounds,
                           int outputs, double *out, at_error *err) {
    float *x = floats(d);
    int64_t length = 0;
    if (!x)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for %" PRId64 " rows",
                       d->rows);
    bool ok = lgb.predict(b->handle, x, FLOAT32, (int32_t)d->rows, (int32_t)d->cols, 1,
                          RAW_SCORE, 0, (int)rounds, "", &length, out) == 0;
    at_free(x);
    if (!ok)
        return failed("predict", err);
    return length == d->rows * outputs
               ? AT_OK
               : at_fail(err, AT_INTERNAL, "lightgbm answers in an unknown shape");
}
