#include "ops/base/letter.h"
#include "ops/base/text.h"
#include "ops/recipe/reading.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 60 }; /* digits, and bytes of a unit */

/* How many bytes of a blank stand at p: ASCII, no-break, thin and narrow ones. */
static size_t blank(const char *p, const char *end) {
    static const char *const wide[] = {"\xC2\xA0", "\xE2\x80\x89", "\xE2\x80\xAF"};
    if (p < end && (*p == ' ' || (*p >= '\t' && *p <= '\r')))
        return 1;
    if (p == end || (unsigned char)*p < 0x80)
        return 0;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        size_t n = strlen(wide[i]);
        if ((size_t)(end - p) >= n && memcmp(p, wide[i], n) == 0)
            return n;
    }
    return 0;
}

static const char *skip(const char *p, const char *end) {
    for (size_t n; (n = blank(p, end)) > 0;)
        p += n;
    return p;
}

static const char *cut(const char *from, const char *end) {
    for (;;) {
        const char *before = end;
        for (size_t n = 1; n <= 3 && (size_t)(end - from) >= n; n++) {
            if (blank(end - n, end) == n) {
                end -= n;
                break;
            }
        }
        if (end == before)
            return end;
    }
}

static size_t starts(const char *p, const char *end, const char *word) {
    size_t n = strlen(word);
    return (size_t)(end - p) >= n && strncasecmp(p, word, n) == 0 ? n : 0;
}

/* Over currencies and "about"; *money: was there one? */
static const char *skip_prefix(const char *p, const char *end, bool *money) {
    static const char *const before[] = {
        "US$",      "USD",          "EUR", "GBP",    "CHF", "JPY",          "CAD",
        "AUD",      "A$",           "C$",  "R$",     "$",   "\xE2\x82\xAC", "\xC2\xA3",
        "\xC2\xA5", "\xE2\x82\xB9", "Rs.", "Rs", /* € £ ¥ ₹ */
        "~",        "\xE2\x89\x88", "ca.", "approx."};
    enum { CURRENCIES = 18 };
    p = skip(p, end);
    if (p < end && at_is_digit(*p))
        return p;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        size_t n = starts(p, end, before[i]);
        if (n) {
            *money = *money || i < CURRENCIES;
            return skip(p + n, end);
        }
    }
    return p;
}

static const char *skip_sign(const char *p, const char *end, bool *negative) {
    if (p < end && at_is_digit(*p))
        return p;
    size_t minus = starts(p, end, "\xE2\x88\x92"); /* U+2212 */
    if (minus || (p < end && *p == '-')) {
        *negative = !*negative;
        return p + (minus ? minus : 1);
    }
    return p < end && *p == '+' ? p + 1 : p;
}

static bool three_digits(const char *p, const char *end) {
    return end - p >= 3 && at_is_digit(p[0]) && at_is_digit(p[1]) && at_is_digit(p[2]) &&
           (end - p == 3 || !at_is_digit(p[3]));
}

/* The mark between thousands at p, if it is one; `first` remembers which. */
static size_t thousands(const char *p, const char *end, bool comma, const char **first,
                        size_t *first_length) {
    static const char right[] = "\xE2\x80\x99"; /* ’ */
    size_t n = blank(p, end);
    if (!n && p < end && (unsigned char)*p >= 0x80)
        n = starts(p, end, right);
    if (!n && p < end && (*p == (comma ? '.' : ',') || *p == '\'' || *p == '_'))
        n = 1;
    if (!n || !three_digits(p + n, end))
        return 0;
    if (*first && (n != *first_length || memcmp(p, *first, n) != 0))
        return 0;
    *first = p;
    *first_length = n;
    return n;
}

/* The digits at p into `text`, in C's way of writing; NULL: none, or too many. */
static const char *read_digits(const char *p, const char *end, bool comma,
                               char text[LONGEST + 8], at_read_number *out) {
    size_t n = 0, group = 0;
    const char *mark = NULL, *begin = p;
    size_t mark_length = 0, step;
    char decimal = comma ? ',' : '.';
    while (p < end && n < LONGEST) {
        if (at_is_digit(*p)) {
            text[n++] = *p++;
            group++;
        } else if (group && group <= 3 && !(group == 1 && !mark && *begin == '0') &&
                   (step = thousands(p, end, comma, &mark, &mark_length)) > 0) {
            p += step;
            group = 0;
        } else {
            break;
        }
    }
    if (p + 1 < end && *p == decimal && at_is_digit(p[1])) {
        out->fraction = true;
        text[n++] = '.';
        for (p++; p < end && at_is_digit(*p) && n < LONGEST; p++)
            text[n++] = *p;
    }
    if (n == 0 || n >= LONGEST)
        return NULL;
    const char *e = p;
    if (e + 1 < end && (*e == 'e' || *e == 'E')) {
        e++;
        e += *e == '-' || *e == '+';
        if (e < end && at_is_digit(*e)) {
            out->fraction = true;
            while (p < end && (p < e || at_is_digit(*p)) && n < LONGEST)
                text[n++] = *p++;
        }
    }
    text[n] = '\0';
    return p;
}

/* k, million ...: over it, when it stands as a word. */
static const char *skip_scale(const char *p, const char *end, bool money, double *value) {
    static const struct {
        const char *word;
        double times;
        bool exact; /* in just these letters: m is metres, b is bytes */
        bool money; /* after a currency only */
    } scales[] = {{"thousand", 1e3, false, false}, {"million", 1e6, false, false},
                  {"billion", 1e9, false, false},  {"mio", 1e6, false, false},
                  {"mn", 1e6, false, false},       {"bn", 1e9, false, false},
                  {"k", 1e3, false, false},        {"M", 1e6, true, false},
                  {"B", 1e9, true, true},          {"m", 1e6, true, true}};
    for (size_t i = 0; p < end && i < sizeof scales / sizeof *scales; i++) {
        size_t n = starts(p, end, scales[i].word);
        if (!n || (scales[i].exact && *p != *scales[i].word) ||
            (scales[i].money && !money))
            continue;
        if (p + n < end && (at_is_word(p[n])))
            continue;
        *value *= scales[i].times;
        return p + n;
    }
    return p;
}

bool at_reading_number(const char *bytes, size_t length, bool comma,
                       at_read_number *out) {
    *out = (at_read_number){0};
    const char *p = skip(bytes, bytes + length), *end = cut(p, bytes + length);
    bool negative = false, money = false;
    char text[LONGEST + 8];
    if (end - p >= 3 && *p == '(' && end[-1] == ')') {
        negative = true;
        p++;
        end--;
    }
    p = skip_sign(p, end, &negative);
    p = skip_prefix(p, end, &money);
    p = skip_sign(p, end, &negative);
    p = read_digits(skip(p, end), end, comma, text, out);
    if (!p || !at_parse_real(text, &out->value))
        return false;
    if (end - p == 1 && *p == '-') { /* 12- as ledgers write it */
        negative = !negative;
        p++;
    }
    p = skip(p, end);
    p = skip(skip_scale(p, end, money, &out->value), end);
    for (const char *q = p; q < end; q++)
        if (at_is_digit(*q) || *q == '\0')
            return false;
    if (end - p > LONGEST)
        return false;
    out->unit = p;
    out->unit_length = (size_t)(end - p);
    if (negative)
        out->value = -out->value;
    return isfinite(out->value);
}
