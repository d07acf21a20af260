#include "magics/language/word.h"
#include "magics/language/expand.h"
#include "magics/language/point.h"
#include "ops/base/letter.h"
#include "ops/base/text.h"

#include <string.h>

/* A backslash before a line end: the options go on on the next line. */
static size_t continued(const at_words_reader *r, size_t at) {
    if (r->code[at] != '\\' || at + 1 >= r->to)
        return 0;
    if (r->code[at + 1] == '\n')
        return 2;
    if (r->code[at + 1] == '\r' && at + 2 < r->to && r->code[at + 2] == '\n')
        return 3;
    return 0;
}

void at_word_skip(at_words_reader *r) {
    while (r->at < r->to) {
        size_t skip = continued(r, r->at);
        if (!skip && !at_is_space(r->code[r->at]))
            return;
        r->at += skip ? skip : 1;
    }
}

typedef struct making {
    at_text text, raw;
} making;

static void both(making *m, const char *bytes, size_t length) {
    at_text_append(&m->text, bytes, length);
    at_text_append(&m->raw, bytes, length);
}

static at_status reference(at_words_reader *r, making *m, at_error *err) {
    const char *value;
    size_t end;
    AT_TRY(
        at_expand_one(r->session, r->code, r->length, r->at, r->to, &value, &end, err));
    both(m, value, strlen(value));
    r->at = end;
    return AT_OK;
}

static at_status unclosed(at_words_reader *r, size_t from, at_error *err) {
    char quote = r->code[from];
    at_fail(err, AT_SYNTAX, "the quote %c is not closed", quote);
    at_hint(err, "close it on the same line, or write \\%c for the character itself",
            quote);
    at_point(err, r->code, r->length, from, from + 1);
    return AT_SYNTAX;
}

/* Is the character after a backslash one that it takes the meaning from, inside "..."? */
static bool escapable(char c) {
    return c == '"' || c == '\\' || c == '$' || c == '`';
}

static at_status quoted(at_words_reader *r, making *m, at_error *err) {
    const char *code = r->code;
    size_t from = r->at++;
    char quote = code[from];
    if (quote == '`')
        at_text_char(&m->raw, '`');
    for (;;) {
        if (r->at >= r->to || code[r->at] == '\n')
            return unclosed(r, from, err);
        char c = code[r->at];
        char next = r->at + 1 < r->to ? code[r->at + 1] : '\0';
        if (c == quote && quote == '`' && next == '`') {
            at_text_char(&m->text, '`');
            at_text_put(&m->raw, "``");
            r->at += 2;
        } else if (c == quote) {
            r->at++;
            break;
        } else if (c == '\\' && next == '$' && r->at + 2 < r->to &&
                   code[r->at + 2] == '{') {
            both(m, "${", 2);
            r->at += 3;
        } else if (c == '\\' && quote == '"' && escapable(next)) {
            both(m, &next, 1);
            r->at += 2;
        } else if (c == '$' && next == '{') {
            AT_TRY(reference(r, m, err));
        } else {
            both(m, &c, 1);
            r->at++;
        }
    }
    if (quote == '`')
        at_text_char(&m->raw, '`');
    return AT_OK;
}

static at_status bare(at_words_reader *r, making *m, at_error *err) {
    while (r->at < r->to && !at_is_space(r->code[r->at])) {
        char c = r->code[r->at];
        char next = r->at + 1 < r->to ? r->code[r->at + 1] : '\0';
        if (c == '\'' || c == '"' || c == '`') {
            AT_TRY(quoted(r, m, err));
        } else if (c == '$' && next == '{') {
            AT_TRY(reference(r, m, err));
        } else if (continued(r, r->at)) {
            return AT_OK;
        } else if (c == '\\' && next) {
            both(m, &next, 1);
            r->at += 2;
        } else {
            both(m, &c, 1);
            r->at++;
        }
    }
    return AT_OK;
}

at_status at_word_next(at_words_reader *r, at_word *out, bool *more, at_error *err) {
    at_word_skip(r);
    *more = false;
    if (r->at >= r->to || r->code[r->at] == '#') {
        r->at = r->to;
        return AT_OK;
    }
    making m = {0};
    char first = r->code[r->at];
    *out =
        (at_word){.from = r->at, .quoted = first == '\'' || first == '"' || first == '`'};
    at_status status = bare(r, &m, err);
    out->to = r->at;
    out->text = at_arena_text(r->arena, at_text_get(&m.text), m.text.length);
    out->raw = at_arena_text(r->arena, at_text_get(&m.raw), m.raw.length);
    if (!status &&
        (!out->text || !out->raw || !at_text_ok(&m.text) || !at_text_ok(&m.raw)))
        status = at_fail(err, AT_NO_MEMORY, "no memory left to read the options");
    at_text_fini(&m.text);
    at_text_fini(&m.raw);
    *more = !status;
    return status;
}
