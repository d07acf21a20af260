#include "magics/language/stepline.h"
#include "magics/language/point.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"

#include <string.h>
#include <strings.h>

typedef struct reader {
    unsigned where;
    const char *text; /* the expanded body */
    size_t at, to;    /* the line's content */
    at_arena *arena;
    at_slots expected;  /* what could stand at `at`, had it been there */
    size_t expected_at; /* where `expected` was collected */
    bool probing;       /* only slots are wanted: no errors are built */
    const at_step_kind *kind;
    at_step_args *args;
    const char **values;
    at_selector *columns;
    size_t value_capacity, column_capacity;
    const at_expanded *body;
    const char *code;
    size_t length;
    at_error *err;
} reader;

static bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static void skip(reader *r) {
    while (r->at < r->to && blank(r->text[r->at]))
        r->at++;
}

static at_status no_memory(reader *r) {
    return at_fail(r->err, AT_NO_MEMORY, "no memory left to read the steps");
}

static at_status point(reader *r, at_status status, size_t from, size_t to) {
    if (!r->probing)
        at_point(r->err, r->code, r->length, at_expanded_origin(r->body, from),
                 at_expanded_origin(r->body, to));
    return status;
}

/* Remembers what could stand here; forgets what could stand before. */
static void expect(reader *r, at_slot_kind kind, const char *text, size_t length) {
    skip(r);
    if (r->expected_at != r->at) {
        r->expected.count = 0;
        r->expected_at = r->at;
    }
    if (r->expected.count < AT_SLOTS_MAX)
        r->expected.items[r->expected.count++] = (at_slot){kind, text, length};
}

size_t at_stepline_end(const char *text, size_t from, size_t to) {
    char quote = '\0';
    for (size_t i = from; i < to; i++) {
        if (quote) {
            if (text[i] == quote)
                quote = '\0';
        } else if (text[i] == '"' || text[i] == '\'' || text[i] == '`') {
            quote = text[i];
        } else if (text[i] == '#' && (i == from || blank(text[i - 1]))) {
            return i;
        }
    }
    return to;
}

const char *at_slot_describe(const at_slot *slot, at_arena *arena) {
    switch (slot->kind) {
    case AT_SLOT_VERB:
        return "a step";
    case AT_SLOT_COLUMNS:
        return "columns (names, a glob, or numeric, category, text, date, all)";
    case AT_SLOT_COLUMN:
        return "a column";
    case AT_SLOT_VALUE:
    case AT_SLOT_VALUES:
        return "a value";
    case AT_SLOT_NAME:
        return "a new name";
    case AT_SLOT_TYPE:
        return "a type (int, float, bool, text, category, date, timestamp)";
    case AT_SLOT_EXPRESSION:
        return "an SQL expression";
    case AT_SLOT_COMMA:
        return "','";
    case AT_SLOT_END:
        return "the end of the line";
    case AT_SLOT_WORD:
        break;
    }
    const char *text = at_arena_format(arena, "'%.*s'", (int)slot->length, slot->text);
    return text ? text : "";
}

/* One token of the line. */
typedef struct token {
    size_t from, to;
    const char *text; /* unquoted; in the arena */
    char quote;       /* ' " ` or 0 */
} token;

static bool ends_word(const reader *r, size_t at) {
    char c = r->text[at];
    return blank(c) || c == ',' || c == '=' || c == '"' || c == '\'' || c == '`' ||
           (c == '-' && at + 1 < r->to && r->text[at + 1] == '>');
}

static at_status quoted(reader *r, token *out) {
    const char *text = r->text;
    char quote = text[r->at];
    size_t from = r->at++;
    at_text made = {0};
    while (r->at < r->to) {
        if (text[r->at] == quote) {
            if (r->at + 1 >= r->to || text[r->at + 1] != quote)
                break;
            r->at++; /* doubled: one */
        }
        at_text_char(&made, text[r->at++]);
    }
    if (r->at >= r->to) {
        at_text_fini(&made);
        at_fail(r->err, AT_SYNTAX, "the quote %c is not closed", quote);
        (void)at_hint(r->err, "write it twice (%c%c) for the character itself", quote,
                      quote);
        return point(r, AT_SYNTAX, from, from + 1);
    }
    r->at++;
    *out = (token){.from = from, .to = r->at, .quote = quote};
    out->text = at_arena_text(r->arena, at_text_get(&made), made.length);
    bool ok = out->text && at_text_ok(&made);
    at_text_fini(&made);
    return ok ? AT_OK : no_memory(r);
}

/* The next word or quoted text; from == to at the end of the line or at a sign. */
static at_status next_token(reader *r, token *out) {
    skip(r);
    *out = (token){.from = r->at, .to = r->at, .text = ""};
    if (r->at >= r->to)
        return AT_OK;
    char c = r->text[r->at];
    if (c == '"' || c == '\'' || c == '`')
        return quoted(r, out);
    while (r->at < r->to && !ends_word(r, r->at))
        r->at++;
    out->to = r->at;
    out->text = at_arena_text(r->arena, r->text + out->from, out->to - out->from);
    return out->text ? AT_OK : no_memory(r);
}

/* What stands at the failure, for "found ...": a word, a sign, or the end. */
static void found(const reader *r, size_t *from, size_t *to) {
    size_t i = r->expected_at;
    *from = i;
    if (i < r->to && (r->text[i] == '"' || r->text[i] == '\'' || r->text[i] == '`')) {
        const char *close = memchr(r->text + i + 1, r->text[i], r->to - i - 1);
        *to = close ? (size_t)(close - r->text) + 1 : r->to;
        return;
    }
    while (i < r->to && !ends_word(r, i))
        i++;
    if (i == *from && i < r->to)
        i += r->text[i] == '-' ? 2 : 1;
    *to = i;
}

/* A name with blanks that was typed without quotes is the likeliest slip after a name. */
static bool after_name(const reader *r) {
    for (size_t i = 0; i < r->expected.count; i++)
        if (r->expected.items[i].kind == AT_SLOT_COMMA)
            return true;
    return false;
}

static at_status unexpected(reader *r) {
    if (r->probing)
        return AT_SYNTAX;
    at_text list = {0};
    const char *words[AT_SLOTS_MAX];
    size_t word_count = 0;
    for (size_t i = 0; i < r->expected.count; i++) {
        const at_slot *slot = &r->expected.items[i];
        at_text_put(&list, i == 0 ? "" : i + 1 == r->expected.count ? " or " : ", ");
        at_text_put(&list, at_slot_describe(slot, r->arena));
        if (slot->kind == AT_SLOT_WORD) {
            const char *word = at_arena_text(r->arena, slot->text, slot->length);
            if (word)
                words[word_count++] = word;
        }
    }
    size_t from, to;
    found(r, &from, &to);
    const char *got = at_arena_text(r->arena, r->text + from, to - from);
    if (from == to)
        at_fail(r->err, AT_SYNTAX, "expected %s", at_text_get(&list));
    else
        at_fail(r->err, AT_SYNTAX, "expected %s, found %.100s", at_text_get(&list),
                got ? got : "");
    at_text_fini(&list);
    const char *near = got && *got ? at_nearest(got, words, word_count) : NULL;
    if (near)
        (void)at_hint(r->err, "did you mean %s?", near);
    else if (from < to && after_name(r) && !ends_word(r, from))
        (void)at_hint(r->err, "a name with blanks stands in backticks: `two words`");
    else if (r->kind)
        (void)at_hint(r->err, "for example: %s", r->kind->example);
    return point(r, AT_SYNTAX, from, to);
}

static at_status add_value(reader *r, const char *value) {
    at_step_args *a = r->args;
    if (a->value_count == r->value_capacity) {
        size_t capacity = r->value_capacity ? 2 * r->value_capacity : 8;
        const char **grown = at_arena_alloc(r->arena, capacity * sizeof *grown);
        if (!grown)
            return no_memory(r);
        if (a->value_count)
            memcpy(grown, r->values, a->value_count * sizeof *grown);
        r->values = grown;
        r->value_capacity = capacity;
        a->values = grown;
    }
    r->values[a->value_count++] = value;
    return AT_OK;
}

static at_status add_column(reader *r, const token *t) {
    at_step_args *a = r->args;
    if (a->column_count == r->column_capacity) {
        size_t capacity = r->column_capacity ? 2 * r->column_capacity : 8;
        at_selector *grown = at_arena_alloc(r->arena, capacity * sizeof *grown);
        if (!grown)
            return no_memory(r);
        if (a->column_count)
            memcpy(grown, r->columns, a->column_count * sizeof *grown);
        r->columns = grown;
        r->column_capacity = capacity;
        a->columns = grown;
    }
    r->columns[a->column_count++] =
        (at_selector){.text = t->text, .literal = t->quote != 0};
    return AT_OK;
}

/* A word or quoted text is needed here. */
static at_status need(reader *r, token *out) {
    AT_TRY(next_token(r, out));
    return out->from == out->to ? unexpected(r) : AT_OK;
}

static bool take_comma(reader *r) {
    expect(r, AT_SLOT_COMMA, NULL, 0);
    if (r->at >= r->to || r->text[r->at] != ',')
        return false;
    r->at++;
    return true;
}

static at_status read_list(reader *r, at_slot_kind kind) {
    do {
        expect(r, kind, NULL, 0);
        token t;
        AT_TRY(need(r, &t));
        AT_TRY(kind == AT_SLOT_COLUMNS ? add_column(r, &t) : add_value(r, t.text));
    } while (take_comma(r));
    return AT_OK;
}

static at_status read_type(reader *r) {
    token t;
    expect(r, AT_SLOT_TYPE, NULL, 0);
    AT_TRY(need(r, &t));
    if (at_type_from_name(t.text, &r->args->type)) {
        r->args->has_type = true;
        return AT_OK;
    }
    static const char *const types[] = {"int",      "float", "bool",     "text",
                                        "category", "date",  "timestamp"};
    at_fail(r->err, AT_INVALID, "there is no type '%.100s'", t.text);
    const char *near = at_nearest(t.text, types, AT_COUNT(types));
    if (near)
        (void)at_hint(r->err, "did you mean %s?", near);
    else
        (void)at_hint(r->err,
                      "types are int, float, bool, text, category, date, timestamp");
    return point(r, AT_INVALID, t.from, t.to);
}

/* The rest of the line; a -- comment of SQL ends it too. */
static at_status read_expression(reader *r) {
    expect(r, AT_SLOT_EXPRESSION, NULL, 0);
    char quote = '\0';
    size_t from = r->at, to = r->at;
    for (; to < r->to; to++) {
        char c = r->text[to];
        if (quote) {
            if (c == quote)
                quote = '\0';
        } else if (c == '\'' || c == '"' || c == '`') {
            quote = c;
        } else if (c == '-' && to + 1 < r->to && r->text[to + 1] == '-') {
            break;
        }
    }
    while (to > from && blank(r->text[to - 1]))
        to--;
    if (from == to)
        return unexpected(r);
    r->at = r->to;
    r->args->expression = at_arena_text(r->arena, r->text + from, to - from);
    return r->args->expression ? AT_OK : no_memory(r);
}

/* Does the literal stand here? Words match whole and without case. */
static bool literal_here(reader *r, const char *word, size_t length) {
    expect(r, AT_SLOT_WORD, word, length);
    if (r->to - r->at < length || strncasecmp(r->text + r->at, word, length) != 0)
        return false;
    size_t end = r->at + length;
    bool letters = (word[0] >= 'a' && word[0] <= 'z');
    if (letters && end < r->to && !ends_word(r, end))
        return false;
    r->at = end;
    return true;
}

/* {mean|median|VALUE}: `from` is after the brace. */
static at_status read_choice(reader *r, const char *from, const char *to) {
    bool value = false;
    const char *next;
    for (const char *p = from; p < to; p = next + 1) {
        next = memchr(p, '|', (size_t)(to - p));
        next = next ? next : to;
        if ((size_t)(next - p) == 5 && memcmp(p, "VALUE", 5) == 0) {
            value = true;
            expect(r, AT_SLOT_VALUE, NULL, 0);
        } else if (literal_here(r, p, (size_t)(next - p))) {
            r->args->word = at_arena_text(r->arena, p, (size_t)(next - p));
            return r->args->word ? AT_OK : no_memory(r);
        }
    }
    if (!value)
        return unexpected(r);
    token t;
    AT_TRY(need(r, &t));
    return add_value(r, t.text);
}

static at_status read_element(reader *r, const char *word, size_t n) {
    token t;
    if (n == 7 && memcmp(word, "COLUMNS", 7) == 0)
        return read_list(r, AT_SLOT_COLUMNS);
    if (n == 6 && memcmp(word, "VALUES", 6) == 0)
        return read_list(r, AT_SLOT_VALUES);
    if (n == 4 && memcmp(word, "TYPE", 4) == 0)
        return read_type(r);
    if (n == 10 && memcmp(word, "EXPRESSION", 10) == 0)
        return read_expression(r);
    if (n == 6 && memcmp(word, "COLUMN", 6) == 0) {
        expect(r, AT_SLOT_COLUMN, NULL, 0);
        AT_TRY(need(r, &t));
        return add_column(r, &t);
    }
    if (n == 5 && memcmp(word, "VALUE", 5) == 0) {
        expect(r, AT_SLOT_VALUE, NULL, 0);
        AT_TRY(need(r, &t));
        return add_value(r, t.text);
    }
    if (n == 4 && memcmp(word, "NAME", 4) == 0) {
        expect(r, AT_SLOT_NAME, NULL, 0);
        AT_TRY(need(r, &t));
        r->args->name = t.text;
        return AT_OK;
    }
    if (word[0] == '{')
        return read_choice(r, word + 1, word + n - 1);
    return literal_here(r, word, n) ? AT_OK : unexpected(r);
}

static const char *element_end(const char *p) {
    if (*p == '{') {
        const char *close = strchr(p, '}');
        return close ? close + 1 : p + strlen(p);
    }
    if (*p == '[' || *p == ']')
        return p + 1;
    return p + strcspn(p, " []");
}

/* After "[": is the group there? Its first element decides: a word that stands for itself
 * must match, anything else is there when the line goes on. */
static bool group_here(reader *r, const char *p) {
    p += strspn(p, " ");
    size_t n = (size_t)(element_end(p) - p);
    if (*p == '{' || (*p >= 'A' && *p <= 'Z')) {
        skip(r);
        return r->at < r->to;
    }
    size_t at = r->at;
    bool here = literal_here(r, p, n);
    if (here)
        r->at = at; /* the group reads it */
    return here;
}

static at_status read_pattern(reader *r, const char *pattern) {
    for (const char *p = pattern; *p;) {
        p += strspn(p, " ");
        if (!*p)
            break;
        const char *end = element_end(p);
        if (*p == '[') {
            if (!group_here(r, end)) {
                end = strchr(p, ']');
                end = end ? end + 1 : p + strlen(p);
            }
        } else if (*p != ']') {
            AT_TRY(read_element(r, p, (size_t)(end - p)));
        }
        p = end;
    }
    expect(r, AT_SLOT_END, NULL, 0);
    return r->at < r->to ? unexpected(r) : AT_OK;
}

/* How much of the line the verb matches, word by word with any blanks between; 0: not. */
static size_t match_verb(const reader *r, const char *verb) {
    size_t at = r->at;
    for (const char *v = verb; *v;) {
        size_t n = strcspn(v, " ");
        if (r->to - at < n || strncasecmp(r->text + at, v, n) != 0)
            return 0;
        at += n;
        if (at < r->to && !blank(r->text[at]) &&
            !(r->text[at] == '"' || r->text[at] == '\'' || r->text[at] == '`'))
            return 0;
        v += n;
        if (*v == ' ') {
            v++;
            while (at < r->to && blank(r->text[at]))
                at++;
        }
    }
    return at;
}

/* The step that begins the line; the longest verb wins. Other rooms' verbs count too, so
 * that the error can say where they belong. */
static const at_step_kind *find_verb(const reader *r, size_t *end) {
    size_t count;
    const at_step_kind *const *kinds = at_steps(&count), *best = NULL;
    size_t best_length = 0;
    for (size_t i = 0; i < count; i++) {
        size_t matched = match_verb(r, kinds[i]->verb), length = strlen(kinds[i]->verb);
        if (matched && length > best_length) {
            best = kinds[i];
            best_length = length;
            *end = matched;
        }
    }
    return best;
}

static at_status unknown_verb(reader *r) {
    size_t count, kept = 0;
    const at_step_kind *const *kinds = at_steps(&count);
    const char *verbs[64], *firsts[64];
    for (size_t i = 0; i < count && kept < 64; i++) {
        if (!(kinds[i]->where & r->where))
            continue;
        verbs[kept] = kinds[i]->verb;
        firsts[kept] = at_arena_text(r->arena, verbs[kept], strcspn(verbs[kept], " "));
        if (!firsts[kept])
            return no_memory(r);
        kept++;
    }
    size_t to = r->at;
    while (to < r->to && !ends_word(r, to))
        to++;
    if (to == r->at)
        to++;
    const char *word = at_arena_text(r->arena, r->text + r->at, to - r->at);
    if (!word)
        return no_memory(r);
    at_fail(r->err, AT_SYNTAX, "there is no step '%.100s'", word);
    const char *near = at_nearest(word, firsts, kept);
    at_text all = {0};
    for (size_t i = 0; i < kept; i++)
        if (!near || strcmp(firsts[i], near) == 0)
            at_text_format(&all, "%s%s", all.length ? near ? "' or '" : ", " : "",
                           verbs[i]);
    if (near)
        (void)at_hint(r->err, "did you mean '%s'?", at_text_get(&all));
    else
        (void)at_hint(r->err, "steps are: %s", at_text_get(&all));
    at_text_fini(&all);
    return point(r, AT_SYNTAX, r->at, to);
}

static at_status read_line(reader *r) {
    size_t verb_end = r->at;
    expect(r, AT_SLOT_VERB, NULL, 0);
    r->kind = find_verb(r, &verb_end);
    if (!r->kind)
        return r->probing ? AT_SYNTAX : unknown_verb(r);
    if (!(r->kind->where & r->where)) {
        bool clean = r->where == AT_STEP_CLEAN;
        at_fail(r->err, AT_INVALID, "'%s' is a step of %%%%%s, not of %%%%%s",
                r->kind->verb, clean ? "prepare" : "clean", clean ? "clean" : "prepare");
        (void)at_hint(r->err,
                      clean ? "what is learned from training rows belongs to %%%%prepare"
                            : "rows and values are mended by %%%%clean");
        return point(r, AT_INVALID, r->at, verb_end);
    }
    r->at = verb_end;
    return read_pattern(r, r->kind->pattern);
}

at_status at_steplines_parse(unsigned where, const at_expanded *body, const char *code,
                             size_t length, at_arena *arena, at_step_lines *out,
                             at_error *err) {
    *out = (at_step_lines){0};
    at_step_line *lines = NULL;
    size_t count = 0, capacity = 0;
    for (size_t at = 0, to; at < body->length; at = to + 1) {
        const char *end = memchr(body->text + at, '\n', body->length - at);
        to = end ? (size_t)(end - body->text) : body->length;
        at_step_line line = {.kind = NULL};
        reader r = {.where = where,
                    .text = body->text,
                    .at = at,
                    .to = at_stepline_end(body->text, at, to),
                    .arena = arena,
                    .expected_at = SIZE_MAX,
                    .args = &line.args,
                    .body = body,
                    .code = code,
                    .length = length,
                    .err = err};
        while (r.to > r.at && blank(body->text[r.to - 1]))
            r.to--;
        skip(&r);
        if (r.at == r.to)
            continue;
        if (count == AT_STEPLINES_MAX)
            return at_fail(err, AT_LIMIT, "a body may hold at most %d steps",
                           AT_STEPLINES_MAX);
        int column;
        at_point_place(code, length, at_expanded_origin(body, r.at), &line.line, &column);
        AT_TRY(read_line(&r));
        line.kind = r.kind;
        if (count == capacity) {
            capacity = capacity ? 2 * capacity : 8;
            at_step_line *grown = at_arena_alloc(arena, capacity * sizeof *grown);
            if (!grown)
                return no_memory(&r);
            if (count)
                memcpy(grown, lines, count * sizeof *grown);
            lines = grown;
        }
        lines[count++] = line;
    }
    out->items = lines;
    out->count = count;
    return AT_OK;
}

void at_stepline_slots(unsigned where, const char *text, size_t length, at_arena *arena,
                       at_slots *out) {
    at_step_args args = {0};
    at_error ignored;
    reader r = {.where = where,
                .text = text,
                .to = length,
                .arena = arena,
                .expected_at = SIZE_MAX,
                .probing = true,
                .args = &args,
                .err = &ignored};
    skip(&r);
    at_status status = read_line(&r);
    *out = r.expected;
    out->kind = r.kind;
    /* A slip before the end: nothing sensible follows. */
    if (status && r.expected_at < length)
        out->count = 0;
}
