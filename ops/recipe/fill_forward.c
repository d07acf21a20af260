/* fill forward C: a missing cell takes the value of the row above, as tables are written
 * where a value stands once for all the rows below it. */
#include "ops/recipe/report.h"
#include "ops/recipe/step.h"

#include <math.h>
#include <string.h>

static bool missing(const at_column *c, int64_t row) {
    return !at_column_valid(c, row) || (c->type == AT_TYPE_FLOAT && isnan(c->reals[row]));
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    return at_step_resolve(step, sheet, context, err);
}

static at_status fill_texts(at_sheet *sheet, int place, at_error *err) {
    const at_column *c = &sheet->columns[place];
    at_column_builder *b;
    AT_TRY(at_column_builder_new(c->name, c->type, &b, err));
    at_column_builder_reserve(b, c->rows);
    const char *last = NULL;
    int64_t last_length = 0;
    for (int64_t i = 0; i < c->rows; i++) {
        int64_t length;
        const char *text = at_column_text(c, i, &length);
        if (text) {
            last = text;
            last_length = length;
        }
        if (last)
            at_column_builder_text(b, last, last_length);
        else
            at_column_builder_missing(b);
    }
    return at_sheet_set_built(sheet, place, b, err);
}

static at_status fill_values(at_sheet *sheet, int place, at_error *err) {
    const at_column *c = &sheet->columns[place];
    at_column filled;
    at_column_store *store;
    AT_TRY(at_sheet_array(sheet, c->type, c, &filled, &store, err));
    size_t size = at_type_size(c->type);
    char *to = store->values;
    uint64_t *bits = store->validity;
    bool any = false;
    memcpy(to, c->values, (size_t)c->rows * size);
    for (int64_t i = 0; i < c->rows; i++) {
        if (!missing(c, i)) {
            any = true;
            continue;
        }
        if (!any)
            continue;
        memcpy(to + (size_t)i * size, to + (size_t)(i - 1) * size, size);
        if (bits && !at_column_valid(c, i)) {
            bits[i >> 6] |= (uint64_t)1 << (i & 63);
            filled.missing--;
        }
    }
    at_sheet_set(sheet, place, &filled, store);
    return AT_OK;
}

static int64_t count_filled(const at_column *c) {
    int64_t count = 0;
    bool any = false;
    for (int64_t i = 0; i < c->rows; i++) {
        any = any || !missing(c, i);
        count += any && missing(c, i);
    }
    return count;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        if (place < 0)
            continue;
        const at_column *c = &sheet->columns[place];
        int64_t count = count_filled(c);
        if (!count)
            continue;
        if (report)
            report->cells += count;
        AT_TRY(at_type_textual(c->type) ? fill_texts(sheet, place, err)
                                        : fill_values(sheet, place, err));
    }
    return AT_OK;
}

const at_step_kind at_step_fill_forward = {
    .verb = "fill forward",
    .pattern = "COLUMNS",
    .where = AT_STEP_CLEAN,
    .flow = AT_FLOW_CHANGES,
    .rows = true,
    .summary =
        "Fills a missing cell with the one above it; rows at an endpoint have none "
        "above them and stay as they are",
    .example = "fill forward region, quarter",
    .fit = fit,
    .apply = apply,
};
