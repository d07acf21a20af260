/* The pattern of a step (ops/recipe/step.h), read against a line. */
#include "magics/language/stepreader.h"
#include "ops/base/suggest.h"

#include <string.h>
#include <strings.h>

static at_status add_value(at_stepreader *r, const char *value) {
    at_step_args *a = r->args;
    if (a->value_count == r->value_capacity) {
        size_t capacity = r->value_capacity ? 2 * r->value_capacity : 8;
        const char **grown = at_arena_alloc(r->arena, capacity * sizeof *grown);
        if (!grown)
            return at_stepreader_no_memory(r);
        if (a->value_count)
            memcpy(grown, r->values, a->value_count * sizeof *grown);
        r->values = grown;
        r->value_capacity = capacity;
        a->values = grown;
    }
    r->values[a->value_count++] = value;
    return AT_OK;
}

static at_status add_column(at_stepreader *r, const at_steptoken *t) {
    at_step_args *a = r->args;
    if (a->column_count == r->column_capacity) {
        size_t capacity = r->column_capacity ? 2 * r->column_capacity : 8;
        at_selector *grown = at_arena_alloc(r->arena, capacity * sizeof *grown);
        if (!grown)
            return at_stepreader_no_memory(r);
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
static at_status need(at_stepreader *r, at_steptoken *out) {
    AT_TRY(at_stepreader_token(r, out));
    return out->from == out->to ? at_stepreader_unexpected(r) : AT_OK;
}

static bool take_comma(at_stepreader *r) {
    at_stepreader_expect(r, AT_SLOT_COMMA, NULL, 0);
    if (r->at >= r->to || r->text[r->at] != ',')
        return false;
    r->at++;
    return true;
}

static at_status read_list(at_stepreader *r, at_slot_kind kind) {
    do {
        at_stepreader_expect(r, kind, NULL, 0);
        at_steptoken t;
        AT_TRY(need(r, &t));
        AT_TRY(kind == AT_SLOT_COLUMNS ? add_column(r, &t) : add_value(r, t.text));
    } while (take_comma(r));
    return AT_OK;
}

/* Does the literal stand here? Words match whole and without case. */
static bool literal_here(at_stepreader *r, const char *word, size_t length) {
    at_stepreader_expect(r, AT_SLOT_WORD, word, length);
    if (r->to - r->at < length || strncasecmp(r->text + r->at, word, length) != 0)
        return false;
    size_t end = r->at + length;
    bool letters = (word[0] >= 'a' && word[0] <= 'z');
    if (letters && end < r->to && !at_stepreader_ends_word(r, end))
        return false;
    r->at = end;
    return true;
}

/* VALUE -> VALUE, ... */
static at_status read_pairs(at_stepreader *r) {
    do {
        at_steptoken t;
        at_stepreader_expect(r, AT_SLOT_VALUE, NULL, 0);
        AT_TRY(need(r, &t));
        AT_TRY(add_value(r, t.text));
        if (!literal_here(r, "->", 2))
            return at_stepreader_unexpected(r);
        at_stepreader_expect(r, AT_SLOT_VALUE, NULL, 0);
        AT_TRY(need(r, &t));
        AT_TRY(add_value(r, t.text));
    } while (take_comma(r));
    return AT_OK;
}

static at_status read_type(at_stepreader *r) {
    at_steptoken t;
    at_stepreader_expect(r, AT_SLOT_TYPE, NULL, 0);
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
    return at_stepreader_point(r, AT_INVALID, t.from, t.to);
}

/* The rest of the line; a -- comment of SQL ends it too. */
static at_status read_expression(at_stepreader *r) {
    at_stepreader_expect(r, AT_SLOT_EXPRESSION, NULL, 0);
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
    while (to > from && at_stepreader_blank(r->text[to - 1]))
        to--;
    if (from == to)
        return at_stepreader_unexpected(r);
    r->at = r->to;
    r->args->expression = at_arena_text(r->arena, r->text + from, to - from);
    return r->args->expression ? AT_OK : at_stepreader_no_memory(r);
}

/* {mean|median|VALUE}: `from` is after the brace. */
static at_status read_choice(at_stepreader *r, const char *from, const char *to) {
    bool value = false;
    const char *next;
    for (const char *p = from; p < to; p = next + 1) {
        next = memchr(p, '|', (size_t)(to - p));
        next = next ? next : to;
        if ((size_t)(next - p) == 5 && memcmp(p, "VALUE", 5) == 0) {
            value = true;
            at_stepreader_expect(r, AT_SLOT_VALUE, NULL, 0);
        } else if (literal_here(r, p, (size_t)(next - p))) {
            r->args->word = at_arena_text(r->arena, p, (size_t)(next - p));
            return r->args->word ? AT_OK : at_stepreader_no_memory(r);
        }
    }
    if (!value)
        return at_stepreader_unexpected(r);
    at_steptoken t;
    AT_TRY(need(r, &t));
    return add_value(r, t.text);
}

/* {year|month}+ : `from` is after the brace. */
static at_status read_words(at_stepreader *r, const char *from, const char *to) {
    do {
        r->args->word = NULL;
        AT_TRY(read_choice(r, from, to));
        AT_TRY(add_value(r, r->args->word));
    } while (take_comma(r));
    r->args->word = NULL;
    return AT_OK;
}

static at_status read_element(at_stepreader *r, const char *word, size_t n) {
    at_steptoken t;
    if (n == 7 && memcmp(word, "COLUMNS", 7) == 0)
        return read_list(r, AT_SLOT_COLUMNS);
    if (n == 6 && memcmp(word, "VALUES", 6) == 0)
        return read_list(r, AT_SLOT_VALUES);
    if (n == 5 && memcmp(word, "NAMES", 5) == 0)
        return read_list(r, AT_SLOT_NAME);
    if (n == 5 && memcmp(word, "PAIRS", 5) == 0)
        return read_pairs(r);
    if (n == 4 && memcmp(word, "TYPE", 4) == 0)
        return read_type(r);
    if (n == 10 && memcmp(word, "EXPRESSION", 10) == 0)
        return read_expression(r);
    if (n == 6 && memcmp(word, "COLUMN", 6) == 0) {
        at_stepreader_expect(r, AT_SLOT_COLUMN, NULL, 0);
        AT_TRY(need(r, &t));
        return add_column(r, &t);
    }
    if (n == 5 && memcmp(word, "VALUE", 5) == 0) {
        at_stepreader_expect(r, AT_SLOT_VALUE, NULL, 0);
        AT_TRY(need(r, &t));
        return add_value(r, t.text);
    }
    if (n == 4 && memcmp(word, "NAME", 4) == 0) {
        at_stepreader_expect(r, AT_SLOT_NAME, NULL, 0);
        AT_TRY(need(r, &t));
        r->args->name = t.text;
        return AT_OK;
    }
    if (word[0] == '{' && word[n - 1] == '+')
        return read_words(r, word + 1, word + n - 2);
    if (word[0] == '{')
        return read_choice(r, word + 1, word + n - 1);
    return literal_here(r, word, n) ? AT_OK : at_stepreader_unexpected(r);
}

static const char *element_end(const char *p) {
    if (*p == '{') {
        const char *close = strchr(p, '}');
        return close ? close + 1 + (close[1] == '+') : p + strlen(p);
    }
    if (*p == '[' || *p == ']')
        return p + 1;
    return p + strcspn(p, " []");
}

/* Does one of the words of {a|b} stand here? The words of VALUE do not. */
static bool word_here(at_stepreader *r, const char *from, const char *to) {
    bool here = false;
    size_t at = r->at;
    const char *next;
    for (const char *p = from; p < to && !here; p = next + 1) {
        next = memchr(p, '|', (size_t)(to - p));
        next = next ? next : to;
        here = literal_here(r, p, (size_t)(next - p));
    }
    if (here)
        r->at = at; /* the group reads it */
    return here;
}

/* After "[": is the group there? Its first element decides: words that stand for
 * themselves must match, anything else is there when the line goes on. */
static bool group_here(at_stepreader *r, const char *p) {
    p += strspn(p, " ");
    const char *end = element_end(p);
    size_t n = (size_t)(end - p);
    if (*p == '{' && !memmem(p, n, "VALUE", 5))
        return word_here(r, p + 1, end - 1 - (end[-1] == '+'));
    if (*p == '{' || (*p >= 'A' && *p <= 'Z')) {
        at_stepreader_skip(r);
        return r->at < r->to;
    }
    size_t at = r->at;
    bool here = literal_here(r, p, n);
    if (here)
        r->at = at;
    return here;
}

at_status at_steppattern_read(at_stepreader *r, const char *pattern) {
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
    at_stepreader_expect(r, AT_SLOT_END, NULL, 0);
    return r->at < r->to ? at_stepreader_unexpected(r) : AT_OK;
}
