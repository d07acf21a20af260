#include "ops/isa/numbers.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t tens[] = {1,      10,      100,      1000,     10000,
                                100000, 1000000, 10000000, 100000000};
static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};

static uint64_t load8(const char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The first `n` (0 to 8) of eight digits as a number; *bad: some byte is no digit. Two,
 * four and eight digits are put together by one multiplication each (Lemire, "Quickly
 * parsing eight digits", 2018). */
static uint64_t eight_digits(uint64_t word, size_t n, uint64_t *bad) {
    const uint64_t zeros = 0x3030303030303030u;
    size_t gap = 4 * (8 - n); /* in two shifts: one of 64 bits is not defined */
    word = word << gap << gap;
    word |= ~(~(uint64_t)0 << gap << gap) & zeros;
    *bad |= ((word + 0x4646464646464646u) | (word - zeros)) & 0x8080808080808080u;
    word -= zeros;
    word = word * 10 + (word >> 8);
    return ((word & 0x000000FF000000FFu) * 0x000F424000000064u +
            (word >> 16 & 0x000000FF000000FFu) * 0x0000271000000001u) >>
           32;
}

static bool brief_int(const char *cell, size_t length, int64_t *out) {
    size_t negative = *cell == '-', n = length - negative;
    if (length == 0 || n - 1 >= 8) /* also where n is 0 */
        return false;
    uint64_t bad = (cell[negative] == '0') & (length > 1);
    int64_t value = (int64_t)eight_digits(load8(cell + negative), n, &bad);
    *out = negative ? -value : value;
    return !bad;
}

static bool brief_real(const char *cell, size_t length, char decimal, double *out) {
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    size_t negative = *cell == '-', n = length - negative;
    if (length == 0 || n - 1 >= 17)
        return false;
    const char *p = cell + negative;
    uint64_t word = load8(p), points = word ^ ones * (unsigned char)decimal;
    points = (points - ones) & ~points & tops; /* the lowest set bit is exact */
    size_t whole = points ? (size_t)__builtin_ctzll(points) / 8 : 8;
    whole = whole < n ? whole : n;
    size_t part = n - whole, places = part - (part > 0);
    if (places > 8)
        return false;
    uint64_t bad =
        (whole == 0) | ((part > 0) & (p[whole] != decimal)) | ((*p == '0') & (whole > 1));
    uint64_t digits = eight_digits(word, whole, &bad) * tens[places];
    digits += eight_digits(load8(p + whole + 1), places, &bad);
    if (bad | (digits >= (uint64_t)1 << 53))
        return false;
    double value = (double)(int64_t)digits / powers[places];
    *out = negative ? -value : value;
    return true;
}

static size_t ints(const at_number_cells *cells, size_t from, size_t to, int64_t *out) {
    for (; from < to; from++) {
        size_t length;
        const char *cell = at_number_cell(cells, from, &length);
        if (!brief_int(cell, length, &out[from]))
            break;
    }
    return from;
}

static size_t reals(const at_number_cells *cells, size_t from, size_t to, double *out) {
    for (; from < to; from++) {
        size_t length;
        const char *cell = at_number_cell(cells, from, &length);
        if (!brief_real(cell, length, cells->decimal, &out[from]))
            break;
    }
    return from;
}

const at_numbers at_numbers_scalar = {ints, reals};

const at_numbers *at_numbers_pick(void) {
#if defined(__x86_64__)
    const char *want = getenv("ATELIER_ISA");
    bool scalar = want && strcmp(want, "scalar") == 0;
    __builtin_cpu_init();
    if (!scalar && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
        return &at_numbers_avx2;
#endif
    return &at_numbers_scalar;
}
