/* derive NAME = E: a new column from an expression over the row. Its type is settled by
 * the training rows. A column of that name is overwritten. */
#include "ops/base/text.h"
#include "ops/recipe/formula.h"
#include "ops/recipe/json.h"

#include <string.h>

typedef struct derive_state {
    at_formula *formula;
    at_type type;
} derive_state;

static void fini(at_step *step) {
    derive_state *state = step->state;
    if (state)
        at_formula_release(state->formula);
    step->state = NULL;
}

static at_status new_state(at_step *step, derive_state **out, at_error *err) {
    step->state = *out = at_arena_alloc(&step->arena, sizeof **out);
    return *out ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

/* The type that the values of these rows have. */
static at_status settle_type(const at_step *step, derive_state *state,
                             const at_sheet *sheet, const at_step_context *context,
                             at_error *err) {
    at_column_builder *b;
    AT_TRY(at_formula_column(state->formula, step, sheet, step->args.name, NULL,
                             context->cancel, &b, err));
    at_column column;
    at_column_store *store;
    char *name;
    AT_TRY(at_column_builder_finish(b, &column, &store, &name, err));
    state->type = column.type;
    at_column_store_release(store);
    at_free(name);
    return AT_OK;
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    const char *name = step->args.name;
    derive_state *state;
    if (context->target && at_equal_fold(name, context->target)) {
        at_fail(err, AT_INVALID, "'%s' is the target: a preparation leaves it as it is",
                name);
        return at_hint(err, "choose another name, or change it with %%%%clean");
    }
    if (!*name || !at_utf8_valid(name, strlen(name)))
        return at_fail(err, AT_INVALID, "a column needs a name");
    AT_TRY(new_state(step, &state, err));
    AT_TRY(at_formula_fit(step, sheet, context, &state->formula, err));
    return settle_type(step, state, sheet, context, err);
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    const derive_state *state = step->state;
    at_column_builder *b;
    AT_TRY(at_formula_column(state->formula, step, sheet, step->args.name, &state->type,
                             context->cancel, &b, err));
    if (!b) /* what it reads is absent, and so may the result be */
        return AT_OK;
    at_column column;
    at_column_store *store;
    char *name;
    AT_TRY(at_column_builder_finish(b, &column, &store, &name, err));
    at_free(name);
    if (report) {
        report->cells = column.rows - column.missing;
        report->note = at_arena_format(report->arena, "%s: %s", step->args.name,
                                       at_type_name(column.type));
        if (!report->note) {
            at_column_store_release(store);
            return at_fail(err, AT_NO_MEMORY, "out of memory");
        }
    }
    int place = at_sheet_find(sheet, step->args.name, 0);
    if (place < 0)
        return at_sheet_add(sheet, step->args.name, &column, store, false, err);
    at_sheet_set(sheet, place, &column, store);
    return AT_OK;
}

static json_t *save(const at_step *step) {
    const derive_state *state = step->state;
    json_t *json = json_object();
    if (!json || !at_json_put(json, "type", json_string(at_type_name(state->type))) ||
        !at_json_put(json, "reads", at_formula_save(state->formula))) {
        json_decref(json);
        return NULL;
    }
    return json;
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    derive_state *state;
    AT_TRY(new_state(step, &state, err));
    const char *type = json_string_value(json_object_get(saved, "type"));
    if (!type || !at_type_from_name(type, &state->type))
        return at_json_broken(err);
    return at_formula_load(step, json_object_get(saved, "reads"), &state->formula, err);
}

const at_step_kind at_step_derive = {
    .verb = "derive",
    .pattern = "NAME = EXPRESSION",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_MAKES,
    .summary = "Makes a column from an SQL expression over the others",
    .example = "derive ever_called = pdays < 999",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
    .fini = fini,
};
