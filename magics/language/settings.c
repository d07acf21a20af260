#include "magics/language/settings.h"
#include "magics/language/point.h"
#include "ops/base/letter.h"

#include <string.h>

typedef struct parser {
    const at_param *table;
    size_t table_count;
    const at_expanded *body;
    const char *code;
    size_t length;
    at_arena *arena;
    void *scratch; /* where values are tried */
    at_setting *items;
    size_t count, capacity;
    at_error *err;
} parser;

static at_status no_memory(parser *p) {
    return at_fail(p->err, AT_NO_MEMORY, "no memory left to read the settings");
}

/* Points at [from, to) of the body. */
static at_status point(parser *p, at_status status, size_t from, size_t to) {
    at_point(p->err, p->code, p->length, at_expanded_origin(p->body, from),
             at_expanded_origin(p->body, to));
    return status;
}

static void trim(const char *text, size_t *from, size_t *to) {
    while (*from < *to && at_is_blank(text[*from]))
        (*from)++;
    while (*to > *from && at_is_blank(text[*to - 1]))
        (*to)--;
}

/* The end of what counts on a line: a # after a blank, outside quotes, begins a comment.
 */
static size_t comment_start(const char *text, size_t from, size_t to) {
    char quote = '\0';
    for (size_t i = from; i < to; i++) {
        if (quote) {
            if (text[i] == quote)
                quote = '\0';
        } else if (text[i] == '"' || text[i] == '\'') {
            quote = text[i];
        } else if (text[i] == '#' && (i == from || at_is_blank(text[i - 1]))) {
            return i;
        }
    }
    return to;
}

/* A scratch struct as large as the table needs. */
static bool make_scratch(parser *p) {
    size_t size = 1;
    for (size_t i = 0; i < p->table_count; i++)
        if (p->table[i].offset + sizeof(at_words) > size)
            size = p->table[i].offset + sizeof(at_words);
    p->scratch = at_arena_alloc(p->arena, size);
    return p->scratch != NULL;
}

static at_status check(parser *p, const at_setting *setting, size_t key_from,
                       size_t key_to, size_t value_from, size_t value_to) {
    for (size_t i = 0; i < p->count; i++) {
        const at_param *one = NULL, *other = NULL;
        if (p->table) {
            one = at_param_find(p->table, p->table_count, p->items[i].key);
            other = at_param_find(p->table, p->table_count, setting->key);
        }
        if ((one && one == other) || strcmp(p->items[i].key, setting->key) == 0) {
            at_fail(p->err, AT_INVALID, "'%.100s' is set twice", setting->key);
            (void)at_hint(p->err, "it is also set on line %d", p->items[i].line);
            return point(p, AT_INVALID, key_from, key_to);
        }
    }
    if (!p->table)
        return AT_OK;
    const at_param *param = at_param_find(p->table, p->table_count, setting->key);
    if (!param)
        return point(
            p,
            at_param_unknown(p->table, p->table_count, "setting", setting->key, p->err),
            key_from, key_to);
    at_status status = at_param_set(param, setting->value, p->arena, p->scratch, p->err);
    return status ? point(p, status, value_from, value_to) : AT_OK;
}

static at_status keep(parser *p, const at_setting *setting) {
    if (p->count == AT_SETTINGS_MAX)
        return at_fail(p->err, AT_LIMIT, "a body may hold at most %d settings",
                       AT_SETTINGS_MAX);
    if (p->count == p->capacity) {
        size_t capacity = p->capacity ? 2 * p->capacity : 8;
        at_setting *grown = at_arena_alloc(p->arena, capacity * sizeof *grown);
        if (!grown)
            return no_memory(p);
        if (p->count)
            memcpy(grown, p->items, p->count * sizeof *grown);
        p->items = grown;
        p->capacity = capacity;
    }
    p->items[p->count++] = *setting;
    return AT_OK;
}

/* The value without its quotes, if one pair stands around all of it. */
static const char *unquote(parser *p, size_t from, size_t to) {
    const char *text = p->body->text;
    if (to - from >= 2 && (text[from] == '"' || text[from] == '\'') &&
        text[to - 1] == text[from] && !memchr(text + from + 1, text[from], to - from - 2))
        return at_arena_text(p->arena, text + from + 1, to - from - 2);
    return at_arena_text(p->arena, text + from, to - from);
}

static at_status parse_line(parser *p, size_t from, size_t to) {
    const char *text = p->body->text;
    to = comment_start(text, from, to);
    trim(text, &from, &to);
    if (from == to)
        return AT_OK;
    const char *equals = memchr(text + from, '=', to - from);
    size_t key_from = from, key_to = equals ? (size_t)(equals - text) : to;
    trim(text, &key_from, &key_to);
    if (!equals || key_from == key_to) {
        at_fail(p->err, AT_SYNTAX, "expected 'key = value'");
        const char *colon = memchr(text + from, ':', to - from);
        if (colon)
            (void)at_hint(p->err, "write = where the : is");
        return point(p, AT_SYNTAX, equals ? key_from : from, to);
    }
    size_t value_from = (size_t)(equals - text) + 1, value_to = to;
    trim(text, &value_from, &value_to);
    at_setting setting = {
        .key = at_arena_text(p->arena, text + key_from, key_to - key_from),
        .value = unquote(p, value_from, value_to),
    };
    if (!setting.key || !setting.value)
        return no_memory(p);
    if (value_from == value_to) {
        at_fail(p->err, AT_SYNTAX, "expected a value after '%.100s ='", setting.key);
        return point(p, AT_SYNTAX, to, to);
    }
    int line;
    at_point_place(p->code, p->length, at_expanded_origin(p->body, value_from), &line,
                   &setting.value_column);
    at_point_place(p->code, p->length, at_expanded_origin(p->body, key_from),
                   &setting.line, &setting.column);
    AT_TRY(check(p, &setting, key_from, key_to, value_from, value_to));
    return keep(p, &setting);
}

at_status at_settings_parse(const at_param *table, size_t table_count,
                            const at_expanded *body, const char *code, size_t length,
                            at_arena *arena, at_settings *out, at_error *err) {
    *out = (at_settings){0};
    parser p = {.table = table,
                .table_count = table ? table_count : 0,
                .body = body,
                .code = code,
                .length = length,
                .arena = arena,
                .err = err};
    if (!make_scratch(&p))
        return no_memory(&p);
    for (size_t at = 0; at < body->length;) {
        const char *end = memchr(body->text + at, '\n', body->length - at);
        size_t to = end ? (size_t)(end - body->text) : body->length;
        AT_TRY(parse_line(&p, at, to));
        at = to + 1;
    }
    out->items = p.items;
    out->count = p.count;
    return AT_OK;
}
