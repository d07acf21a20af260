#include "ops/recipe/encoding.h"

#include "ops/recipe/json.h"

#include <math.h>

typedef struct encodings {
    size_t count;
    at_encoding *items;
} encodings;

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "out of memory");
}

at_status at_encodings_new(at_step *step, at_error *err) {
    encodings *all = at_arena_alloc(&step->arena, sizeof *all);
    at_encoding *items =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof *items);
    if (!all || !items)
        return no_memory(err);
    *all = (encodings){step->column_count, items};
    step->state = all;
    return AT_OK;
}

at_encoding *at_encodings(const at_step *step) {
    return ((encodings *)step->state)->items;
}

void at_encodings_fini(at_step *step) {
    encodings *all = step->state;
    for (size_t i = 0; all && i < all->count; i++)
        at_dictionary_fini(&all->items[i].levels);
    step->state = NULL;
}

at_status at_encoding_size(at_step *step, at_encoding *e, size_t outputs, at_error *err) {
    e->outputs = outputs;
    e->values = at_arena_alloc(&step->arena, ((size_t)e->levels.count + 2) * outputs *
                                                 sizeof *e->values);
    return e->values ? AT_OK : no_memory(err);
}

at_status at_encoding_put(const at_encoding *e, at_sheet *sheet, int place, double *slab,
                          at_error *err) {
    at_column_store *store;
    at_status status = at_sheet_store(sheet, &store, err);
    if (status != AT_OK) {
        if (!sheet->brief)
            at_free(slab);
        return status;
    }
    store->values = slab;
    at_column column = {.type = AT_TYPE_FLOAT, .rows = sheet->rows, .reals = slab};
    if (!e->names) {
        at_sheet_set(sheet, place, &column, store);
        return AT_OK;
    }
    for (size_t k = 0; k < e->outputs && status == AT_OK; k++) {
        column.reals = slab + k * (size_t)sheet->rows;
        status = at_sheet_add(sheet, e->names[k], &column, at_column_store_retain(store),
                              false, err);
    }
    at_column_store_release(store);
    at_sheet_discard(sheet, place);
    return status;
}

static at_status apply_column(const at_encoding *e, at_sheet *sheet, int place,
                              at_error *err) {
    size_t rows = (size_t)sheet->rows;
    uint32_t *codes = at_alloc_array(rows + 1, sizeof *codes);
    double *slab = at_sheet_cells(sheet, e->outputs * rows + 1, sizeof *slab);
    at_status status = codes && slab
                           ? at_level_find(&sheet->columns[place], &e->levels, codes, err)
                           : no_memory(err);
    for (size_t i = 0; i < rows && status == AT_OK; i++) {
        const double *values = at_encoding_row(e, codes[i]);
        for (size_t k = 0; k < e->outputs; k++)
            slab[k * rows + i] = values[k];
    }
    at_free(codes);
    if (status == AT_OK)
        return at_encoding_put(e, sheet, place, slab, err);
    if (!sheet->brief)
        at_free(slab);
    return status;
}

at_status at_encodings_apply(const at_step *step, at_sheet *sheet,
                             const at_step_context *context, at_step_report *report,
                             at_error *err) {
    (void)context;
    const at_encoding *e = at_encodings(step);
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        if (place < 0)
            continue;
        AT_TRY(apply_column(&e[i], sheet, place, err));
        if (report)
            report->cells += sheet->rows;
    }
    at_sheet_sweep(sheet);
    return AT_OK;
}

json_t *at_encodings_save(const at_step *step) {
    const at_encoding *e = at_encodings(step);
    json_t *list = json_array();
    for (size_t i = 0; list && i < step->column_count; i++) {
        size_t count = ((size_t)e[i].levels.count + 2) * e[i].outputs;
        json_t *one = json_object();
        bool ok = one && at_json_put(one, "levels", at_level_save(&e[i].levels)) &&
                  at_json_put(one, "values", at_json_reals(e[i].values, count));
        if (ok && e[i].names)
            ok = at_json_put(one, "names", at_json_texts(e[i].names, e[i].outputs));
        if (json_array_append_new(list, one) != 0 || !ok) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status load_one(at_step *step, const json_t *one, at_encoding *e,
                          at_error *err) {
    size_t count;
    AT_TRY(at_level_load(json_object_get(one, "levels"), &e->levels, err));
    e->outputs = 1;
    const json_t *names = json_object_get(one, "names");
    if (names)
        AT_TRY(at_json_read_texts(names, &step->arena, &e->names, &e->outputs, err));
    AT_TRY(at_json_read_reals(json_object_get(one, "values"), &step->arena, &e->values,
                              &count, err));
    bool ok = e->outputs > 0 && count == ((size_t)e->levels.count + 2) * e->outputs;
    for (size_t k = 0; ok && k < count; k++)
        ok = isfinite(e->values[k]);
    return ok ? AT_OK : at_json_broken(err);
}

at_status at_encodings_load(at_step *step, const json_t *saved, at_error *err) {
    if (json_array_size(saved) != step->column_count)
        return at_json_broken(err);
    AT_TRY(at_encodings_new(step, err));
    for (size_t i = 0; i < step->column_count; i++)
        AT_TRY(load_one(step, json_array_get(saved, i), &at_encodings(step)[i], err));
    return AT_OK;
}
