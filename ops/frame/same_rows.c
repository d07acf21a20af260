#include "ops/frame/same_rows.h"

#include "ops/base/memory.h"
#include "ops/frame/column.h"
#include "ops/frame/dictionary.h"

#include <math.h>
#include <string.h>

/* The bytes that tell two cells apart; `word` holds a number's. NULL: missing. */
static const char *cell(const at_column *c, int64_t row, char word[8], size_t *length) {
    *length = 0;
    if (!at_column_valid(c, row))
        return NULL;
    if (c->type == AT_TYPE_TEXT) {
        int64_t size;
        const char *text = at_column_text(c, row, &size);
        *length = (size_t)size;
        return text;
    }
    *length = at_type_size(c->type);
    memcpy(word, (const char *)c->values + (size_t)row * *length, *length);
    if (c->type == AT_TYPE_FLOAT && isnan(c->reals[row]))
        return NULL;
    if (c->type == AT_TYPE_FLOAT && !(c->reals[row] < 0) && !(c->reals[row] > 0))
        memset(word, 0, 8); /* -0 is 0 */
    return word;
}

uint64_t at_row_hash(const at_column *const *columns, size_t count, int64_t row) {
    uint64_t hash = 0;
    for (size_t i = 0; i < count; i++) {
        char word[8] = {0};
        size_t length;
        const char *bytes = cell(columns[i], row, word, &length);
        uint64_t part = 0x5BD1E995u;
        if (bytes == word)
            memcpy(&part, word, sizeof part);
        else if (bytes)
            part = at_hash_bytes(bytes, length);
        hash = (hash ^ part) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    return hash;
}

bool at_rows_equal(const at_column *const *columns, size_t count, int64_t a, int64_t b) {
    for (size_t i = 0; i < count; i++) {
        char x[8], y[8];
        size_t m, n;
        const char *p = cell(columns[i], a, x, &m), *q = cell(columns[i], b, y, &n);
        if (!p != !q || m != n || (p && m && memcmp(p, q, m) != 0))
            return false;
    }
    return true;
}

typedef struct work {
    const at_column *const *columns;
    size_t count;
    int64_t rows;
    uint64_t *hashes;
    const at_cancel *cancel;
} work;

enum { STRETCH = 1 << 16 }; /* rows a task */

static void hash_stretch(void *context, size_t i) {
    const work *w = context;
    int64_t from = (int64_t)i * STRETCH, to = from + STRETCH;
    for (int64_t r = from; r < to && r < w->rows && !at_cancelled(w->cancel); r++)
        w->hashes[r] = at_row_hash(w->columns, w->count, r);
}

/* slots: (mask + 1), row + 1; 0 is free. */
static int64_t count_repeats(const work *w, int64_t *slots, size_t mask) {
    int64_t repeats = 0;
    for (int64_t row = 0; row < w->rows && !at_cancelled(w->cancel); row++) {
        size_t i = (size_t)w->hashes[row] & mask;
        while (slots[i] && (w->hashes[slots[i] - 1] != w->hashes[row] ||
                            !at_rows_equal(w->columns, w->count, slots[i] - 1, row)))
            i = (i + 1) & mask;
        if (slots[i])
            repeats++;
        else
            slots[i] = row + 1;
    }
    return repeats;
}

at_status at_rows_repeated(const at_frame *frame, at_pool *pool, const at_cancel *cancel,
                           int64_t *repeats, at_error *err) {
    work w = {.count = (size_t)at_frame_columns(frame),
              .rows = at_frame_rows(frame),
              .cancel = cancel};
    size_t size = 16;
    while (size < 2 * (size_t)w.rows)
        size *= 2;
    const at_column **columns = at_alloc_array(w.count + 1, sizeof *columns);
    int64_t *slots = at_alloc_array(size, sizeof *slots);
    w.hashes = at_alloc_array((size_t)w.rows + 1, sizeof *w.hashes);
    bool ok = columns && slots && w.hashes;
    for (size_t i = 0; ok && i < w.count; i++)
        columns[i] = at_frame_column(frame, (int)i);
    w.columns = columns;
    if (ok) {
        at_pool_run(pool, ((size_t)w.rows + STRETCH - 1) / STRETCH, hash_stretch, &w);
        *repeats = count_repeats(&w, slots, size - 1);
    }
    at_free(columns);
    at_free(slots);
    at_free(w.hashes);
    if (!ok)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to compare rows");
    return at_cancelled(cancel)
               ? at_fail(err, AT_CANCELLED, "interrupted while comparing rows")
               : AT_OK;
}
