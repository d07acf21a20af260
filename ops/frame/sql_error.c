#include "ops/frame/sql_error.h"

#include "ops/base/suggest.h"
#include "ops/base/text.h"
#include "ops/frame/sql.h"
#include "ops/frame/sql_token.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { GIVEN_MAX = 64 }; /* names that a query gives itself, to choose from */

enum { LINE_SHOWN = 90, CARET_AT = 60 };

at_status at_sql_point(at_error *err, const char *code, size_t length, size_t offset) {
    if (!err)
        return AT_SYNTAX;
    if (offset > length)
        offset = length;
    size_t line = 1, start = 0;
    for (size_t i = 0; i < offset; i++)
        if (code[i] == '\n') {
            line++;
            start = i + 1;
        }
    size_t end = start;
    while (end < length && code[end] != '\n' && code[end] != '\r')
        end++;
    if (offset > end)
        offset = end;
    size_t place = at_utf8_index(code + start, end - start, offset - start);
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, " (line %zu, column %zu)", line,
             place + 1);
    /* A long line is shown as a window around the caret. */
    size_t from = place > CARET_AT ? place - CARET_AT : 0;
    size_t first = start + at_utf8_offset(code + start, end - start, from);
    size_t last = start + at_utf8_offset(code + start, end - start, from + LINE_SHOWN);
    at_text shown = {0};
    at_text_format(&shown, "%4zu | ", line);
    at_text_append(&shown, code + first, last - first);
    at_text_put(&shown, "\n     | ");
    for (size_t i = first; i < offset; i++)
        if (((unsigned char)code[i] & 0xC0) != 0x80)
            at_text_char(&shown, code[i] == '\t' ? '\t' : ' ');
    at_text_char(&shown, '^');
    if (at_text_ok(&shown))
        at_show(err, at_text_get(&shown));
    at_text_fini(&shown);
    return err->code;
}

/* The byte of `name` as a token of `code`, or -1. */
static int find_name(const char *code, const char *name) {
    size_t length = strlen(code), cursor = 0;
    for (;;) {
        at_sql_token token = at_sql_token_next(code, length, &cursor);
        if (token.kind == AT_SQL_TOKEN_END)
            return -1;
        size_t quote = token.kind == AT_SQL_TOKEN_NAME ? 1 : 0;
        if ((token.kind == AT_SQL_TOKEN_WORD || quote) &&
            token.length == strlen(name) + 2 * quote &&
            strncasecmp(token.text + quote, name, strlen(name)) == 0)
            return (int)token.offset;
    }
}

static size_t count_words(const char *const *words) {
    size_t n = 0;
    while (words && words[n])
        n++;
    return n;
}

/* "a, b, c and 5 more" */
static void list_words(at_text *out, const char *const *words, size_t count) {
    enum { SHOWN = 12 };
    for (size_t i = 0; i < count && i < SHOWN; i++)
        at_text_format(out, "%s%s", i ? ", " : "", words[i]);
    if (count > SHOWN)
        at_text_format(out, " and %zu more", count - SHOWN);
}

static bool is_name(const at_sql_token *token) {
    return token->kind == AT_SQL_TOKEN_WORD || token->kind == AT_SQL_TOKEN_NAME;
}

/* Names that the query gives itself, each after or before an AS: of columns (x + 1 AS y)
 * and of tables (WITH q AS (...)). Writes at most `room` of them. */
static size_t given_names(const char *code, bool tables, at_arena *arena,
                          const char **out, size_t room) {
    size_t length = strlen(code), cursor = 0, count = 0;
    uint64_t casts = 0; /* a bit a bracket that is open: CAST(x AS a type) */
    int depth = 0;
    at_sql_token before = {0}, token = at_sql_token_next(code, length, &cursor);
    while (token.kind != AT_SQL_TOKEN_END && count < room) {
        at_sql_token next = at_sql_token_next(code, length, &cursor);
        uint64_t bit = depth < 64 ? (uint64_t)1 << depth : 0;
        if (at_sql_token_mark(&token, '(')) {
            depth++;
            casts = at_sql_token_is(&before, "cast") ? casts | bit << 1 : casts;
        } else if (at_sql_token_mark(&token, ')')) {
            casts &= ~bit;
            depth -= depth > 0;
        } else if (at_sql_token_is(&token, "as") && !(casts & bit)) {
            const at_sql_token *named = tables ? &before : &next;
            bool table = at_sql_token_mark(&next, '(');
            bool query = at_sql_token_is(&next, "select") ||
                         at_sql_token_is(&next, "with") ||
                         at_sql_token_is(&next, "values");
            if (is_name(named) && table == tables && !query)
                out[count++] = at_sql_token_name(named, arena);
            count -= count && !out[count - 1]; /* no memory for it */
        }
        before = token;
        token = next;
    }
    return count;
}

static void no_table(const char *name, const char *code, const at_sql_known *known,
                     at_error *err) {
    const char *dot = strchr(name, '.');
    const char *bare =
        dot && (!strncasecmp(name, "main.", 5) || !strncasecmp(name, "temp.", 5))
            ? dot + 1
            : name;
    at_fail(err, AT_NOT_FOUND, "there is no dataset named %s", bare);
    const char *const *datasets = known ? known->datasets : NULL;
    size_t count = count_words(datasets);
    const char *near = count ? at_nearest(bare, datasets, count) : NULL;
    at_arena arena = {0};
    const char *given[GIVEN_MAX];
    if (!near)
        near = at_nearest(bare, given, given_names(code, true, &arena, given, GIVEN_MAX));
    if (!strncasecmp(bare, "sqlite_", 7)) {
        at_hint(err, "%%datasets lists the tables");
    } else if (near) {
        at_hint(err, "did you mean %s?", near);
    } else if (count) {
        at_text list = {0};
        list_words(&list, datasets, count);
        at_hint(err, "there are %s", at_text_get(&list));
        at_text_fini(&list);
    } else {
        at_hint(err, "fetch one with %%fetch NAME SOURCE");
    }
    at_arena_fini(&arena);
}

static size_t count_selects(const char *code) {
    size_t length = strlen(code), cursor = 0, count = 0;
    for (;;) {
        at_sql_token token = at_sql_token_next(code, length, &cursor);
        if (token.kind == AT_SQL_TOKEN_END)
            return count;
        count += at_sql_token_is(&token, "select");
    }
}

/* Every name of a column in the query, in the arena: of its tables, and its own. */
static const char **column_names(const at_sql_known *known, const char *code,
                                 at_arena *arena, size_t *count) {
    size_t total = GIVEN_MAX;
    for (size_t t = 0; t < known->count; t++)
        total += (size_t)at_frame_columns(known->frames[t]);
    const char **names = at_arena_alloc(arena, (total + 1) * sizeof *names);
    *count = 0;
    for (size_t t = 0; names && t < known->count; t++)
        for (int c = 0; c < at_frame_columns(known->frames[t]); c++)
            names[(*count)++] = at_frame_column(known->frames[t], c)->name;
    if (names)
        *count += given_names(code, false, arena, names + *count, GIVEN_MAX);
    return names;
}

static bool plain_name(const char *name) {
    if (!*name || (*name >= '0' && *name <= '9'))
        return false;
    for (; *name; name++)
        if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
              (*name >= '0' && *name <= '9') || *name == '_'))
            return false;
    return true;
}

static void hint_columns(const char *word, const char *code, const at_sql_known *known,
                         bool alone, at_arena *arena, at_error *err) {
    size_t count;
    const char **names = column_names(known, code, arena, &count);
    if (!names || !count)
        return;
    /* a.b.c unquoted is read as schema.table.column: perhaps the column is called so. */
    for (size_t i = 0; i < count; i++)
        if (at_equal_fold(names[i], word) && !plain_name(names[i])) {
            at_hint(err,
                    "write \"%s\" in double quotes: the name holds more than letters, "
                    "digits and _",
                    names[i]);
            return;
        }
    const char *dot = strchr(word, '.');
    const char *near = at_nearest(word, names, count);
    if (!near && dot)
        near = at_nearest(dot + 1, names, count);
    if (near) {
        const char *quote = plain_name(near) ? "" : "\"";
        at_hint(err, "did you mean %s%s%s?", quote, near, quote);
        return;
    }
    at_text list = {0};
    list_words(&list, names, count);
    if (alone)
        at_hint(err, "%s has %s", known->tables[0], at_text_get(&list));
    else
        at_hint(err, "there are %s", at_text_get(&list));
    at_text_fini(&list);
}

static void no_column(const char *name, const char *code, int offset,
                      const at_sql_known *known, at_error *err) {
    at_arena arena = {0};
    bool quoted = offset >= 0 && (size_t)offset < strlen(code) && code[offset] == '"';
    /* In a query within a query the column may be one of that query's. */
    bool alone = known && known->count == 1 && count_selects(code) <= 1;
    if (alone)
        at_fail(err, AT_NOT_FOUND, "there is no column %s in %s", name, known->tables[0]);
    else
        at_fail(err, AT_NOT_FOUND, "there is no column %s", name);
    if (known)
        hint_columns(name, code, known, alone, &arena, err);
    if (quoted && err && strncmp(err->hint, "did you mean", 12) != 0)
        at_hint(err, "double quotes hold names; for a text write '%s' in single quotes",
                name);
    at_arena_fini(&arena);
}

/* The name in "no such column: NAME". From SQLite 3.46 on a quoted one is told as
 * "NAME" - should this be a string literal in single-quotes? NULL on no memory. */
static char *column_in(const char *told, at_arena *arena) {
    static const char asked[] = "\" - should this be a string literal in single-quotes?";
    size_t length = strlen(told), tail = sizeof asked - 1;
    if (*told == '"' && length > tail && strcmp(told + length - tail, asked) == 0)
        return at_arena_text(arena, told + 1, length - tail - 1);
    return at_arena_text(arena, told, length);
}

static void no_function(const char *name, at_error *err) {
    at_fail(err, AT_NOT_FOUND, "there is no function %s", name);
    const char *near =
        at_nearest(name, at_sql_functions(), count_words(at_sql_functions()));
    if (near)
        at_hint(err, "did you mean %s?", near);
}

/* near "X": syntax error */
static void syntax(const char *message, const char *code, int offset, at_error *err) {
    const char *open = strchr(message, '"'), *close = strrchr(message, '"');
    char word[64] = "";
    if (open && close > open)
        snprintf(word, sizeof word, "%.*s", (int)(close - open - 1), open + 1);
    at_fail(err, AT_SYNTAX, "SQL does not expect %s here", word[0] ? word : "this");
    if (offset < 0)
        return;
    /* The word itself, or the one before it, is often a keyword with a slip. */
    size_t cursor = 0, length = strlen(code);
    at_sql_token before = {0}, token = {0};
    while (cursor < length) {
        token = at_sql_token_next(code, length, &cursor);
        if (token.kind == AT_SQL_TOKEN_END || token.offset >= (size_t)offset)
            break;
        before = token;
    }
    const char *const *keywords = at_sql_keywords();
    const at_sql_token *tries[] = {&before, &token};
    for (int i = 0; i < 2; i++) {
        if (tries[i]->kind != AT_SQL_TOKEN_WORD || tries[i]->length >= sizeof word ||
            tries[i]->length < 3)
            continue;
        snprintf(word, sizeof word, "%.*s", (int)tries[i]->length, tries[i]->text);
        const char *near = at_nearest(word, keywords, count_words(keywords));
        if (near && !at_equal_fold(near, word) && strlen(near) >= strlen(word) - 1 &&
            at_edit_distance(near, word) <= 2) {
            at_hint(err, "did you mean %s instead of %s?", near, word);
            return;
        }
    }
    if (token.kind == AT_SQL_TOKEN_STRING)
        at_hint(err, "is a comma or an operator missing before it?");
    else if (token.kind == AT_SQL_TOKEN_END || at_sql_token_mark(&token, ')'))
        at_hint(err, "something is missing before it");
}

static void misuse(const char *message, at_error *err) {
    const char *name = strrchr(message, ' ');
    name = name ? name + 1 : "this";
    bool window = strstr(message, "window") != NULL;
    at_fail(err, AT_INVALID, "%s cannot stand here", name);
    at_hint(err,
            window ? "a window function stands in the SELECT list or in ORDER BY"
                   : "an aggregate stands in the SELECT list, in HAVING or in ORDER BY; "
                     "filter groups with HAVING");
}

static bool starts(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

at_status at_sql_explain(const char *message, int offset, const char *code,
                         const at_sql_known *known, at_error *err) {
    const char *colon = strstr(message, ": ");
    const char *name = colon ? colon + 2 : "";
    if (starts(message, "no such table: ")) {
        no_table(name, code, known, err);
        const char *dot = strrchr(name, '.');
        if (offset < 0)
            offset = find_name(code, dot ? dot + 1 : name);
    } else if (starts(message, "no such column: ")) {
        at_arena arena = {0};
        char *column = column_in(name, &arena);
        no_column(column ? column : name, code, offset, known, err);
        if (offset < 0)
            offset = find_name(code, column ? column : name);
        at_arena_fini(&arena);
    } else if (starts(message, "no such function: ")) {
        no_function(name, err);
        if (offset < 0)
            offset = find_name(code, name);
    } else if (starts(message, "near ")) {
        syntax(message, code, offset, err);
    } else if (starts(message, "incomplete input")) {
        at_fail(err, AT_SYNTAX, "the SQL ends too early");
        offset = (int)strlen(code);
    } else if (starts(message, "unrecognized token: ")) {
        bool quote = strchr(name, '\'') ||
                     strchr(name + (*name == '"'), '"') != strrchr(name, '"');
        at_fail(err, AT_SYNTAX, quote ? "a quote is not closed" : "SQL does not know %s",
                name);
    } else if (starts(message, "ambiguous column name: ")) {
        at_fail(err, AT_INVALID, "the column %s is in more than one table", name);
        at_hint(err, "write TABLE.%s", name);
        if (offset < 0)
            offset = find_name(code, name);
    } else if (starts(message, "misuse of ")) {
        misuse(message, err);
    } else {
        at_fail(err, AT_INVALID, "%s", message);
    }
    return offset >= 0 ? at_sql_point(err, code, strlen(code), (size_t)offset)
                       : (err ? err->code : AT_INVALID);
}
