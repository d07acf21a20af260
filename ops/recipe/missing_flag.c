/* missing-flag C: a 0/1 column that says where a cell is missing, since that alone may
 * mean something. */
#include "ops/recipe/json.h"
#include "ops/recipe/level.h"

#include <math.h>

/* (step->column_count): the names of the flags */
typedef const char *flag_state;

static bool missing(const at_column *c, int64_t row) {
    return !at_column_valid(c, row) || (c->type == AT_TYPE_FLOAT && isnan(c->reals[row]));
}

/* Of the columns selected those with a missing cell in training: a flag that is always 0
 * teaches nothing. */
static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(at_step_resolve(step, sheet, context, err));
    size_t kept = 0;
    const char **columns =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof *columns);
    flag_state *names =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof *names);
    if (!columns || !names)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        const at_column *c = &sheet->columns[place];
        bool any = false;
        for (int64_t r = 0; r < c->rows && !any; r++)
            any = missing(c, r);
        if (!any)
            continue;
        const char *base = at_arena_format(&step->arena, "%s_missing", step->columns[i]);
        columns[kept] = step->columns[i];
        names[kept] =
            base ? at_level_fresh(sheet, names, kept, &step->arena, base) : NULL;
        if (!names[kept++])
            return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    step->columns = columns;
    step->column_count = kept;
    step->state = names;
    return AT_OK;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    const flag_state *names = step->state;
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        if (place < 0)
            continue;
        const at_column c = sheet->columns[place], like = {.rows = c.rows};
        at_column flag;
        at_column_store *store;
        AT_TRY(at_sheet_array(sheet, AT_TYPE_FLOAT, &like, &flag, &store, err));
        for (int64_t r = 0; r < c.rows; r++)
            ((double *)store->values)[r] = missing(&c, r);
        AT_TRY(at_sheet_add(sheet, names[i], &flag, store, true, err));
    }
    if (report && !step->column_count)
        report->note = "no cell is missing: no flag";
    return AT_OK;
}

static json_t *save(const at_step *step) {
    return at_json_texts(step->state, step->column_count);
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    const char *const *names;
    size_t count;
    AT_TRY(at_json_read_texts(saved, &step->arena, &names, &count, err));
    if (count != step->column_count)
        return at_json_broken(err);
    step->state = (void *)(uintptr_t)names;
    return AT_OK;
}

const at_step_kind at_step_missing_flag = {
    .verb = "missing-flag",
    .pattern = "COLUMNS",
    .where = AT_STEP_PREPARE,
    .flow = AT_FLOW_READS,
    .summary = "Adds a 0/1 column for each of these that misses cells in training, which "
               "says where: before `impute` hides it",
    .example = "missing-flag numeric",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
};
