/* one-hot C: one 0/1 column a level. An unseen level, and a missing cell, is all zeros.
 */
#include "ops/recipe/json.h"
#include "ops/recipe/level.h"
#include "ops/recipe/report.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_LEVELS = 1000 };

typedef struct one_hot_column {
    size_t count;
    const char *const *levels; /* (count), sorted by their bytes */
    const char *const *names;  /* (count): "job=admin." */
    at_dictionary places;      /* level -> its place in `levels` */
} one_hot_column;

typedef struct one_hot_state {
    size_t count;
    one_hot_column *columns; /* (count) = step->column_count */
} one_hot_state;

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "out of memory");
}

static void fini(at_step *step) {
    one_hot_state *state = step->state;
    for (size_t i = 0; state && i < state->count; i++)
        at_dictionary_fini(&state->columns[i].places);
    step->state = NULL;
}

static at_status new_state(at_step *step, at_error *err) {
    one_hot_state *state = at_arena_alloc(&step->arena, sizeof *state);
    one_hot_column *columns =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof *columns);
    if (!state || !columns)
        return no_memory(err);
    *state = (one_hot_state){step->column_count, columns};
    step->state = state;
    return AT_OK;
}

typedef struct counted {
    const char *text;
    int64_t count;
    uint32_t first; /* order of appearance */
} counted;

static int by_count(const void *a, const void *b) {
    const counted *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x->first < y->first ? -1 : 1;
}

static int by_text(const void *a, const void *b) {
    return strcmp(((const counted *)a)->text, ((const counted *)b)->text);
}

static at_status too_many(const at_column *c, at_error *err) {
    at_fail(err, AT_LIMIT, "'%s' has more than %d different values: too many for one-hot",
            c->name, MOST_LEVELS);
    return at_hint(err, "keep the frequent ones: one-hot %s top 50, or: drop column %s",
                   c->name, c->name);
}

/* The levels of the column with their counts, by first appearance. */
static at_status count_levels(const at_column *c, bool bounded, at_dictionary *seen,
                              int64_t **counts, at_error *err) {
    at_text scratch = {0};
    size_t capacity = 0;
    at_status status = AT_OK;
    for (int64_t i = 0; i < c->rows && status == AT_OK; i++) {
        int64_t length;
        const char *text = at_level_of(c, i, &scratch, &length);
        if (!at_text_ok(&scratch))
            status = no_memory(err);
        if (!text || status != AT_OK)
            continue;
        uint32_t before = seen->count;
        uint32_t k = at_dictionary_add(seen, text, (size_t)length);
        int64_t *grown = k == AT_DICTIONARY_NONE
                             ? NULL
                             : at_grow(*counts, &capacity, seen->count, sizeof *grown);
        if (!grown) {
            status = no_memory(err);
            break;
        }
        *counts = grown;
        if (seen->count > before)
            grown[k] = 0;
        grown[k]++;
        if (bounded && seen->count > MOST_LEVELS)
            status = too_many(c, err);
    }
    at_text_fini(&scratch);
    return status;
}

static bool taken(const at_step *step, const at_sheet *sheet, size_t column,
                  const char *const *names, size_t count, const char *name) {
    const one_hot_state *state = step->state;
    if (at_sheet_find(sheet, name, 0) >= 0)
        return true;
    for (size_t k = 0; k < count; k++) {
        if (at_equal_fold(names[k], name))
            return true;
    }
    for (size_t i = 0; i < column; i++) {
        for (size_t k = 0; k < state->columns[i].count; k++) {
            if (at_equal_fold(state->columns[i].names[k], name))
                return true;
        }
    }
    return false;
}

/* "job=admin."; "job=Admin. (2)" where the name is there already. */
static at_status name_levels(at_step *step, const at_sheet *sheet, size_t column,
                             at_error *err) {
    one_hot_column *hot = &((one_hot_state *)step->state)->columns[column];
    const char **names = at_arena_alloc(&step->arena, (hot->count + 1) * sizeof *names);
    if (!names)
        return no_memory(err);
    for (size_t k = 0; k < hot->count; k++) {
        const char *base =
            at_arena_format(&step->arena, "%s=%s", step->columns[column], hot->levels[k]);
        names[k] = base;
        for (int copy = 2; names[k] && taken(step, sheet, column, names, k, names[k]);
             copy++)
            names[k] = at_arena_format(&step->arena, "%s (%d)", base, copy);
        if (!names[k])
            return no_memory(err);
    }
    hot->names = names;
    return AT_OK;
}

static at_status index_levels(one_hot_column *hot, at_error *err) {
    for (size_t k = 0; k < hot->count; k++) {
        uint32_t place =
            at_dictionary_add(&hot->places, hot->levels[k], strlen(hot->levels[k]));
        if (place == AT_DICTIONARY_NONE)
            return no_memory(err);
        if (place != k)
            return at_json_broken(err);
    }
    return AT_OK;
}

static at_status choose(at_step *step, const at_dictionary *seen, const int64_t *counts,
                        size_t top, one_hot_column *hot, at_error *err) {
    counted *list = at_alloc_array((size_t)seen->count + 1, sizeof *list);
    const char **levels =
        at_arena_alloc(&step->arena, ((size_t)seen->count + 1) * sizeof *levels);
    bool ok = list && levels;
    for (uint32_t k = 0; ok && k < seen->count; k++) {
        int64_t from = seen->offsets[k];
        list[k] = (counted){at_arena_text(&step->arena, seen->bytes + from,
                                          (size_t)(seen->offsets[k + 1] - from)),
                            counts[k], k};
        ok = list[k].text != NULL;
    }
    if (ok) {
        size_t count = seen->count;
        if (top && top < count) {
            qsort(list, count, sizeof *list, by_count);
            count = top;
        }
        qsort(list, count, sizeof *list, by_text);
        for (size_t k = 0; k < count; k++)
            levels[k] = list[k].text;
        hot->levels = levels;
        hot->count = count;
    }
    at_free(list);
    return ok ? index_levels(hot, err) : no_memory(err);
}

static at_status fit_column(at_step *step, const at_sheet *sheet, size_t i, int place,
                            size_t top, at_error *err) {
    at_dictionary seen = {0};
    int64_t *counts = NULL;
    one_hot_column *hot = &((one_hot_state *)step->state)->columns[i];
    at_status status = count_levels(&sheet->columns[place], !top, &seen, &counts, err);
    if (status == AT_OK)
        status = choose(step, &seen, counts, top, hot, err);
    if (status == AT_OK)
        status = name_levels(step, sheet, i, err);
    at_dictionary_fini(&seen);
    at_free(counts);
    return status;
}

static at_status read_top(const at_step *step, size_t *top, at_error *err) {
    *top = 0;
    if (!step->args.value_count)
        return AT_OK;
    int64_t number;
    if (!at_parse_int(step->args.values[0], &number) || number < 1 ||
        number > MOST_LEVELS)
        return at_fail(err, AT_INVALID, "top takes a number from 1 to %d, not '%s'",
                       MOST_LEVELS, step->args.values[0]);
    *top = (size_t)number;
    return AT_OK;
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    size_t top;
    AT_TRY(read_top(step, &top, err));
    AT_TRY(at_step_resolve(step, sheet, context, err));
    AT_TRY(new_state(step, err));
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        AT_TRY(fit_column(step, sheet, i, place, top, err));
    }
    return AT_OK;
}

/* slab: (levels, rows), zeroed. Marks the level of every row. */
static at_status mark(const one_hot_column *hot, const at_column *c, double *slab,
                      at_error *err) {
    at_text scratch = {0};
    uint32_t *codes = NULL; /* of the column's own levels; only where that saves work */
    if (c->type == AT_TYPE_CATEGORY && (int64_t)c->levels < c->rows) {
        codes = at_alloc_array((size_t)c->levels + 1, sizeof *codes);
        if (!codes)
            return no_memory(err);
        for (uint32_t k = 0; k < c->levels; k++)
            codes[k] = at_dictionary_find(&hot->places, c->bytes + c->offsets[k],
                                          (size_t)(c->offsets[k + 1] - c->offsets[k]));
    }
    for (int64_t i = 0; i < c->rows; i++) {
        uint32_t place = AT_DICTIONARY_NONE;
        if (codes) {
            if (at_column_valid(c, i))
                place = codes[c->codes[i]];
        } else {
            int64_t length;
            const char *text = at_level_of(c, i, &scratch, &length);
            if (text)
                place = at_dictionary_find(&hot->places, text, (size_t)length);
        }
        if (place != AT_DICTIONARY_NONE)
            slab[(size_t)place * (size_t)c->rows + (size_t)i] = 1;
    }
    at_free(codes);
    bool ok = at_text_ok(&scratch);
    at_text_fini(&scratch);
    return ok ? AT_OK : no_memory(err);
}

/* All columns of one source column share one store. */
static at_status add_columns(at_sheet *sheet, const one_hot_column *hot, int place,
                             at_error *err) {
    at_column_store *store;
    AT_TRY(at_sheet_store(sheet, &store, err));
    size_t rows = (size_t)sheet->rows;
    double *slab = rows <= SIZE_MAX / (hot->count + 1)
                       ? at_sheet_cells(sheet, hot->count * rows + 1, sizeof *slab)
                       : NULL;
    store->values = slab;
    at_status status =
        slab ? mark(hot, &sheet->columns[place], slab, err) : no_memory(err);
    for (size_t k = 0; k < hot->count && status == AT_OK; k++) {
        at_column column = {
            .type = AT_TYPE_FLOAT, .rows = sheet->rows, .reals = slab + k * rows};
        status = at_sheet_add(sheet, hot->names[k], &column,
                              at_column_store_retain(store), true, err);
    }
    at_column_store_release(store);
    return status;
}

/* "job: 11, marital: 3" */
static at_status note(const at_step *step, at_step_report *report, at_error *err) {
    const one_hot_state *state = step->state;
    at_text list = {0};
    for (size_t i = 0; i < state->count; i++)
        at_text_format(&list, "%s%s: %zu", i ? ", " : "levels of ", step->columns[i],
                       state->columns[i].count);
    report->note = !state->count || !at_text_ok(&list)
                       ? NULL
                       : at_arena_text(report->arena, at_text_get(&list), list.length);
    at_text_fini(&list);
    return report->note || !state->count ? AT_OK : no_memory(err);
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    const one_hot_state *state = step->state;
    int place = 0;
    for (size_t i = 0; i < state->count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        if (place < 0)
            continue;
        AT_TRY(add_columns(sheet, &state->columns[i], place, err));
        at_sheet_discard(sheet, place);
    }
    at_sheet_sweep(sheet);
    return report ? note(step, report, err) : AT_OK;
}

static json_t *save(const at_step *step) {
    const one_hot_state *state = step->state;
    json_t *list = json_array();
    for (size_t i = 0; list && i < state->count; i++) {
        const one_hot_column *hot = &state->columns[i];
        json_t *one = json_object();
        bool ok = one &&
                  at_json_put(one, "levels", at_json_texts(hot->levels, hot->count)) &&
                  at_json_put(one, "names", at_json_texts(hot->names, hot->count));
        if (json_array_append_new(list, one) != 0 || !ok) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    if (json_array_size(saved) != step->column_count)
        return at_json_broken(err);
    AT_TRY(new_state(step, err));
    one_hot_state *state = step->state;
    for (size_t i = 0; i < state->count; i++) {
        one_hot_column *hot = &state->columns[i];
        const json_t *one = json_array_get(saved, i);
        size_t names;
        AT_TRY(at_json_read_texts(json_object_get(one, "levels"), &step->arena,
                                  &hot->levels, &hot->count, err));
        AT_TRY(at_json_read_texts(json_object_get(one, "names"), &step->arena,
                                  &hot->names, &names, err));
        if (names != hot->count)
            return at_json_broken(err);
        AT_TRY(index_levels(hot, err));
    }
    return AT_OK;
}

const at_step_kind at_step_one_hot = {
    .verb = "one-hot",
    .pattern = "COLUMNS [top VALUE]",
    .where = AT_STEP_PREPARE,
    .flow = AT_FLOW_EATS,
    .summary =
        "Puts a 0/1 column for each level (or the most frequent ones) in the place of a "
        "column; a level that training never saw, and a missing cell, is all zeros",
    .example = "one-hot category",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
    .fini = fini,
};
