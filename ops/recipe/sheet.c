#include "ops/recipe/sheet.h"

#include "ops/base/text.h"

#include <string.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "out of memory");
}

/* Room for what one-hot adds to a usual table, so that it seldom moves. */
enum { ROOM = 64 };

/* Like at_grow, where the sheet has its memory. */
static void *grow(const at_sheet *sheet, void *items, size_t *capacity, size_t need,
                  size_t size) {
    if (!sheet->brief)
        return at_grow(items, capacity, need, size);
    if (need <= *capacity)
        return items;
    size_t more = 2 * need;
    void *grown =
        more <= SIZE_MAX / size ? at_arena_alloc(sheet->brief, more * size) : NULL;
    if (grown && *capacity)
        memcpy(grown, items, *capacity * size);
    if (grown)
        *capacity = more;
    return grown;
}

/* Makes room for `need` columns. */
static bool reserve(at_sheet *sheet, size_t need) {
    at_column *columns =
        grow(sheet, sheet->columns, &sheet->columns_capacity, need, sizeof *columns);
    if (!columns)
        return false;
    sheet->columns = columns;
    at_sheet_origin *origins =
        grow(sheet, sheet->origins, &sheet->origins_capacity, need, sizeof *origins);
    if (!origins)
        return false;
    sheet->origins = origins;
    return true;
}

at_status at_sheet_init_brief(at_sheet *sheet, const at_frame *frame, at_arena *arena,
                              at_error *err) {
    *sheet = (at_sheet){.brief = arena};
    int count = at_frame_columns(frame);
    if (!reserve(sheet, arena ? (size_t)count + ROOM / 2 : (size_t)count + ROOM)) {
        at_sheet_fini(sheet);
        return no_memory(err);
    }
    sheet->base = at_frame_retain(frame);
    sheet->rows = at_frame_rows(frame);
    sheet->count = count;
    for (int i = 0; i < count; i++) {
        sheet->columns[i] = *at_frame_column(frame, i);
        sheet->origins[i] = (at_sheet_origin){.index = i};
    }
    return AT_OK;
}

at_status at_sheet_init(at_sheet *sheet, const at_frame *frame, at_error *err) {
    return at_sheet_init_brief(sheet, frame, NULL, err);
}

static void release_columns(at_sheet *sheet) {
    for (int i = 0; i < sheet->count; i++)
        at_column_store_release(sheet->origins[i].store);
    sheet->count = 0;
}

void at_sheet_fini(at_sheet *sheet) {
    release_columns(sheet);
    if (!sheet->brief) {
        at_free(sheet->columns);
        at_free(sheet->origins);
    }
    at_frame_release(sheet->base);
    *sheet = (at_sheet){0};
}

int at_sheet_find(const at_sheet *sheet, const char *name, int from) {
    int count = sheet->count;
    int at = from >= 0 && from < count ? from : 0;
    for (int i = 0; i < count; i++) {
        /* The first letters, case apart, tell most names apart without a call. */
        const char *have = sheet->columns[at].name;
        if (!((*have ^ *name) & ~0x20) && at_equal_fold(have, name))
            return at;
        if (++at == count)
            at = 0;
    }
    return -1;
}

void at_sheet_set(at_sheet *sheet, int index, const at_column *column,
                  at_column_store *store) {
    const char *name = sheet->columns[index].name;
    at_column_store_release(sheet->origins[index].store);
    sheet->columns[index] = *column;
    sheet->columns[index].name = name;
    sheet->origins[index].store = store;
}

at_status at_sheet_set_built(at_sheet *sheet, int index, at_column_builder *builder,
                             at_error *err) {
    at_column column;
    at_column_store *store;
    char *name;
    AT_TRY(at_column_builder_finish(builder, &column, &store, &name, err));
    at_sheet_set(sheet, index, &column, store);
    at_free(name);
    return AT_OK;
}

at_status at_sheet_add(at_sheet *sheet, const char *name, const at_column *column,
                       at_column_store *store, bool indicator, at_error *err) {
    if (!reserve(sheet, (size_t)sheet->count + 1)) {
        at_column_store_release(store);
        return no_memory(err);
    }
    sheet->columns[sheet->count] = *column;
    sheet->columns[sheet->count].name = name;
    sheet->origins[sheet->count] =
        (at_sheet_origin){.store = store, .index = -1, .indicator = indicator};
    sheet->count++;
    return AT_OK;
}

void at_sheet_remove(at_sheet *sheet, int index) {
    at_column_store_release(sheet->origins[index].store);
    size_t after = (size_t)(sheet->count - index - 1);
    memmove(sheet->columns + index, sheet->columns + index + 1,
            after * sizeof *sheet->columns);
    memmove(sheet->origins + index, sheet->origins + index + 1,
            after * sizeof *sheet->origins);
    sheet->count--;
}

void at_sheet_discard(at_sheet *sheet, int index) {
    sheet->origins[index].discarded = true;
}

void at_sheet_sweep(at_sheet *sheet) {
    int kept = 0;
    for (int i = 0; i < sheet->count; i++) {
        if (sheet->origins[i].discarded) {
            at_column_store_release(sheet->origins[i].store);
            continue;
        }
        if (kept < i) {
            sheet->columns[kept] = sheet->columns[i];
            sheet->origins[kept] = sheet->origins[i];
        }
        kept++;
    }
    sheet->count = kept;
}

static at_status put(const at_sheet *sheet, int index, at_frame_builder *b,
                     at_error *err) {
    const at_column *column = &sheet->columns[index];
    const at_sheet_origin *origin = &sheet->origins[index];
    if (!origin->store)
        return at_frame_builder_share(b, sheet->base, origin->index, column->name, err);
    return at_frame_builder_put(b, column, at_column_store_retain(origin->store), err);
}

at_status at_sheet_part(const at_sheet *sheet, const int *columns, int count,
                        at_frame **out, at_error *err) {
    at_frame_builder *b;
    AT_TRY(at_frame_builder_new(&b, err));
    for (int i = 0; i < count; i++) {
        at_status status = put(sheet, columns ? columns[i] : i, b, err);
        if (status != AT_OK) {
            at_frame_builder_release(b);
            return status;
        }
    }
    return at_frame_builder_finish(b, out, err);
}

at_status at_sheet_frame(const at_sheet *sheet, at_frame **out, at_error *err) {
    return at_sheet_part(sheet, NULL, sheet->count, out, err);
}

at_status at_sheet_take_rows(at_sheet *sheet, const int64_t *rows, int64_t count,
                             at_error *err) {
    at_frame *all, *kept;
    AT_TRY(at_sheet_frame(sheet, &all, err));
    at_status status = at_frame_take_rows(all, rows, count, &kept, err);
    at_frame_release(all);
    AT_TRY(status);
    /* The new frame has the same columns in the same order. */
    release_columns(sheet);
    at_frame_release(sheet->base);
    sheet->base = kept;
    sheet->rows = count;
    sheet->count = at_frame_columns(kept);
    for (int i = 0; i < sheet->count; i++) {
        sheet->columns[i] = *at_frame_column(kept, i);
        sheet->origins[i].store = NULL;
        sheet->origins[i].index = i;
    }
    return AT_OK;
}

void *at_sheet_cells(at_sheet *sheet, size_t count, size_t size) {
    if (!sheet->brief)
        return at_alloc_array(count, size);
    return count <= SIZE_MAX / size ? at_arena_alloc(sheet->brief, count * size) : NULL;
}

at_status at_sheet_store(at_sheet *sheet, at_column_store **out, at_error *err) {
    if (!sheet->brief)
        return at_column_store_new(out, err);
    *out = at_arena_alloc(sheet->brief, sizeof **out);
    if (!*out)
        return no_memory(err);
    (*out)->lent = true;
    return AT_OK;
}

at_status at_sheet_array(at_sheet *sheet, at_type type, const at_column *like,
                         at_column *out, at_column_store **result, at_error *err) {
    at_column_store *store;
    AT_TRY(at_sheet_store(sheet, &store, err));
    *out = (at_column){
        .name = like->name, .type = type, .rows = like->rows, .missing = like->missing};
    store->values = at_sheet_cells(sheet, (size_t)like->rows + 1, at_type_size(type));
    bool ok = store->values != NULL;
    if (ok && like->missing) {
        size_t words = ((size_t)like->rows + 63) / 64;
        store->validity = at_sheet_cells(sheet, words, sizeof(uint64_t));
        ok = store->validity != NULL;
        if (ok)
            memcpy(store->validity, like->validity, words * sizeof(uint64_t));
    }
    if (!ok) {
        at_column_store_release(store);
        return no_memory(err);
    }
    out->values = store->values;
    out->validity = store->validity;
    *result = store;
    return AT_OK;
}
