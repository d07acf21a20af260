#include "ops/frame/sql_order.h"

#include "ops/base/memory.h"

#include <math.h>
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

static uint64_t mix(uint64_t x) { /* splitmix64's finaliser */
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t hash_bytes(const char *bytes, int64_t length) {
    uint64_t h = 0x9e3779b97f4a7c15u ^ (uint64_t)length;
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        h = mix(h ^ word);
        bytes += 8;
        length -= 8;
    }
    uint64_t tail = 0;
    if (length > 0)
        memcpy(&tail, bytes, (size_t)length);
    return mix(h ^ tail);
}

static uint64_t hash_real(double value) {
    uint64_t bits;
    value += 0.0; /* -0.0 and 0.0 are equal */
    memcpy(&bits, &value, sizeof bits);
    return mix(bits);
}

static int64_t integer_at(const at_column *column, int64_t row) {
    switch (column->type) {
    case AT_TYPE_BOOL:
        return column->bools[row];
    case AT_TYPE_DATE:
        return column->days[row];
    case AT_TYPE_CATEGORY:
        return column->codes[row];
    default:
        return column->ints[row];
    }
}

static bool is_there(const at_column *column, int64_t row) {
    return at_column_valid(column, row) &&
           (column->type != AT_TYPE_FLOAT || !isnan(column->reals[row]));
}

static uint64_t hash_cell(const at_column *column, int64_t row) {
    if (column->type == AT_TYPE_TEXT)
        return hash_bytes(column->bytes + column->offsets[row],
                          column->offsets[row + 1] - column->offsets[row]);
    if (column->type == AT_TYPE_FLOAT)
        return hash_real(column->reals[row]);
    return mix((uint64_t)integer_at(column, row));
}

static int compare_bytes(const char *a, int64_t n, const char *b, int64_t m) {
    int64_t common = n < m ? n : m;
    int order = common ? memcmp(a, b, (size_t)common) : 0;
    return order ? order : (n > m) - (n < m);
}

static int compare_cells(const at_column *column, int64_t a, int64_t b) {
    if (column->type == AT_TYPE_TEXT) {
        const int64_t *at = column->offsets;
        return compare_bytes(column->bytes + at[a], at[a + 1] - at[a],
                             column->bytes + at[b], at[b + 1] - at[b]);
    }
    if (column->type == AT_TYPE_FLOAT)
        return (column->reals[a] > column->reals[b]) -
               (column->reals[a] < column->reals[b]);
    int64_t x = integer_at(column, a), y = integer_at(column, b);
    return (x > y) - (x < y);
}

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
        size_t at = hash_cell(h->column, h->first[d]) & (size - 1);
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
    size_t at = hash_cell(h->column, row) & h->mask;
    while (h->slots[at]) {
        uint32_t number = h->slots[at] - 1;
        if (compare_cells(h->column, h->first[number], row) == 0) {
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
    return compare_cells(x->column, x->row, y->row);
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
        if (is_there(column, row)) {
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
    return compare_bytes(x->bytes, x->length, y->bytes, y->length);
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
        int64_t value = integer_at(column, row);
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

/* rank[i] = rank of row from + i, for `count` rows. */
static void read_ranks(const at_sql_ranks *ranks, int64_t from, int64_t count,
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
            rank[i] = (uint32_t)((uint64_t)integer_at(column, from + i) - base);
    }
    if (column->validity)
        for (int64_t i = 0; i < count; i++)
            if (!at_column_valid(column, from + i))
                rank[i] = 0;
}

/* ---- order ---- */

/* One stable pass: `from` (NULL: 0, 1, 2, ...) ordered by the key into `to`. */
static at_status sort_pass(const at_sql_key *key, int64_t rows, const uint32_t *rank,
                           const uint32_t *from, uint32_t *to, const at_cancel *cancel) {
    uint32_t count = key->ranks->count;
    uint32_t *start = at_alloc_array((size_t)count + 1, sizeof *start);
    if (!start)
        return AT_NO_MEMORY;
    for (int64_t i = 0; i < rows; i++)
        start[rank[i]]++;
    uint32_t sum = 0;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t at = key->descending ? count - 1 - k : k;
        uint32_t here = start[at];
        start[at] = sum;
        sum += here;
    }
    for (int64_t i = 0; i < rows; i++) {
        if (stopped(cancel, i)) {
            at_free(start);
            return AT_CANCELLED;
        }
        uint32_t row = from ? from[i] : (uint32_t)i;
        to[start[rank[row]]++] = row;
    }
    at_free(start);
    return AT_OK;
}

at_status at_sql_order(const at_sql_key *keys, int count, int64_t rows,
                       const at_cancel *cancel, uint32_t **out) {
    *out = NULL;
    size_t size = (size_t)(rows ? rows : 1) * sizeof(uint32_t);
    uint32_t *from = at_alloc(size), *to = at_alloc(size), *rank = at_alloc(size);
    at_status status = from && to && rank ? AT_OK : AT_NO_MEMORY;
    for (int k = count - 1; k >= 0 && !status; k--) {
        read_ranks(keys[k].ranks, 0, rows, rank);
        status =
            sort_pass(&keys[k], rows, rank, k == count - 1 ? NULL : from, to, cancel);
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    at_free(to);
    at_free(rank);
    if (status) {
        at_free(from);
        return status;
    }
    *out = from;
    return AT_OK;
}

/* ---- combinations ---- */

enum { BLOCK = 4096 };

typedef struct tally {
    int64_t count;
    uint32_t first;
} tally;

/* Counts the rows of each combination: its number is the ranks in mixed radix. */
static at_status count_combinations(const at_sql_key *keys, int count, int64_t rows,
                                    const at_cancel *cancel, tally *tallies) {
    uint32_t rank[BLOCK], number[BLOCK];
    if (count == 0) { /* nothing is read: all rows are alike */
        tallies[0].count = rows;
        return AT_OK;
    }
    for (int64_t from = 0; from < rows; from += BLOCK) {
        int64_t here = rows - from < BLOCK ? rows - from : BLOCK;
        AT_TRY(stopped(cancel, from));
        memset(number, 0, sizeof number);
        for (int k = 0; k < count; k++) {
            uint32_t radix = keys[k].ranks->count, last = radix - 1;
            read_ranks(keys[k].ranks, from, here, rank);
            if (keys[k].descending)
                for (int64_t i = 0; i < here; i++)
                    number[i] = number[i] * radix + last - rank[i];
            else
                for (int64_t i = 0; i < here; i++)
                    number[i] = number[i] * radix + rank[i];
        }
        for (int64_t i = 0; i < here; i++) {
            tally *t = &tallies[number[i]];
            if (t->count++ == 0)
                t->first = (uint32_t)(from + i);
        }
    }
    return AT_OK;
}

at_status at_sql_combine(const at_sql_key *keys, int count, int64_t rows,
                         const at_cancel *cancel, uint32_t **out_rows,
                         int64_t **out_weights, int64_t *out_count) {
    *out_rows = NULL;
    *out_weights = NULL;
    uint64_t size = 1;
    for (int k = 0; k < count; k++) {
        size *= keys[k].ranks->count;
        if (size > AT_SQL_MAX_RANKS || size > (uint64_t)rows / 4 + 64)
            return AT_LIMIT;
    }
    tally *tallies = at_alloc_array(size, sizeof *tallies);
    if (!tallies)
        return AT_NO_MEMORY;
    at_status status = count_combinations(keys, count, rows, cancel, tallies);
    size_t found = 0;
    for (uint64_t i = 0; i < size; i++)
        found += tallies[i].count > 0;
    uint32_t *picked = at_alloc_array(found ? found : 1, sizeof *picked);
    int64_t *weights = at_alloc_array(found ? found : 1, sizeof *weights);
    if (!status && (!picked || !weights))
        status = AT_NO_MEMORY;
    if (status) {
        at_free(picked);
        at_free(weights);
        at_free(tallies);
        return status;
    }
    size_t n = 0;
    for (uint64_t i = 0; i < size; i++)
        if (tallies[i].count > 0) {
            picked[n] = tallies[i].first;
            weights[n++] = tallies[i].count;
        }
    at_free(tallies);
    *out_rows = picked;
    *out_weights = weights;
    *out_count = (int64_t)found;
    return AT_OK;
}

/* ---- lookup by value ---- */

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
            index->codes[k] = hash_bytes(column->bytes + column->offsets[k],
                                         column->offsets[k + 1] - column->offsets[k]);
    }
    at_status status = AT_OK;
    if (!index->slots || !index->next ||
        (column->type == AT_TYPE_CATEGORY && !index->codes))
        status = AT_NO_MEMORY;
    /* From the last row to the first, so that chains come out in row order. */
    for (int64_t row = column->rows - 1; row >= 0 && !status; row--) {
        status = stopped(cancel, row);
        if (!is_there(column, row))
            continue;
        uint64_t hash =
            index->codes ? index->codes[column->codes[row]] : hash_cell(column, row);
        size_t at = hash & index->mask;
        while (index->slots[at] && compare_cells(column, index->slots[at] - 1, row) != 0)
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

bool at_sql_cell_is(const at_column *column, int64_t row, const at_sql_wanted *wanted) {
    if (!is_there(column, row))
        return false;
    if (column->type == AT_TYPE_TEXT || column->type == AT_TYPE_CATEGORY) {
        int64_t length;
        const char *text = at_column_text(column, row, &length);
        return compare_bytes(text, length, wanted->bytes, wanted->length) == 0;
    }
    if (column->type == AT_TYPE_FLOAT)
        return column->reals[row] >= wanted->real && column->reals[row] <= wanted->real;
    return integer_at(column, row) == wanted->integer;
}

uint32_t at_sql_index_find(const at_sql_index *index, const at_sql_wanted *wanted) {
    const at_column *column = index->column;
    uint64_t hash;
    if (column->type == AT_TYPE_TEXT || column->type == AT_TYPE_CATEGORY)
        hash = hash_bytes(wanted->bytes, wanted->length);
    else if (column->type == AT_TYPE_FLOAT)
        hash = hash_real(wanted->real);
    else
        hash = mix((uint64_t)wanted->integer);
    size_t at = hash & index->mask;
    while (index->slots[at] && !at_sql_cell_is(column, index->slots[at] - 1, wanted))
        at = (at + 1) & index->mask;
    return index->slots[at];
}
