#include "magics/language/inspect.h"
#include "magics/language/cursor.h"
#include "magics/language/describe.h"
#include "magics/language/help.h"
#include "magics/language/sqlscope.h"
#include "magics/language/stepline.h"
#include "ops/base/letter.h"

#include <string.h>
#include <strings.h>

typedef struct inspector {
    at_session *session;
    at_workspace *workspace; /* NULL: there is none yet */
    const char *code;
    size_t length;
    at_cursor cursor;
    at_arena *arena;
    at_bundle *out;
    at_error *err;
} inspector;

static at_status plain(inspector *i, at_text *text) {
    at_status status = AT_OK;
    if (at_text_ok(text))
        *i->out = at_bundle_new(at_text_get(text));
    if (!at_text_ok(text) || !at_bundle_ok(i->out))
        status = at_fail(i->err, AT_NO_MEMORY, "no memory left for the help");
    at_text_fini(text);
    return status;
}

static at_status show_param(inspector *i, const at_param *param, bool option) {
    at_text text = {0};
    at_help_param(param, option, &text);
    return plain(i, &text);
}

static at_status show_step(inspector *i, const at_step_kind *kind) {
    at_text text = {0};
    at_text_format(&text, "%s %s\n\n%s\n\nFor example:\n    %s\n", kind->verb,
                   kind->pattern, kind->summary, kind->example);
    return plain(i, &text);
}

static at_status nothing(inspector *i) {
    return at_fail(i->err, AT_NOT_FOUND, "nothing is known of this");
}

/* The word at the cursor, quotes and list commas aside. */
static const char *word_here(inspector *i, size_t from) {
    size_t to = i->cursor.to;
    while (from < to && strchr("'\"`", i->code[from]))
        from++;
    while (to > from && strchr("'\"`,", i->code[to - 1]))
        to--;
    return at_arena_text(i->arena, i->code + from, to - from);
}

static at_status describe(inspector *i, at_refers refers, const char *word) {
    if (!i->workspace || !word || !*word)
        return AT_NOT_FOUND;
    if (refers == AT_REFERS_DATASET || refers == AT_REFERS_ANY)
        return at_describe_name(i->workspace, word, i->out, NULL);
    if (refers == AT_REFERS_COLUMN && i->cursor.dataset)
        return at_describe_column(i->workspace, i->cursor.dataset, word, i->out, NULL);
    return AT_NOT_FOUND;
}

/* A value: what it names, else what the option is; an argument without one: the magic. */
static at_status in_value(inspector *i, bool option) {
    const at_param *param = i->cursor.param;
    if (param && !describe(i, param->refers, word_here(i, i->cursor.from)))
        return AT_OK;
    if (param && (option || i->cursor.kind == AT_CURSOR_SETTING))
        return show_param(i, param, option);
    return at_help_bundle(i->cursor.magic, i->out, i->err);
}

static at_status in_option(inspector *i) {
    if (i->cursor.param)
        return show_param(i, i->cursor.param, true);
    return at_help_bundle(i->cursor.magic, i->out, i->err);
}

static at_status in_key(inspector *i) {
    const char *word = word_here(i, i->cursor.from);
    const at_param *param =
        word && i->cursor.table
            ? at_param_find(i->cursor.table, i->cursor.table_count, word)
            : NULL;
    return param ? show_param(i, param, false)
                 : at_help_bundle(i->cursor.magic, i->out, i->err);
}

static bool name_char(char c) {
    return at_is_word(c) || c == '.' || c == '-';
}

static at_status in_step(inspector *i) {
    size_t from = i->cursor.to;
    while (from > i->cursor.line_from && name_char(i->code[from - 1]))
        from--;
    const char *word = at_arena_text(i->arena, i->code + from, i->cursor.to - from);
    if (!describe(i, AT_REFERS_COLUMN, word))
        return AT_OK;
    size_t end = i->cursor.line_from;
    while (end < i->length && i->code[end] != '\n')
        end++;
    at_slots slots;
    at_stepline_slots(i->cursor.magic->body.steps, i->code + i->cursor.line_from,
                      end - i->cursor.line_from, i->arena, &slots);
    return slots.kind ? show_step(i, slots.kind)
                      : at_help_bundle(i->cursor.magic, i->out, i->err);
}

static at_status in_sql(inspector *i) {
    at_sqlscope scope;
    if (!i->workspace ||
        !at_sqlscope_read(i->code, i->cursor.sql_from, i->cursor.sql_to, i->cursor.to,
                          i->arena, &scope) ||
        scope.in_string)
        return nothing(i);
    const char *word = word_here(i, scope.from);
    if (!word || !*word)
        return nothing(i);
    for (size_t t = 0; t < scope.table_count && !scope.wants_table; t++) {
        const char *table = scope.tables[t].table, *alias = scope.tables[t].alias;
        bool meant = !scope.qualifier || strcasecmp(scope.qualifier, table) == 0 ||
                     (alias && strcasecmp(scope.qualifier, alias) == 0);
        if (meant && !at_describe_column(i->workspace, table, word, i->out, NULL))
            return AT_OK;
        if (alias && strcasecmp(alias, word) == 0)
            word = table;
    }
    return at_describe_name(i->workspace, word, i->out, i->err);
}

static at_status in_magic_name(inspector *i) {
    size_t from = i->cursor.from;
    while (from < i->cursor.to && i->code[from] == '%')
        from++;
    const char *name = at_arena_text(i->arena, i->code + from, i->cursor.to - from);
    const at_magic *magic = name ? at_magic_find(name) : NULL;
    return magic ? at_help_bundle(magic, i->out, i->err) : nothing(i);
}

static at_status in_variable(inspector *i) {
    const char *name = word_here(i, i->cursor.from);
    const char *value = name ? at_session_get(i->session, name) : NULL;
    at_text text = {0};
    if (!value)
        return nothing(i);
    at_text_format(&text, "%s = ", name);
    at_text_put(&text, value);
    return plain(i, &text);
}

static at_status look(inspector *i) {
    switch (i->cursor.kind) {
    case AT_CURSOR_MAGIC:
        return in_magic_name(i);
    case AT_CURSOR_OPTION:
        return in_option(i);
    case AT_CURSOR_VALUE:
    case AT_CURSOR_ARGUMENT:
        return in_value(i, i->cursor.kind == AT_CURSOR_VALUE);
    case AT_CURSOR_KEY:
        return in_key(i);
    case AT_CURSOR_SETTING:
        return in_value(i, false);
    case AT_CURSOR_STEP:
        return in_step(i);
    case AT_CURSOR_SQL:
        return in_sql(i);
    case AT_CURSOR_VARIABLE:
        return in_variable(i);
    case AT_CURSOR_SHELL:
    case AT_CURSOR_NOWHERE:
        break;
    }
    return nothing(i);
}

at_status at_inspect(at_session *session, const char *code, size_t length, size_t cursor,
                     at_inspection *out, at_error *err) {
    at_arena arena = {0};
    at_error looked = {0};
    *out = (at_inspection){0};
    size_t end = at_cursor_word_end(code, length, cursor < length ? cursor : length);
    inspector i = {.session = session,
                   .workspace = at_session_peek(session),
                   .code = code,
                   .length = length,
                   .arena = &arena,
                   .out = &out->bundle,
                   .err = &looked};
    at_status status =
        at_cursor_find(session, code, length, end, &arena, &i.cursor, &looked);
    if (!status)
        status = look(&i);
    at_arena_fini(&arena);
    out->found = !status;
    if (status != AT_NO_MEMORY)
        return AT_OK; /* nothing found is an answer too */
    if (err)
        *err = looked;
    return status;
}
