/* rename A -> B: the column has another name. */
#include "ops/base/text.h"
#include "ops/recipe/step.h"

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(at_step_resolve(step, sheet, context, err));
    const char *name = step->args.name;
    if (step->column_count != 1) {
        at_fail(err, AT_INVALID, "rename takes one column, not %zu", step->column_count);
        return at_hint(err, "one line a column: rename old -> new");
    }
    int place = at_sheet_find(sheet, name, 0);
    if (place >= 0 && !at_equal_fold(step->columns[0], name)) {
        at_fail(err, AT_EXISTS, "there is a column '%s' already",
                sheet->columns[place].name);
        return at_hint(err, "drop it first: drop column %s", name);
    }
    if (!*name || !at_utf8_valid(name, __builtin_strlen(name)))
        return at_fail(err, AT_INVALID, "a column needs a name");
    return AT_OK;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    int place = 0;
    AT_TRY(at_step_place(step, 0, sheet, &place, err));
    if (place >= 0)
        sheet->columns[place].name = step->args.name;
    if (report) {
        report->note = at_arena_format(report->arena, "%s is now %s", step->columns[0],
                                       step->args.name);
        if (!report->note)
            return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    return AT_OK;
}

const at_step_kind at_step_rename = {
    .verb = "rename",
    .pattern = "COLUMN -> NAME",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_RENAMES,
    .summary = "Gives a column another name",
    .example = "rename `emp.var.rate` -> employment",
    .fit = fit,
    .apply = apply,
};
