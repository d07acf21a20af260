#include "ops/recipe/swap.h"

#include "ops/recipe/map.h"
#include "ops/recipe/value.h"

#include <string.h>

static bool read(const char *text, at_type type, at_value *out) {
    return at_value_read(text, strlen(text), type, out);
}

static at_status check_column(const at_swap *swap, const at_column *c, at_error *err) {
    at_value value;
    if (!swap->to || at_map_takes(c) || read(swap->to, c->type, &value))
        return AT_OK;
    bool matches = false;
    for (size_t i = 0; i < swap->count; i++)
        matches = matches || read(swap->from[i], c->type, &value);
    if (!matches) /* no cell is touched */
        return AT_OK;
    at_fail(err, AT_INVALID, "'%s' is %s and cannot hold '%s'", c->name,
            at_type_name(c->type), swap->to);
    bool number = read(swap->to, AT_TYPE_FLOAT, &value);
    return at_hint(err, "first: cast %s -> %s", c->name,
                   c->type == AT_TYPE_INT && number ? "float" : "text");
}

at_status at_swap_fit(const at_swap *swap, at_step *step, const at_sheet *sheet,
                      const at_step_context *context, at_error *err) {
    AT_TRY(at_step_resolve(step, sheet, context, err));
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        AT_TRY(check_column(swap, &sheet->columns[place], err));
    }
    return AT_OK;
}

static bool swap_text(const void *context, const char **bytes, int64_t *length,
                      at_text *scratch) {
    (void)scratch;
    const at_swap *swap = context;
    for (size_t i = 0; i < swap->count; i++) {
        if (strlen(swap->from[i]) != (size_t)*length ||
            memcmp(swap->from[i], *bytes, (size_t)*length) != 0)
            continue;
        if (!swap->to)
            return false;
        *bytes = swap->to;
        *length = (int64_t)strlen(swap->to);
        break;
    }
    return true;
}

static bool holds(const at_column *c, int64_t row, const at_value *value) {
    switch (c->type) {
    case AT_TYPE_FLOAT:
        return c->reals[row] >= value->real && c->reals[row] <= value->real;
    case AT_TYPE_BOOL:
        return c->bools[row] == (uint8_t)value->integer;
    case AT_TYPE_DATE:
        return c->days[row] == (int32_t)value->integer;
    default:
        return c->ints[row] == value->integer;
    }
}

static void put(const at_column *c, void *values, int64_t row, const at_value *value) {
    switch (c->type) {
    case AT_TYPE_FLOAT:
        ((double *)values)[row] = value->real;
        break;
    case AT_TYPE_BOOL:
        ((uint8_t *)values)[row] = (uint8_t)value->integer;
        break;
    case AT_TYPE_DATE:
        ((int32_t *)values)[row] = (int32_t)value->integer;
        break;
    default:
        ((int64_t *)values)[row] = value->integer;
    }
}

/* One value swapped in a column of numbers, bools or dates. */
static at_status swap_values(at_sheet *sheet, int place, const at_value *from,
                             const at_value *to, at_tally *tally, at_error *err) {
    const at_column *c = &sheet->columns[place];
    int64_t count = 0, first = -1;
    for (int64_t i = 0; i < c->rows; i++) {
        if (at_column_valid(c, i) && holds(c, i, from)) {
            first = count++ ? first : i;
        }
    }
    if (!count)
        return AT_OK;
    at_column column;
    at_column_store *store;
    AT_TRY(at_sheet_array(sheet, c->type, c, &column, &store, err));
    memcpy(store->values, c->values, (size_t)c->rows * at_type_size(c->type));
    uint64_t *bits = store->validity;
    if (!to && !bits) {
        size_t words = ((size_t)c->rows + 63) / 64;
        bits = store->validity = at_sheet_cells(sheet, words, sizeof *bits);
        if (!bits) {
            at_column_store_release(store);
            return at_fail(err, AT_NO_MEMORY, "out of memory");
        }
        memset(bits, 0xFF, words * sizeof *bits);
        column.validity = bits;
    }
    for (int64_t i = first; i < c->rows; i++) {
        if (!at_column_valid(c, i) || !holds(c, i, from))
            continue;
        if (to)
            put(c, store->values, i, to);
        else
            bits[i >> 6] &= ~((uint64_t)1 << (i & 63));
    }
    if (!to)
        column.missing += count;
    at_text before = {0}, after = {0};
    if (tally->report &&
        (!at_value_write(from, &before) || (to && !at_value_write(to, &after))))
        tally->failed = true;
    at_tally_add(tally, c->name, at_text_get(&before), (int64_t)before.length,
                 to ? at_text_get(&after) : NULL, (int64_t)after.length, count);
    at_text_fini(&before);
    at_text_fini(&after);
    at_sheet_set(sheet, place, &column, store);
    return AT_OK;
}

static at_status swap_column(const at_swap *swap, at_sheet *sheet, int place,
                             at_tally *tally, at_error *err) {
    const at_column *c = &sheet->columns[place];
    if (at_map_takes(c))
        return at_map_column(sheet, place, swap_text, swap, tally, err);
    at_type type = c->type;
    at_value from, to;
    bool held = swap->to && read(swap->to, type, &to);
    for (size_t i = 0; i < swap->count; i++) {
        if (read(swap->from[i], type, &from) && (held || !swap->to))
            AT_TRY(swap_values(sheet, place, &from, held ? &to : NULL, tally, err));
    }
    return AT_OK;
}

at_status at_swap_apply(const at_swap *swap, const at_step *step, at_sheet *sheet,
                        at_step_report *report, at_error *err) {
    at_tally tally;
    AT_TRY(at_tally_init(&tally, report, err));
    at_status status = AT_OK;
    int place = 0;
    for (size_t i = 0; i < step->column_count && status == AT_OK; i++) {
        status = at_step_place(step, i, sheet, &place, err);
        if (status == AT_OK && place >= 0)
            status = swap_column(swap, sheet, place, &tally, err);
    }
    return at_tally_finish(&tally, status, err);
}
