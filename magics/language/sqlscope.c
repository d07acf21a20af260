#include "magics/language/sqlscope.h"
#include "ops/base/letter.h"

#include <string.h>
#include <strings.h>

typedef struct token {
    size_t from, to;
    const char *text; /* names without their quotes; a sign as itself */
    bool name;        /* a word or a quoted name, not a sign */
    bool closed;      /* a quoted thing has its end */
    char quote;       /* ' " ` [ or 0; '-' in a comment */
} token;

static size_t comment_end(const char *code, size_t at, size_t to, bool *closed) {
    bool line = code[at] == '-';
    for (at += 2; at < to; at++) {
        if (line && code[at] == '\n')
            return *closed = true, at;
        if (!line && code[at] == '*' && at + 1 < to && code[at + 1] == '/')
            return *closed = true, at + 2;
    }
    *closed = false;
    return to;
}

/* The next token of [*at, to); false at the end or on no memory. */
static bool next(const char *code, size_t *at, size_t to, at_arena *arena, token *out) {
    size_t i = *at;
    while (i < to && at_is_space(code[i]))
        i++;
    if (i >= to)
        return false;
    char c = code[i], follows = i + 1 < to ? code[i + 1] : '\0';
    *out = (token){.from = i, .closed = true};
    if ((c == '-' && follows == '-') || (c == '/' && follows == '*')) {
        i = comment_end(code, i, to, &out->closed);
        out->quote = '-';
    } else if (c == '\'' || c == '"' || c == '`' || c == '[') {
        const char *end = memchr(code + i + 1, c == '[' ? ']' : c, to - i - 1);
        out->closed = end != NULL;
        out->quote = c;
        out->name = c != '\'';
        size_t inside = end ? (size_t)(end - code) : to;
        out->text = at_arena_text(arena, code + i + 1, inside - i - 1);
        i = end ? inside + 1 : to;
    } else {
        size_t start = i;
        while (i < to && at_is_word(code[i]))
            i++;
        out->name = i > start;
        i += out->name ? 0 : 1;
        out->text = at_arena_text(arena, code + start, i - start);
    }
    out->to = *at = i;
    return out->quote == '-' || out->text;
}

static bool is(const token *t, const char *word) {
    return t->text && !t->quote && strcasecmp(t->text, word) == 0;
}

/* Ends a list of tables. */
static bool clause(const token *t) {
    static const char *const words[] = {
        "where", "group",  "order",  "having", "limit",     "union", "on",
        "using", "window", "except", "select", "intersect", "set",   "values"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is(t, words[i]))
            return true;
    return false;
}

static bool joins(const token *t) {
    static const char *const words[] = {"join", "left",  "right", "inner",
                                        "full", "cross", "outer", "natural"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is(t, words[i]))
            return true;
    return false;
}

typedef struct reading {
    at_sqlscope *out;
    bool list;  /* in the tables of a FROM */
    bool table; /* a table's name is next */
    bool after; /* a table was just named: an alias may follow */
} reading;

static void read_token(reading *r, const token *t) {
    at_sqlscope *out = r->out;
    if (is(t, "from") || is(t, "join")) {
        *r = (reading){.out = out, .list = true, .table = true};
    } else if (is(t, ";")) {
        *r = (reading){.out = out};
        out->table_count = 0;
    } else if (clause(t) || is(t, ")")) {
        *r = (reading){.out = out};
    } else if (r->list && is(t, ",")) {
        r->table = true;
        r->after = false;
    } else if (joins(t) || is(t, "(")) {
        r->table = r->after = false;
    } else if (r->table && t->name) {
        if (out->table_count < AT_SCOPE_TABLES_MAX)
            out->tables[out->table_count++].table = t->text;
        r->table = false;
        r->after = true;
    } else if (r->after && t->name && !is(t, "as")) {
        out->tables[out->table_count - 1].alias = t->text;
        r->after = false;
    }
}

bool at_sqlscope_read(const char *code, size_t from, size_t to, size_t cursor,
                      at_arena *arena, at_sqlscope *out) {
    *out = (at_sqlscope){.from = cursor};
    reading r = {.out = out};
    token t, before = {0}, dot = {0};
    size_t at = from;
    bool passed = false; /* the cursor */
    while (next(code, &at, to, arena, &t)) {
        bool here = t.from < cursor && (t.to > cursor || (t.to == cursor && t.name) ||
                                        (t.to == cursor && !t.closed));
        if (here && (t.quote == '-' || t.quote == '\''))
            out->in_string = true;
        if (here && t.name) {
            out->from = t.from + (t.quote ? 1 : 0);
            out->quoted = t.quote != 0;
        }
        if (!passed && (here || t.from >= cursor)) {
            passed = true;
            out->wants_table = is(&before, "from") || is(&before, "join") ||
                               is(&before, "table") || is(&before, "exists") || r.table;
            if (is(&before, ".") && dot.name)
                out->qualifier = dot.text;
        }
        if (passed && is(&t, ";"))
            return true;
        if (t.quote != '-') {
            dot = before;
            before = t;
        }
        /* The word at the cursor is only half typed: no table yet. */
        if (!(here && t.to == cursor && r.table))
            read_token(&r, &t);
    }
    if (!passed) {
        out->wants_table =
            is(&before, "from") || is(&before, "join") || is(&before, "table") || r.table;
        if (is(&before, ".") && dot.name)
            out->qualifier = dot.text;
    }
    return true;
}
