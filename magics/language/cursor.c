#include "magics/language/cursor.h"
#include "magics/language/stepline.h"
#include "ops/base/letter.h"

#include <string.h>

size_t at_cursor_word_end(const char *code, size_t length, size_t cursor) {
    while (cursor < length && (at_is_word(code[cursor]) || code[cursor] == '-'))
        cursor++;
    return cursor;
}

static size_t line_start(const char *code, size_t at) {
    while (at > 0 && code[at - 1] != '\n')
        at--;
    return at;
}

/* "%", "%%" or "%na" at column 1, right up to the cursor. */
static bool in_magic_name(const char *code, size_t cursor, size_t *from) {
    size_t start = line_start(code, cursor), at = start;
    while (at < cursor && at < start + 2 && code[at] == '%')
        at++;
    if (at == start)
        return false;
    while (at < cursor && (at_is_word(code[at]) || code[at] == '-'))
        at++;
    *from = start;
    return at == cursor;
}

/* Inside "${na": the place after the brace. */
static bool in_variable(const char *code, size_t cursor, size_t *from) {
    size_t at = cursor;
    while (at > 0 && at_is_word(code[at - 1]))
        at--;
    *from = at;
    return at >= 2 && code[at - 1] == '{' && code[at - 2] == '$' &&
           !(at >= 3 && code[at - 3] == '\\');
}

/* What the words before the cursor say. */
typedef struct line {
    const at_magic *magic;
    const at_session *session;
    at_arena *arena;
    at_cursor *out;
    size_t positional;
    const at_param *pending; /* an option that waits for its value */
    const char *data, *first;
} line;

static void note_dataset(line *l, const at_param *param, const char *text) {
    if (param->refers != AT_REFERS_DATASET)
        return;
    if (strcmp(param->name, "data") == 0)
        l->data = text;
    else if (!l->first)
        l->first = text;
}

static const at_param *argument(const line *l) {
    size_t count = l->magic->argument_count;
    if (l->positional < count)
        return &l->magic->arguments[l->positional];
    const at_param *last = count ? &l->magic->arguments[count - 1] : NULL;
    return last && last->kind == AT_PARAM_LIST ? last : NULL;
}

static const at_param *option_of(const line *l, const char *text, const char **value) {
    *value = strchr(text, '=');
    size_t n = *value ? (size_t)(*value - text) : strlen(text);
    const char *name = at_arena_text(l->arena, text + 2, n - 2);
    if (*value)
        (*value)++;
    return name ? at_param_find(l->magic->options, l->magic->option_count, name) : NULL;
}

static void take_word(line *l, const at_word *word) {
    const char *value;
    if (l->pending) {
        note_dataset(l, l->pending, word->text);
        l->pending = NULL;
    } else if (!word->quoted && strncmp(word->text, "--", 2) == 0) {
        const at_param *param = option_of(l, word->text, &value);
        if (!param)
            return;
        l->out->given[param - l->magic->options] = true;
        if (value)
            note_dataset(l, param, value);
        else if (param->kind != AT_PARAM_FLAG)
            l->pending = param;
    } else {
        const at_param *param = argument(l);
        if (param)
            note_dataset(l, param, word->text);
        l->positional++;
    }
}

/* Does the rest of the line, from here, belong to an SQL argument? */
static bool sql_argument(const line *l) {
    size_t count = l->magic->argument_count;
    const at_param *param = count ? &l->magic->arguments[count - 1] : NULL;
    return param && !l->pending && l->positional + 1 == count &&
           param->kind == AT_PARAM_TEXT && param->refers == AT_REFERS_SQL;
}

/* The word that the cursor is in: an option, its value, an argument. */
static void settle(line *l, const char *code, size_t from, size_t cursor) {
    at_cursor *out = l->out;
    const char *value = NULL, *word = at_arena_text(l->arena, code + from, cursor - from);
    out->from = from;
    out->dataset = l->data ? l->data : l->first;
    if (!word)
        return;
    if (l->pending) {
        out->kind = AT_CURSOR_VALUE;
        out->param = l->pending;
    } else if (strncmp(word, "--", 2) == 0) {
        out->param = option_of(l, word, &value);
        out->kind = value ? AT_CURSOR_VALUE : AT_CURSOR_OPTION;
        if (value)
            out->from = from + (size_t)(value - word);
    } else {
        out->kind = AT_CURSOR_ARGUMENT;
        out->param = argument(l);
    }
    /* Of a list, the item that the cursor is in. */
    if (out->param && out->param->kind == AT_PARAM_LIST && out->kind != AT_CURSOR_OPTION)
        for (size_t i = out->from; i < cursor; i++)
            if (code[i] == ',')
                out->from = i + 1;
}

/* Reads the words of [from, to); true if the cursor, at `to`, is in one or after all. */
static void in_options(line *l, const char *code, size_t length, size_t from, size_t to,
                       bool last_too) {
    at_words_reader reader = {.session = l->session,
                              .code = code,
                              .length = length,
                              .at = from,
                              .to = to,
                              .arena = l->arena};
    for (;;) {
        at_word word;
        bool more;
        at_word_skip(&reader);
        size_t start = reader.at;
        bool dashes = start + 1 < to && code[start] == '-' && code[start + 1] == '-';
        if (!last_too && sql_argument(l) && !dashes && start > from) {
            l->out->kind = AT_CURSOR_SQL;
            l->out->sql_from = start;
            l->out->sql_to = at_cell_options_end(code, length, start);
            return;
        }
        if (start >= to) {
            if (!last_too)
                settle(l, code, to, to);
            return;
        }
        at_status failed = at_word_next(&reader, &word, &more, NULL);
        if (!last_too && (failed || (more && word.to == to))) {
            settle(l, code, start, to);
            return;
        }
        if (failed || !more)
            return; /* in a comment, or behind a slip */
        take_word(l, &word);
    }
}

static void in_settings(at_cursor *out, const char *code, size_t start, size_t cursor,
                        at_arena *arena) {
    const char *equals = memchr(code + start, '=', cursor - start);
    size_t from = equals ? (size_t)(equals - code) + 1 : start;
    while (from < cursor && at_is_space(code[from]))
        from++;
    out->from = from;
    out->kind = equals ? AT_CURSOR_SETTING : AT_CURSOR_KEY;
    if (!equals)
        return;
    size_t key = start, end = (size_t)(equals - code);
    while (key < end && at_is_space(code[key]))
        key++;
    while (end > key && at_is_space(code[end - 1]))
        end--;
    const char *name = at_arena_text(arena, code + key, end - key);
    if (name && out->table)
        out->param = at_param_find(out->table, out->table_count, name);
}

static void in_body(line *l, const at_part *part, const char *code, size_t length,
                    size_t cursor) {
    at_cursor *out = l->out;
    const at_body_spec *body = &l->magic->body;
    size_t start = line_start(code, cursor);
    if (body->kind == AT_BODY_TEXT && body->sql) {
        out->kind = AT_CURSOR_SQL;
        out->sql_from = part->body_from;
        out->sql_to = length;
        return;
    }
    if (body->kind == AT_BODY_STEPS) {
        out->kind = at_stepline_end(code, start, cursor) < cursor ? AT_CURSOR_NOWHERE
                                                                  : AT_CURSOR_STEP;
        out->line_from = start;
        return;
    }
    if (body->kind != AT_BODY_SETTINGS)
        return;
    at_options options;
    at_error ignored = {0};
    /* Options that do not parse leave their defaults: the table is still the likeliest.
     */
    (void)!at_options_parse(l->magic, l->session, code, length, part->options_from,
                            part->options_to, l->arena, &options, &ignored);
    if (body->settings && options.base)
        out->table = body->settings(options.base, &out->table_count);
    in_settings(out, code, start, cursor, l->arena);
}

static at_status in_magic(const at_session *session, const at_part *part,
                          const char *code, size_t length, size_t cursor, at_arena *arena,
                          at_cursor *out, at_error *err) {
    out->magic = at_magic_find(part->name);
    if (!out->magic)
        return AT_OK;
    out->given = at_arena_alloc(arena, out->magic->option_count + 1);
    if (!out->given)
        return at_fail(err, AT_NO_MEMORY, "no memory left to look at the cell");
    line l = {.magic = out->magic, .session = session, .arena = arena, .out = out};
    bool body = part->kind == AT_PART_CELL && cursor > part->options_to;
    in_options(&l, code, length, part->options_from, body ? part->options_to : cursor,
               body);
    if (body)
        in_body(&l, part, code, length, cursor);
    out->dataset = l.data ? l.data : l.first;
    return AT_OK;
}

/* The SQL that the cursor is in goes on behind it, to where the whole cell's part ends.
 */
static at_status in_sql(const char *code, size_t length, size_t from, at_arena *arena,
                        at_cursor *out, at_error *err) {
    at_part *parts;
    size_t count;
    out->kind = AT_CURSOR_SQL;
    out->sql_from = from;
    out->sql_to = out->to;
    AT_TRY(at_cell_split(code, length, arena, &parts, &count, err));
    for (size_t i = 0; i < count; i++)
        if (parts[i].kind == AT_PART_SQL && parts[i].from <= from &&
            parts[i].to >= out->to)
            out->sql_to = parts[i].to;
    size_t word = out->to;
    while (word > from && at_is_word(code[word - 1]))
        word--;
    size_t before = word;
    while (before > from && at_is_space(code[before - 1]))
        before--;
    out->statement = before == from || code[before - 1] == ';';
    return AT_OK;
}

at_status at_cursor_find(const at_session *session, const char *code, size_t length,
                         size_t cursor, at_arena *arena, at_cursor *out, at_error *err) {
    at_part *parts;
    size_t count;
    if (cursor > length)
        cursor = length;
    *out = (at_cursor){.from = cursor, .to = cursor};
    AT_TRY(at_cell_split(code, cursor, arena, &parts, &count, err));
    const at_part *last = count ? &parts[count - 1] : NULL;
    bool in_cell = last && last->kind == AT_PART_CELL && cursor > last->options_to;
    if (!in_cell && in_magic_name(code, cursor, &out->from)) {
        out->kind = AT_CURSOR_MAGIC;
        out->first_line = count == 0 || parts[0].from == out->from;
        return AT_OK;
    }
    bool shell = last && last->kind == AT_PART_SHELL && last->to == cursor;
    if (!shell && in_variable(code, cursor, &out->from)) {
        out->kind = AT_CURSOR_VARIABLE;
        return AT_OK;
    }
    out->from = cursor;
    bool sits_in_last = last && last->to == cursor;
    if (sits_in_last && (last->kind == AT_PART_LINE || last->kind == AT_PART_CELL))
        return in_magic(session, last, code, length, cursor, arena, out, err);
    if (shell) {
        out->kind = AT_CURSOR_SHELL;
        return AT_OK;
    }
    bool sql = sits_in_last && last->kind == AT_PART_SQL;
    size_t from = sql ? last->from : line_start(code, cursor);
    if (!sql && from < cursor && code[from] == '#')
        return AT_OK;
    return in_sql(code, length, from, arena, out, err);
}
