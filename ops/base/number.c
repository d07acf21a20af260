/* The numbers and letters of text.h, the same in every locale. */
#include "ops/base/letter.h"
#include "ops/base/text.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void) {
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* glibc keeps "C" built in, so that newlocale needs no memory for it. */
static locale_t plain(void) {
    pthread_once(&c_locale_once, make_c_locale);
    return c_locale;
}

static bool blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_blanks(const char *p) {
    while (blank(*p))
        p++;
    return p;
}

bool at_parse_int(const char *string, int64_t *out) {
    const char *p = skip_blanks(string);
    bool negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    if (!at_is_digit(*p))
        return false;
    /* Gathered below zero, where INT64_MIN has room. */
    int64_t value = 0;
    for (; at_is_digit(*p); p++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *p - '0', &value))
            return false;
    if (*skip_blanks(p) != '\0' || (!negative && value == INT64_MIN))
        return false;
    *out = negative ? value : -value;
    return true;
}

/* The end of a decimal number at `p`, or NULL. strtod alone would also take "0x1p3" and
 * "nan(7)". */
static const char *decimal_end(const char *p) {
    bool digits = false;
    for (; at_is_digit(*p); p++)
        digits = true;
    if (*p == '.')
        for (p++; at_is_digit(*p); p++)
            digits = true;
    if (!digits)
        return NULL;
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '-' || *p == '+')
            p++;
        if (!at_is_digit(*p))
            return NULL;
        while (at_is_digit(*p))
            p++;
    }
    return p;
}

static bool word(const char *p, const char *name, const char **end) {
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++)
        if ((p[i] | 0x20) != name[i])
            return false;
    *end = p + n;
    return true;
}

bool at_parse_real(const char *string, double *out) {
    const char *start = skip_blanks(string), *p = start, *end;
    bool negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    double value;
    if (word(p, "infinity", &end) || word(p, "inf", &end)) {
        value = negative ? -INFINITY : INFINITY;
    } else if (word(p, "nan", &end)) {
        value = NAN;
    } else {
        end = decimal_end(p);
        if (!end)
            return false;
        value = strtod_l(start, NULL, plain());
        if (isinf(value)) /* 1e999 is no double */
            return false;
    }
    if (*skip_blanks(end) != '\0')
        return false;
    *out = value;
    return true;
}

size_t at_format_real(double value, char *out) {
    const size_t size = 32;
    if (isnan(value))
        return (size_t)snprintf(out, size, "nan");
    if (isinf(value))
        return (size_t)snprintf(out, size, value < 0 ? "-inf" : "inf");
    if (fabs(value) < 1e15 && value == trunc(value) && !(value == 0 && signbit(value)))
        return (size_t)snprintf(out, size, "%lld", (long long)value);
    locale_t before = uselocale(plain());
    int n = 0;
    /* Below the normal range fewer than 15 digits may do. */
    for (int digits = fabs(value) < 2.3e-308 ? 1 : 15; digits <= 17; digits++) {
        n = snprintf(out, size, "%.*g", digits, value);
        if (strtod_l(out, NULL, plain()) == value)
            break;
    }
    uselocale(before);
    return (size_t)n;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool at_equal_fold(const char *a, const char *b) {
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

bool at_ends_fold(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n > m && at_equal_fold(text + n - m, end);
}
