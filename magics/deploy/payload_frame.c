#include "magics/deploy/payload.h"
#include "ops/frame/column.h"
#include "ops/frame/csv_cell.h"
#include "ops/frame/dictionary.h"

#include <math.h>
#include <string.h>

static at_status wrong_value(at_payload *payload, size_t row, size_t column,
                             const at_payload_cell *cell, const char *what,
                             at_error *err) {
    const char *name = payload->intake->columns[column].name;
    return at_payload_fail(payload, row + 1, name, err, "'%.100s' is not %s", cell->text,
                           what);
}

/* Numbers are written with a point and no thousands marks. */
static const at_cell_rules rules = {.decimal = '.', .lax_bool = true};

static bool read_bool(const at_payload_cell *cell, uint8_t *out) {
    return at_cell_bool(cell->text, cell->length, &rules, out);
}

/* Days and months in ISO's order alone: 1/2/2024 means two days, and a row that comes
 * alone cannot tell which. */
static bool read_date(const at_payload_cell *cell, int32_t *out) {
    return at_cell_date(cell->text, cell->length, out);
}

static bool read_timestamp(const at_payload_cell *cell, int64_t *out) {
    return at_cell_stamp(cell->text, cell->length, false, out) ||
           at_cell_stamp(cell->text, cell->length, true, out);
}

/* A number as it would stand in a FLOAT column; false if it is none or not finite. NaN is
 * a missing cell. */
static bool read_real(const at_payload_cell *cell, double *out, bool *missing) {
    if (!at_cell_real(cell->text, cell->length, &rules, out) || isinf(*out))
        return false;
    *missing = isnan(*out);
    if (*missing)
        *out = 0;
    return true;
}

/* Whole numbers, however written: 5, 5.0, 5e0; false if it is none. */
static bool read_int(const at_payload_cell *cell, int64_t *out, bool *missing) {
    double value;
    if (at_cell_int(cell->text, cell->length, &rules, out))
        return true;
    if (!at_cell_real(cell->text, cell->length, &rules, &value))
        return false;
    *missing = isnan(value);
    if (*missing)
        return true;
    if (value != floor(value) || fabs(value) >= 9007199254740992.0)
        return false;
    *out = (int64_t)value;
    return true;
}

static const char *description(at_type type) {
    switch (type) {
    case AT_TYPE_INT:
        return "a whole number";
    case AT_TYPE_FLOAT:
        return "a number";
    case AT_TYPE_BOOL:
        return "true or false";
    case AT_TYPE_DATE:
        return "a date like 2024-01-31";
    case AT_TYPE_TIMESTAMP:
        return "a time like 2024-01-31 12:30:00";
    default:
        return "a text";
    }
}

/* The column under way: its arrays, all zeros at first. */
typedef struct arrays {
    at_type type;
    char *values;
    uint64_t *validity;
    int64_t *offsets; /* TEXT, CATEGORY */
    char *bytes;      /* TEXT, CATEGORY */
    int64_t missing;
    at_dictionary *levels; /* of the category at work */
    bool failed;
} arrays;

static bool put_cell(arrays *a, size_t row, const at_payload_cell *cell, bool *missing) {
    char *at = a->values + row * at_type_size(a->type);
    switch (a->type) {
    case AT_TYPE_INT:
        return read_int(cell, (int64_t *)at, missing);
    case AT_TYPE_FLOAT:
        return read_real(cell, (double *)at, missing);
    case AT_TYPE_BOOL:
        return read_bool(cell, (uint8_t *)at);
    case AT_TYPE_DATE:
        return read_date(cell, (int32_t *)at);
    case AT_TYPE_TIMESTAMP:
        return read_timestamp(cell, (int64_t *)at);
    case AT_TYPE_CATEGORY:
        *(uint32_t *)at = at_dictionary_add(a->levels, cell->text, cell->length);
        a->failed = a->failed || *(uint32_t *)at == AT_DICTIONARY_NONE;
        return true;
    case AT_TYPE_TEXT:
        memcpy(a->bytes + a->offsets[row], cell->text, cell->length);
        a->offsets[row + 1] = a->offsets[row] + (int64_t)cell->length;
        return true;
    }
    return false;
}

static at_status put_cells(at_payload *payload, size_t column, arrays *a, at_error *err) {
    size_t width = payload->intake->count;
    for (size_t row = 0; row < payload->rows; row++) {
        const at_payload_cell *cell = &payload->cells[row * width + column];
        bool missing = !cell->text;
        if (missing && a->type == AT_TYPE_TEXT)
            a->offsets[row + 1] = a->offsets[row];
        if (!missing && !put_cell(a, row, cell, &missing))
            return wrong_value(payload, row, column, cell, description(a->type), err);
        if (missing)
            a->missing++;
        else
            a->validity[row / 64] |= (uint64_t)1 << (row % 64);
    }
    return a->failed ? at_fail(err, AT_NO_MEMORY, "no memory left for the rows") : AT_OK;
}

/* The levels that were gathered, copied to where the column keeps them. */
static void put_levels(arrays *a) {
    const at_dictionary *d = a->levels;
    if (!d->count)
        return;
    memcpy(a->offsets, d->offsets, ((size_t)d->count + 1) * sizeof *a->offsets);
    memcpy(a->bytes, d->bytes, (size_t)d->offsets[d->count]);
}

static size_t whole_words(size_t bytes) {
    return (bytes + 7) / 8 * 8;
}

static bool is_text(at_type type) {
    return type == AT_TYPE_TEXT || type == AT_TYPE_CATEGORY;
}

/* Bytes of text in a column: at least those of its levels. */
static size_t text_bytes(const at_payload *payload, size_t column) {
    size_t total = 0, width = payload->intake->count;
    for (size_t row = 0; row < payload->rows; row++)
        total += payload->cells[row * width + column].length;
    return total;
}

/* Lays the arrays of a column out from `at` on; returns their end. With `at` NULL it only
 * counts. */
static size_t lay_out(const at_payload *payload, size_t column, char *block, size_t at,
                      arrays *a) {
    at_type type = payload->intake->columns[column].type;
    size_t rows = payload->rows, validity, offsets, bytes;
    size_t values = at;
    at = validity = at + whole_words(rows * at_type_size(type));
    at = offsets = at + (rows + 63) / 64 * sizeof(uint64_t);
    if (is_text(type))
        at += (rows + 1) * sizeof(int64_t);
    bytes = at;
    if (is_text(type))
        at += whole_words(text_bytes(payload, column));
    if (block)
        *a = (arrays){.type = type,
                      .values = block + values,
                      .validity = (uint64_t *)(block + validity),
                      .offsets = (int64_t *)(block + offsets),
                      .bytes = block + bytes,
                      .levels = a->levels};
    return at;
}

/* One column in its arrays. */
static at_status build(at_payload *payload, size_t i, arrays *a, at_column *out,
                       at_error *err) {
    at_dictionary_clear(a->levels);
    AT_TRY(put_cells(payload, i, a, err));
    if (a->type == AT_TYPE_CATEGORY)
        put_levels(a);
    *out = (at_column){.name = payload->intake->columns[i].name,
                       .type = a->type,
                       .rows = (int64_t)payload->rows,
                       .missing = a->missing,
                       .validity = a->missing ? a->validity : NULL,
                       .values = a->type == AT_TYPE_TEXT ? NULL : a->values,
                       .offsets = is_text(a->type) ? a->offsets : NULL,
                       .bytes = is_text(a->type) ? a->bytes : NULL,
                       .levels = a->type == AT_TYPE_CATEGORY ? a->levels->count : 0};
    return AT_OK;
}

/* All columns lie in one block: a row costs a handful of allocations. */
at_status at_payload_frame(at_payload *payload, at_frame **out, at_error *err) {
    size_t count = payload->intake->count, size = 0;
    at_dictionary levels = {0};
    arrays a = {.levels = &levels};
    for (size_t i = 0; i < count; i++)
        size = lay_out(payload, i, NULL, size, NULL);
    char *block = at_alloc_zero(size);
    at_column *columns = at_arena_alloc(payload->arena, count * sizeof *columns);
    at_status status = block && columns
                           ? AT_OK
                           : at_fail(err, AT_NO_MEMORY, "no memory left for the rows");
    size_t at = 0;
    for (size_t i = 0; i < count && !status; i++) {
        at = lay_out(payload, i, block, at, &a);
        status = build(payload, i, &a, &columns[i], err);
    }
    at_dictionary_fini(&levels);
    if (status) {
        at_free(block);
        return status;
    }
    return at_frame_of_block(columns, (int)count, block, out, err);
}
