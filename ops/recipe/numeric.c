#include "ops/recipe/numeric.h"

#include "ops/base/order.h"

#include <math.h>
#include <stdlib.h>

at_status at_numeric_check(const at_column *c, const char *done, at_error *err) {
    if (at_type_numeric(c->type))
        return AT_OK;
    char name[AT_STEP_QUOTED];
    at_step_quote(c->name, name);
    at_fail(err, AT_INVALID, "'%s' is %s: only numbers can be %s", c->name,
            at_type_name(c->type), done);
    if (at_type_textual(c->type))
        return at_hint(err, "if it holds numbers with units or marks: parse number %s",
                       name);
    return c->type == AT_TYPE_BOOL ? at_hint(err, "first: cast %s -> int", name)
                                   : at_hint(err, "first: datetime %s", name);
}

at_status at_numeric_resolve(at_step *step, const at_sheet *sheet,
                             const at_step_context *context, const char *done,
                             at_error *err) {
    AT_TRY(at_step_resolve(step, sheet, context, err));
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        AT_TRY(at_numeric_check(&sheet->columns[place], done, err));
    }
    return AT_OK;
}

at_status at_numeric_sorted(const at_column *c, double **out, int64_t *count,
                            at_error *err) {
    double *values = at_alloc_array((size_t)c->rows + 1, sizeof *values);
    if (!values)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    *count = 0;
    bool endless = false;
    for (int64_t i = 0; i < c->rows; i++) {
        double value = at_column_real(c, i);
        endless = endless || isinf(value);
        if (!isnan(value))
            values[(*count)++] = value;
    }
    if (endless || *count == 0) {
        char name[AT_STEP_QUOTED];
        at_step_quote(c->name, name);
        at_free(values);
        at_fail(err, AT_INVALID,
                endless ? "'%s' holds an infinite number"
                        : "every cell of '%s' is missing",
                c->name);
        return endless
                   ? at_hint(err, "first, in %%%%clean: missing inf, -inf in %s", name)
                   : at_hint(err, "drop column %s", name);
    }
    qsort(values, (size_t)*count, sizeof *values, at_order_doubles);
    *out = values;
    return AT_OK;
}

double at_numeric_quantile(const double *sorted, int64_t count, double p) {
    double at = p * (double)(count - 1);
    double below = floor(at), part = at - below;
    int64_t i = (int64_t)below;
    if (i >= count - 1)
        return sorted[count - 1];
    double low = sorted[i], high = sorted[i + 1], gap = high - low;
    return part < 0.5 ? low + gap * part : high - gap * (1 - part);
}

at_status at_numeric_column(at_sheet *sheet, int place, at_numeric_map map,
                            const void *context, int64_t *changed, at_error *err) {
    const at_column *c = &sheet->columns[place];
    if (!at_type_numeric(c->type))
        return at_fail(err, AT_INVALID, "'%s' is %s, and was a number in training",
                       c->name, at_type_name(c->type));
    at_column mapped;
    at_column_store *store;
    AT_TRY(at_sheet_array(sheet, AT_TYPE_FLOAT, c, &mapped, &store, err));
    double *out = store->values;
    for (int64_t i = 0; i < c->rows; i++) {
        double value = at_column_real(c, i);
        if (!at_column_valid(c, i))
            continue;
        out[i] = isnan(value) ? value : map(context, value);
        *changed += out[i] < value || out[i] > value;
    }
    at_sheet_set(sheet, place, &mapped, store);
    return AT_OK;
}

at_status at_numeric_apply(const at_step *step, at_sheet *sheet, at_numeric_map map,
                           const void *states, size_t size, at_step_report *report,
                           at_error *err) {
    int64_t changed = 0;
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        const void *state = states ? (const char *)states + i * size : NULL;
        if (place >= 0)
            AT_TRY(at_numeric_column(sheet, place, map, state, &changed, err));
    }
    if (report)
        report->cells += changed;
    return AT_OK;
}
