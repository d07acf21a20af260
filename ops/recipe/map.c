#include "ops/recipe/map.h"

#include <string.h>

static bool same(const char *a, int64_t a_length, const char *b, int64_t b_length) {
    return a_length == b_length && memcmp(a, b, (size_t)a_length) == 0;
}

/* One cell, or one level that stands for `count` cells, into the builder. */
typedef struct mapping {
    at_map_text map;
    const void *context;
    at_text scratch;
    const char *bytes; /* NULL: missing */
    int64_t length;
    bool changed;
} mapping;

static void map_text(mapping *m, const char *bytes, int64_t length) {
    at_text_clear(&m->scratch);
    m->bytes = bytes;
    m->length = length;
    if (!m->map(m->context, &m->bytes, &m->length, &m->scratch))
        m->bytes = NULL;
    m->changed = !m->bytes || !same(bytes, length, m->bytes, m->length);
}

static void append(at_column_builder *b, const mapping *m) {
    if (m->bytes)
        at_column_builder_text(b, m->bytes, m->length);
    else
        at_column_builder_missing(b);
}

/* Row by row. */
static bool map_rows(mapping *m, const at_column *c, at_column_builder *b,
                     at_tally *tally) {
    bool any = false;
    for (int64_t i = 0; i < c->rows; i++) {
        int64_t length;
        const char *text = at_column_text(c, i, &length);
        if (!text) {
            at_column_builder_missing(b);
            continue;
        }
        map_text(m, text, length);
        append(b, m);
        if (m->changed)
            at_tally_add(tally, c->name, text, length, m->bytes, m->length, 1);
        any = any || m->changed;
    }
    return any;
}

/* Is there anything to do for a category? Tells the tally. */
static at_status judge_levels(mapping *m, const at_column *c, at_tally *tally, bool *any,
                              at_error *err) {
    *any = false;
    int64_t *cells = at_alloc_array((size_t)c->levels + 1, sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (int64_t i = 0; i < c->rows; i++)
        cells[c->codes[i]] += at_column_valid(c, i);
    for (uint32_t k = 0; k < c->levels; k++) {
        const char *text = c->bytes ? c->bytes + c->offsets[k] : "";
        int64_t length = c->offsets[k + 1] - c->offsets[k];
        if (!cells[k])
            continue;
        map_text(m, text, length);
        if (m->changed)
            at_tally_add(tally, c->name, text, length, m->bytes, m->length, cells[k]);
        *any = *any || m->changed;
    }
    at_free(cells);
    return AT_OK;
}

at_status at_map_column(at_sheet *sheet, int place, at_map_text map, const void *context,
                        at_tally *tally, at_error *err) {
    const at_column *c = &sheet->columns[place];
    mapping m = {.map = map, .context = context};
    bool any = true, levels = c->type == AT_TYPE_CATEGORY && (int64_t)c->levels < c->rows;
    at_tally silent = {0};
    at_column_builder *b = NULL;
    at_status status = AT_OK;
    if (levels)
        status = judge_levels(&m, c, tally, &any, err);
    if (status == AT_OK && any)
        status = at_column_builder_new(c->name, c->type, &b, err);
    if (b) {
        at_column_builder_reserve(b, c->rows);
        any = map_rows(&m, c, b, levels ? &silent : tally);
    }
    if (status == AT_OK && !at_text_ok(&m.scratch))
        status = at_fail(err, AT_NO_MEMORY, "out of memory");
    at_text_fini(&m.scratch);
    if (status == AT_OK && any)
        return at_sheet_set_built(sheet, place, b, err);
    at_column_builder_release(b);
    return status;
}

at_status at_map_fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(at_step_resolve(step, sheet, context, err));
    const char **kept =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof *kept);
    if (!kept)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    size_t count = 0;
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        if (at_map_takes(&sheet->columns[place]))
            kept[count++] = step->columns[i];
    }
    if (!count && step->column_count) {
        const at_column *c = &sheet->columns[place];
        at_fail(err, AT_INVALID, "'%s' is %s: there is no text to %s", c->name,
                at_type_name(c->type), step->kind->verb);
        return at_hint(err, "%s works on columns of type text and category",
                       step->kind->verb);
    }
    step->columns = kept;
    step->column_count = count;
    return AT_OK;
}

at_status at_map_apply(const at_step *step, at_sheet *sheet, at_map_text map,
                       at_step_report *report, at_error *err) {
    at_tally tally;
    AT_TRY(at_tally_init(&tally, report, err));
    at_status status = AT_OK;
    int place = 0;
    for (size_t i = 0; i < step->column_count && status == AT_OK; i++) {
        status = at_step_place(step, i, sheet, &place, err);
        if (status == AT_OK && place >= 0 && at_map_takes(&sheet->columns[place]))
            status = at_map_column(sheet, place, map, NULL, &tally, err);
    }
    return at_tally_finish(&tally, status, err);
}
