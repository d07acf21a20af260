#include "magics/language/stepline.h"
#include "magics/language/point.h"
#include "magics/language/stepreader.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"

#include <string.h>
#include <strings.h>

/* How much of the line the verb matches, word by word with any blanks between; 0: not. */
static size_t match_verb(const at_stepreader *r, const char *verb) {
    size_t at = r->at;
    for (const char *v = verb; *v;) {
        size_t n = strcspn(v, " ");
        if (r->to - at < n || strncasecmp(r->text + at, v, n) != 0)
            return 0;
        at += n;
        if (at < r->to && !at_stepreader_blank(r->text[at]) &&
            !(r->text[at] == '"' || r->text[at] == '\'' || r->text[at] == '`'))
            return 0;
        v += n;
        if (*v == ' ') {
            v++;
            while (at < r->to && at_stepreader_blank(r->text[at]))
                at++;
        }
    }
    return at;
}

/* The step that begins the line; the longest verb wins. Other rooms' verbs count too, so
 * that the error can say where they belong. */
static const at_step_kind *find_verb(const at_stepreader *r, size_t *end) {
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

static at_status unknown_verb(at_stepreader *r) {
    size_t count, kept = 0;
    const at_step_kind *const *kinds = at_steps(&count);
    const char *verbs[64], *firsts[64];
    for (size_t i = 0; i < count && kept < 64; i++) {
        if (!(kinds[i]->where & r->where))
            continue;
        verbs[kept] = kinds[i]->verb;
        firsts[kept] = at_arena_text(r->arena, verbs[kept], strcspn(verbs[kept], " "));
        if (!firsts[kept])
            return at_stepreader_no_memory(r);
        kept++;
    }
    size_t to = r->at;
    while (to < r->to && !at_stepreader_ends_word(r, to))
        to++;
    if (to == r->at)
        to++;
    const char *word = at_arena_text(r->arena, r->text + r->at, to - r->at);
    if (!word)
        return at_stepreader_no_memory(r);
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
    return at_stepreader_point(r, AT_SYNTAX, r->at, to);
}

static at_status read_line(at_stepreader *r) {
    size_t verb_end = r->at;
    at_stepreader_expect(r, AT_SLOT_VERB, NULL, 0);
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
        return at_stepreader_point(r, AT_INVALID, r->at, verb_end);
    }
    r->at = verb_end;
    return at_steppattern_read(r, r->kind->pattern);
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
        at_stepreader r = {.where = where,
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
        while (r.to > r.at && at_stepreader_blank(body->text[r.to - 1]))
            r.to--;
        at_stepreader_skip(&r);
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
                return at_stepreader_no_memory(&r);
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
    at_stepreader r = {.where = where,
                       .text = text,
                       .to = length,
                       .arena = arena,
                       .expected_at = SIZE_MAX,
                       .probing = true,
                       .args = &args,
                       .err = &ignored};
    at_stepreader_skip(&r);
    at_status status = read_line(&r);
    *out = r.expected;
    out->kind = r.kind;
    /* A slip before the end: nothing sensible follows. */
    if (status && r.expected_at < length)
        out->count = 0;
}
