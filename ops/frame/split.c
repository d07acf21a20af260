#include "ops/frame/split.h"

#include "ops/base/memory.h"
#include "ops/base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A row with the key of its stratum: equal cells have equal keys. */
typedef struct keyed {
    uint64_t key;
    int64_t row;
} keyed;

static int by_key(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static int by_row(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* FNV-1a, 64 bit: for texts a collision only merges two strata. */
static uint64_t hash_text(const char *bytes, int64_t length) {
    uint64_t hash = 1469598103934665603u;
    for (int64_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211u;
    return hash;
}

static uint64_t key_of(const at_column *column, int64_t row) {
    if (!at_column_valid(column, row))
        return UINT64_MAX;
    uint64_t bits = 0;
    double real;
    int64_t length;
    switch (column->type) {
    case AT_TYPE_TEXT: {
        const char *text = at_column_text(column, row, &length);
        return hash_text(text, length);
    }
    case AT_TYPE_CATEGORY:
        return column->codes[row];
    default:
        real = at_column_real(column, row);
        memcpy(&bits, &real, sizeof bits);
        return bits;
    }
}

/* Deals the `count` shuffled rows of a stratum; `due` carries what rounding owes a part.
 */
static void deal(const int64_t *rows, int64_t count, const double *share, int parts,
                 double *due, at_split *out) {
    int64_t give[AT_SPLIT_PARTS], given = 0;
    for (int p = 0; p < parts; p++) {
        due[p] += share[p] * (double)count;
        give[p] = due[p] > 0 ? (int64_t)floor(due[p] + 1e-9) : 0;
        int64_t most = (int64_t)ceil(share[p] * (double)count - 1e-9);
        give[p] = give[p] > most ? most : give[p];
        given += give[p];
    }
    while (given != count) { /* to (from) the part that is owed the most (least) */
        int best = -1;
        for (int p = 0; p < parts; p++) {
            if (share[p] <= 0 || (given > count && give[p] == 0))
                continue;
            double owed = due[p] - (double)give[p];
            double of_best = best < 0 ? 0 : due[best] - (double)give[best];
            if (best < 0 || (given < count ? owed > of_best : owed < of_best))
                best = p;
        }
        give[best] += given < count ? 1 : -1;
        given += given < count ? 1 : -1;
    }
    for (int p = 0; p < parts; p++) {
        due[p] -= (double)give[p];
        memcpy(out->rows[p] + out->count[p], rows, (size_t)give[p] * sizeof *rows);
        out->count[p] += give[p];
        rows += give[p];
    }
}

at_status at_split_rows(const at_frame *frame, int by, const double *share, int parts,
                        uint64_t seed, at_split *out, at_error *err) {
    int64_t rows = at_frame_rows(frame);
    size_t n = (size_t)rows;
    memset(out, 0, sizeof *out);
    keyed *order = at_alloc_array(n, sizeof *order);
    int64_t *stratum = at_alloc_array(n, sizeof *stratum);
    /* Each part may get all: simple, and short-lived. */
    out->storage = at_alloc_array(n * (size_t)parts, sizeof *out->storage);
    if (!order || !stratum || !out->storage) {
        at_free(order);
        at_free(stratum);
        at_split_fini(out);
        return at_fail(err, AT_NO_MEMORY, "not enough memory to split %lld rows",
                       (long long)rows);
    }
    for (int p = 0; p < parts; p++)
        out->rows[p] = out->storage + (size_t)p * n;
    const at_column *column = by >= 0 ? at_frame_column(frame, by) : NULL;
    for (int64_t r = 0; r < rows; r++)
        order[r] = (keyed){column ? key_of(column, r) : 0, r};
    if (column)
        qsort(order, n, sizeof *order, by_key);
    at_rng rng;
    at_rng_init(&rng, seed);
    double due[AT_SPLIT_PARTS] = {0};
    for (int64_t start = 0, end; start < rows; start = end) {
        for (end = start; end < rows && order[end].key == order[start].key; end++)
            stratum[end - start] = order[end].row;
        at_rng_shuffle(&rng, stratum, (size_t)(end - start));
        deal(stratum, end - start, share, parts, due, out);
    }
    for (int p = 0; p < parts; p++)
        qsort(out->rows[p], (size_t)out->count[p], sizeof **out->rows, by_row);
    at_free(order);
    at_free(stratum);
    return AT_OK;
}

void at_split_fini(at_split *split) {
    at_free(split->storage);
    memset(split, 0, sizeof *split);
}
