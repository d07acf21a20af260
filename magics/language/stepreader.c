#include "magics/language/stepreader.h"
#include "magics/language/point.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"

#include <string.h>

void at_stepreader_skip(at_stepreader *r) {
    while (r->at < r->to && at_stepreader_blank(r->text[r->at]))
        r->at++;
}

at_status at_stepreader_no_memory(at_stepreader *r) {
    return at_fail(r->err, AT_NO_MEMORY, "no memory left to read the steps");
}

at_status at_stepreader_point(at_stepreader *r, at_status status, size_t from,
                              size_t to) {
    if (!r->probing)
        at_point(r->err, r->code, r->length, at_expanded_origin(r->body, from),
                 at_expanded_origin(r->body, to));
    return status;
}

/* Remembers what could stand here; forgets what could stand before. */
void at_stepreader_expect(at_stepreader *r, at_slot_kind kind, const char *text,
                          size_t length) {
    at_stepreader_skip(r);
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
        } else if (text[i] == '#' && (i == from || at_stepreader_blank(text[i - 1]))) {
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

bool at_stepreader_ends_word(const at_stepreader *r, size_t at) {
    char c = r->text[at];
    return at_stepreader_blank(c) || c == ',' || c == '=' || c == '"' || c == '\'' ||
           c == '`' || (c == '-' && at + 1 < r->to && r->text[at + 1] == '>');
}

static at_status quoted(at_stepreader *r, at_steptoken *out) {
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
        return at_stepreader_point(r, AT_SYNTAX, from, from + 1);
    }
    r->at++;
    *out = (at_steptoken){.from = from, .to = r->at, .quote = quote};
    out->text = at_arena_text(r->arena, at_text_get(&made), made.length);
    bool ok = out->text && at_text_ok(&made);
    at_text_fini(&made);
    return ok ? AT_OK : at_stepreader_no_memory(r);
}

/* The next word or quoted text; from == to at the end of the line or at a sign. */
at_status at_stepreader_token(at_stepreader *r, at_steptoken *out) {
    at_stepreader_skip(r);
    *out = (at_steptoken){.from = r->at, .to = r->at, .text = ""};
    if (r->at >= r->to)
        return AT_OK;
    char c = r->text[r->at];
    if (c == '"' || c == '\'' || c == '`')
        return quoted(r, out);
    while (r->at < r->to && !at_stepreader_ends_word(r, r->at))
        r->at++;
    out->to = r->at;
    out->text = at_arena_text(r->arena, r->text + out->from, out->to - out->from);
    return out->text ? AT_OK : at_stepreader_no_memory(r);
}

/* What stands at the failure, for "found ...": a word, a sign, or the end. */
static void found(const at_stepreader *r, size_t *from, size_t *to) {
    size_t i = r->expected_at;
    *from = i;
    if (i < r->to && (r->text[i] == '"' || r->text[i] == '\'' || r->text[i] == '`')) {
        const char *close = memchr(r->text + i + 1, r->text[i], r->to - i - 1);
        *to = close ? (size_t)(close - r->text) + 1 : r->to;
        return;
    }
    while (i < r->to && !at_stepreader_ends_word(r, i))
        i++;
    if (i == *from && i < r->to)
        i += r->text[i] == '-' ? 2 : 1;
    *to = i;
}

/* A name with blanks that was typed without quotes is the likeliest slip after a name. */
static bool after_name(const at_stepreader *r) {
    for (size_t i = 0; i < r->expected.count; i++)
        if (r->expected.items[i].kind == AT_SLOT_COMMA)
            return true;
    return false;
}

at_status at_stepreader_unexpected(at_stepreader *r) {
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
    else if (from < to && after_name(r) && !at_stepreader_ends_word(r, from))
        (void)at_hint(r->err, "a name with blanks stands in backticks: `two words`");
    else if (r->kind)
        (void)at_hint(r->err, "for example: %s", r->kind->example);
    return at_stepreader_point(r, AT_SYNTAX, from, to);
}
