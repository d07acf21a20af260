#include "ops/recipe/parsed.h"

at_status at_parsed_resolve(at_step *step, const at_sheet *sheet,
                            const at_step_context *context, bool (*takes)(at_type),
                            bool (*done)(at_type), const char *things, at_error *err) {
    AT_TRY(at_step_resolve(step, sheet, context, err));
    const char **kept =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof *kept);
    if (!kept)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    size_t count = 0;
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        const at_column *c = &sheet->columns[place];
        if (takes(c->type)) {
            kept[count++] = step->columns[i];
        } else if (!done(c->type)) {
            at_fail(err, AT_INVALID, "'%s' is %s: there are no %s to read", c->name,
                    at_type_name(c->type), things);
            return at_hint(err, "%s reads columns of type text and category",
                           step->kind->verb);
        }
    }
    step->columns = kept;
    step->column_count = count;
    return AT_OK;
}

at_status at_parsed_judge(const at_column *c, int64_t read, int64_t cells,
                          int64_t bad_row, const char *things, at_error *err) {
    if (2 * read >= cells)
        return AT_OK;
    at_text cell = {0};
    at_column_format(c, bad_row, &cell);
    at_fail(err, AT_INVALID,
            "'%s' does not hold %s: %lld of %lld cells do not read, as "
            "row %lld: '%.80s'",
            c->name, things, (long long)(cells - read), (long long)cells,
            (long long)bad_row + 1, at_text_get(&cell));
    at_text_fini(&cell);
    char name[AT_STEP_QUOTED];
    at_step_quote(c->name, name);
    return at_hint(err,
                   "cells that mean nothing: missing \"...\" in %s; texts of several "
                   "parts: split column %s by \" \" into ...",
                   name, name);
}

void at_parsed_tell(at_tally *tally, const at_column *c, int64_t row, bool read) {
    if (!tally->report)
        return;
    if (read)
        tally->report->cells++;
    else
        at_tally_cells(tally, c->name, c, row, NULL, -1);
}
