/* The columns of a CSV while its chunks are committed, in their order. */
#include "ops/frame/column.h"
#include "ops/frame/csv_reader.h"

#include <string.h>

static size_t kind_size(at_cell_kind kind) {
    return kind == AT_CELL_STRING ? sizeof(uint32_t) : at_type_size(at_cell_type(kind));
}

enum { NO_FILL = 256 }; /* no byte */

/* As at_grow, but by a quarter: what is reserved and never touched costs nothing, what is
 * copied does. New items are of the byte `fill`, unless that is NO_FILL. */
static bool grow(void *place, size_t *capacity, size_t need, size_t expected, size_t size,
                 int fill) {
    void *items;
    memcpy(&items, place, sizeof items);
    if (items && need <= *capacity)
        return true;
    size_t more = items ? need + need / 4 : need > expected ? need : expected;
    if (!items && fill == 0) { /* fresh pages are zero already */
        items = at_alloc_array(more, size);
        if (!items)
            return false;
    } else {
        items = at_resize_array(items, more, size);
        if (!items)
            return false;
        if (fill != NO_FILL)
            memset((char *)items + *capacity * size, fill, (more - *capacity) * size);
    }
    *capacity = more;
    memcpy(place, &items, sizeof items);
    return true;
}

static void drop_arrays(at_csv_column *column) {
    at_free(column->values);
    at_free(column->validity);
    at_free(column->offsets);
    at_free(column->bytes);
    at_dictionary_fini(&column->levels);
    column->values = NULL;
    column->validity = NULL;
    column->offsets = NULL;
    column->bytes = NULL;
    column->values_capacity = column->validity_capacity = 0;
    column->offsets_capacity = column->bytes_capacity = 0;
    column->missing = 0;
}

void at_csv_table_fini(at_csv_table *table) {
    for (int c = 0; table->columns && c < table->count; c++)
        drop_arrays(&table->columns[c]);
    at_free(table->columns);
    table->columns = NULL;
}

/* Codes into strings one after another. */
static bool spell_out(at_csv_column *column, int64_t rows, size_t expected) {
    const uint32_t *codes = column->values;
    const at_dictionary *d = &column->levels;
    if (!grow(&column->offsets, &column->offsets_capacity, (size_t)rows + 1, expected + 1,
              8, 0))
        return false;
    int64_t used = 0;
    for (int64_t i = 0; codes && i < rows; i++) {
        column->offsets[i] = used;
        bool there = !column->validity || (column->validity[i >> 6] >> (i & 63) & 1);
        used += there ? d->offsets[codes[i] + 1] - d->offsets[codes[i]] : 0;
    }
    column->offsets[rows] = used;
    if (!grow(&column->bytes, &column->bytes_capacity, (size_t)used + 1, 0, 1, NO_FILL))
        return false;
    for (int64_t i = 0; codes && i < rows; i++) {
        size_t length = (size_t)(column->offsets[i + 1] - column->offsets[i]);
        if (length)
            memcpy(column->bytes + column->offsets[i], d->bytes + d->offsets[codes[i]],
                   length);
    }
    at_dictionary_fini(&column->levels);
    at_free(column->values);
    column->values = NULL;
    column->values_capacity = 0;
    column->plain = true;
    return true;
}

/* Clears the bits of the chunk's missing cells at row `base`. */
static bool commit_validity(at_csv_column *column, const at_csv_segment *segment,
                            int64_t base, int64_t rows, size_t expected) {
    if (segment->missing == 0 && !column->validity)
        return true;
    size_t words = (size_t)(base + rows) / 64 + 2;
    if (!grow(&column->validity, &column->validity_capacity, words, expected / 64 + 2, 8,
              -1))
        return false;
    column->missing += segment->missing;
    unsigned shift = (unsigned)base & 63;
    uint64_t *to = column->validity + (base >> 6);
    for (int64_t i = 0; segment->missing && i < (rows + 63) / 64; i++) {
        uint64_t gone = ~segment->validity[i];
        if (i == rows / 64)
            gone &= ((uint64_t)1 << (rows & 63)) - 1;
        to[i] &= ~(gone << shift);
        if (shift)
            to[i + 1] &= ~(gone >> (64 - shift));
    }
    return true;
}

static bool segment_valid(const at_csv_segment *segment, int64_t row) {
    return segment->missing == 0 || (segment->validity[row >> 6] >> (row & 63) & 1);
}

/* Adds the chunk's levels to the column's; codes go through the map. */
static bool commit_levels(at_csv_column *column, const at_csv_segment *segment,
                          int64_t base, int64_t rows, size_t expected) {
    const at_dictionary *from = &segment->levels;
    if (!grow(&column->values, &column->values_capacity, (size_t)(base + rows) + 1,
              expected, 4, 0))
        return false;
    uint32_t *map = at_alloc_array((size_t)from->count + 1, sizeof *map);
    if (!map)
        return false;
    for (uint32_t k = 0; k < from->count; k++) {
        if (segment->level_missing[k])
            continue;
        map[k] = at_dictionary_add(&column->levels, from->bytes + from->offsets[k],
                                   (size_t)(from->offsets[k + 1] - from->offsets[k]));
        if (map[k] == AT_DICTIONARY_NONE) {
            at_free(map);
            return false;
        }
    }
    const uint32_t *codes = segment->values;
    uint32_t *to = (uint32_t *)column->values + base;
    for (int64_t i = 0; i < rows; i++)
        to[i] = map[codes[i]];
    at_free(map);
    return true;
}

/* Appends the chunk's strings, which are codes or plain. */
static bool commit_plain(at_csv_column *column, const at_csv_segment *segment,
                         int64_t base, int64_t rows, size_t expected) {
    const uint32_t *from = segment->values;
    const at_dictionary *d = &segment->levels;
    if (!grow(&column->offsets, &column->offsets_capacity, (size_t)(base + rows) + 2,
              expected + 2, 8, 0))
        return false;
    int64_t used = column->offsets[base];
    if (segment->plain) {
        size_t length = segment->bytes_length;
        if (!grow(&column->bytes, &column->bytes_capacity, (size_t)used + length + 1, 0,
                  1, NO_FILL))
            return false;
        if (length)
            memcpy(column->bytes + used, segment->bytes, length);
        for (int64_t i = 0; i < rows; i++)
            column->offsets[base + i + 1] = used += from[i];
        return true;
    }
    for (int64_t i = 0; i < rows; i++) {
        size_t length = 0;
        if (segment_valid(segment, i)) {
            const char *level = d->bytes + d->offsets[from[i]];
            length = (size_t)(d->offsets[from[i] + 1] - d->offsets[from[i]]);
            if (!grow(&column->bytes, &column->bytes_capacity, (size_t)used + length + 1,
                      0, 1, NO_FILL))
                return false;
            memcpy(column->bytes + used, level, length);
        }
        column->offsets[base + i + 1] = used += (int64_t)length;
    }
    return true;
}

static bool commit_values(at_csv_column *column, const at_csv_segment *segment,
                          int64_t base, int64_t rows, size_t expected) {
    size_t size = kind_size(column->kind);
    if (!grow(&column->values, &column->values_capacity, (size_t)(base + rows) + 1,
              expected, size, 0))
        return false;
    if (segment->kind == AT_CELL_EMPTY || rows == 0)
        return true;
    if (segment->kind == AT_CELL_INT && column->kind == AT_CELL_FLOAT) {
        double *to = (double *)column->values + base;
        for (int64_t i = 0; i < rows; i++)
            to[i] = (double)((const int64_t *)segment->values)[i];
    } else {
        memcpy((char *)column->values + (size_t)base * size, segment->values,
               (size_t)rows * size);
    }
    return true;
}

/* The column so far, of a narrower kind, takes the wider one. */
static bool widen(at_csv_column *column, at_cell_kind kind, int64_t rows) {
    if (column->kind == AT_CELL_INT && kind == AT_CELL_FLOAT) {
        for (int64_t i = 0; column->values && i < rows; i++) {
            int64_t value = ((int64_t *)column->values)[i];
            ((double *)column->values)[i] = (double)value;
        }
    } else if (column->kind != AT_CELL_EMPTY) {
        column->again = true;
        drop_arrays(column);
    } else {
        at_free(column->values);
        column->values = NULL;
        column->values_capacity = 0;
    }
    column->kind = kind;
    return true;
}

static bool commit_strings(at_csv_column *column, const at_csv_segment *segment,
                           int64_t base, int64_t rows, size_t expected, bool forced) {
    at_csv_segment none = *segment;
    if (segment->kind == AT_CELL_EMPTY) { /* its zeros are lengths of strings, or codes */
        none.plain = true;
        none.bytes_length = 0;
        if (!column->plain)
            return grow(&column->values, &column->values_capacity,
                        (size_t)(base + rows) + 1, expected, 4, 0);
        segment = &none;
    }
    bool crowded = !forced && column->levels.count > AT_CSV_LEVELS;
    if (!column->plain && (segment->plain || crowded) &&
        !spell_out(column, base, expected))
        return false;
    return column->plain ? commit_plain(column, segment, base, rows, expected)
                         : commit_levels(column, segment, base, rows, expected);
}

static bool commit_column(at_csv_table *table, const at_csv_pass *pass, int c,
                          const at_csv_segment *segment, int64_t rows) {
    at_csv_column *column = &table->columns[c];
    size_t expected = (size_t)table->expected;
    int64_t base = table->rows;
    at_cell_kind kind = at_cell_join(column->kind, segment->kind);
    bool other = segment->kind != kind && segment->kind != AT_CELL_EMPTY &&
                 !(segment->kind == AT_CELL_INT && kind == AT_CELL_FLOAT);
    column->orders &= segment->orders;
    if (kind != column->kind && !widen(column, kind, base))
        return false;
    if (other && !column->again) {
        column->again = true;
        drop_arrays(column);
    }
    atomic_store_explicit(&pass->kinds[c], (unsigned char)column->kind,
                          memory_order_relaxed);
    if (column->again)
        return true;
    if (!commit_validity(column, segment, base, rows, expected))
        return false;
    if (kind == AT_CELL_EMPTY)
        return true;
    if (kind != AT_CELL_STRING)
        return commit_values(column, segment, base, rows, expected);
    bool forced = pass->forced[c] == AT_TYPE_CATEGORY;
    if (!commit_strings(column, segment, base, rows, expected, forced))
        return false;
    atomic_store_explicit(&pass->plain[c], column->plain, memory_order_relaxed);
    return true;
}

at_status at_csv_table_commit(at_csv_table *table, const at_csv_pass *pass,
                              at_csv_chunk *chunk, at_error *err) {
    for (int i = 0; chunk->rows > 0 && i < pass->active_count; i++) {
        int c = pass->active[i];
        if (!commit_column(table, pass, c, &chunk->segments[c], chunk->rows))
            return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    table->rows += chunk->rows;
    return AT_OK;
}

static bool slashed(at_cell_kind kind) {
    return kind == AT_CELL_SLASH || kind == AT_CELL_STAMP_SLASH;
}

static void unpack(at_csv_column *column, int64_t rows, unsigned order) {
    for (int64_t i = 0; column->values && i < rows; i++) {
        bool there = !column->validity || (column->validity[i >> 6] >> (i & 63) & 1);
        if (!there)
            continue;
        if (column->kind == AT_CELL_SLASH) {
            int32_t *days = (int32_t *)column->values + i;
            *days = at_cell_unpack_date(*days, order);
        } else {
            int64_t *us = (int64_t *)column->values + i;
            *us = at_cell_unpack_stamp(*us, order);
        }
    }
    column->kind = column->kind == AT_CELL_SLASH ? AT_CELL_DATE : AT_CELL_STAMP;
}

int at_csv_table_settle(at_csv_table *table, const at_csv_pass *pass, int *again) {
    int count = 0;
    for (int i = 0; i < pass->active_count; i++) {
        int c = pass->active[i];
        at_csv_column *column = &table->columns[c];
        bool forced = pass->forced[c] >= 0;
        if (slashed(column->kind) && !column->again) {
            /* Where every cell allows both orders, only the user knows: text, or as the
             * option that forces a date promises, the month first. */
            if (column->orders == AT_ORDER_BOTH && forced)
                column->orders = AT_ORDER_MDY;
            if (column->orders == AT_ORDER_MDY || column->orders == AT_ORDER_DMY) {
                unpack(column, table->rows, column->orders);
            } else {
                column->kind = AT_CELL_STRING;
                column->again = true;
            }
        }
        if (!column->again)
            continue;
        at_cell_kind kind = column->kind;
        drop_arrays(column);
        *column = (at_csv_column){.kind = kind, .orders = AT_ORDER_BOTH};
        again[count++] = c;
    }
    return count;
}
