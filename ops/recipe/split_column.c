/* split column C by S into A, B: a text becomes several. By a separator: the last column
 * takes the rest. Matching a pattern: POSIX's extended regular expression of the whole
 * text, one column a group in (). A text that does not split goes whole into the first.
 */
#include "ops/base/text.h"
#include "ops/frame/dictionary.h"
#include "ops/recipe/json.h"
#include "ops/recipe/step.h"

#include <regex.h>
#include <string.h>

enum { MOST_PARTS = 32, LONGEST = 4096, MOST_LEVELS = 4096 };

typedef struct split_state {
    regex_t pattern;
    bool compiled;
    at_type types[MOST_PARTS]; /* of the new columns */
} split_state;

/* A part of the cell; NULL: missing. */
typedef struct piece {
    const char *bytes;
    int64_t length;
} piece;

static size_t part_count(const at_step *step) {
    return step->args.value_count - 1;
}

static const char *part_name(const at_step *step, size_t k) {
    return step->args.values[k + 1];
}

static void fini(at_step *step) {
    split_state *state = step->state;
    if (state && state->compiled)
        regfree(&state->pattern);
    step->state = NULL;
}

static at_status compile(const at_step *step, split_state *state, at_error *err) {
    const char *given = step->args.values[0];
    at_text whole = {0};
    if (strlen(given) > LONGEST)
        return at_fail(err, AT_LIMIT, "a pattern has at most %d characters", LONGEST);
    for (const char *p = given; *p; p++)
        if (*p == '\\' && *++p >= '1' && *p <= '9')
            return at_fail(err, AT_INVALID, "a pattern cannot refer back (\\%c)", *p);
    at_text_format(&whole, "^(%s)$", given);
    if (!at_text_ok(&whole))
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    int code = regcomp(&state->pattern, at_text_get(&whole), REG_EXTENDED);
    at_text_fini(&whole);
    if (code == REG_ESPACE)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    if (code) {
        char reason[200];
        regerror(code, &state->pattern, reason, sizeof reason);
        at_fail(err, AT_INVALID, "'%.200s' is no pattern: %s", given, reason);
        return at_hint(err, "a part stands in (): matching \"(.*) ([A-Z][A-Z])\"");
    }
    state->compiled = true;
    size_t groups = state->pattern.re_nsub - 1;
    if (groups == part_count(step))
        return AT_OK;
    at_fail(err, AT_INVALID, "the pattern has %zu part%s in (), and there %s %zu name%s",
            groups, groups == 1 ? "" : "s", part_count(step) == 1 ? "is" : "are",
            part_count(step), part_count(step) == 1 ? "" : "s");
    return at_hint(err, "one name for each (): %s", step->kind->example);
}

static at_status new_state(at_step *step, split_state **out, at_error *err) {
    size_t count = part_count(step);
    if (count < 1 || count > MOST_PARTS)
        return at_fail(err, AT_LIMIT, "a column splits into 1 to %d, not %zu", MOST_PARTS,
                       count);
    step->state = *out = at_arena_alloc(&step->arena, sizeof **out);
    if (!*out)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    if (strcmp(step->args.word, "matching") == 0)
        return compile(step, *out, err);
    return *step->args.values[0] ? AT_OK
                                 : at_fail(err, AT_INVALID, "the separator is empty");
}

static void put(piece *out, const char *from, const char *to) {
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    *out = from < to ? (piece){from, to - from} : (piece){0};
}

static bool split_by(const at_step *step, const char *text, int64_t length, piece *out) {
    const char *separator = step->args.values[0], *at = text, *end = text + length;
    size_t n = strlen(separator), count = part_count(step), k = 0;
    for (; k + 1 < count; k++) {
        const char *next = memmem(at, (size_t)(end - at), separator, n);
        if (!next)
            break;
        put(&out[k], at, next);
        at = next + n;
    }
    put(&out[k], at, end);
    return k > 0;
}

static bool split_matching(const at_step *step, const char *text, int64_t length,
                           at_text *scratch, piece *out) {
    const split_state *state = step->state;
    regmatch_t found[MOST_PARTS + 2];
    if (length > LONGEST || memchr(text, '\0', (size_t)length))
        return false;
    at_text_clear(scratch);
    at_text_append(scratch, text, (size_t)length);
    if (!at_text_ok(scratch) || regexec(&state->pattern, at_text_get(scratch),
                                        part_count(step) + 2, found, 0) != 0)
        return false;
    for (size_t k = 0; k < part_count(step); k++)
        if (found[k + 2].rm_so >= 0)
            put(&out[k], text + found[k + 2].rm_so, text + found[k + 2].rm_eo);
    return true;
}

/* Did it split? */
static bool split_cell(const at_step *step, const char *text, int64_t length,
                       at_text *scratch, piece out[MOST_PARTS]) {
    memset(out, 0, MOST_PARTS * sizeof *out);
    if (!text)
        return false;
    bool done = strcmp(step->args.word, "by") == 0
                    ? split_by(step, text, length, out)
                    : split_matching(step, text, length, scratch, out);
    if (!done)
        out[0] = (piece){text, length};
    return done;
}

static at_status check_names(const at_step *step, const at_sheet *sheet, at_error *err) {
    for (size_t k = 0; k < part_count(step); k++) {
        const char *name = part_name(step, k);
        if (!*name || !at_utf8_valid(name, strlen(name)))
            return at_fail(err, AT_INVALID, "a column needs a name");
        bool twice =
            at_sheet_find(sheet, name, 0) >= 0 && !at_equal_fold(name, step->columns[0]);
        for (size_t j = 0; j < k; j++)
            twice = twice || at_equal_fold(name, part_name(step, j));
        if (!twice)
            continue;
        at_fail(err, AT_EXISTS, "there is a column '%s' already", name);
        return at_hint(err, "choose another name; derive %s = ... joins them after",
                       name);
    }
    return AT_OK;
}

/* Few values of many cells make a category, as the CSV reader has it. */
static at_status settle_types(at_step *step, const at_column *c, at_error *err) {
    split_state *state = step->state;
    at_dictionary seen[MOST_PARTS] = {0};
    at_text scratch = {0};
    piece parts[MOST_PARTS];
    int64_t cells[MOST_PARTS] = {0}, done = 0;
    at_status status = AT_OK;
    for (int64_t i = 0; i < c->rows && status == AT_OK; i++) {
        int64_t length;
        const char *text = at_column_text(c, i, &length);
        done += split_cell(step, text, length, &scratch, parts);
        for (size_t k = 0; k < part_count(step); k++) {
            cells[k] += parts[k].bytes != NULL;
            if (parts[k].bytes && seen[k].count <= MOST_LEVELS &&
                at_dictionary_add(&seen[k], parts[k].bytes, (size_t)parts[k].length) ==
                    AT_DICTIONARY_NONE)
                status = at_fail(err, AT_NO_MEMORY, "out of memory");
        }
    }
    if (status == AT_OK && !at_text_ok(&scratch))
        status = at_fail(err, AT_NO_MEMORY, "out of memory");
    for (size_t k = 0; k < part_count(step); k++) {
        int64_t few = cells[k] / 4 > 8 ? cells[k] / 4 : 8;
        bool category = seen[k].count <= MOST_LEVELS && (int64_t)seen[k].count <= few;
        state->types[k] = category ? AT_TYPE_CATEGORY : AT_TYPE_TEXT;
        at_dictionary_fini(&seen[k]);
    }
    at_text_fini(&scratch);
    if (status == AT_OK && !done && c->missing < c->rows) {
        bool by = strcmp(step->args.word, "by") == 0;
        at_fail(err, AT_INVALID,
                by ? "no cell of '%s' holds '%.100s'"
                   : "no cell of '%s' matches '%.100s'",
                c->name, step->args.values[0]);
        return at_hint(err, "SELECT \"%s\" shows what it holds", c->name);
    }
    return status;
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    split_state *state;
    AT_TRY(at_step_resolve(step, sheet, context, err));
    if (step->column_count != 1)
        return at_fail(err, AT_INVALID, "split column takes one column, not %zu",
                       step->column_count);
    AT_TRY(new_state(step, &state, err));
    AT_TRY(check_names(step, sheet, err));
    int place = 0;
    AT_TRY(at_step_place(step, 0, sheet, &place, err));
    const at_column *c = &sheet->columns[place];
    if (!at_type_textual(c->type)) {
        at_fail(err, AT_INVALID, "'%s' is %s: there is no text to split", c->name,
                at_type_name(c->type));
        char name[AT_STEP_QUOTED];
        return at_hint(err, "first: cast %s -> text", at_step_quote(c->name, name));
    }
    return settle_types(step, c, err);
}

static at_status build_part(const at_step *step, at_sheet *sheet, int place, size_t k,
                            at_column_builder **out, int64_t *done, at_error *err) {
    const split_state *state = step->state;
    const at_column *c = &sheet->columns[place];
    at_text scratch = {0};
    piece parts[MOST_PARTS];
    AT_TRY(at_column_builder_new(part_name(step, k), state->types[k], out, err));
    at_column_builder_reserve(*out, c->rows);
    *done = 0;
    for (int64_t i = 0; i < c->rows; i++) {
        int64_t length;
        const char *text = at_column_text(c, i, &length);
        *done += split_cell(step, text, length, &scratch, parts);
        if (parts[k].bytes)
            at_column_builder_text(*out, parts[k].bytes, parts[k].length);
        else
            at_column_builder_missing(*out);
    }
    bool ok = at_text_ok(&scratch);
    at_text_fini(&scratch);
    if (ok)
        return AT_OK;
    at_column_builder_release(*out);
    return at_fail(err, AT_NO_MEMORY, "out of memory");
}

static at_status add_built(at_sheet *sheet, const char *name, at_column_builder *b,
                           at_error *err) {
    at_column column;
    at_column_store *store;
    char *copy;
    AT_TRY(at_column_builder_finish(b, &column, &store, &copy, err));
    at_free(copy);
    return at_sheet_add(sheet, name, &column, store, false, err);
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    int place = 0;
    int64_t done = 0;
    AT_TRY(at_step_place(step, 0, sheet, &place, err));
    if (place < 0)
        return AT_OK;
    if (!at_type_textual(sheet->columns[place].type))
        return at_fail(err, AT_INVALID, "'%s' is %s, and was text at the fit",
                       sheet->columns[place].name,
                       at_type_name(sheet->columns[place].type));
    at_column_builder *own = NULL; /* the part that takes the column's own name */
    for (size_t k = 0; k < part_count(step); k++) {
        at_column_builder *b;
        at_status status = build_part(step, sheet, place, k, &b, &done, err);
        if (status == AT_OK && at_equal_fold(part_name(step, k), step->columns[0]))
            own = b;
        else if (status == AT_OK)
            status = add_built(sheet, part_name(step, k), b, err);
        if (status != AT_OK) {
            at_column_builder_release(own);
            return status;
        }
    }
    if (own)
        AT_TRY(at_sheet_set_built(sheet, place, own, err));
    else
        at_sheet_remove(sheet, place);
    if (report)
        report->cells += done;
    return AT_OK;
}

static json_t *save(const at_step *step) {
    const split_state *state = step->state;
    json_t *list = json_array();
    for (size_t k = 0; list && k < part_count(step); k++) {
        if (json_array_append_new(list, json_string(at_type_name(state->types[k]))) !=
            0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    split_state *state;
    if (!step->args.word || step->column_count != 1 ||
        json_array_size(saved) != part_count(step))
        return at_json_broken(err);
    AT_TRY(new_state(step, &state, err));
    for (size_t k = 0; k < part_count(step); k++) {
        const char *name = json_string_value(json_array_get(saved, k));
        if (!name || !at_type_from_name(name, &state->types[k]) ||
            !at_type_textual(state->types[k]))
            return at_json_broken(err);
    }
    return AT_OK;
}

const at_step_kind at_step_split_column = {
    .verb = "split column",
    .pattern = "COLUMN {by|matching} VALUE into NAMES",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_EATS,
    .summary =
        "Makes several columns of one text: by a separator, the last takes the "
        "rest; or matching a regular expression, one column for each (); what does "
        "not split goes whole into the first",
    .example = "split column name by \", \" into last_name, first_name",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
    .fini = fini,
};
