/* cast C -> TYPE: the same values as another type. */
#include "ops/base/text.h"
#include "ops/recipe/map.h"
#include "ops/recipe/value.h"

#include <math.h>
#include <string.h>

static const int64_t a_day = (int64_t)86400 * 1000000; /* microseconds */

/* Is there a way at all? Texts go to every type and back. */
static bool possible(at_type from, at_type to) {
    static const unsigned number =
        1u << AT_TYPE_INT | 1u << AT_TYPE_FLOAT | 1u << AT_TYPE_BOOL;
    static const unsigned moment = 1u << AT_TYPE_DATE | 1u << AT_TYPE_TIMESTAMP;
    static const unsigned text = 1u << AT_TYPE_TEXT | 1u << AT_TYPE_CATEGORY;
    unsigned a = 1u << from, b = 1u << to;
    return (a | b) & text || (a & number && b & number) || (a & moment && b & moment);
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(at_step_resolve(step, sheet, context, err));
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        const at_column *c = &sheet->columns[place];
        if (possible(c->type, step->args.type))
            continue;
        at_fail(err, AT_INVALID, "'%s' is %s, which cannot become %s", c->name,
                at_type_name(c->type), at_type_name(step->args.type));
        return at_hint(err, "derive a column with the part that you want, for example: "
                            "derive year = strftime('%%Y', day)");
    }
    return AT_OK;
}

/* A number, bool, date or timestamp as one of those. */
static bool convert(const at_column *c, int64_t row, at_type to, at_value *out) {
    *out = (at_value){.type = to};
    if (c->type == AT_TYPE_DATE || c->type == AT_TYPE_TIMESTAMP) {
        if (c->type == AT_TYPE_DATE) {
            out->integer = c->days[row] * (to == AT_TYPE_DATE ? 1 : a_day);
            return true;
        }
        int64_t us = c->ints[row];
        out->integer = to == AT_TYPE_TIMESTAMP ? us : us / a_day - (us % a_day < 0);
        return true;
    }
    double real = at_column_real(c, row);
    if (to == AT_TYPE_FLOAT) {
        out->real = real;
        return true;
    }
    if (c->type == AT_TYPE_INT)
        out->integer = c->ints[row];
    else if (fabs(real) <= 9007199254740992.0 && !(fabs(real - rint(real)) > 0))
        out->integer = (int64_t)real;
    else
        return false;
    return to == AT_TYPE_INT || out->integer == 0 || out->integer == 1;
}

static void append(at_column_builder *b, at_type type, const at_value *value) {
    if (type == AT_TYPE_FLOAT)
        at_column_builder_real(b, value->real);
    else if (value->type == AT_TYPE_TEXT)
        at_column_builder_text(b, value->bytes, (int64_t)value->length);
    else
        at_column_builder_int(b, value->integer);
}

static at_status refuse(const at_column *c, int64_t row, at_type to, at_error *err) {
    at_text cell = {0};
    at_column_format(c, row, &cell);
    at_fail(err, AT_INVALID, "row %lld of '%s': '%.100s' cannot become %s",
            (long long)row + 1, c->name, at_text_get(&cell), at_type_name(to));
    if (c->type == AT_TYPE_FLOAT && to == AT_TYPE_INT)
        at_hint(err, "round it first: derive %s = round(%s)", c->name, c->name);
    else
        at_hint(err, "first: missing \"%.100s\" in %s", at_text_get(&cell), c->name);
    at_text_fini(&cell);
    return AT_INVALID;
}

static at_status cast_rows(const at_column *c, at_type to, at_column_builder *b,
                           at_error *err) {
    at_text scratch = {0};
    at_status status = AT_OK;
    bool from_text = at_map_takes(c), to_text = at_type_textual(to);
    for (int64_t i = 0; i < c->rows && status == AT_OK; i++) {
        at_value value = {.type = AT_TYPE_TEXT};
        bool ok = true;
        if (!at_column_valid(c, i) || (c->type == AT_TYPE_FLOAT && isnan(c->reals[i]))) {
            at_column_builder_missing(b);
            continue;
        }
        if (from_text) {
            int64_t length;
            const char *text = at_column_text(c, i, &length);
            ok = at_value_read(text, (size_t)length, to, &value);
        } else if (to_text) {
            at_text_clear(&scratch);
            at_column_format(c, i, &scratch);
            value.bytes = at_text_get(&scratch);
            value.length = scratch.length;
        } else {
            ok = convert(c, i, to, &value);
        }
        if (!at_text_ok(&scratch))
            status = at_fail(err, AT_NO_MEMORY, "out of memory");
        else if (!ok)
            status = refuse(c, i, to, err);
        else
            append(b, to, &value);
    }
    at_text_fini(&scratch);
    return status;
}

static at_status cast_column(at_sheet *sheet, int place, at_type to,
                             at_step_report *report, at_error *err) {
    const at_column *c = &sheet->columns[place];
    if (c->type == to)
        return AT_OK;
    if (!possible(c->type, to))
        return at_fail(err, AT_INVALID, "'%s' is %s, which cannot become %s", c->name,
                       at_type_name(c->type), at_type_name(to));
    if (report) {
        report->cells += c->rows - c->missing;
        report->note = at_arena_format(
            report->arena, "%s%s%s was %s", report->note ? report->note : "",
            report->note ? ", " : "", c->name, at_type_name(c->type));
        if (!report->note)
            return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    at_column_builder *b;
    AT_TRY(at_column_builder_new(c->name, to, &b, err));
    at_column_builder_reserve(b, c->rows);
    at_status status = cast_rows(c, to, b, err);
    if (status == AT_OK)
        return at_sheet_set_built(sheet, place, b, err);
    at_column_builder_release(b);
    return status;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        if (place >= 0)
            AT_TRY(cast_column(sheet, place, step->args.type, report, err));
    }
    return AT_OK;
}

const at_step_kind at_step_cast = {
    .verb = "cast",
    .pattern = "COLUMNS -> TYPE",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary =
        "Turns values into another type; one that does not go is an error with its row",
    .example = "cast zip -> category",
    .fit = fit,
    .apply = apply,
};
