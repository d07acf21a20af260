#include "ops/base/memory.h"
#include "ops/frame/column.h"
#include "ops/frame/dictionary.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct at_column_builder {
    char *name;
    at_type type;
    int64_t rows, missing;
    char *values;       /* rows elements of at_type_size(type) */
    uint64_t *validity; /* NULL until the first missing cell */
    int64_t *offsets;   /* TEXT: rows + 1 */
    char *bytes;        /* TEXT */
    size_t values_capacity, validity_capacity, offsets_capacity, bytes_capacity;
    at_dictionary levels; /* CATEGORY */
    bool failed;
};

at_status at_column_builder_new(const char *name, at_type type, at_column_builder **out,
                                at_error *err) {
    at_column_builder *b = at_alloc_zero(sizeof *b);
    if (!b || !(b->name = at_copy_text(name))) {
        at_free(b);
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    b->type = type;
    *out = b;
    return AT_OK;
}

void at_column_builder_release(at_column_builder *b) {
    if (!b)
        return;
    at_free(b->name);
    at_free(b->values);
    at_free(b->validity);
    at_free(b->offsets);
    at_free(b->bytes);
    at_dictionary_fini(&b->levels);
    at_free(b);
}

int64_t at_column_builder_rows(const at_column_builder *b) {
    return b->rows;
}

/* Makes room for `need` items; false and sticky-failed when out of memory. */
static bool grow(at_column_builder *b, void *place, size_t *capacity, size_t need,
                 size_t size) {
    void *items;
    memcpy(&items, place, sizeof items);
    items = at_grow(items, capacity, need, size);
    if (!items) {
        b->failed = true;
        return false;
    }
    memcpy(place, &items, sizeof items);
    return true;
}

void at_column_builder_reserve(at_column_builder *b, int64_t rows) {
    if (rows <= 0 || b->failed)
        return;
    if (b->type == AT_TYPE_TEXT)
        grow(b, &b->offsets, &b->offsets_capacity, (size_t)rows + 1, sizeof *b->offsets);
    else
        grow(b, &b->values, &b->values_capacity, (size_t)rows, at_type_size(b->type));
    b->failed = false; /* only a wish: the appends will tell */
}

static void append_value(at_column_builder *b, const void *value) {
    size_t size = at_type_size(b->type);
    if (b->failed || !grow(b, &b->values, &b->values_capacity, (size_t)b->rows + 1, size))
        return;
    memcpy(b->values + (size_t)b->rows * size, value, size);
}

static void append_text(at_column_builder *b, const char *bytes, size_t length) {
    size_t used = b->rows ? (size_t)b->offsets[b->rows] : 0;
    if (b->failed ||
        !grow(b, &b->offsets, &b->offsets_capacity, (size_t)b->rows + 2,
              sizeof *b->offsets) ||
        !grow(b, &b->bytes, &b->bytes_capacity, used + length, 1))
        return;
    if (length)
        memcpy(b->bytes + used, bytes, length);
    b->offsets[b->rows] = (int64_t)used;
    b->offsets[b->rows + 1] = (int64_t)(used + length);
}

/* Counts the cell that was just written, and notes whether it is there. */
static void end_cell(at_column_builder *b, bool valid) {
    if (b->failed)
        return;
    size_t words = (size_t)b->rows / 64 + 1;
    if (!valid && !b->validity) {
        if (!grow(b, &b->validity, &b->validity_capacity, words, sizeof *b->validity))
            return;
        memset(b->validity, 0xFF, words * sizeof *b->validity);
    } else if (b->validity && b->rows % 64 == 0) {
        if (!grow(b, &b->validity, &b->validity_capacity, words, sizeof *b->validity))
            return;
        b->validity[words - 1] = ~(uint64_t)0;
    }
    if (!valid) {
        b->validity[b->rows / 64] &= ~((uint64_t)1 << (b->rows % 64));
        b->missing++;
    }
    b->rows++;
}

void at_column_builder_missing(at_column_builder *b) {
    static const double zero; /* all bits 0, as wide as any type */
    if (b->type == AT_TYPE_TEXT)
        append_text(b, "", 0);
    else
        append_value(b, &zero);
    end_cell(b, false);
}

void at_column_builder_int(at_column_builder *b, int64_t value) {
    assert(b->type == AT_TYPE_INT || b->type == AT_TYPE_TIMESTAMP ||
           b->type == AT_TYPE_DATE || b->type == AT_TYPE_BOOL);
    int32_t days = (int32_t)value;
    uint8_t truth = value != 0;
    append_value(b, b->type == AT_TYPE_DATE   ? (const void *)&days
                    : b->type == AT_TYPE_BOOL ? (const void *)&truth
                                              : (const void *)&value);
    end_cell(b, true);
}

void at_column_builder_real(at_column_builder *b, double value) {
    assert(b->type == AT_TYPE_FLOAT);
    append_value(b, &value);
    end_cell(b, true);
}

void at_column_builder_text(at_column_builder *b, const char *bytes, int64_t length) {
    assert(at_type_textual(b->type));
    if (b->type == AT_TYPE_TEXT) {
        append_text(b, bytes, (size_t)length);
    } else if (!b->failed) {
        uint32_t code = at_dictionary_add(&b->levels, bytes, (size_t)length);
        b->failed = code == AT_DICTIONARY_NONE;
        append_value(b, &code);
    }
    end_cell(b, true);
}

/* Gives back what growing reserved too much. */
static void *trim(void *items, size_t count, size_t size) {
    void *smaller = items ? at_resize_array(items, count, size) : NULL;
    return smaller ? smaller : items;
}

/* Arrays that a reader may rely on exist even in an empty column. */
static bool complete(at_column_builder *b) {
    if (b->type == AT_TYPE_TEXT && !b->offsets)
        b->offsets = at_alloc_zero(sizeof *b->offsets);
    if (b->type == AT_TYPE_CATEGORY && !b->levels.offsets)
        b->levels.offsets = at_alloc_zero(sizeof *b->levels.offsets);
    if (b->type != AT_TYPE_TEXT && !b->values)
        b->values = at_alloc_zero(8);
    return (b->type != AT_TYPE_TEXT || b->offsets) &&
           (b->type != AT_TYPE_CATEGORY || b->levels.offsets) &&
           (b->type == AT_TYPE_TEXT || b->values);
}

at_status at_column_builder_finish(at_column_builder *b, at_column *column,
                                   at_column_store **out, char **name, at_error *err) {
    at_column_store *store = NULL;
    if (b->failed || !complete(b) || at_column_store_new(&store, NULL) != AT_OK) {
        at_column_builder_release(b);
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    size_t rows = (size_t)b->rows;
    store->values = trim(b->values, rows, at_type_size(b->type));
    store->validity = trim(b->validity, (rows + 63) / 64, sizeof *b->validity);
    if (b->type == AT_TYPE_CATEGORY) {
        store->offsets = trim(b->levels.offsets, (size_t)b->levels.count + 1, 8);
        store->bytes = b->levels.bytes;
        b->levels.offsets = NULL;
        b->levels.bytes = NULL;
    } else {
        size_t used = b->offsets ? (size_t)b->offsets[rows] : 0;
        store->offsets = trim(b->offsets, rows + 1, sizeof *b->offsets);
        store->bytes = trim(b->bytes, used, 1);
    }
    *column = (at_column){.name = b->name,
                          .type = b->type,
                          .rows = b->rows,
                          .missing = b->missing,
                          .validity = store->validity,
                          .values = store->values,
                          .offsets = store->offsets,
                          .bytes = store->bytes,
                          .levels = b->levels.count};
    *name = b->name;
    *out = store;
    b->name = NULL;
    b->values = NULL;
    b->validity = NULL;
    b->offsets = NULL;
    b->bytes = NULL;
    at_column_builder_release(b);
    return AT_OK;
}
