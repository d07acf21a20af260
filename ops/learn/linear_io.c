/* Weights in the safetensors container: "weights" (outputs, cols), "bias" (outputs),
 * "importance" (cols), all F64; the rest in __metadata__. */
#include "ops/base/memory.h"
#include "ops/base/safetensors.h"
#include "ops/base/text.h"
#include "ops/learn/linear.h"

#include <math.h>
#include <string.h>

#define FORMAT "atelier-linear/1"

at_learned *at_linear_new(at_problem problem, int classes, int64_t cols) {
    at_learned *s = at_alloc_zero(sizeof *s);
    if (!s)
        return NULL;
    int outputs = problem == AT_MULTICLASS ? classes : 1;
    *s = (at_learned){.problem = problem,
                      .classes = classes,
                      .outputs = outputs,
                      .cols = cols,
                      .threshold = 0.5};
    s->weights = at_alloc_array((size_t)cols * (size_t)outputs, sizeof *s->weights);
    s->bias = at_alloc_array((size_t)outputs, sizeof *s->bias);
    s->importance = at_alloc_array((size_t)cols, sizeof *s->importance);
    if (s->weights && s->bias && s->importance)
        return s;
    at_linear_release(s);
    return NULL;
}

void at_linear_release(at_learned *state) {
    if (!state)
        return;
    at_free(state->weights);
    at_free(state->bias);
    at_free(state->importance);
    at_free(state);
}

at_status at_linear_save(const at_learned *s, const char *path, at_error *err) {
    at_array arrays[] = {
        {.name = "weights",
         .dtype = AT_DTYPE_F64,
         .rank = 2,
         .shape = {s->outputs, s->cols},
         .data = s->weights},
        {.name = "bias",
         .dtype = AT_DTYPE_F64,
         .rank = 1,
         .shape = {s->outputs},
         .data = s->bias},
        {.name = "importance",
         .dtype = AT_DTYPE_F64,
         .rank = 1,
         .shape = {s->cols},
         .data = s->importance},
    };
    char threshold[32];
    at_format_real(s->threshold, threshold);
    at_text classes = {0};
    at_text_format(&classes, "%d", s->classes);
    at_status status = at_text_ok(&classes)
                           ? AT_OK
                           : at_fail(err, AT_NO_MEMORY, "no memory to save a model");
    if (status == AT_OK) {
        at_meta meta[] = {{"format", FORMAT},
                          {"problem", at_problem_name(s->problem)},
                          {"classes", at_text_get(&classes)},
                          {"threshold", threshold}};
        status = at_safetensors_write(path, arrays, sizeof arrays / sizeof *arrays, meta,
                                      sizeof meta / sizeof *meta, err);
    }
    at_text_fini(&classes);
    return status;
}

/* Copies an F64 array of that shape; false: it is not there, or another, or not finite.
 */
static bool read_array(const at_safetensors *file, const char *name, int64_t rows,
                       int64_t cols, double *out) {
    const at_array *a = at_safetensors_find(file, name);
    if (!a || a->dtype != AT_DTYPE_F64)
        return false;
    bool shape = cols < 0 ? a->rank == 1 && a->shape[0] == rows
                          : a->rank == 2 && a->shape[0] == rows && a->shape[1] == cols;
    if (!shape)
        return false;
    if (a->bytes)
        memcpy(out, a->data, a->bytes);
    for (size_t i = 0; i < a->bytes / sizeof *out; i++)
        if (!isfinite(out[i]))
            return false;
    return true;
}

static at_status damaged(const char *path, const char *what, at_error *err) {
    return at_fail(err, AT_CORRUPT, "%s is no linear model that can be read: %s", path,
                   what);
}

static at_status read_state(const at_safetensors *file, const char *path,
                            at_learned **out, at_error *err) {
    const char *format = at_safetensors_meta(file, "format");
    if (format && strncmp(format, "atelier-linear/", 15) == 0 &&
        strcmp(format, FORMAT) != 0)
        return at_fail(err, AT_UNSUPPORTED,
                       "%s has the format %.40s, this program reads %s", path, format,
                       FORMAT);
    if (!format || strcmp(format, FORMAT) != 0)
        return damaged(path, "its format is not " FORMAT, err);
    at_problem problem;
    int64_t classes;
    double threshold;
    const char *classes_text = at_safetensors_meta(file, "classes");
    const char *threshold_text = at_safetensors_meta(file, "threshold");
    if (!at_problem_from_name(at_safetensors_meta(file, "problem"), &problem) ||
        !classes_text || !threshold_text || !at_parse_int(classes_text, &classes) ||
        !at_parse_real(threshold_text, &threshold) || !isfinite(threshold))
        return damaged(path, "its problem, classes or threshold is missing or wrong",
                       err);
    bool fits = problem == AT_REGRESSION ? classes == 1
                : problem == AT_BINARY   ? classes == 2
                                         : classes >= 2 && classes <= AT_LINEAR_CLASSES;
    const at_array *importance = at_safetensors_find(file, "importance");
    if (!fits || !importance || importance->rank != 1 ||
        importance->shape[0] > AT_LINEAR_COLUMNS)
        return damaged(path, "its number of classes or of inputs is wrong", err);
    at_learned *s = at_linear_new(problem, (int)classes, importance->shape[0]);
    if (!s)
        return at_fail(err, AT_NO_MEMORY, "no memory for a model of %lld inputs",
                       (long long)importance->shape[0]);
    s->threshold = threshold;
    if (!read_array(file, "weights", s->outputs, s->cols, s->weights) ||
        !read_array(file, "bias", s->outputs, -1, s->bias) ||
        !read_array(file, "importance", s->cols, -1, s->importance)) {
        at_linear_release(s);
        return damaged(path, "a weight is missing or no finite number", err);
    }
    *out = s;
    return AT_OK;
}

at_status at_linear_load(const char *path, at_learned **out, at_error *err) {
    *out = NULL;
    at_safetensors *file;
    AT_TRY(at_safetensors_open(path, &file, err));
    at_status status = read_state(file, path, out, err);
    at_safetensors_release(file);
    return status;
}
