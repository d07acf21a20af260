/* pca C into K: numbers that move together become the few directions in which the
 * training rows spread most. Of centred columns, not scaled: `standardize` first where
 * units differ. A sign is settled as scikit-learn's PCA does. */
#include "ops/recipe/eigen.h"
#include "ops/recipe/json.h"
#include "ops/recipe/level.h"
#include "ops/recipe/numeric.h"
#include "ops/recipe/value.h"

#include <math.h>

enum { MOST_COLUMNS = 1000 };

typedef struct pca_state {
    size_t count;             /* components */
    double *means;            /* (columns) */
    double *components;       /* (count, columns) */
    const char *const *names; /* (count) */
    double share;             /* of the variance that they keep */
} pca_state;

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "out of memory");
}

static at_status check_columns(const at_step *step, const at_sheet *sheet,
                               at_error *err) {
    int place = 0;
    if (step->column_count < 2 || step->column_count > MOST_COLUMNS)
        return at_fail(err, AT_INVALID, "pca takes 2 to %d columns, not %zu",
                       MOST_COLUMNS, step->column_count);
    if (sheet->rows < 2)
        return at_fail(err, AT_INVALID, "pca takes 2 rows or more");
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        const at_column *c = &sheet->columns[place];
        for (int64_t r = 0; r < c->rows; r++) {
            double value = at_column_real(c, r);
            if (isfinite(value))
                continue;
            at_fail(err, AT_INVALID, "row %lld of '%s' is %s", (long long)r + 1, c->name,
                    isnan(value) ? "missing" : "infinite");
            char name[AT_STEP_QUOTED];
            return at_hint(err, "first: impute median in %s",
                           at_step_quote(c->name, name));
        }
    }
    return AT_OK;
}

/* How many components: a number, or a share of the variance below 1. */
static at_status read_count(const at_step *step, double *out, at_error *err) {
    const char *text = step->args.values[0];
    if (at_parse_real(text, out) &&
        ((*out > 0 && *out < 1) ||
         (*out >= 1 && *out <= (double)step->column_count && *out == rint(*out))))
        return AT_OK;
    at_fail(err, AT_INVALID, "pca of %zu columns cannot make %s", step->column_count,
            text);
    return at_hint(err,
                   "a number from 1 to %zu, or the share of the variance to keep: "
                   "pca numeric into 0.95",
                   step->column_count);
}

/* centred: (columns, rows) */
static at_status centre(const at_step *step, const at_sheet *sheet, pca_state *state,
                        double *centred, at_error *err) {
    int place = 0;
    size_t rows = (size_t)sheet->rows;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        const at_column *c = &sheet->columns[place];
        state->means[i] = at_value_mean(c);
        for (size_t r = 0; r < rows; r++)
            centred[i * rows + r] = at_column_real(c, (int64_t)r) - state->means[i];
    }
    return AT_OK;
}

static void covariance(const double *centred, size_t columns, size_t rows, double *out) {
    for (size_t i = 0; i < columns; i++) {
        for (size_t j = i; j < columns; j++) {
            const double *x = centred + i * rows, *y = centred + j * rows;
            double sum = 0;
            for (size_t r = 0; r < rows; r++)
                sum += x[r] * y[r];
            out[i * columns + j] = out[j * columns + i] = sum / (double)(rows - 1);
        }
    }
}

static at_status keep(at_step *step, const at_sheet *sheet, const double *vectors,
                      const double *values, double wanted, at_error *err) {
    pca_state *state = step->state;
    size_t columns = step->column_count;
    double all = 0, kept = 0;
    for (size_t k = 0; k < columns; k++)
        all += values[k] > 0 ? values[k] : 0;
    if (!(all > 0))
        return at_fail(err, AT_INVALID,
                       "all columns are constant: they have no direction");
    size_t count = 0;
    while (count < columns &&
           (wanted < 1 ? kept <= wanted * all : (double)count < wanted)) {
        kept += values[count] > 0 ? values[count] : 0;
        count++;
    }
    state->count = count;
    state->share = kept / all;
    const char **names = at_arena_alloc(&step->arena, (count + 1) * sizeof *names);
    state->components =
        at_arena_alloc(&step->arena, count * columns * sizeof *state->components);
    if (!names || !state->components)
        return no_memory(err);
    for (size_t k = 0; k < count * columns; k++)
        state->components[k] = vectors[k];
    for (size_t k = 0; k < count; k++) {
        const char *base = at_arena_format(&step->arena, "pca%zu", k + 1);
        names[k] = base ? at_level_fresh(sheet, names, k, &step->arena, base) : NULL;
        if (!names[k])
            return no_memory(err);
    }
    state->names = names;
    return AT_OK;
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(at_numeric_resolve(step, sheet, context, "turned", err));
    AT_TRY(check_columns(step, sheet, err));
    double wanted;
    AT_TRY(read_count(step, &wanted, err));
    size_t columns = step->column_count, rows = (size_t)sheet->rows;
    pca_state *state = at_arena_alloc(&step->arena, sizeof *state);
    if (state)
        state->means = at_arena_alloc(&step->arena, columns * sizeof *state->means);
    if (!state || !state->means)
        return no_memory(err);
    step->state = state;
    double *centred = at_alloc_array(columns * rows, sizeof *centred);
    double *matrix = at_alloc_array(columns * columns + columns, sizeof *matrix);
    at_status status =
        centred && matrix ? centre(step, sheet, state, centred, err) : no_memory(err);
    if (status == AT_OK) {
        covariance(centred, columns, rows, matrix);
        status = at_eigen_symmetric(matrix, columns, matrix + columns * columns, err);
    }
    if (status == AT_OK)
        status = keep(step, sheet, matrix, matrix + columns * columns, wanted, err);
    at_free(centred);
    at_free(matrix);
    return status;
}

/* slab: (components, rows), zeroed. A missing number leaves the row's directions missing
 * (NaN). */
static at_status project(const at_step *step, at_sheet *sheet, double *slab, bool *absent,
                         at_error *err) {
    const pca_state *state = step->state;
    size_t columns = step->column_count, rows = (size_t)sheet->rows;
    int place = 0;
    *absent = false;
    for (size_t i = 0; i < columns; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        if (place < 0) {
            *absent = true;
            continue;
        }
        const at_column *c = &sheet->columns[place];
        if (!at_type_numeric(c->type))
            return at_fail(err, AT_INVALID, "'%s' is %s, and was a number in training",
                           c->name, at_type_name(c->type));
        for (size_t k = 0; k < state->count; k++) {
            double weight = state->components[k * columns + i];
            for (size_t r = 0; r < rows; r++)
                slab[k * rows + r] +=
                    weight * (at_column_real(c, (int64_t)r) - state->means[i]);
        }
        at_sheet_discard(sheet, place);
    }
    return AT_OK;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    const pca_state *state = step->state;
    at_column_store *store;
    size_t rows = (size_t)sheet->rows;
    bool absent = false;
    AT_TRY(at_sheet_store(sheet, &store, err));
    double *slab = at_sheet_cells(sheet, state->count * rows + 1, sizeof *slab);
    store->values = slab;
    at_status status = slab ? project(step, sheet, slab, &absent, err) : no_memory(err);
    for (size_t k = 0; status == AT_OK && !absent && k < state->count; k++) {
        at_column column = {
            .type = AT_TYPE_FLOAT, .rows = sheet->rows, .reals = slab + k * rows};
        status = at_sheet_add(sheet, state->names[k], &column,
                              at_column_store_retain(store), false, err);
    }
    at_column_store_release(store);
    if (status == AT_OK)
        at_sheet_sweep(sheet);
    if (status == AT_OK && report) {
        report->note = at_arena_format(report->arena, "%.1f %% of the variance is kept",
                                       100 * state->share);
        status = report->note ? AT_OK : no_memory(err);
    }
    return status;
}

static json_t *save(const at_step *step) {
    const pca_state *state = step->state;
    json_t *json = json_object();
    if (!json ||
        !at_json_put(json, "means", at_json_reals(state->means, step->column_count)) ||
        !at_json_put(
            json, "components",
            at_json_reals(state->components, state->count * step->column_count)) ||
        !at_json_put(json, "names", at_json_texts(state->names, state->count))) {
        json_decref(json);
        return NULL;
    }
    return json;
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    pca_state *state = at_arena_alloc(&step->arena, sizeof *state);
    size_t means, parts;
    if (!state)
        return no_memory(err);
    AT_TRY(at_json_read_reals(json_object_get(saved, "means"), &step->arena,
                              &state->means, &means, err));
    AT_TRY(at_json_read_reals(json_object_get(saved, "components"), &step->arena,
                              &state->components, &parts, err));
    AT_TRY(at_json_read_texts(json_object_get(saved, "names"), &step->arena,
                              &state->names, &state->count, err));
    if (means != step->column_count || parts != state->count * means)
        return at_json_broken(err);
    step->state = state;
    return AT_OK;
}

const at_step_kind at_step_pca = {
    .verb = "pca",
    .pattern = "COLUMNS into VALUE",
    .where = AT_STEP_PREPARE,
    .flow = AT_FLOW_EATS,
    .summary = "Puts the few directions in which numbers spread most in their place: so "
               "many, or as many as keep a share of the variance; after `standardize`",
    .example = "pca numeric into 10",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
};
