/* impute median|mean|mode|VALUE in C: fills missing cells with what the training rows
 * say. */
#include "ops/base/order.h"
#include "ops/base/text.h"
#include "ops/frame/dictionary.h"
#include "ops/recipe/json.h"
#include "ops/recipe/report.h"
#include "ops/recipe/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* (step->column_count): what fills each column, of the type that the column has after. */
typedef at_value impute_state;

static bool missing(const at_column *c, int64_t row) {
    return !at_column_valid(c, row) || (c->type == AT_TYPE_FLOAT && isnan(c->reals[row]));
}

static void put_number(at_value *fill, at_type type, double number) {
    bool whole = type == AT_TYPE_INT && number >= -9007199254740992.0 &&
                 number <= 9007199254740992.0 && fabs(number - rint(number)) <= 0;
    *fill = (at_value){.type = whole ? AT_TYPE_INT : AT_TYPE_FLOAT};
    if (whole)
        fill->integer = (int64_t)number;
    else
        fill->real = number;
}

/* Exact: the middle of the sorted values, or halfway between the two. */
static at_status fit_median(const at_column *c, at_value *fill, at_error *err) {
    double *values = at_alloc_array((size_t)c->rows + 1, sizeof *values);
    if (!values)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    size_t n = 0;
    for (int64_t i = 0; i < c->rows; i++) {
        if (!missing(c, i))
            values[n++] = at_column_real(c, i);
    }
    qsort(values, n, sizeof *values, at_order_doubles);
    double low = values[(n - 1) / 2], high = values[n / 2];
    put_number(fill, c->type, low < high ? low / 2 + high / 2 : low);
    at_free(values);
    return AT_OK;
}

static at_status fit_mean(const at_column *c, at_value *fill, at_error *err) {
    double mean = at_value_mean(c);
    if (!isfinite(mean))
        return at_fail(err, AT_INVALID, "the mean of '%s' is not finite", c->name);
    put_number(fill, c->type, mean);
    return AT_OK;
}

/* The bytes by which a cell is counted; `word` holds those of a number. */
static const char *cell_bytes(const at_column *c, int64_t row, char word[8],
                              int64_t *length) {
    if (c->type == AT_TYPE_TEXT || c->type == AT_TYPE_CATEGORY)
        return at_column_text(c, row, length);
    size_t size = at_type_size(c->type);
    memcpy(word, (const char *)c->values + (size_t)row * size, size);
    if (c->type == AT_TYPE_FLOAT && !(c->reals[row] < 0) && !(c->reals[row] > 0))
        memset(word, 0, 8); /* -0 is 0 */
    *length = (int64_t)size;
    return word;
}

static at_status count_cells(const at_column *c, at_dictionary *seen, int64_t **counts,
                             at_error *err) {
    size_t capacity = 0;
    for (int64_t i = 0; i < c->rows; i++) {
        if (missing(c, i))
            continue;
        char word[8];
        int64_t length;
        const char *bytes = cell_bytes(c, i, word, &length);
        uint32_t before = seen->count;
        uint32_t k = at_dictionary_add(seen, bytes, (size_t)length);
        int64_t *grown = k == AT_DICTIONARY_NONE
                             ? NULL
                             : at_grow(*counts, &capacity, seen->count, sizeof *grown);
        if (!grown)
            return at_fail(err, AT_NO_MEMORY, "out of memory");
        *counts = grown;
        if (seen->count > before)
            grown[k] = 0;
        grown[k]++;
    }
    return AT_OK;
}

/* The most frequent value; of equals the one that came first. */
static at_status fit_mode(const at_column *c, at_arena *arena, at_value *fill,
                          at_error *err) {
    at_dictionary seen = {0};
    int64_t *counts = NULL;
    at_status status = count_cells(c, &seen, &counts, err);
    uint32_t best = 0;
    for (uint32_t k = 1; status == AT_OK && k < seen.count; k++) {
        if (counts[k] > counts[best])
            best = k;
    }
    if (status == AT_OK) {
        const char *bytes = seen.bytes + seen.offsets[best];
        size_t length = (size_t)(seen.offsets[best + 1] - seen.offsets[best]);
        if (!at_value_from_bytes(fill, c->type, bytes, length, arena))
            status = at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    at_dictionary_fini(&seen);
    at_free(counts);
    return status;
}

static at_status fit_value(const at_column *c, const char *text, at_arena *arena,
                           at_value *fill, at_error *err) {
    at_type type = c->type;
    bool ok = at_value_parse(text, type, arena, fill);
    if (!ok && type == AT_TYPE_INT) /* 0.5 makes the column float */
        ok = at_value_parse(text, AT_TYPE_FLOAT, arena, fill);
    if (ok && (fill->type != AT_TYPE_FLOAT || isfinite(fill->real)))
        return AT_OK;
    at_fail(err, AT_INVALID, "'%s' cannot fill '%s', which is %s", text, c->name,
            at_type_name(type));
    return at_hint(err, "give a value of that type, or: cast %s -> text", c->name);
}

static at_status fit_column(at_step *step, const at_column *c, at_value *fill,
                            at_error *err) {
    const char *word = step->args.word;
    if (!word)
        return fit_value(c, step->args.values[0], &step->arena, fill, err);
    bool mode = strcmp(word, "mode") == 0;
    if (!mode && !at_type_numeric(c->type)) {
        at_fail(err, AT_INVALID, "'%s' is %s: it has no %s", c->name,
                at_type_name(c->type), word);
        return at_hint(err, "impute mode in %s", c->name);
    }
    int64_t there = 0;
    for (int64_t i = 0; i < c->rows && !there; i++)
        there = !missing(c, i);
    if (!there) {
        at_fail(err, AT_INVALID,
                "every cell of '%s' is missing: there is no %s to fill it with", c->name,
                word);
        return at_hint(err, "drop column %s, or give a value: impute 0 in %s", c->name,
                       c->name);
    }
    if (mode)
        return fit_mode(c, &step->arena, fill, err);
    return strcmp(word, "mean") == 0 ? fit_mean(c, fill, err) : fit_median(c, fill, err);
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(at_step_resolve(step, sheet, context, err));
    impute_state *fills =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof *fills);
    if (!fills)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        AT_TRY(fit_column(step, &sheet->columns[place], &fills[i], err));
    }
    step->state = fills;
    return AT_OK;
}

/* Numbers: one new array, of the fill's type, or of a float column's own. */
static at_status fill_numbers(at_sheet *sheet, const at_column *c, const at_value *fill,
                              at_column *out, at_column_store **store, at_error *err) {
    at_type type =
        c->type == AT_TYPE_INT && fill->type == AT_TYPE_FLOAT ? AT_TYPE_FLOAT : c->type;
    at_column like = {.rows = c->rows, .name = c->name};
    AT_TRY(at_sheet_array(sheet, type, &like, out, store, err));
    double real = fill->type == AT_TYPE_FLOAT ? fill->real : (double)fill->integer;
    for (int64_t i = 0; i < c->rows; i++) {
        bool gone = missing(c, i);
        switch (type) {
        case AT_TYPE_FLOAT:
            ((double *)(*store)->values)[i] = gone ? real : at_column_real(c, i);
            break;
        case AT_TYPE_BOOL:
            ((uint8_t *)(*store)->values)[i] = gone ? fill->integer != 0 : c->bools[i];
            break;
        case AT_TYPE_DATE:
            ((int32_t *)(*store)->values)[i] = gone ? (int32_t)fill->integer : c->days[i];
            break;
        default:
            ((int64_t *)(*store)->values)[i] = gone ? fill->integer : c->ints[i];
        }
    }
    return AT_OK;
}

static at_status fill_texts(at_sheet *sheet, int place, const at_value *fill,
                            at_error *err) {
    const at_column *c = &sheet->columns[place];
    at_column_builder *b;
    AT_TRY(at_column_builder_new(c->name, c->type, &b, err));
    at_column_builder_reserve(b, c->rows);
    for (int64_t i = 0; i < c->rows; i++) {
        int64_t length;
        const char *text = at_column_text(c, i, &length);
        if (text)
            at_column_builder_text(b, text, length);
        else
            at_column_builder_text(b, fill->bytes, (int64_t)fill->length);
    }
    return at_sheet_set_built(sheet, place, b, err);
}

static at_status check_type(const at_column *c, const at_value *fill, at_error *err) {
    bool text = c->type == AT_TYPE_TEXT || c->type == AT_TYPE_CATEGORY;
    bool fits = fill->type == AT_TYPE_TEXT    ? text
                : at_type_numeric(fill->type) ? at_type_numeric(c->type)
                                              : fill->type == c->type;
    return fits ? AT_OK
                : at_fail(err, AT_INVALID, "'%s' is %s, and was another type in training",
                          c->name, at_type_name(c->type));
}

static at_status apply_column(at_sheet *sheet, int place, const at_value *fill,
                              at_tally *tally, at_error *err) {
    const at_column *c = &sheet->columns[place];
    AT_TRY(check_type(c, fill, err));
    int64_t gone = c->missing;
    for (int64_t i = 0; c->type == AT_TYPE_FLOAT && i < c->rows; i++)
        gone += at_column_valid(c, i) && isnan(c->reals[i]);
    if (gone == 0 && !(c->type == AT_TYPE_INT && fill->type == AT_TYPE_FLOAT))
        return AT_OK;
    if (tally->report && gone) {
        at_text shown = {0};
        bool ok = at_value_write(fill, &shown);
        tally->failed = tally->failed || !ok;
        at_tally_add(tally, c->name, NULL, 0, at_text_get(&shown), (int64_t)shown.length,
                     gone);
        at_text_fini(&shown);
    }
    if (c->type == AT_TYPE_TEXT || c->type == AT_TYPE_CATEGORY)
        return fill_texts(sheet, place, fill, err);
    at_column filled;
    at_column_store *store;
    AT_TRY(fill_numbers(sheet, c, fill, &filled, &store, err));
    at_sheet_set(sheet, place, &filled, store);
    return AT_OK;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    const impute_state *fills = step->state;
    at_tally tally;
    AT_TRY(at_tally_init(&tally, report, err));
    at_status status = AT_OK;
    int place = 0;
    for (size_t i = 0; i < step->column_count && status == AT_OK; i++) {
        status = at_step_place(step, i, sheet, &place, err);
        if (status == AT_OK && place >= 0)
            status = apply_column(sheet, place, &fills[i], &tally, err);
    }
    return at_tally_finish(&tally, status, err);
}

static json_t *save(const at_step *step) {
    const impute_state *fills = step->state;
    json_t *list = json_array();
    for (size_t i = 0; list && i < step->column_count; i++) {
        if (json_array_append_new(list, at_value_to_json(&fills[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status load(at_step *step, const json_t *state, at_error *err) {
    impute_state *fills =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof *fills);
    if (!fills)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    if (json_array_size(state) != step->column_count)
        return at_json_broken(err);
    for (size_t i = 0; i < step->column_count; i++)
        AT_TRY(
            at_value_from_json(json_array_get(state, i), &step->arena, &fills[i], err));
    step->state = fills;
    return AT_OK;
}

const at_step_kind at_step_impute = {
    .verb = "impute",
    .pattern = "{median|mean|mode|VALUE} in COLUMNS",
    .where = AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary =
        "Fills missing cells with the median, mean or most frequent value of the "
        "training rows, or with a value; an int column filled with a fraction becomes "
        "float",
    .example = "impute median in age, campaign",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
};
