/* Numbers in cells. Doubles are correctly rounded: up to 19 digits and a power of ten
 * that a double holds exactly need one multiplication or division (Clinger, "How to read
 * floating point numbers accurately", 1990); the rest goes to strtod. */
#include "ops/base/text.h"
#include "ops/frame/csv_cell.h"

#include <math.h>
#include <string.h>

/* Longest number that is read; what is longer is text. */
enum { LONGEST = 400 };

static bool digit(char c) {
    return c >= '0' && c <= '9';
}

/* "1,234,567": groups of three after a first one of one to three. Copies the cell without
 * its marks, with '.' as the decimal mark; false where the marks are misplaced. */
static bool plain_number(const char *cell, size_t length, const at_cell_rules *rules,
                         char *out, bool *marked) {
    size_t group = 0, n = 0;
    bool integer = true;
    *marked = false;
    for (size_t i = 0; i < length; i++) {
        char c = cell[i];
        if (integer && rules->thousands && c == rules->thousands) {
            if (group == 0 || group > 3 || (*marked && group != 3))
                return false;
            *marked = true;
            group = 0;
            continue;
        }
        if (integer && digit(c)) {
            group++;
        } else if (integer && (i > 0 || (c != '-' && c != '+'))) {
            if (*marked && group != 3)
                return false;
            integer = false;
        }
        /* With a decimal comma a point that is no thousands mark is no number. */
        if (c == '.' && rules->decimal != '.')
            return false;
        out[n++] = c == rules->decimal ? '.' : c;
    }
    out[n] = '\0';
    return !(integer && *marked && group != 3);
}

/* A zero before another digit: a code (a postal code, an account), not a number. */
static bool leading_zero(const char *p) {
    if (*p == '-' || *p == '+')
        p++;
    return *p == '0' && digit(p[1]);
}

static bool slow_int(const char *cell, size_t length, const at_cell_rules *rules,
                     int64_t *out) {
    char copy[LONGEST + 1];
    bool marked;
    at_cell_trim(&cell, &length);
    if (length == 0 || length > LONGEST || memchr(cell, '\0', length) ||
        !plain_number(cell, length, rules, copy, &marked) || leading_zero(copy))
        return false;
    if (copy[0] == '-' && copy[1] == '0') /* -0 is a float */
        return false;
    /* at_parse_int allows blanks around; a cell may have none inside. */
    size_t n = strlen(copy);
    if (!digit(copy[n - 1]) || !(digit(copy[0]) || copy[0] == '-' || copy[0] == '+'))
        return false;
    return at_parse_int(copy, out);
}

bool at_cell_int(const char *cell, size_t length, const at_cell_rules *rules,
                 int64_t *out) {
    bool negative = length > 0 && cell[0] == '-';
    size_t i = negative;
    if (length - i - 1 >= 18 || (cell[i] == '0' && length > 1))
        return slow_int(cell, length, rules, out); /* also where length is i: it wraps */
    uint64_t value = 0;
    for (; i < length; i++) {
        unsigned d = (unsigned)(unsigned char)cell[i] - '0';
        if (d > 9)
            return slow_int(cell, length, rules, out);
        value = value * 10 + d;
    }
    *out = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool slow_real(const char *cell, size_t length, const at_cell_rules *rules,
                      double *out) {
    char copy[LONGEST + 1];
    bool marked;
    at_cell_trim(&cell, &length);
    if (length == 0 || length > LONGEST || memchr(cell, '\0', length) ||
        !plain_number(cell, length, rules, copy, &marked) || leading_zero(copy))
        return false;
    char first = copy[0], last = copy[strlen(copy) - 1];
    if (first <= ' ' || last <= ' ')
        return false;
    return at_parse_real(copy, out);
}

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* [-]digits[.digits][e[+-]digits] with at most 19 digits: the digits as an integer and
 * the power of ten; false for anything else. */
static bool scan_real(const char *p, const char *end, char decimal, uint64_t *mantissa,
                      int *exponent) {
    uint64_t value = 0;
    const char *start = p, *point = NULL;
    unsigned d;
    while (p < end && (d = (unsigned)(unsigned char)*p - '0') <= 9) {
        value = value * 10 + d;
        p++;
    }
    int64_t count = p - start;
    if (count > 1 && *start == '0')
        return false;
    *exponent = 0;
    if (p < end && *p == decimal) {
        point = ++p;
        while (p < end && (d = (unsigned)(unsigned char)*p - '0') <= 9) {
            value = value * 10 + d;
            p++;
        }
        *exponent = -(int)(p - point);
        count += p - point;
    }
    if (count == 0 || count > 19)
        return false;
    if (p < end && (*p | 0x20) == 'e') {
        int sign = 1, power = 0;
        p++;
        if (p < end && (*p == '-' || *p == '+'))
            sign = *p++ == '-' ? -1 : 1;
        const char *digits = p;
        while (p < end && p - digits < 4 && digit(*p))
            power = power * 10 + (*p++ - '0');
        if (p == digits)
            return false;
        *exponent += sign * power;
    }
    *mantissa = value;
    return p == end;
}

bool at_cell_real(const char *cell, size_t length, const at_cell_rules *rules,
                  double *out) {
    bool negative = length > 0 && *cell == '-';
    uint64_t mantissa;
    int exponent;
    if (!scan_real(cell + negative, cell + length, rules->decimal, &mantissa,
                   &exponent) ||
        mantissa > (uint64_t)1 << 53 || exponent < -22 || exponent > 22)
        return slow_real(cell, length, rules, out);
    double value = (double)mantissa;
    value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
    *out = negative ? -value : value;
    return true;
}
