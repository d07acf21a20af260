/* standardize C: mean 0 and deviation 1, as the training rows have them. */
#include "ops/recipe/json.h"
#include "ops/recipe/report.h"
#include "ops/recipe/value.h"

#include <math.h>
#include <string.h>

/* (step->column_count) */
typedef struct standardize_state {
    double mean, deviation; /* population deviation; 0: the column is constant */
} standardize_state;

static at_status fit_column(const at_column *c, standardize_state *state, at_error *err) {
    if (!at_type_numeric(c->type)) {
        at_fail(err, AT_INVALID, "'%s' is %s: only numbers can be standardized", c->name,
                at_type_name(c->type));
        bool category = c->type == AT_TYPE_CATEGORY || c->type == AT_TYPE_BOOL;
        return category
                   ? at_hint(err, "one-hot %s", c->name)
                   : at_hint(err, "standardize numeric, or: cast %s -> float", c->name);
    }
    double low = (double)INFINITY, high = (double)-INFINITY;
    for (int64_t i = 0; i < c->rows; i++) {
        double value = at_column_real(c, i);
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    if (low > high) {
        at_fail(err, AT_INVALID, "every cell of '%s' is missing: it has no mean",
                c->name);
        return at_hint(err, "drop column %s", c->name);
    }
    state->mean = at_value_mean(c);
    state->deviation = at_value_deviation(c, state->mean);
    if (!isfinite(state->mean) || !isfinite(state->deviation)) {
        at_fail(err, AT_INVALID, "'%s' holds numbers too large to standardize", c->name);
        return at_hint(err, "look for infinite values: SELECT max(\"%s\"), min(\"%s\")",
                       c->name, c->name);
    }
    if (!(low < high)) { /* rounding must not make a constant vary */
        state->mean = low;
        state->deviation = 0;
    }
    return AT_OK;
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(at_step_resolve(step, sheet, context, err));
    standardize_state *state =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof *state);
    if (!state)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        AT_TRY(fit_column(&sheet->columns[place], &state[i], err));
    }
    step->state = state;
    return AT_OK;
}

static at_status apply_column(at_sheet *sheet, int place, const standardize_state *state,
                              at_error *err) {
    const at_column *c = &sheet->columns[place];
    if (!at_type_numeric(c->type))
        return at_fail(err, AT_INVALID, "'%s' is %s, and was a number in training",
                       c->name, at_type_name(c->type));
    at_column scaled;
    at_column_store *store;
    AT_TRY(at_sheet_array(sheet, AT_TYPE_FLOAT, c, &scaled, &store, err));
    double *out = store->values;
    for (int64_t i = 0; i < c->rows; i++) {
        if (!at_column_valid(c, i))
            continue;
        double value = at_column_real(c, i);
        if (state->deviation > 0)
            out[i] = (value - state->mean) / state->deviation;
        else
            out[i] = isnan(value) ? value : 0;
    }
    at_sheet_set(sheet, place, &scaled, store);
    return AT_OK;
}

/* "constant, so 0: a, b" */
static at_status note_constants(const at_step *step, at_step_report *report,
                                at_error *err) {
    const standardize_state *state = step->state;
    const char *note = NULL;
    for (size_t i = 0; i < step->column_count; i++) {
        if (state[i].deviation > 0)
            continue;
        note = at_arena_format(report->arena, "%s%s",
                               note ? note : "constant, so now 0: ", step->columns[i]);
        note = note && i + 1 < step->column_count
                   ? at_arena_format(report->arena, "%s, ", note)
                   : note;
        if (!note)
            return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    if (note) {
        size_t length = strlen(note);
        if (note[length - 1] == ' ')
            note = at_arena_text(report->arena, note, length - 2);
        report->note = note;
    }
    return AT_OK;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    const standardize_state *state = step->state;
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        if (place < 0)
            continue;
        if (report)
            report->cells += sheet->rows - sheet->columns[place].missing;
        AT_TRY(apply_column(sheet, place, &state[i], err));
    }
    return report ? note_constants(step, report, err) : AT_OK;
}

static json_t *save(const at_step *step) {
    const standardize_state *state = step->state;
    json_t *list = json_array();
    for (size_t i = 0; list && i < step->column_count; i++) {
        json_t *one = json_pack("{s:f, s:f}", "mean", state[i].mean, "deviation",
                                state[i].deviation);
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    standardize_state *state =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof *state);
    if (!state)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    if (json_array_size(saved) != step->column_count)
        return at_json_broken(err);
    for (size_t i = 0; i < step->column_count; i++) {
        const json_t *one = json_array_get(saved, i);
        const json_t *mean = json_object_get(one, "mean");
        const json_t *deviation = json_object_get(one, "deviation");
        if (!json_is_number(mean) || !json_is_number(deviation))
            return at_json_broken(err);
        state[i] =
            (standardize_state){json_number_value(mean), json_number_value(deviation)};
    }
    step->state = state;
    return AT_OK;
}

const at_step_kind at_step_standardize = {
    .verb = "standardize",
    .pattern = "COLUMNS",
    .where = AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary =
        "Shifts and scales numbers to mean 0 and deviation 1 of the training rows; a "
        "constant becomes 0, missing stays missing",
    .example = "standardize numeric",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
};
