#include "magics/language/expand.h"
#include "magics/language/point.h"
#include "ops/base/letter.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"

#include <string.h>

enum { NAME_MAX_BYTES = 128 };

static bool name_char(char c, bool first) {
    return at_is_name(c) && !(first && at_is_digit(c));
}

typedef struct names {
    const char *items[256]; /* enough to suggest from */
    size_t count;
} names;

static void collect(void *context, const char *name, const char *value) {
    names *all = context;
    (void)value;
    if (all->count < sizeof all->items / sizeof all->items[0])
        all->items[all->count++] = name;
}

static at_status unknown(const at_session *session, const char *name, at_error *err) {
    names all = {.count = 0};
    at_fail(err, AT_NOT_FOUND, "there is no variable '%s'", name);
    if (session)
        at_session_each(session, collect, &all);
    const char *near = at_nearest(name, all.items, all.count);
    if (near)
        at_hint(err, "did you mean ${%s}?", near);
    else
        at_hint(err,
                "set it with %%set %s = VALUE; for the characters themselves write \\${",
                name);
    return AT_NOT_FOUND;
}

at_status at_expand_one(const at_session *session, const char *code, size_t length,
                        size_t at, size_t to, const char **value, size_t *end,
                        at_error *err) {
    char name[NAME_MAX_BYTES + 1];
    size_t from = at + 2, i = from;
    while (i < to && i - from < NAME_MAX_BYTES && name_char(code[i], i == from))
        i++;
    if (i == from || i >= to || code[i] != '}') {
        at_fail(err, AT_SYNTAX, "expected the name of a variable and '}' after '${'");
        at_hint(err, "for the characters themselves write \\${");
        at_point(err, code, length, at, i < to ? i + 1 : to);
        return AT_SYNTAX;
    }
    memcpy(name, code + from, i - from);
    name[i - from] = '\0';
    *end = i + 1;
    *value = session ? at_session_get(session, name) : NULL;
    if (*value)
        return AT_OK;
    at_status status = unknown(session, name, err);
    at_point(err, code, length, at, i + 1);
    return status;
}

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "no memory left to put variables in");
}

/* The text grows in `text`; origins, when there are any, in `origin`. */
typedef struct grower {
    at_text text;
    size_t *origin;
    size_t capacity;
} grower;

static bool put(grower *g, const char *bytes, size_t length, size_t origin, bool moving) {
    size_t had = g->text.length;
    size_t *grown = at_grow(g->origin, &g->capacity, had + length + 1, sizeof *grown);
    if (!grown)
        return false;
    g->origin = grown;
    at_text_append(&g->text, bytes, length);
    if (!at_text_ok(&g->text))
        return false;
    for (size_t i = 0; i < length; i++)
        g->origin[had + i] = origin + (moving ? i : 0);
    return true;
}

static at_status grow(const at_session *session, const char *code, size_t length,
                      size_t from, size_t to, grower *g, at_error *err) {
    size_t plain = from, i = from;
    while (i < to) {
        bool escaped =
            code[i] == '\\' && i + 2 < to && code[i + 1] == '$' && code[i + 2] == '{';
        bool reference = code[i] == '$' && i + 1 < to && code[i + 1] == '{';
        if (!escaped && !reference) {
            i++;
            continue;
        }
        if (!put(g, code + plain, i - plain, plain, true))
            return no_memory(err);
        const char *value = "${";
        size_t end = i + 3;
        if (reference)
            AT_TRY(at_expand_one(session, code, length, i, to, &value, &end, err));
        if (g->text.length + strlen(value) > AT_EXPANDED_MAX)
            return at_fail(err, AT_LIMIT,
                           "the text with its variables put in is too long");
        if (!put(g, value, strlen(value), i, false))
            return no_memory(err);
        i = plain = end;
    }
    if (!put(g, code + plain, to - plain, plain, true))
        return no_memory(err);
    g->origin[g->text.length] = to;
    return AT_OK;
}

at_status at_expand(const at_session *session, const char *code, size_t length,
                    size_t from, size_t to, at_arena *arena, at_expanded *out,
                    at_error *err) {
    *out = (at_expanded){.start = from};
    bool any = false;
    for (size_t i = from; i + 1 < to && !any; i++)
        any = code[i] == '$' && code[i + 1] == '{';
    if (!any) {
        out->text = at_arena_text(arena, code + from, to - from);
        out->length = to - from;
        return out->text ? AT_OK : no_memory(err);
    }
    grower g = {.capacity = 0};
    at_status status = grow(session, code, length, from, to, &g, err);
    if (!status) {
        size_t bytes = (g.text.length + 1) * sizeof(size_t);
        size_t *origin = at_arena_alloc(arena, bytes);
        out->text = at_arena_text(arena, at_text_get(&g.text), g.text.length);
        out->length = g.text.length;
        out->origin = origin;
        if (origin && out->text)
            memcpy(origin, g.origin, bytes);
        else
            status = no_memory(err);
    }
    at_text_fini(&g.text);
    at_free(g.origin);
    return status;
}

size_t at_expanded_origin(const at_expanded *expanded, size_t at) {
    if (at > expanded->length)
        at = expanded->length;
    return expanded->origin ? expanded->origin[at] : expanded->start + at;
}
