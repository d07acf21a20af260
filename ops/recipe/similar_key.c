/* The key of a spelling: after OpenRefine's fingerprint, but words keep their order, and
 * marks that mean something stay. */
#include "ops/base/text.h"
#include "ops/recipe/fold.h"
#include "ops/recipe/similar.h"

static bool digit(uint32_t c) {
    return c >= '0' && c <= '9';
}

/* Blanks of all kinds. */
static bool is_blank(uint32_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xA0 ||
           (c >= 0x2000 && c <= 0x200B) || c == 0x202F || c == 0x3000 || c == 0xFEFF;
}

/* Quotes, stops, brackets: never more than a way of writing. */
static bool is_idle(uint32_t c) {
    static const char marks[] = "'\"`_:;!?()[]{}*";
    for (const char *m = marks; *m; m++)
        if (c == (unsigned char)*m)
            return true;
    return c == 0xAB || c == 0xBB || (c >= 0x2018 && c <= 0x201F) || c == 0xB4;
}

/* Between the letters around it: `before` and `after`, 0 at the ends. */
static bool keeps(uint32_t c, uint32_t before, uint32_t after) {
    bool in_word = at_fold_is_word(before) && at_fold_is_word(after);
    switch (c) {
    case '.':
    case ',':
        return digit(after) && (digit(before) || !at_fold_is_word(before));
    case '-':
    case 0x2010:
    case 0x2013:
    case 0x2014:
        return !(in_word && !(digit(before) && digit(after))) &&
               !(is_blank(before) && (is_blank(after) || !after));
    case '/':
    case '&':
    case '|':
        return in_word && digit(before) && digit(after);
    default:
        return true;
    }
}

void at_similar_key(const char *bytes, size_t length, at_text *out) {
    const char *at = bytes, *end = bytes + length;
    size_t begin = out->length;
    uint32_t before = 0;
    while (at < end) {
        uint32_t c = at_fold_next(&at, end);
        const char *next = at;
        uint32_t after = at < end ? at_fold_next(&next, end) : 0;
        if (!is_blank(c) && !is_idle(c) && keeps(c, before, after))
            at_fold_put(out, at_fold_small(c));
        before = c;
    }
    if (out->length == begin) /* nothing but marks: "?", "--" */
        at_text_append(out, bytes, length);
}
