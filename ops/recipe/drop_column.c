/* drop column C: takes columns away. */
#include "ops/recipe/step.h"

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(at_step_resolve(step, sheet, context, err));
    if (step->column_count == (size_t)sheet->count) {
        at_fail(err, AT_INVALID, "no column would be left");
        return at_hint(err, "name the columns to drop");
    }
    return AT_OK;
}

/* One that is not there is dropped already: an endpoint is not sent it. */
static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    (void)report;
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        int found = at_sheet_find(sheet, step->columns[i], place);
        if (found < 0)
            continue;
        place = found;
        at_sheet_remove(sheet, place);
    }
    if (sheet->count == 0)
        return at_fail(err, AT_INVALID, "no column is left");
    return AT_OK;
}

const at_step_kind at_step_drop_column = {
    .verb = "drop column",
    .pattern = "COLUMNS",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_DROPS,
    .summary = "Takes columns away; an endpoint does not ask for them",
    .example = "drop column duration",
    .fit = fit,
    .apply = apply,
};
