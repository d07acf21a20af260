#include "ops/base/memory.h"
#include "ops/frame/column.h"

#include <string.h>

/* Bits of the rows taken; NULL validity where all are there. */
static bool take_validity(const at_column *from, const int64_t *rows, int64_t count,
                          at_column *to, at_column_store *store) {
    if (from->missing == 0)
        return true;
    uint64_t *bits = at_alloc_array((size_t)(count + 63) / 64 + 1, sizeof *bits);
    if (!bits)
        return false;
    int64_t valid = 0;
    for (int64_t i = 0; i < count; i++) {
        uint64_t bit = at_column_valid(from, rows[i]);
        bits[i >> 6] |= bit << (i & 63);
        valid += (int64_t)bit;
    }
    to->missing = count - valid;
    if (to->missing == 0) {
        at_free(bits);
    } else {
        store->validity = bits;
        to->validity = bits;
    }
    return true;
}

static bool take_text(const at_column *from, const int64_t *rows, int64_t count,
                      at_column *to, at_column_store *store) {
    int64_t *offsets = at_alloc_array((size_t)count + 1, sizeof *offsets);
    if (!offsets)
        return false;
    store->offsets = offsets;
    for (int64_t i = 0; i < count; i++)
        offsets[i + 1] = offsets[i] + from->offsets[rows[i] + 1] - from->offsets[rows[i]];
    char *bytes = at_alloc((size_t)offsets[count]);
    if (!bytes)
        return false;
    store->bytes = bytes;
    for (int64_t i = 0; i < count; i++) {
        size_t length = (size_t)(offsets[i + 1] - offsets[i]);
        if (length)
            memcpy(bytes + offsets[i], from->bytes + from->offsets[rows[i]], length);
    }
    to->offsets = offsets;
    to->bytes = bytes;
    return true;
}

/* Codes keep their meaning: the dictionary goes along whole. */
static bool take_levels(const at_column *from, at_column *to, at_column_store *store) {
    size_t levels = from->levels, used = (size_t)from->offsets[levels];
    int64_t *offsets = at_alloc_array(levels + 1, sizeof *offsets);
    char *bytes = at_alloc(used);
    store->offsets = offsets;
    store->bytes = bytes;
    if (!offsets || !bytes)
        return false;
    memcpy(offsets, from->offsets, (levels + 1) * sizeof *offsets);
    if (used)
        memcpy(bytes, from->bytes, used);
    to->offsets = offsets;
    to->bytes = bytes;
    to->levels = from->levels;
    return true;
}

static bool take_values(const at_column *from, const int64_t *rows, int64_t count,
                        at_column *to, at_column_store *store) {
    size_t size = at_type_size(from->type);
    store->values = at_alloc_array((size_t)count + 1, size);
    if (!store->values)
        return false;
    to->values = store->values;
    if (size == 8) {
        int64_t *out = store->values;
        for (int64_t i = 0; i < count; i++)
            memcpy(&out[i], &from->ints[rows[i]], sizeof *out);
    } else if (size == 4) {
        uint32_t *out = store->values;
        for (int64_t i = 0; i < count; i++)
            memcpy(&out[i], &from->codes[rows[i]], sizeof *out);
    } else {
        uint8_t *out = store->values;
        for (int64_t i = 0; i < count; i++)
            out[i] = from->bools[rows[i]];
    }
    return true;
}

static bool take_column(const at_column *from, const int64_t *rows, int64_t count,
                        at_column *to, at_column_store *store) {
    *to = (at_column){.name = from->name, .type = from->type, .rows = count};
    if (!take_validity(from, rows, count, to, store))
        return false;
    if (from->type == AT_TYPE_TEXT)
        return take_text(from, rows, count, to, store);
    return take_values(from, rows, count, to, store) &&
           (from->type != AT_TYPE_CATEGORY || take_levels(from, to, store));
}

static at_status take_columns(const at_frame *frame, const int64_t *rows, int64_t count,
                              at_frame_builder *b, at_error *err) {
    for (int c = 0; c < at_frame_columns(frame); c++) {
        at_column column;
        at_column_store *store;
        AT_TRY(at_column_store_new(&store, err));
        if (!take_column(at_frame_column(frame, c), rows, count, &column, store)) {
            at_column_store_release(store);
            return at_fail(err, AT_NO_MEMORY, "out of memory");
        }
        AT_TRY(at_frame_builder_put(b, &column, store, err));
    }
    return AT_OK;
}

at_status at_frame_take_rows(const at_frame *frame, const int64_t *rows, int64_t count,
                             at_frame **out, at_error *err) {
    for (int64_t i = 0; i < count; i++) {
        if (rows[i] < 0 || rows[i] >= at_frame_rows(frame))
            return at_fail(err, AT_INTERNAL, "there is no row %lld", (long long)rows[i]);
    }
    at_frame_builder *b;
    AT_TRY(at_frame_builder_new(&b, err));
    at_status status = take_columns(frame, rows, count, b, err);
    if (status != AT_OK) {
        at_frame_builder_release(b);
        return status;
    }
    return at_frame_builder_finish(b, out, err);
}
