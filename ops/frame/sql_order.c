#include "ops/frame/sql_order.h"

#include "ops/base/memory.h"

#include <string.h>

enum { CHECK_EVERY = 1 << 16 };

static at_status stopped(const at_cancel *cancel, int64_t row) {
    return row % CHECK_EVERY == 0 && at_cancelled(cancel) ? AT_CANCELLED : AT_OK;
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
        at_sql_ranks_read(keys[k].ranks, 0, rows, rank);
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
            at_sql_ranks_read(keys[k].ranks, from, here, rank);
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
