/* drop duplicates [in C]: of rows that are equal (in these columns) the first stays. */
#include "ops/frame/same_rows.h"
#include "ops/recipe/step.h"

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    static const at_selector all = {"all", false};
    if (step->args.column_count)
        return at_step_resolve(step, sheet, context, err);
    at_step_args given = step->args;
    step->args.columns = &all;
    step->args.column_count = 1;
    at_status status = at_step_resolve(step, sheet, context, err);
    step->args = given;
    return status;
}

/* The rows that stay, ascending, into kept; slots: (mask + 1), row + 1, 0 is free. */
static at_status find_kept(const at_column *const *columns, size_t count, int64_t rows,
                           int64_t *slots, size_t mask, int64_t *kept,
                           int64_t *kept_count, const at_cancel *cancel, at_error *err) {
    for (int64_t row = 0; row < rows; row++) {
        if ((row & 4095) == 0 && at_cancelled(cancel))
            return at_fail(err, AT_CANCELLED, "interrupted");
        size_t i = (size_t)at_row_hash(columns, count, row) & mask;
        while (slots[i] && !at_rows_equal(columns, count, slots[i] - 1, row))
            i = (i + 1) & mask;
        if (slots[i])
            continue;
        slots[i] = row + 1;
        kept[(*kept_count)++] = row;
    }
    return AT_OK;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)report;
    size_t size = 16;
    while (size < 2 * (size_t)sheet->rows)
        size *= 2;
    const at_column **columns = at_alloc_array(step->column_count + 1, sizeof *columns);
    int64_t *slots = at_alloc_array(size, sizeof *slots);
    int64_t *kept = at_alloc_array((size_t)sheet->rows + 1, sizeof *kept), count = 0;
    at_status status =
        columns && slots && kept ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
    int place = 0;
    size_t used = 0;
    for (size_t i = 0; i < step->column_count && status == AT_OK; i++) {
        status = at_step_place(step, i, sheet, &place, err);
        if (status == AT_OK && place >= 0)
            columns[used++] = &sheet->columns[place];
    }
    if (status == AT_OK)
        status = find_kept(columns, used, sheet->rows, slots, size - 1, kept, &count,
                           context->cancel, err);
    if (status == AT_OK && count < sheet->rows)
        status = at_sheet_take_rows(sheet, kept, count, err);
    at_free(columns);
    at_free(slots);
    at_free(kept);
    return status;
}

const at_step_kind at_step_drop_duplicates = {
    .verb = "drop duplicates",
    .pattern = "[in COLUMNS]",
    .where = AT_STEP_CLEAN,
    .flow = AT_FLOW_READS,
    .rows = true,
    .summary = "Keeps the first of rows that are equal, in all columns or in these",
    .example = "drop duplicates in email",
    .fit = fit,
    .apply = apply,
};
