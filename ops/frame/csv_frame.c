/* The gathered columns of a CSV as a frame: nothing is copied but what changes its type.
 */
#include "ops/frame/column.h"
#include "ops/frame/csv_reader.h"

#include <string.h>

size_t at_csv_most_levels(int64_t valid) {
    int64_t most = valid / 4 < 8 ? 8 : valid / 4;
    return most < AT_CSV_LEVELS ? (size_t)most : AT_CSV_LEVELS;
}

static bool there(const at_csv_column *column, int64_t row) {
    return !column->validity || (column->validity[row >> 6] >> (row & 63) & 1);
}

/* Plain strings into codes, if few enough differ; *done says so. */
static bool find_levels(at_csv_column *column, int64_t rows, size_t most, bool *done) {
    *done = false;
    uint32_t *codes = at_alloc_array((size_t)rows + 1, sizeof *codes);
    if (!codes)
        return false;
    for (int64_t i = 0; i < rows; i++) {
        if (!there(column, i))
            continue;
        codes[i] =
            at_dictionary_add(&column->levels, column->bytes + column->offsets[i],
                              (size_t)(column->offsets[i + 1] - column->offsets[i]));
        if (codes[i] == AT_DICTIONARY_NONE || column->levels.count > most) {
            bool enough = codes[i] != AT_DICTIONARY_NONE;
            at_free(codes);
            at_dictionary_fini(&column->levels);
            return enough;
        }
    }
    at_free(column->offsets);
    at_free(column->bytes);
    column->offsets = NULL;
    column->bytes = NULL;
    column->values = codes;
    column->plain = false;
    *done = true;
    return true;
}

/* Codes into strings one after another. */
static bool lose_levels(at_csv_column *column, int64_t rows) {
    const at_dictionary *d = &column->levels;
    const uint32_t *codes = column->values;
    column->offsets = at_alloc_array((size_t)rows + 1, 8);
    if (!column->offsets)
        return false;
    for (int64_t i = 0; i < rows; i++)
        column->offsets[i + 1] =
            column->offsets[i] + (there(column, i) && codes
                                      ? d->offsets[codes[i] + 1] - d->offsets[codes[i]]
                                      : 0);
    column->bytes = at_alloc((size_t)column->offsets[rows] + 1);
    if (!column->bytes)
        return false;
    for (int64_t i = 0; i < rows; i++) {
        size_t length = (size_t)(column->offsets[i + 1] - column->offsets[i]);
        if (length)
            memcpy(column->bytes + column->offsets[i], d->bytes + d->offsets[codes[i]],
                   length);
    }
    at_dictionary_fini(&column->levels);
    at_free(column->values);
    column->values = NULL;
    column->plain = true;
    return true;
}

static bool settle_strings(at_csv_column *column, int64_t rows, int forced,
                           at_type *type) {
    size_t most = forced == AT_TYPE_CATEGORY ? UINT32_MAX
                  : forced == AT_TYPE_TEXT   ? 0
                                             : at_csv_most_levels(rows - column->missing);
    bool done = false, ok = true;
    if (column->plain && most)
        ok = find_levels(column, rows, most, &done);
    else if (!column->plain && (column->levels.count > most || forced == AT_TYPE_TEXT))
        ok = lose_levels(column, rows);
    *type = column->plain ? AT_TYPE_TEXT : AT_TYPE_CATEGORY;
    return ok;
}

/* Dates under a forced type timestamp: midnight. */
static bool dates_to_stamps(at_csv_column *column, int64_t rows) {
    int64_t *us = at_alloc_array((size_t)rows + 1, sizeof *us);
    if (!us)
        return false;
    for (int64_t i = 0; column->values && i < rows; i++)
        us[i] = ((const int32_t *)column->values)[i] * (int64_t)86400000000;
    at_free(column->values);
    column->values = us;
    return true;
}

/* Columns without a single cell: of the forced type, else text. */
static bool make_empty(at_csv_column *column, int64_t rows, int forced, at_type *type) {
    *type = forced >= 0 ? (at_type)forced : AT_TYPE_TEXT;
    if (*type == AT_TYPE_TEXT)
        column->offsets = at_alloc_array((size_t)rows + 1, 8);
    else
        column->values = at_alloc_array((size_t)rows + 1, 8);
    return column->offsets || column->values;
}

static void *trim(void *items, size_t count, size_t size) {
    void *smaller = items ? at_resize_array(items, count ? count : 1, size) : NULL;
    return smaller ? smaller : items;
}

static bool settle(at_csv_column *column, int64_t rows, int forced, at_type *type) {
    *type = at_cell_type(column->kind);
    if (column->kind == AT_CELL_EMPTY)
        return make_empty(column, rows, forced, type);
    if (column->kind == AT_CELL_STRING)
        return settle_strings(column, rows, forced, type);
    if (forced == AT_TYPE_TIMESTAMP && *type == AT_TYPE_DATE) {
        *type = AT_TYPE_TIMESTAMP;
        return dates_to_stamps(column, rows);
    }
    return true;
}

/* Moves the arrays into a store, each cut to its length. */
static bool move_arrays(at_csv_column *from, int64_t rows, at_type type, at_column *to,
                        at_column_store *store) {
    size_t strings = type == AT_TYPE_TEXT ? (size_t)rows : from->levels.count;
    store->values = trim(from->values, (size_t)rows, at_type_size(type));
    store->validity =
        from->missing ? trim(from->validity, (size_t)(rows + 63) / 64, 8) : NULL;
    if (!from->missing)
        at_free(from->validity);
    if (type == AT_TYPE_CATEGORY) {
        store->offsets = from->levels.offsets;
        store->bytes = from->levels.bytes;
        from->levels.offsets = NULL;
        from->levels.bytes = NULL;
        at_dictionary_fini(&from->levels);
    } else if (type == AT_TYPE_TEXT) {
        size_t used = (size_t)from->offsets[rows];
        store->offsets = trim(from->offsets, (size_t)rows + 1, 8);
        store->bytes = trim(from->bytes, used, 1);
    }
    *from = (at_csv_column){0};
    bool text = at_type_textual(type);
    if (text && !store->offsets)
        store->offsets = at_alloc_array(strings + 1, 8);
    if (type != AT_TYPE_TEXT && !store->values)
        store->values = at_alloc_array((size_t)rows + 1, 8);
    to->type = type;
    to->values = store->values;
    to->validity = store->validity;
    to->offsets = store->offsets;
    to->bytes = store->bytes;
    to->levels = type == AT_TYPE_CATEGORY ? (uint32_t)strings : 0;
    return (!text || store->offsets) && (type == AT_TYPE_TEXT || store->values);
}

static at_status add_column(at_csv_table *table, int c, const char *name, int forced,
                            at_frame_builder *b, at_error *err) {
    at_column column = {
        .name = name, .rows = table->rows, .missing = table->columns[c].missing};
    at_type type;
    at_column_store *store;
    if (!settle(&table->columns[c], table->rows, forced, &type))
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    AT_TRY(at_column_store_new(&store, err));
    if (!move_arrays(&table->columns[c], table->rows, type, &column, store)) {
        at_column_store_release(store);
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    return at_frame_builder_put(b, &column, store, err);
}

at_status at_csv_table_frame(at_csv_table *table, const at_csv_dialect *dialect,
                             const int8_t *forced, at_frame **out, at_error *err) {
    at_frame_builder *b;
    AT_TRY(at_frame_builder_new(&b, err));
    for (int c = 0; c < table->count; c++) {
        at_status status = add_column(table, c, dialect->names[c], forced[c], b, err);
        if (status != AT_OK) {
            at_frame_builder_release(b);
            return status;
        }
    }
    return at_frame_builder_finish(b, out, err);
}
