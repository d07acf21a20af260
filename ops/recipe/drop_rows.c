/* drop rows where E: rows for which the expression is true are gone; where it is NULL
 * they stay. */
#include "ops/recipe/formula.h"

static void fini(at_step *step) {
    at_formula_release(step->state);
    step->state = NULL;
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    at_formula *formula = NULL;
    AT_TRY(at_formula_fit(step, sheet, context, &formula, err));
    step->state = formula;
    return AT_OK;
}

static at_status keep_rows(at_sheet *sheet, const uint8_t *drop, at_error *err) {
    int64_t *rows = at_alloc_array((size_t)sheet->rows + 1, sizeof *rows), count = 0;
    if (!rows)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (int64_t i = 0; i < sheet->rows; i++) {
        if (!drop[i])
            rows[count++] = i;
    }
    at_status status =
        count < sheet->rows ? at_sheet_take_rows(sheet, rows, count, err) : AT_OK;
    at_free(rows);
    return status;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)report;
    uint8_t *drop = at_alloc_zero((size_t)sheet->rows + 1);
    if (!drop)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    at_status status =
        at_formula_filter(step->state, step, sheet, drop, context->cancel, err);
    if (status == AT_OK)
        status = keep_rows(sheet, drop, err);
    at_free(drop);
    return status;
}

static json_t *save(const at_step *step) {
    return at_formula_save(step->state);
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    at_formula *formula = NULL;
    AT_TRY(at_formula_load(step, saved, &formula, err));
    step->state = formula;
    return AT_OK;
}

const at_step_kind at_step_drop_rows = {
    .verb = "drop rows where",
    .pattern = "EXPRESSION",
    .where = AT_STEP_CLEAN,
    .flow = AT_FLOW_READS,
    .rows = true,
    .summary = "Takes rows away for which the SQL expression is true",
    .example = "drop rows where age < 18 OR age IS NULL",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
    .fini = fini,
};
