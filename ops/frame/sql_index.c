#include "ops/frame/sql_index.h"

#include "ops/base/memory.h"
#include "ops/frame/dictionary.h"

enum { CHECK_EVERY = 1 << 16 };

static at_status stopped(const at_cancel *cancel, int64_t row) {
    return row % CHECK_EVERY == 0 && at_cancelled(cancel) ? AT_CANCELLED : AT_OK;
}

at_status at_sql_index_new(const at_column *column, const at_cancel *cancel,
                           at_sql_index **out) {
    *out = NULL;
    if (column->rows >= UINT32_MAX / 2)
        return AT_LIMIT;
    size_t size = 16;
    while (size < (size_t)column->rows * 3 / 2)
        size *= 2;
    at_sql_index *index = at_alloc_zero(sizeof *index);
    if (!index)
        return AT_NO_MEMORY;
    index->column = column;
    index->mask = (uint32_t)(size - 1);
    index->slots = at_alloc_array(size, sizeof *index->slots);
    index->next = at_alloc_array((size_t)column->rows + 1, sizeof *index->next);
    if (column->type == AT_TYPE_CATEGORY) {
        index->codes = at_alloc_array((size_t)column->levels + 1, sizeof *index->codes);
        for (uint32_t k = 0; index->codes && k < column->levels; k++)
            index->codes[k] =
                at_hash_bytes(column->bytes + column->offsets[k],
                              (size_t)(column->offsets[k + 1] - column->offsets[k]));
    }
    at_status status = AT_OK;
    if (!index->slots || !index->next ||
        (column->type == AT_TYPE_CATEGORY && !index->codes))
        status = AT_NO_MEMORY;
    /* From the last row to the first, so that chains come out in row order. */
    for (int64_t row = column->rows - 1; row >= 0 && !status; row--) {
        status = stopped(cancel, row);
        if (!at_sql_cell_there(column, row))
            continue;
        uint64_t hash = index->codes ? index->codes[column->codes[row]]
                                     : at_sql_cell_hash(column, row);
        size_t at = hash & index->mask;
        while (index->slots[at] &&
               at_sql_cell_compare(column, index->slots[at] - 1, row) != 0)
            at = (at + 1) & index->mask;
        index->next[row] = index->slots[at];
        index->slots[at] = (uint32_t)row + 1;
    }
    if (status) {
        at_sql_index_release(index);
        return status;
    }
    *out = index;
    return AT_OK;
}

void at_sql_index_release(at_sql_index *index) {
    if (!index)
        return;
    at_free(index->slots);
    at_free(index->next);
    at_free(index->codes);
    at_free(index);
}

uint32_t at_sql_index_find(const at_sql_index *index, const at_sql_wanted *wanted) {
    size_t at = at_sql_wanted_hash(index->column, wanted) & index->mask;
    while (index->slots[at] &&
           !at_sql_cell_is(index->column, index->slots[at] - 1, wanted))
        at = (at + 1) & index->mask;
    return index->slots[at];
}
