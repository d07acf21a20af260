#include "ops/recipe/outcome.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "out of memory");
}

void at_outcome_fini(at_outcome *o) {
    at_free(o->y);
    at_dictionary_fini(&o->labels);
    *o = (at_outcome){0};
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The levels of the target that rows have, sorted, become o->labels. */
static at_status sort_labels(at_outcome *o, const at_dictionary *seen, at_error *err) {
    at_arena arena = {0};
    const char **texts =
        at_arena_alloc(&arena, ((size_t)seen->count + 1) * sizeof *texts);
    bool ok = texts != NULL;
    for (uint32_t k = 0; ok && k < seen->count; k++) {
        texts[k] = at_arena_text(&arena, seen->bytes + seen->offsets[k],
                                 (size_t)(seen->offsets[k + 1] - seen->offsets[k]));
        ok = texts[k] != NULL;
    }
    if (ok)
        qsort(texts, seen->count, sizeof *texts, by_text);
    for (uint32_t k = 0; ok && k < seen->count; k++)
        ok = at_dictionary_add(&o->labels, texts[k], strlen(texts[k])) !=
             AT_DICTIONARY_NONE;
    at_arena_fini(&arena);
    return ok ? AT_OK : no_memory(err);
}

static at_status read_classes(at_outcome *o, const at_column *c, const char *verb,
                              at_error *err) {
    at_dictionary seen = {0};
    uint32_t *codes = at_alloc_array((size_t)c->rows + 1, sizeof *codes);
    at_status status =
        codes ? at_level_learn(c, &seen, AT_OUTCOME_CLASSES, codes, err) : no_memory(err);
    if (status == AT_LIMIT)
        at_hint(err, "%s takes a target that is a number, or has up to %d classes", verb,
                AT_OUTCOME_CLASSES);
    if (status == AT_OK)
        status = sort_labels(o, &seen, err);
    if (status == AT_OK)
        status = at_level_find(c, &o->labels, codes, err);
    for (int64_t i = 0; i < c->rows && status == AT_OK; i++)
        o->y[i] = codes[i] == AT_LEVEL_MISSING ? (double)NAN : (double)codes[i];
    o->classes = o->labels.count > 2;
    o->outputs = o->classes ? o->labels.count : 1;
    at_free(codes);
    at_dictionary_fini(&seen);
    return status;
}

at_status at_outcome_init(at_outcome *o, const at_sheet *sheet,
                          const at_step_context *context, const char *verb,
                          at_error *err) {
    *o = (at_outcome){0};
    int place = context->target ? at_sheet_find(sheet, context->target, 0) : -1;
    if (place < 0) {
        at_fail(err, AT_INVALID, "%s learns from the target, and none is named", verb);
        return at_hint(err, "%%%%prepare NAME --data DATASET --target COLUMN");
    }
    const at_column *c = &sheet->columns[place];
    o->rows = c->rows;
    o->outputs = 1;
    o->y = at_alloc_array((size_t)c->rows + 1, sizeof *o->y);
    at_status status = o->y ? AT_OK : no_memory(err);
    if (status == AT_OK && at_type_textual(c->type))
        status = read_classes(o, c, verb, err);
    int64_t known = 0;
    for (int64_t i = 0; i < c->rows && status == AT_OK; i++) {
        if (!at_type_textual(c->type))
            o->y[i] = at_column_real(c, i);
        o->y[i] = isfinite(o->y[i]) ? o->y[i] : (double)NAN;
        known += !isnan(o->y[i]);
    }
    if (status == AT_OK && !known)
        status =
            at_fail(err, AT_INVALID, "every cell of the target '%s' is missing", c->name);
    if (status != AT_OK)
        at_outcome_fini(o);
    return status;
}
