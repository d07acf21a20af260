#include "ops/frame/column.h"

#include "ops/base/clock.h"
#include "ops/base/memory.h"
#include "ops/base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [AT_TYPE_INT] = {"int", 8},
    [AT_TYPE_FLOAT] = {"float", 8},
    [AT_TYPE_BOOL] = {"bool", 1},
    [AT_TYPE_TEXT] = {"text", 0},
    [AT_TYPE_CATEGORY] = {"category", 4},
    [AT_TYPE_DATE] = {"date", 4},
    [AT_TYPE_TIMESTAMP] = {"timestamp", 8},
};

const char *at_type_name(at_type type) {
    return types[type].name;
}

bool at_type_from_name(const char *name, at_type *out) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (at_equal_fold(name, types[i].name)) {
            *out = (at_type)i;
            return true;
        }
    }
    return false;
}

size_t at_type_size(at_type type) {
    return types[type].size;
}

at_status at_column_store_new(at_column_store **out, at_error *err) {
    at_column_store *store = at_alloc_zero(sizeof *store);
    if (!store)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    atomic_init(&store->references, 1);
    *out = store;
    return AT_OK;
}

at_column_store *at_column_store_retain(at_column_store *store) {
    if (!store->lent)
        atomic_fetch_add_explicit(&store->references, 1, memory_order_relaxed);
    return store;
}

void at_column_store_release(at_column_store *store) {
    if (!store || store->lent ||
        atomic_fetch_sub_explicit(&store->references, 1, memory_order_acq_rel) != 1)
        return;
    at_free(store->values);
    at_free(store->validity);
    at_free(store->offsets);
    at_free(store->bytes);
    at_safetensors_release(store->file);
    at_free(store);
}

int64_t at_column_bytes(const at_column *column) {
    int64_t total = column->rows * (int64_t)at_type_size(column->type);
    if (column->validity)
        total += (column->rows + 63) / 64 * 8;
    if (column->offsets) {
        int64_t strings = column->type == AT_TYPE_TEXT ? column->rows : column->levels;
        total += (strings + 1) * 8 + column->offsets[strings];
    }
    return total;
}

const char *at_column_text(const at_column *column, int64_t row, int64_t *length) {
    *length = 0;
    if (!at_column_valid(column, row))
        return NULL;
    int64_t i = column->type == AT_TYPE_CATEGORY ? (int64_t)column->codes[row] : row;
    *length = column->offsets[i + 1] - column->offsets[i];
    return column->bytes ? column->bytes + column->offsets[i] : "";
}

double at_column_real(const at_column *column, int64_t row) {
    if (!at_column_valid(column, row))
        return (double)NAN;
    switch (column->type) {
    case AT_TYPE_INT:
    case AT_TYPE_TIMESTAMP:
        return (double)column->ints[row];
    case AT_TYPE_FLOAT:
        return column->reals[row];
    case AT_TYPE_BOOL:
        return column->bools[row];
    case AT_TYPE_DATE:
        return column->days[row];
    case AT_TYPE_TEXT:
    case AT_TYPE_CATEGORY:
        break;
    }
    return (double)NAN;
}

static void format_date(int64_t days, at_text *out) {
    int64_t year;
    unsigned month, day;
    at_civil_from_days(days, &year, &month, &day);
    at_text_format(out, "%04lld-%02u-%02u", (long long)year, month, day);
}

static void format_timestamp(int64_t us, at_text *out) {
    const int64_t a_day = 86400 * (int64_t)1000000;
    int64_t days = us / a_day, rest = us % a_day;
    if (rest < 0) {
        rest += a_day;
        days--;
    }
    format_date(days, out);
    int seconds = (int)(rest / 1000000), fraction = (int)(rest % 1000000);
    at_text_format(out, " %02d:%02d:%02d", seconds / 3600, seconds / 60 % 60,
                   seconds % 60);
    if (fraction)
        at_text_format(out, ".%06d", fraction);
}

void at_column_format(const at_column *column, int64_t row, at_text *out) {
    if (!at_column_valid(column, row))
        return;
    char number[32];
    int64_t length;
    const char *bytes;
    switch (column->type) {
    case AT_TYPE_INT:
        at_text_append(out, number,
                       (size_t)snprintf(number, sizeof number, "%lld",
                                        (long long)column->ints[row]));
        break;
    case AT_TYPE_FLOAT:
        if (!isnan(column->reals[row]))
            at_text_append(out, number, at_format_real(column->reals[row], number));
        break;
    case AT_TYPE_BOOL:
        at_text_put(out, column->bools[row] ? "true" : "false");
        break;
    case AT_TYPE_DATE:
        format_date(column->days[row], out);
        break;
    case AT_TYPE_TIMESTAMP:
        format_timestamp(column->ints[row], out);
        break;
    case AT_TYPE_TEXT:
    case AT_TYPE_CATEGORY:
        bytes = at_column_text(column, row, &length);
        at_text_append(out, bytes, (size_t)length);
        break;
    }
}
