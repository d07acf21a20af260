#include "magics/language/complete.h"
#include "magics/language/cursor.h"
#include "magics/language/matches.h"
#include "magics/language/sqlscope.h"
#include "magics/language/stepline.h"
#include "ops/base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

typedef struct completer {
    at_session *session;
    const char *code;
    size_t length;
    at_cursor cursor;
    at_arena *arena;
    at_matches *matches;
} completer;

/* What is typed begins at `from`. */
static void typed_from(completer *c, size_t from) {
    c->matches->start = c->matches->out->start = from;
    c->matches->typed = c->code + from;
    c->matches->typed_length = c->cursor.to - from;
}

/* An opening quote is part of what a match replaces, not of what it must begin with. */
static void skip_quote(completer *c) {
    at_matches *m = c->matches;
    if (m->typed_length && strchr("'\"`", m->typed[0])) {
        m->typed++;
        m->typed_length--;
    }
}

static void complete_magic(completer *c) {
    size_t count, sigils = 0;
    const at_magic *const *magics = at_magics(&count);
    while (c->cursor.from + sigils < c->cursor.to &&
           c->code[c->cursor.from + sigils] == '%')
        sigils++;
    typed_from(c, c->cursor.from);
    for (size_t i = 0; i < count; i++) {
        const at_magic *m = magics[i];
        at_text line = {0}, cell = {0};
        at_text_format(&line, "%%%s", m->name);
        at_text_format(&cell, "%%%%%s", m->name);
        if ((m->forms & AT_MAGIC_LINE) && sigils == 1)
            at_matches_add(c->matches, at_text_get(&line), "magic");
        if ((m->forms & AT_MAGIC_CELL) && c->cursor.first_line &&
            (sigils == 2 || !(m->forms & AT_MAGIC_LINE)))
            at_matches_add_as(c->matches, at_text_get(&cell),
                              sigils == 2 ? at_text_get(&cell) : at_text_get(&line),
                              "magic");
        at_text_fini(&line);
        at_text_fini(&cell);
    }
}

static void complete_options(completer *c) {
    const at_magic *magic = c->cursor.magic;
    typed_from(c, c->cursor.from);
    for (size_t i = 0; i < magic->option_count; i++) {
        at_text option = {0};
        at_text_format(&option, "--%s", magic->options[i].name);
        if (!c->cursor.given[i] && at_text_ok(&option))
            at_matches_add(c->matches, at_text_get(&option), "option");
        at_text_fini(&option);
    }
}

static void complete_sql(completer *c);

static void complete_value(completer *c, const at_param *param, at_quoting quoting) {
    typed_from(c, c->cursor.from);
    skip_quote(c);
    c->matches->quoting = quoting;
    for (size_t i = 0; param->choices && param->choices[i]; i++)
        at_matches_add(c->matches, param->choices[i], "value");
    if (param->kind == AT_PARAM_BOOL) {
        at_matches_add(c->matches, "true", "value");
        at_matches_add(c->matches, "false", "value");
    }
    if (param->automatic)
        at_matches_add(c->matches, "auto", "value");
    at_matches_refers(c->matches, c->session, param->refers, c->cursor.dataset);
    c->matches->quoting = AT_QUOTING_NONE;
}

static at_quoting option_quoting(const at_param *param) {
    return param->kind == AT_PARAM_LIST ? AT_QUOTING_LIST : AT_QUOTING_SHELL;
}

static void complete_keys(completer *c) {
    typed_from(c, c->cursor.from);
    for (size_t i = 0; i < c->cursor.table_count; i++) {
        at_text key = {0};
        at_text_format(&key, "%s = ", c->cursor.table[i].name);
        if (at_text_ok(&key))
            at_matches_add_as(c->matches, at_text_get(&key), c->cursor.table[i].name,
                              "setting");
        at_text_fini(&key);
    }
}

static bool word_char(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-' || c == '*' ||
           (unsigned char)c >= 0x80;
}

/* Verbs that go on as the line does, word by word: "drop r" -> "drop rows where". */
static void complete_verbs(completer *c, unsigned where, size_t from) {
    size_t count;
    const at_step_kind *const *kinds = at_steps(&count);
    typed_from(c, from);
    for (size_t i = 0; i < count; i++)
        if (kinds[i]->where & where)
            at_matches_add(c->matches, kinds[i]->verb, "step");
}

static void complete_slot(completer *c, const at_slot *slot) {
    static const char *const kinds[] = {"numeric", "category", "text", "date", "all"};
    at_matches *m = c->matches;
    at_workspace *workspace = at_session_peek(c->session);
    const char *word;
    switch (slot->kind) {
    case AT_SLOT_COLUMNS:
    case AT_SLOT_COLUMN:
        m->quoting = AT_QUOTING_LIST;
        at_matches_columns(m, workspace, c->cursor.dataset);
        m->quoting = AT_QUOTING_NONE;
        for (size_t i = 0; slot->kind == AT_SLOT_COLUMNS && i < AT_COUNT(kinds); i++)
            at_matches_add(m, kinds[i], "kind of column");
        return;
    case AT_SLOT_TYPE:
        for (at_type type = AT_TYPE_INT; type <= AT_TYPE_TIMESTAMP; type++)
            at_matches_add(m, at_type_name(type), "type");
        return;
    case AT_SLOT_WORD:
        word = at_arena_text(c->arena, slot->text, slot->length);
        if (word)
            at_matches_add(m, word, "keyword");
        return;
    case AT_SLOT_VERB:
    case AT_SLOT_VALUE:
    case AT_SLOT_VALUES:
    case AT_SLOT_NAME:
    case AT_SLOT_EXPRESSION:
    case AT_SLOT_COMMA:
    case AT_SLOT_END:
        return;
    }
}

/* In the expression of a step the names are the columns of the dataset. */
static void complete_expression(completer *c) {
    at_matches *m = c->matches;
    m->quoting = AT_QUOTING_SQL;
    at_matches_columns(m, at_session_peek(c->session), c->cursor.dataset);
    m->quoting = AT_QUOTING_NONE;
    for (const char *const *f = at_sql_functions(); *f; f++)
        at_matches_add(m, *f, "function");
}

static void complete_step(completer *c) {
    unsigned where = c->cursor.magic->body.steps;
    size_t start = c->cursor.line_from, word = c->cursor.to;
    while (start < c->cursor.to && (c->code[start] == ' ' || c->code[start] == '\t'))
        start++;
    while (word > start && word_char(c->code[word - 1]))
        word--;
    if (word > start && c->code[word - 1] == '`')
        word--;
    complete_verbs(c, where, start);
    at_slots slots;
    at_stepline_slots(where, c->code + start, word - start, c->arena, &slots);
    if (!slots.kind)
        return;
    typed_from(c, word);
    skip_quote(c);
    for (size_t i = 0; i < slots.count; i++)
        complete_slot(c, &slots.items[i]);
    /* An expression takes the rest of the line: the words before are part of it. */
    const char *pattern = slots.kind->pattern;
    size_t n = strlen(pattern);
    bool expression = n >= 10 && strcmp(pattern + n - 10, "EXPRESSION") == 0;
    bool there = slots.count == 0 || slots.items[0].kind == AT_SLOT_EXPRESSION ||
                 slots.items[0].kind == AT_SLOT_END;
    if (expression && there)
        complete_expression(c);
}

/* Keywords follow the case of what was typed. */
static void add_keyword(completer *c, const char *keyword, const char *type) {
    char lower[64];
    size_t n = strlen(keyword);
    bool small = c->matches->typed_length && islower((unsigned char)c->matches->typed[0]);
    if (!small || n >= sizeof lower) {
        at_matches_add(c->matches, keyword, type);
        return;
    }
    for (size_t i = 0; i <= n; i++)
        lower[i] = (char)tolower((unsigned char)keyword[i]);
    at_matches_add(c->matches, lower, type);
}

static void complete_sql_columns(completer *c, const at_sqlscope *scope,
                                 at_workspace *workspace) {
    for (size_t i = 0; i < scope->table_count; i++) {
        const char *table = scope->tables[i].table, *alias = scope->tables[i].alias;
        if (!scope->qualifier || strcasecmp(scope->qualifier, table) == 0 ||
            (alias && strcasecmp(scope->qualifier, alias) == 0))
            at_matches_columns(c->matches, workspace, table);
    }
    if (scope->qualifier && scope->table_count == 0)
        at_matches_columns(c->matches, workspace, scope->qualifier);
}

static void complete_sql_line(completer *c) {
    size_t count;
    const at_magic *const *magics = at_magics(&count);
    size_t at = c->matches->start;
    bool column_one = at == 0 || c->code[at - 1] == '\n';
    for (size_t i = 0; i < count && column_one && c->matches->typed_length; i++) {
        at_text match = {0};
        if (!(magics[i]->forms & AT_MAGIC_LINE) && at != 0)
            continue;
        at_text_format(&match, "%s%s", magics[i]->forms & AT_MAGIC_LINE ? "%" : "%%",
                       magics[i]->name);
        if (at_text_ok(&match))
            at_matches_add_as(c->matches, at_text_get(&match), magics[i]->name, "magic");
        at_text_fini(&match);
    }
}

static void complete_sql(completer *c) {
    at_sqlscope scope;
    at_workspace *workspace = at_session_peek(c->session);
    at_matches *m = c->matches;
    if (!at_sqlscope_read(c->code, c->cursor.sql_from, c->cursor.sql_to, c->cursor.to,
                          c->arena, &scope) ||
        scope.in_string)
        return;
    typed_from(c, scope.from);
    if (scope.quoted) {
        m->start = m->out->start = scope.from - 1;
        m->quoting = AT_QUOTING_SQL;
    }
    m->quoting = AT_QUOTING_SQL;
    if (!scope.wants_table)
        complete_sql_columns(c, &scope, workspace);
    if (!scope.qualifier)
        at_matches_kind(m, workspace, AT_KIND_DATASET);
    m->quoting = AT_QUOTING_NONE;
    if (scope.qualifier || scope.wants_table || scope.quoted)
        return;
    for (const char *const *f = at_sql_functions(); *f; f++)
        add_keyword(c, *f, "function");
    for (const char *const *k = at_sql_keywords(); *k; k++)
        add_keyword(c, *k, "keyword");
    if (c->cursor.statement)
        complete_sql_line(c);
}

static void complete_shell(completer *c) {
    size_t word = c->cursor.to;
    while (word > 0 && !strchr(" \t\n'\"=;|&<>(!", c->code[word - 1]))
        word--;
    typed_from(c, word);
    c->matches->quoting = AT_QUOTING_SHELL;
    at_matches_paths(c->matches);
}

static void complete_here(completer *c) {
    const at_param *param = c->cursor.param;
    switch (c->cursor.kind) {
    case AT_CURSOR_MAGIC:
        complete_magic(c);
        return;
    case AT_CURSOR_OPTION:
        complete_options(c);
        return;
    case AT_CURSOR_VALUE:
        if (param)
            complete_value(c, param, option_quoting(param));
        return;
    case AT_CURSOR_ARGUMENT:
        if (param)
            complete_value(c, param, option_quoting(param));
        complete_options(c);
        return;
    case AT_CURSOR_KEY:
        complete_keys(c);
        return;
    case AT_CURSOR_SETTING:
        if (param)
            complete_value(c, param, AT_QUOTING_NONE);
        return;
    case AT_CURSOR_STEP:
        complete_step(c);
        return;
    case AT_CURSOR_SQL:
        complete_sql(c);
        return;
    case AT_CURSOR_SHELL:
        complete_shell(c);
        return;
    case AT_CURSOR_VARIABLE:
        typed_from(c, c->cursor.from);
        at_matches_variables(c->matches, c->session);
        return;
    case AT_CURSOR_NOWHERE:
        return;
    }
}

at_status at_complete(at_session *session, const char *code, size_t length, size_t cursor,
                      at_completion *out, at_error *err) {
    if (cursor > length)
        cursor = length;
    *out = (at_completion){
        .matches = json_array(), .types = json_array(), .start = cursor, .end = cursor};
    at_arena arena = {0};
    at_matches matches = {.out = out, .typed = "", .start = cursor, .end = cursor};
    completer c = {.session = session,
                   .code = code,
                   .length = length,
                   .arena = &arena,
                   .matches = &matches};
    matches.failed = !out->matches || !out->types;
    /* A cell that does not even split has nothing to complete. */
    if (!matches.failed &&
        !at_cursor_find(session, code, length, cursor, &arena, &c.cursor, err))
        complete_here(&c);
    at_error_clear(err);
    at_arena_fini(&arena);
    if (!matches.failed)
        return AT_OK;
    json_decref(out->matches);
    json_decref(out->types);
    *out = (at_completion){0};
    return at_fail(err, AT_NO_MEMORY, "no memory left to complete");
}
