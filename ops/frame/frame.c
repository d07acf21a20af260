#include "ops/frame/frame.h"

#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/frame/column.h"
#include "ops/frame/dictionary.h"

#include <assert.h>
#include <jansson.h>
#include <stdatomic.h>
#include <string.h>

struct at_frame {
    atomic_size_t references;
    int64_t rows;
    int count;
    at_column *columns; /* names are owned here, arrays by the stores */
    at_column_store **stores;
    bool block; /* of at_frame_of_block: names are not owned, all stores are one */
};

struct at_frame_builder {
    int count;
    at_column *columns;
    at_column_store **stores;
    size_t columns_capacity, stores_capacity;
    at_dictionary names; /* lower case: finds a repeated name at once */
};

int64_t at_frame_rows(const at_frame *frame) {
    return frame->rows;
}

int at_frame_columns(const at_frame *frame) {
    return frame->count;
}

const at_column *at_frame_column(const at_frame *frame, int index) {
    return index >= 0 && index < frame->count ? &frame->columns[index] : NULL;
}

int at_frame_find(const at_frame *frame, const char *name) {
    for (int i = 0; i < frame->count; i++) {
        if (at_equal_fold(frame->columns[i].name, name))
            return i;
    }
    return -1;
}

at_frame *at_frame_retain(const at_frame *frame) {
    at_frame *shared = (at_frame *)frame; /* only the count changes */
    atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
    return shared;
}

static void free_columns(at_column *columns, at_column_store **stores, int count) {
    for (int i = 0; i < count; i++) {
        at_free((char *)columns[i].name);
        at_column_store_release(stores[i]);
    }
    at_free(columns);
    at_free(stores);
}

void at_frame_release(at_frame *frame) {
    if (!frame ||
        atomic_fetch_sub_explicit(&frame->references, 1, memory_order_acq_rel) != 1)
        return;
    if (frame->block)
        at_column_store_release(frame->stores[0]);
    else
        free_columns(frame->columns, frame->stores, frame->count);
    at_free(frame);
}

at_status at_frame_of_block(const at_column *columns, int count, void *block,
                            at_frame **out, at_error *err) {
    assert(count > 0);
    size_t n = (size_t)count;
    at_column_store *store = NULL;
    at_frame *frame = at_alloc(sizeof *frame + n * sizeof *frame->columns +
                               n * sizeof(at_column_store *));
    if (!frame || at_column_store_new(&store, NULL) != AT_OK) {
        at_free(frame);
        at_free(block);
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    store->values = block;
    *frame = (at_frame){.rows = columns[0].rows, .count = count, .block = true};
    atomic_init(&frame->references, 1);
    frame->columns = (at_column *)(frame + 1);
    frame->stores = (at_column_store **)(frame->columns + n);
    memcpy(frame->columns, columns, n * sizeof *columns);
    for (size_t i = 0; i < n; i++)
        frame->stores[i] = store;
    *out = frame;
    return AT_OK;
}

int64_t at_frame_bytes(const at_frame *frame) {
    int64_t total = 0;
    for (int i = 0; i < frame->count; i++)
        total += at_column_bytes(&frame->columns[i]);
    return total;
}

at_status at_frame_builder_new(at_frame_builder **out, at_error *err) {
    *out = at_alloc_zero(sizeof **out);
    return *out ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

void at_frame_builder_release(at_frame_builder *b) {
    if (!b)
        return;
    free_columns(b->columns, b->stores, b->count);
    at_dictionary_fini(&b->names);
    at_free(b);
}

/* Notes a new name; AT_INVALID if it is empty or there already. */
static at_status add_name(at_frame_builder *b, const char *name, at_error *err) {
    if (!*name)
        return at_fail(err, AT_INVALID, "a column has no name");
    char *lower = at_copy_text(name);
    if (!lower)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (char *c = lower; *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
    uint32_t before = b->names.count;
    uint32_t place = at_dictionary_add(&b->names, lower, strlen(lower));
    at_free(lower);
    if (place == AT_DICTIONARY_NONE)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    if (b->names.count == before) {
        at_fail(err, AT_INVALID, "two columns are named '%s'", name);
        return err ? at_hint(err, "column names must differ, also in lower case")
                   : AT_INVALID;
    }
    return AT_OK;
}

static at_status put(at_frame_builder *b, const at_column *column, at_column_store *store,
                     at_error *err) {
    if (b->count > 0 && column->rows != b->columns[0].rows)
        return at_fail(err, AT_INVALID, "column '%s' has %lld rows; the others have %lld",
                       column->name, (long long)column->rows,
                       (long long)b->columns[0].rows);
    AT_TRY(add_name(b, column->name, err));
    size_t need = (size_t)b->count + 1;
    at_column *columns =
        at_grow(b->columns, &b->columns_capacity, need, sizeof *b->columns);
    if (!columns)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    b->columns = columns;
    at_column_store **stores =
        at_grow(b->stores, &b->stores_capacity, need, sizeof *b->stores);
    if (!stores)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    b->stores = stores;
    char *name = at_copy_text(column->name);
    if (!name)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    columns[b->count] = *column;
    columns[b->count].name = name;
    stores[b->count] = store;
    b->count++;
    return AT_OK;
}

at_status at_frame_builder_put(at_frame_builder *b, const at_column *column,
                               at_column_store *store, at_error *err) {
    at_status status = put(b, column, store, err);
    if (status != AT_OK)
        at_column_store_release(store);
    return status;
}

at_status at_frame_builder_take(at_frame_builder *b, at_column_builder *builder,
                                at_error *err) {
    at_column column;
    at_column_store *store;
    char *name;
    AT_TRY(at_column_builder_finish(builder, &column, &store, &name, err));
    at_status status = at_frame_builder_put(b, &column, store, err);
    at_free(name);
    return status;
}

at_status at_frame_builder_share(at_frame_builder *b, const at_frame *frame, int index,
                                 const char *name, at_error *err) {
    if (index < 0 || index >= frame->count)
        return at_fail(err, AT_INTERNAL, "there is no column %d", index);
    at_column column = frame->columns[index];
    if (name)
        column.name = name;
    return at_frame_builder_put(b, &column, at_column_store_retain(frame->stores[index]),
                                err);
}

at_status at_frame_builder_finish(at_frame_builder *b, at_frame **out, at_error *err) {
    at_status status = AT_OK;
    at_frame *frame = NULL;
    if (b->count == 0)
        status = at_fail(err, AT_INVALID, "a table needs at least one column");
    else if (!(frame = at_alloc_zero(sizeof *frame)))
        status = at_fail(err, AT_NO_MEMORY, "out of memory");
    if (status == AT_OK) {
        atomic_init(&frame->references, 1);
        frame->rows = b->columns[0].rows;
        frame->count = b->count;
        frame->columns = b->columns;
        frame->stores = b->stores;
        b->columns = NULL;
        b->stores = NULL;
        b->count = 0;
        *out = frame;
    }
    at_frame_builder_release(b);
    return status;
}

at_status at_frame_select(const at_frame *frame, const int *columns, int count,
                          at_frame **out, at_error *err) {
    at_frame_builder *b;
    AT_TRY(at_frame_builder_new(&b, err));
    for (int i = 0; i < count; i++) {
        at_status status = at_frame_builder_share(b, frame, columns[i], NULL, err);
        if (status != AT_OK) {
            at_frame_builder_release(b);
            return status;
        }
    }
    return at_frame_builder_finish(b, out, err);
}

json_t *at_frame_schema(const at_frame *frame) {
    json_t *schema = json_array();
    for (int i = 0; schema && i < frame->count; i++) {
        const at_column *column = &frame->columns[i];
        if (json_array_append_new(schema,
                                  json_pack("{s:s, s:s}", "name", column->name, "type",
                                            at_type_name(column->type)))) {
            json_decref(schema);
            return NULL;
        }
    }
    return schema;
}
