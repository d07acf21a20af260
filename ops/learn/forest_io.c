/* A forest in the safetensors container: "first", "first_leaf" (trees + 1, I64), "output"
 * (trees, I32), "split", "left" (nodes, I32), "threshold", "cover" (nodes, F32), "values"
 * (leaves, width, F32), "base" (outputs, F64), "importance" (cols, F64); the rest in
 * __metadata__. What is read is checked until no row can lead a prediction astray. */
#include "ops/base/memory.h"
#include "ops/base/safetensors.h"
#include "ops/base/text.h"
#include "ops/learn/forest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "atelier-forest/1"

static const char *const LINKS[] = {"sum", "mean", "logistic", "softmax", "exp"};

/* The nodes as four arrays. */
typedef struct columns {
    int32_t *split, *left;
    float *threshold, *cover;
} columns;

static void columns_fini(columns *c) {
    at_free(c->split);
    at_free(c->left);
    at_free(c->threshold);
    at_free(c->cover);
}

static bool columns_init(columns *c, const at_forest *f) {
    size_t count = (size_t)f->nodes_count;
    c->split = at_alloc_array(count, sizeof *c->split);
    c->left = at_alloc_array(count, sizeof *c->left);
    c->threshold = at_alloc_array(count, sizeof *c->threshold);
    c->cover = at_alloc_array(count, sizeof *c->cover);
    if (!c->split || !c->left || !c->threshold || !c->cover)
        return false;
    for (size_t i = 0; i < count; i++) {
        c->split[i] = f->nodes[i].split;
        c->left[i] = f->nodes[i].left;
        c->threshold[i] = f->nodes[i].threshold;
        c->cover[i] = f->nodes[i].cover;
    }
    return true;
}

static at_array array(const char *name, at_dtype dtype, int64_t count, const void *data) {
    return (at_array){
        .name = name, .dtype = dtype, .rank = 1, .shape = {count}, .data = data};
}

static at_status write(const at_forest *f, const columns *c, const char *facts,
                       const char *path, at_error *err) {
    at_array arrays[] = {
        array("first", AT_DTYPE_I64, f->trees + 1, f->first),
        array("first_leaf", AT_DTYPE_I64, f->trees + 1, f->first_leaf),
        array("output", AT_DTYPE_I32, f->trees, f->output),
        array("split", AT_DTYPE_I32, f->nodes_count, c->split),
        array("left", AT_DTYPE_I32, f->nodes_count, c->left),
        array("threshold", AT_DTYPE_F32, f->nodes_count, c->threshold),
        array("cover", AT_DTYPE_F32, f->nodes_count, c->cover),
        array("base", AT_DTYPE_F64, f->outputs, f->base),
        array("importance", AT_DTYPE_F64, f->cols, f->importance),
        {.name = "values",
         .dtype = AT_DTYPE_F32,
         .rank = 2,
         .shape = {f->leaves, f->width},
         .data = f->values},
    };
    at_text classes = {0};
    at_text_format(&classes, "%d", f->classes);
    at_meta meta[] = {{"format", FORMAT},
                      {"problem", at_problem_name(f->problem)},
                      {"classes", at_text_get(&classes)},
                      {"link", LINKS[f->link]},
                      {"facts", facts}};
    at_status status =
        at_text_ok(&classes)
            ? at_safetensors_write(path, arrays, sizeof arrays / sizeof *arrays, meta,
                                   sizeof meta / sizeof *meta, err)
            : at_fail(err, AT_NO_MEMORY, "not enough memory to save a forest");
    at_text_fini(&classes);
    return status;
}

at_status at_forest_save(const at_learned *state, const char *path, at_error *err) {
    const at_forest *f = at_forest_of(state);
    columns c = {0};
    char *facts = f->facts ? json_dumps(f->facts, JSON_COMPACT) : NULL;
    at_status status =
        columns_init(&c, f) && (facts || !f->facts)
            ? write(f, &c, facts ? facts : "{}", path, err)
            : at_fail(err, AT_NO_MEMORY, "not enough memory to save a forest");
    columns_fini(&c);
    free(facts);
    return status;
}

static at_status damaged(const char *path, const char *what, at_error *err) {
    return at_fail(err, AT_CORRUPT, "%s is no forest that can be read: %s", path, what);
}

/* The data of an array of that type and length (in elements); NULL: it is not there. */
static const void *data_of(const at_safetensors *file, const char *name, at_dtype dtype,
                           int64_t count) {
    const at_array *a = at_safetensors_find(file, name);
    bool fits = a && a->dtype == dtype && count >= 0 &&
                a->bytes == (size_t)count * at_dtype_size(dtype);
    return fits ? a->data : NULL;
}

static int64_t length_of(const at_safetensors *file, const char *name) {
    const at_array *a = at_safetensors_find(file, name);
    return a && a->rank == 1 ? a->shape[0] : -1;
}

/* Problem, classes, link and the sizes that they and the arrays give. */
static bool read_shape(const at_safetensors *file, at_forest *f) {
    const char *classes = at_safetensors_meta(file, "classes");
    const char *link = at_safetensors_meta(file, "link");
    const at_array *values = at_safetensors_find(file, "values");
    int64_t count = 0;
    size_t at = 0;
    if (!classes || !link || !values || values->rank != 2 ||
        !at_problem_from_name(at_safetensors_meta(file, "problem"), &f->problem) ||
        !at_parse_int(classes, &count))
        return false;
    while (at < sizeof LINKS / sizeof *LINKS && strcmp(link, LINKS[at]) != 0)
        at++;
    bool multiclass = f->problem == AT_MULTICLASS;
    bool fits = f->problem == AT_REGRESSION ? count == 1
                : f->problem == AT_BINARY   ? count == 2
                                            : count >= 2 && count <= AT_FOREST_OUTPUTS;
    if (at == sizeof LINKS / sizeof *LINKS || !fits)
        return false;
    f->link = (at_forest_link)at;
    f->classes = (int)count;
    f->outputs = multiclass ? f->classes : 1;
    f->leaves = values->shape[0];
    f->trees = length_of(file, "output");
    f->nodes_count = length_of(file, "split");
    f->cols = length_of(file, "importance");
    if (values->shape[1] != 1 && values->shape[1] != f->outputs)
        return false;
    f->width = (int)values->shape[1];
    return f->trees >= 0 && f->trees <= AT_FOREST_TREES && f->cols >= 1 &&
           f->cols <= AT_FOREST_COLUMNS && f->nodes_count >= f->trees &&
           f->leaves <= f->nodes_count;
}

static bool finite_floats(const float *values, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

static bool finite_doubles(const double *values, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

static bool read_arrays(const at_safetensors *file, at_forest *f) {
    const int64_t *first = data_of(file, "first", AT_DTYPE_I64, f->trees + 1);
    const int64_t *leaf = data_of(file, "first_leaf", AT_DTYPE_I64, f->trees + 1);
    const int32_t *output = data_of(file, "output", AT_DTYPE_I32, f->trees);
    const int32_t *split = data_of(file, "split", AT_DTYPE_I32, f->nodes_count);
    const int32_t *left = data_of(file, "left", AT_DTYPE_I32, f->nodes_count);
    const float *threshold = data_of(file, "threshold", AT_DTYPE_F32, f->nodes_count);
    const float *cover = data_of(file, "cover", AT_DTYPE_F32, f->nodes_count);
    const float *values = data_of(file, "values", AT_DTYPE_F32, f->leaves * f->width);
    const double *base = data_of(file, "base", AT_DTYPE_F64, f->outputs);
    const double *importance = data_of(file, "importance", AT_DTYPE_F64, f->cols);
    if (!first || !leaf || !base || !importance ||
        (f->trees && (!output || !split || !left || !threshold || !cover || !values)))
        return false;
    memcpy(f->first, first, (size_t)(f->trees + 1) * sizeof *first);
    memcpy(f->first_leaf, leaf, (size_t)(f->trees + 1) * sizeof *leaf);
    memcpy(f->base, base, (size_t)f->outputs * sizeof *base);
    memcpy(f->importance, importance, (size_t)f->cols * sizeof *importance);
    if (f->trees) {
        memcpy(f->output, output, (size_t)f->trees * sizeof *output);
        memcpy(f->values, values, (size_t)(f->leaves * f->width) * sizeof *values);
    }
    for (int64_t i = 0; i < f->nodes_count; i++)
        f->nodes[i] = (at_tree_node){split[i], threshold[i], left[i], cover[i]};
    return finite_doubles(base, f->outputs) && finite_doubles(importance, f->cols) &&
           finite_floats(values, f->leaves * f->width) &&
           finite_floats(threshold, f->nodes_count) &&
           finite_floats(cover, f->nodes_count);
}

/* Every way from the root goes forward and ends in a value of the tree. */
static bool sound_tree(const at_forest *f, int64_t t) {
    int64_t count = f->first[t + 1] - f->first[t];
    int64_t leaves = f->first_leaf[t + 1] - f->first_leaf[t];
    for (int64_t i = 0; i < count; i++) {
        const at_tree_node *n = &f->nodes[f->first[t] + i];
        bool leaf = n->split < 0;
        if (leaf ? n->left < 0 || n->left >= leaves
                 : (n->split >> 1) >= f->cols || n->left <= i || n->left >= count - 1)
            return false;
    }
    return true;
}

static bool sound(const at_forest *f) {
    if (f->first[0] != 0 || f->first_leaf[0] != 0 ||
        f->first[f->trees] != f->nodes_count || f->first_leaf[f->trees] != f->leaves)
        return false;
    for (int64_t t = 0; t < f->trees; t++) /* all of them before any is walked */
        if (f->first[t + 1] <= f->first[t] || f->first[t + 1] > f->nodes_count ||
            f->first_leaf[t + 1] <= f->first_leaf[t] ||
            f->first_leaf[t + 1] > f->leaves || f->output[t] < 0 ||
            f->output[t] >= f->outputs)
            return false;
    for (int64_t t = 0; t < f->trees; t++)
        if (!sound_tree(f, t))
            return false;
    return true;
}

static at_status read_forest(const at_safetensors *file, const char *path, at_forest *f,
                             at_error *err) {
    const char *format = at_safetensors_meta(file, "format");
    if (format && strncmp(format, "atelier-forest/", 15) == 0 &&
        strcmp(format, FORMAT) != 0)
        return at_fail(err, AT_UNSUPPORTED,
                       "%s has the format %.40s, this program reads %s", path, format,
                       FORMAT);
    if (!format || strcmp(format, FORMAT) != 0)
        return damaged(path, "its format is not " FORMAT, err);
    if (!read_shape(file, f))
        return damaged(path, "its problem, classes or sizes are missing or wrong", err);
    if (!at_forest_allocate(f))
        return at_fail(err, AT_NO_MEMORY, "not enough memory for a forest of %lld nodes",
                       (long long)f->nodes_count);
    if (!read_arrays(file, f))
        return damaged(path, "an array is missing or holds no finite number", err);
    if (!sound(f))
        return damaged(path, "a tree leads nowhere", err);
    const char *facts = at_safetensors_meta(file, "facts");
    f->facts = facts ? json_loads(facts, 0, NULL) : NULL;
    return AT_OK;
}

at_status at_forest_load(const char *path, at_learned **out, at_error *err) {
    *out = NULL;
    at_safetensors *file;
    AT_TRY(at_safetensors_open(path, &file, err));
    at_forest *f = at_alloc_zero(sizeof *f);
    at_status status = f ? read_forest(file, path, f, err)
                         : at_fail(err, AT_NO_MEMORY, "not enough memory for a forest");
    at_safetensors_release(file);
    if (status == AT_OK)
        *out = (at_learned *)(void *)f;
    else
        at_forest_release((at_learned *)(void *)f);
    return status;
}
