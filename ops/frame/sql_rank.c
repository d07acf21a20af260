#include "ops/frame/sql_rank.h"

#include "ops/base/memory.h"
#include "ops/frame/sql_cell.h"

#include <stdlib.h>
#include <string.h>

enum { CHECK_EVERY = 1 << 16 };

static at_status stopped(const at_cancel *cancel, int64_t row) {
    return row % CHECK_EVERY == 0 && at_cancelled(cancel) ? AT_CANCELLED : AT_OK;
}

/* ---- ranks by hash: the distinct cells, then their order ---- */

typedef struct hashed {
    const at_column *column;
    uint32_t *slots; /* distinct number + 1, or 0 */
    uint32_t *first; /* (distinct) a row that holds it */
    size_t mask, distinct, room;
} hashed;

static at_status hashed_widen(hashed *h) {
    size_t size = h->mask ? 2 * (h->mask + 1) : 1024;
    uint32_t *slots = at_alloc_array(size, sizeof *slots);
    uint32_t *first = at_resize_array(h->first, size / 2, sizeof *first);
    if (first)
        h->first = first;
    if (!slots || !first) {
        at_free(slots);
        return AT_NO_MEMORY;
    }
    for (size_t d = 0; d < h->distinct; d++) {
        size_t at = at_sql_cell_hash(h->column, h->first[d]) & (size - 1);
        while (slots[at])
            at = (at + 1) & (size - 1);
        slots[at] = (uint32_t)d + 1;
    }
    at_free(h->slots);
    h->slots = slots;
    h->mask = size - 1;
    h->room = size / 2;
    return AT_OK;
}

/* The number of the cell's value among the distinct ones; new values are added. */
static at_status hashed_number(hashed *h, int64_t row, uint32_t *out) {
    if (h->distinct == h->room)
        AT_TRY(hashed_widen(h));
    size_t at = at_sql_cell_hash(h->column, row) & h->mask;
    while (h->slots[at]) {
        uint32_t number = h->slots[at] - 1;
        if (at_sql_cell_compare(h->column, h->first[number], row) == 0) {
            *out = number;
            return AT_OK;
        }
        at = (at + 1) & h->mask;
    }
    *out = (uint32_t)h->distinct;
    h->first[h->distinct++] = (uint32_t)row;
    h->slots[at] = *out + 1;
    return AT_OK;
}

typedef struct ordered {
    const at_column *column;
    uint32_t row, number;
} ordered;

static int compare_ordered(const void *a, const void *b) {
    const ordered *x = a, *y = b;
    return at_sql_cell_compare(x->column, x->row, y->row);
}

/* Numbers in order of appearance become ranks. */
static at_status rank_numbers(const hashed *h, at_sql_ranks *ranks) {
    ordered *list = at_alloc_array(h->distinct ? h->distinct : 1, sizeof *list);
    uint32_t *rank = at_alloc_array(h->distinct + 1, sizeof *rank);
    if (!list || !rank) {
        at_free(list);
        at_free(rank);
        return AT_NO_MEMORY;
    }
    for (size_t d = 0; d < h->distinct; d++)
        list[d] = (ordered){h->column, h->first[d], (uint32_t)d};
    qsort(list, h->distinct, sizeof *list, compare_ordered);
    for (size_t d = 0; d < h->distinct; d++)
        rank[list[d].number + 1] = (uint32_t)d + 1;
    for (int64_t row = 0; row < h->column->rows; row++)
        ranks->rows[row] = rank[ranks->rows[row]];
    at_free(list);
    at_free(rank);
    return AT_OK;
}

static at_status ranks_hashed(at_sql_ranks *ranks, const at_cancel *cancel) {
    const at_column *column = ranks->column;
    hashed h = {.column = column};
    at_status status = AT_OK;
    ranks->rows = at_alloc((size_t)column->rows * sizeof *ranks->rows);
    if (!ranks->rows)
        return AT_NO_MEMORY;
    for (int64_t row = 0; row < column->rows && !status; row++) {
        uint32_t number = 0;
        status = stopped(cancel, row);
        /* Mostly distinct cells are left to SQLite's own sorter. */
        if (h.distinct >= AT_SQL_MAX_RANKS - 1 ||
            (row == CHECK_EVERY && h.distinct > CHECK_EVERY / 2))
            status = AT_LIMIT;
        if (at_sql_cell_there(column, row)) {
            if (!status)
                status = hashed_number(&h, row, &number);
            number++;
        }
        ranks->rows[row] = number;
    }
    if (!status)
        status = rank_numbers(&h, ranks);
    ranks->count = (uint32_t)h.distinct + 1;
    at_free(h.slots);
    at_free(h.first);
    return status;
}

/* ---- ranks by dictionary and by range ---- */

typedef struct level {
    const char *bytes;
    int64_t length;
    uint32_t code;
} level;

static int compare_levels(const void *a, const void *b) {
    const level *x = a, *y = b;
    return at_sql_compare_bytes(x->bytes, x->length, y->bytes, y->length);
}

static at_status ranks_of_levels(at_sql_ranks *ranks) {
    const at_column *column = ranks->column;
    size_t count = column->levels;
    if (count >= AT_SQL_MAX_RANKS)
        return AT_LIMIT;
    level *list = at_alloc_array(count ? count : 1, sizeof *list);
    ranks->table = at_alloc_array(count ? count : 1, sizeof *ranks->table);
    if (!list || !ranks->table) {
        at_free(list);
        return AT_NO_MEMORY;
    }
    for (size_t k = 0; k < count; k++)
        list[k] = (level){column->bytes + column->offsets[k],
                          column->offsets[k + 1] - column->offsets[k], (uint32_t)k};
    qsort(list, count, sizeof *list, compare_levels);
    for (size_t k = 0; k < count; k++)
        ranks->table[list[k].code] = (uint32_t)k + 1;
    at_free(list);
    ranks->count = (uint32_t)count + 1;
    return AT_OK;
}

/* True if the valid cells span a range small enough to be ranks themselves. */
static bool small_range(const at_column *column, int64_t *least, uint32_t *count) {
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (int64_t row = 0; row < column->rows; row++) {
        if (!at_column_valid(column, row))
            continue;
        int64_t value = at_sql_cell_integer(column, row);
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    uint64_t span = low > high ? 0 : (uint64_t)high - (uint64_t)low + 1;
    uint64_t most = (uint64_t)column->rows * 4 + 256;
    if (low <= high && (span == 0 || span > 65536 || span > most))
        return false;
    *least = low > high ? 0 : low;
    *count = (uint32_t)span + 1;
    return true;
}

at_status at_sql_ranks_new(const at_column *column, const at_cancel *cancel,
                           at_sql_ranks **out) {
    *out = NULL;
    if (column->rows >= UINT32_MAX)
        return AT_LIMIT;
    at_sql_ranks *ranks = at_alloc_zero(sizeof *ranks);
    if (!ranks)
        return AT_NO_MEMORY;
    ranks->column = column;
    at_status status = AT_OK;
    if (column->type == AT_TYPE_CATEGORY)
        status = ranks_of_levels(ranks);
    else if (column->type == AT_TYPE_FLOAT || column->type == AT_TYPE_TEXT ||
             !small_range(column, &ranks->least, &ranks->count))
        status = ranks_hashed(ranks, cancel);
    if (status) {
        at_sql_ranks_release(ranks);
        return status;
    }
    *out = ranks;
    return AT_OK;
}

void at_sql_ranks_release(at_sql_ranks *ranks) {
    if (!ranks)
        return;
    at_free(ranks->table);
    at_free(ranks->rows);
    at_free(ranks);
}

void at_sql_ranks_read(const at_sql_ranks *ranks, int64_t from, int64_t count,
                       uint32_t *rank) {
    const at_column *column = ranks->column;
    if (ranks->rows) {
        memcpy(rank, ranks->rows + from, (size_t)count * sizeof *rank);
        return;
    }
    if (column->type == AT_TYPE_CATEGORY) {
        const uint32_t *codes = column->codes + from;
        if (column->levels == 0)
            memset(rank, 0, (size_t)count * sizeof *rank);
        else
            for (int64_t i = 0; i < count; i++)
                rank[i] = ranks->table[codes[i]];
    } else {
        uint64_t base = (uint64_t)ranks->least - 1;
        for (int64_t i = 0; i < count; i++)
            rank[i] = (uint32_t)((uint64_t)at_sql_cell_integer(column, from + i) - base);
    }
    if (column->validity)
        for (int64_t i = 0; i < count; i++)
            if (!at_column_valid(column, from + i))
                rank[i] = 0;
}
