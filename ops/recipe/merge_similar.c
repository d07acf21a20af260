/* merge similar C: spellings that mean the same become one, the most frequent. What was
 * merged is shown; `except` keeps spellings as they are. A served text that the fit never
 * saw is merged if only case, blanks or punctuation part it from a known one. */
#include "ops/base/suggest.h"
#include "ops/base/text.h"
#include "ops/recipe/json.h"
#include "ops/recipe/level.h"
#include "ops/recipe/map.h"
#include "ops/recipe/similar.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 12, MOST_SHOWN = 400 };

/* Spellings to spellings. */
typedef struct merge_column {
    at_dictionary from, keys;          /* known spellings; keys of those that stay */
    const char *const *to, *const *as; /* (from.count), (keys.count) */
    bool passed;                       /* it had too many values to compare */
} merge_column;

typedef struct merge_state {
    size_t count;
    merge_column *columns;
} merge_state;

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "out of memory");
}

static void fini(at_step *step) {
    merge_state *state = step->state;
    for (size_t i = 0; state && i < state->count; i++) {
        at_dictionary_fini(&state->columns[i].from);
        at_dictionary_fini(&state->columns[i].keys);
    }
    step->state = NULL;
}

static at_status new_state(at_step *step, merge_state **out, at_error *err) {
    merge_state *state = at_arena_alloc(&step->arena, sizeof *state);
    merge_column *columns =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof *columns);
    if (!state || !columns)
        return no_memory(err);
    *state = (merge_state){step->column_count, columns};
    step->state = *out = state;
    return AT_OK;
}

static at_similar_mode mode_of(const at_step *step) {
    const char *word = step->args.word;
    return !word                           ? AT_SIMILAR_USUALLY
           : strcmp(word, "strictly") == 0 ? AT_SIMILAR_STRICTLY
                                           : AT_SIMILAR_LOOSELY;
}

/* The levels of a column with their counts. */
static at_status count_levels(const at_column *c, at_arena *arena, at_similar_level **out,
                              size_t *count, at_error *err) {
    at_dictionary seen = {0};
    uint32_t *codes = at_alloc_array((size_t)c->rows + 1, sizeof *codes);
    at_status status =
        codes ? at_level_learn(c, &seen, AT_SIMILAR_LEVELS, codes, err) : no_memory(err);
    if (status == AT_LIMIT)
        at_hint(err, "merge similar compares every value with every other: up to %d",
                AT_SIMILAR_LEVELS);
    *count = seen.count;
    *out = at_arena_alloc(arena, (*count + 1) * sizeof **out);
    if (status == AT_OK && !*out)
        status = no_memory(err);
    for (uint32_t k = 0; k < seen.count && status == AT_OK; k++) {
        at_similar_level *level = &(*out)[k];
        level->length = (size_t)(seen.offsets[k + 1] - seen.offsets[k]);
        level->bytes = at_arena_text(
            arena, seen.bytes ? seen.bytes + seen.offsets[k] : "", level->length);
        if (!level->bytes)
            status = no_memory(err);
    }
    for (int64_t i = 0; i < c->rows && status == AT_OK; i++)
        if (codes[i] != AT_LEVEL_MISSING)
            (*out)[codes[i]].count++;
    at_free(codes);
    at_dictionary_fini(&seen);
    return status;
}

/* Marks the exceptions; *found: those of `except` that the column has. */
static void fix_levels(const at_step *step, at_similar_level *levels, size_t count,
                       bool *found) {
    for (size_t v = 0; v < step->args.value_count; v++) {
        const char *given = step->args.values[v];
        for (size_t k = 0; k < count; k++) {
            if (levels[k].length != strlen(given) ||
                memcmp(levels[k].bytes, given, levels[k].length) != 0)
                continue;
            levels[k].fixed = true;
            found[v] = true;
        }
    }
}

static at_status remember(at_step *step, merge_column *column, at_arena *arena,
                          const at_similar_level *levels, size_t count, at_error *err) {
    const char **to = at_arena_alloc(&step->arena, (count + 1) * sizeof *to);
    const char **as = at_arena_alloc(&step->arena, (count + 1) * sizeof *as);
    at_text key = {0};
    (void)arena;
    at_status status = to && as ? AT_OK : no_memory(err);
    for (size_t k = 0; k < count && status == AT_OK; k++) {
        const at_similar_level *level = &levels[k];
        const char *kept = level->kept ? level->kept : level->bytes;
        size_t length = level->kept ? level->kept_length : level->length;
        const char *copy = at_arena_text(&step->arena, kept, length);
        at_text_clear(&key);
        at_similar_key(level->bytes, level->length, &key);
        bool told = level->kept || level->fixed;
        uint32_t from =
            told ? at_dictionary_add(&column->from, level->bytes, level->length) : 0;
        uint32_t known = column->keys.count;
        uint32_t at = level->fixed ? 0
                                   : at_dictionary_add(&column->keys, at_text_get(&key),
                                                       key.length);
        if (!copy || !at_text_ok(&key) || from == AT_DICTIONARY_NONE ||
            at == AT_DICTIONARY_NONE)
            status = no_memory(err);
        if (status == AT_OK && told)
            to[from] = copy;
        if (status == AT_OK && !level->fixed && column->keys.count > known)
            as[at] = copy;
    }
    column->to = to;
    column->as = as;
    at_text_fini(&key);
    return status;
}

static at_status fit_column(at_step *step, const at_column *c, merge_column *column,
                            bool *found, const at_cancel *cancel, at_error *err) {
    at_arena arena = {0};
    at_similar_level *levels = NULL;
    size_t count = 0;
    at_status status = count_levels(c, &arena, &levels, &count, err);
    if (status == AT_OK) {
        fix_levels(step, levels, count, found);
        status = at_similar_find(levels, count, mode_of(step), &arena, cancel, err);
    }
    if (status == AT_OK)
        status = remember(step, column, &arena, levels, count, err);
    at_arena_fini(&arena);
    return status;
}

/* An exception that no cell holds is a slip. */
static at_status check_found(const at_step *step, const at_sheet *sheet,
                             const bool *found, at_error *err) {
    for (size_t v = 0; v < step->args.value_count; v++) {
        if (found[v])
            continue;
        const char *given = step->args.values[v];
        at_fail(err, AT_NOT_FOUND, "no cell of '%s' holds '%s'",
                step->column_count ? step->columns[0] : "", given);
        if (!step->column_count)
            return AT_NOT_FOUND;
        const at_column *c = &sheet->columns[at_sheet_find(sheet, step->columns[0], 0)];
        at_arena arena = {0};
        at_similar_level *levels;
        size_t count;
        at_error unread;
        at_status status = count_levels(c, &arena, &levels, &count, &unread);
        const char **texts =
            status == AT_OK ? at_arena_alloc(&arena, (count + 1) * sizeof *texts) : NULL;
        for (size_t k = 0; texts && k < count; k++)
            texts[k] = levels[k].bytes;
        const char *near = texts ? at_nearest(given, texts, count) : NULL;
        status = near ? at_hint(err, "did you mean \"%s\"?", near)
                      : at_hint(err, "leave it out of `except`");
        at_arena_fini(&arena);
        return status;
    }
    return AT_OK;
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    merge_state *state;
    AT_TRY(at_map_fit(step, sheet, context, err));
    AT_TRY(new_state(step, &state, err));
    bool *found = at_arena_alloc(&step->arena, step->args.value_count + 1);
    if (!found)
        return no_memory(err);
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        at_status status = fit_column(step, &sheet->columns[place], &state->columns[i],
                                      found, context->cancel, err);
        if (status == AT_LIMIT && step->column_count > 1) /* of many, named by a kind */
            state->columns[i].passed = true;
        else
            AT_TRY(status);
    }
    return check_found(step, sheet, found, err);
}

static bool merge(const void *context, const char **bytes, int64_t *length,
                  at_text *scratch) {
    const merge_column *column = context;
    uint32_t k = at_dictionary_find(&column->from, *bytes, (size_t)*length);
    const char *to = k != AT_DICTIONARY_NONE ? column->to[k] : NULL;
    if (!to) {
        at_similar_key(*bytes, (size_t)*length, scratch);
        k = at_dictionary_find(&column->keys, at_text_get(scratch), scratch->length);
        to = k != AT_DICTIONARY_NONE ? column->as[k] : NULL;
    }
    if (to) {
        *bytes = to;
        *length = (int64_t)strlen(to);
    }
    return true;
}

/* One line of what became `kept`: "Usa (3), U.S.A. (2)". */
typedef struct group {
    const char *kept;
    at_text merged;
    size_t spellings;
    int64_t cells;
} group;

static int by_cells(const void *a, const void *b) {
    const group *x = a, *y = b;
    return x->cells != y->cells ? (x->cells < y->cells) - (x->cells > y->cells)
                                : strcmp(x->kept, y->kept);
}

static at_status gather(const merge_column *column, const at_similar_level *levels,
                        size_t count, group *groups, size_t *group_count, at_error *err) {
    at_dictionary kept = {0};
    at_status status = AT_OK;
    at_text scratch = {0};
    for (size_t k = 0; k < count && status == AT_OK; k++) {
        const char *to = levels[k].bytes;
        int64_t length = (int64_t)levels[k].length;
        at_text_clear(&scratch);
        merge(column, &to, &length, &scratch);
        if (to == levels[k].bytes || ((size_t)length == levels[k].length &&
                                      memcmp(to, levels[k].bytes, levels[k].length) == 0))
            continue;
        uint32_t g = at_dictionary_add(&kept, to, (size_t)length);
        if (g == AT_DICTIONARY_NONE) {
            status = no_memory(err);
            break;
        }
        group *one = &groups[g];
        one->kept = to;
        one->cells += levels[k].count;
        if (one->spellings++ < SHOWN)
            at_text_format(&one->merged, "%s%s (%lld)", one->spellings > 1 ? ", " : "",
                           levels[k].bytes, (long long)levels[k].count);
        if (!at_text_ok(&one->merged))
            status = no_memory(err);
    }
    *group_count = kept.count;
    if (status == AT_OK && !at_text_ok(&scratch))
        status = no_memory(err);
    at_text_fini(&scratch);
    at_dictionary_fini(&kept);
    return status;
}

static at_status put_groups(const char *name, group *groups, size_t count,
                            at_step_report *report, at_error *err) {
    qsort(groups, count, sizeof *groups, by_cells);
    size_t all = report->merge_count + count;
    struct at_step_merge *merges =
        at_arena_alloc(report->arena, (all + 1) * sizeof *merges);
    const char *column = at_arena_text(report->arena, name, strlen(name));
    if (!merges || !column)
        return no_memory(err);
    if (report->merge_count)
        memcpy(merges, report->merges, report->merge_count * sizeof *merges);
    for (size_t g = 0; g < count && report->merge_count < MOST_SHOWN; g++) {
        struct at_step_merge *one = &merges[report->merge_count++];
        size_t more = groups[g].spellings > SHOWN ? groups[g].spellings - SHOWN : 0;
        one->column = column;
        one->cells = groups[g].cells;
        one->kept = at_arena_text(report->arena, groups[g].kept, strlen(groups[g].kept));
        one->merged = more ? at_arena_format(report->arena, "%s and %zu more",
                                             at_text_get(&groups[g].merged), more)
                           : at_arena_text(report->arena, at_text_get(&groups[g].merged),
                                           groups[g].merged.length);
        if (!one->kept || !one->merged)
            return no_memory(err);
    }
    report->merges = merges;
    return AT_OK;
}

/* Before the cells change. */
static at_status tell(const at_column *c, const merge_column *column,
                      at_step_report *report, size_t *spellings, size_t *kept,
                      at_error *err) {
    at_arena arena = {0};
    at_similar_level *levels = NULL;
    size_t count = 0, group_count = 0;
    at_status status = count_levels(c, &arena, &levels, &count, err);
    group *groups =
        status == AT_OK ? at_arena_alloc(&arena, (count + 1) * sizeof *groups) : NULL;
    if (status == AT_OK)
        status = groups ? gather(column, levels, count, groups, &group_count, err)
                        : no_memory(err);
    for (size_t g = 0; groups && g < group_count; g++)
        *spellings += groups[g].spellings;
    *kept += group_count;
    if (status == AT_OK)
        status = put_groups(c->name, groups, group_count, report, err);
    for (size_t g = 0; groups && g <= count; g++)
        at_text_fini(&groups[g].merged);
    at_arena_fini(&arena);
    return status;
}

/* "3 spellings became 1; id: too many values to compare" */
static at_status note(const at_step *step, size_t spellings, size_t kept,
                      at_step_report *report, at_error *err) {
    const merge_state *state = step->state;
    at_text text = {0};
    if (spellings)
        at_text_format(&text, "%zu spelling%s became %zu", spellings,
                       spellings == 1 ? "" : "s", kept);
    for (size_t i = 0; i < state->count; i++)
        if (state->columns[i].passed)
            at_text_format(&text, "%s%s: too many values to compare",
                           text.length ? "; " : "", step->columns[i]);
    bool ok = at_text_ok(&text);
    if (ok && text.length)
        report->note = at_arena_text(report->arena, at_text_get(&text), text.length);
    ok = ok && (report->note || !text.length);
    at_text_fini(&text);
    return ok ? AT_OK : no_memory(err);
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    const merge_state *state = step->state;
    at_tally tally;
    size_t spellings = 0, kept = 0;
    AT_TRY(at_tally_init(&tally, report, err));
    at_status status = AT_OK;
    int place = 0;
    for (size_t i = 0; i < step->column_count && status == AT_OK; i++) {
        status = at_step_place(step, i, sheet, &place, err);
        if (status != AT_OK || place < 0 || !at_map_takes(&sheet->columns[place]))
            continue;
        const merge_column *column = &state->columns[i];
        if (report && !column->passed)
            status = tell(&sheet->columns[place], column, report, &spellings, &kept, err);
        if (status == AT_OK)
            status = at_map_column(sheet, place, merge, column, &tally, err);
    }
    if (status == AT_OK && report)
        status = note(step, spellings, kept, report, err);
    return at_tally_finish(&tally, status, err);
}

static json_t *save(const at_step *step) {
    const merge_state *state = step->state;
    json_t *list = json_array();
    for (size_t i = 0; list && i < step->column_count; i++) {
        const merge_column *c = &state->columns[i];
        json_t *one = json_object();
        bool ok = one && at_json_put(one, "from", at_level_save(&c->from)) &&
                  at_json_put(one, "to", at_json_texts(c->to, c->from.count)) &&
                  at_json_put(one, "keys", at_level_save(&c->keys)) &&
                  at_json_put(one, "as", at_json_texts(c->as, c->keys.count));
        if (json_array_append_new(list, one) != 0 || !ok) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status load_one(at_step *step, const json_t *one, merge_column *c,
                          at_error *err) {
    size_t to, as;
    AT_TRY(at_level_load(json_object_get(one, "from"), &c->from, err));
    AT_TRY(at_level_load(json_object_get(one, "keys"), &c->keys, err));
    AT_TRY(
        at_json_read_texts(json_object_get(one, "to"), &step->arena, &c->to, &to, err));
    AT_TRY(
        at_json_read_texts(json_object_get(one, "as"), &step->arena, &c->as, &as, err));
    return to == c->from.count && as == c->keys.count ? AT_OK : at_json_broken(err);
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    merge_state *state;
    if (json_array_size(saved) != step->column_count)
        return at_json_broken(err);
    AT_TRY(new_state(step, &state, err));
    for (size_t i = 0; i < step->column_count; i++)
        AT_TRY(load_one(step, json_array_get(saved, i), &state->columns[i], err));
    return AT_OK;
}

const at_step_kind at_step_merge_similar = {
    .verb = "merge similar",
    .pattern = "COLUMNS [{strictly|loosely}] [except VALUES]",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary =
        "Makes one of spellings that mean the same, and shows which: they differ in "
        "case, blanks, punctuation (strictly), in a slip or two from one that is "
        "far more frequent, or in up to a third of a word (loosely); `except` "
        "keeps spellings as they are",
    .example = "merge similar country except \"Iceland\"",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
    .fini = fini,
};
