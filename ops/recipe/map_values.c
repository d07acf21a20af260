/* map V -> W, V -> W in C: many replacements at once. A column of text whose values all
 * become numbers is a column of numbers after: grades, sizes, yes and no. */
#include "ops/base/suggest.h"
#include "ops/recipe/json.h"
#include "ops/recipe/level.h"
#include "ops/recipe/report.h"
#include "ops/recipe/value.h"

#include <string.h>

/* One column: the type after. What maps is in the arguments. */
typedef at_type map_state;

static size_t pairs(const at_step *step) {
    return step->args.value_count / 2;
}

static const char *other(const at_step *step) {
    return step->args.value_count % 2 ? step->args.values[step->args.value_count - 1]
                                      : NULL;
}

/* What the cell becomes; NULL: it stays. */
static const char *target_of(const at_step *step, at_type type, const char *text,
                             size_t length) {
    at_value cell, from;
    bool textual = at_type_textual(type);
    bool read = !textual && at_value_read(text, length, type, &cell);
    for (size_t k = 0; k < pairs(step); k++) {
        const char *given = step->args.values[2 * k];
        if (strlen(given) == length && memcmp(given, text, length) == 0)
            return step->args.values[2 * k + 1];
        if (!read || !at_value_read(given, strlen(given), type, &from))
            continue;
        bool same = type == AT_TYPE_FLOAT
                        ? cell.real >= from.real && cell.real <= from.real
                        : cell.integer == from.integer;
        if (same)
            return step->args.values[2 * k + 1];
    }
    return other(step);
}

static bool reads(const char *text, size_t length, at_type type) {
    at_value value;
    return at_value_read(text, length, type, &value);
}

/* The narrowest type that holds every cell after. */
static at_status settle(const at_step *step, const at_column *c, at_type *out,
                        at_error *err) {
    static const at_type narrow[] = {AT_TYPE_INT, AT_TYPE_FLOAT};
    enum { NARROW = 2 };
    bool fits[NARROW] = {true, true}, own = true;
    at_text scratch = {0};
    at_dictionary seen = {0};
    at_status status = AT_OK;
    for (int64_t i = 0; i < c->rows && status == AT_OK; i++) {
        int64_t length;
        const char *text = at_level_of(c, i, &scratch, &length);
        if (!text)
            continue;
        uint32_t before = seen.count;
        if (at_dictionary_add(&seen, text, (size_t)length) == AT_DICTIONARY_NONE ||
            !at_text_ok(&scratch))
            status = at_fail(err, AT_NO_MEMORY, "out of memory");
        if (seen.count == before)
            continue;
        const char *to = target_of(step, c->type, text, (size_t)length);
        const char *after = to ? to : text;
        size_t n = to ? strlen(to) : (size_t)length;
        own = own && reads(after, n, c->type);
        for (int t = 0; t < NARROW; t++) /* a text that stays is no number on its own */
            fits[t] = fits[t] && (to || !at_type_textual(c->type)) &&
                      reads(after, n, narrow[t]);
    }
    bool numbers = seen.count > 0 && fits[1];
    if (at_type_textual(c->type))
        *out = numbers ? (fits[0] ? AT_TYPE_INT : AT_TYPE_FLOAT) : c->type;
    else
        *out = own       ? c->type
               : numbers ? (fits[0] ? AT_TYPE_INT : AT_TYPE_FLOAT)
                         : AT_TYPE_CATEGORY;
    at_text_fini(&scratch);
    at_dictionary_fini(&seen);
    return status;
}

/* A value that no cell holds is a slip: the nearest is named. */
static at_status check_given(const at_step *step, const at_column *c,
                             const at_dictionary *levels, at_error *err) {
    for (size_t k = 0; k < pairs(step); k++) {
        const char *given = step->args.values[2 * k];
        if (step->column_count > 1 || !at_type_textual(c->type) ||
            at_dictionary_find(levels, given, strlen(given)) != AT_DICTIONARY_NONE)
            continue;
        at_arena arena = {0};
        const char **texts =
            at_arena_alloc(&arena, ((size_t)levels->count + 1) * sizeof *texts);
        size_t count = 0;
        for (uint32_t j = 0; texts && j < levels->count; j++) {
            const char *text =
                at_arena_text(&arena, levels->bytes + levels->offsets[j],
                              (size_t)(levels->offsets[j + 1] - levels->offsets[j]));
            if (text)
                texts[count++] = text;
        }
        const char *near = texts ? at_nearest(given, texts, count) : NULL;
        at_fail(err, AT_NOT_FOUND, "no cell of '%s' holds '%s'", c->name, given);
        at_status status =
            near ? at_hint(err, "did you mean \"%s\"?", near)
                 : at_hint(err, "SELECT DISTINCT \"%s\" shows its values", c->name);
        at_arena_fini(&arena);
        return status;
    }
    return AT_OK;
}

static at_status check_column(const at_step *step, const at_column *c, at_error *err) {
    at_dictionary levels = {0};
    uint32_t *codes = at_alloc_array((size_t)c->rows + 1, sizeof *codes);
    at_status status = codes ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
    if (status == AT_OK && at_type_textual(c->type)) {
        status = at_level_learn(c, &levels, UINT32_MAX - 2, codes, err);
        if (status == AT_OK)
            status = check_given(step, c, &levels, err);
    }
    at_free(codes);
    at_dictionary_fini(&levels);
    return status;
}

static at_status new_state(at_step *step, map_state **out, at_error *err) {
    step->state = *out =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof **out);
    return *out ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(at_step_resolve(step, sheet, context, err));
    map_state *types;
    AT_TRY(new_state(step, &types, err));
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        AT_TRY(check_column(step, &sheet->columns[place], err));
        AT_TRY(settle(step, &sheet->columns[place], &types[i], err));
    }
    return AT_OK;
}

static void append(at_column_builder *b, at_type type, const char *text, size_t length) {
    at_value value;
    if (!at_value_read(text, length, type, &value))
        at_column_builder_missing(b); /* a value that the fit never saw */
    else if (type == AT_TYPE_FLOAT)
        at_column_builder_real(b, value.real);
    else if (at_type_textual(type))
        at_column_builder_text(b, text, (int64_t)length);
    else
        at_column_builder_int(b, value.integer);
}

static at_status map_column(const at_step *step, at_sheet *sheet, int place, at_type type,
                            at_tally *tally, at_error *err) {
    const at_column *c = &sheet->columns[place];
    at_column_builder *b;
    at_text scratch = {0};
    AT_TRY(at_column_builder_new(c->name, type, &b, err));
    at_column_builder_reserve(b, c->rows);
    for (int64_t i = 0; i < c->rows; i++) {
        int64_t length;
        const char *text = at_level_of(c, i, &scratch, &length);
        if (!text) {
            at_column_builder_missing(b);
            continue;
        }
        const char *to = target_of(step, c->type, text, (size_t)length);
        if (to)
            at_tally_add(tally, c->name, text, length, to, (int64_t)strlen(to), 1);
        append(b, type, to ? to : text, to ? strlen(to) : (size_t)length);
    }
    bool ok = at_text_ok(&scratch);
    at_text_fini(&scratch);
    if (!ok) {
        at_column_builder_release(b);
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    return at_sheet_set_built(sheet, place, b, err);
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    const map_state *types = step->state;
    at_tally tally;
    AT_TRY(at_tally_init(&tally, report, err));
    at_status status = AT_OK;
    int place = 0;
    for (size_t i = 0; i < step->column_count && status == AT_OK; i++) {
        status = at_step_place(step, i, sheet, &place, err);
        if (status == AT_OK && place >= 0)
            status = map_column(step, sheet, place, types[i], &tally, err);
    }
    return at_tally_finish(&tally, status, err);
}

static json_t *save(const at_step *step) {
    const map_state *types = step->state;
    json_t *list = json_array();
    for (size_t i = 0; list && i < step->column_count; i++) {
        if (json_array_append_new(list, json_string(at_type_name(types[i]))) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    map_state *types;
    if (json_array_size(saved) != step->column_count)
        return at_json_broken(err);
    AT_TRY(new_state(step, &types, err));
    for (size_t i = 0; i < step->column_count; i++) {
        const char *name = json_string_value(json_array_get(saved, i));
        if (!name || !at_type_from_name(name, &types[i]))
            return at_json_broken(err);
    }
    return AT_OK;
}

const at_step_kind at_step_map_values = {
    .verb = "map",
    .pattern = "PAIRS [else VALUE] in COLUMNS",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary = "Puts each value's partner in its place, and one for all others if you "
               "say `else`; texts that all become numbers make a column of numbers",
    .example = "map \"low\" -> 1, \"middle\" -> 2, \"high\" -> 3 in risk",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
};
