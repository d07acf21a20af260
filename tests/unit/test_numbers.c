/* Brief numbers: each form against strtod and strtoll, bit for bit, and against each
 * other; what they refuse, and that nothing behind a cell leaks into it. */
#include "ops/base/rng.h"
#include "ops/isa/numbers.h"
#include "tests/unit/unit.h"

#include <inttypes.h>

enum { CELL = 64, ROWS = 1000 };

/* A column between two others: text, and its marks with a stride of 3. */
typedef struct column {
    char text[ROWS * (CELL + 8) + 64];
    uint32_t marks[ROWS * 3];
    char cells[ROWS][CELL];
    size_t used;
    uint64_t rows;
    char decimal;
} column;

static void put(column *c, char byte) {
    c->text[c->used++] = byte;
}

/* Adds a row whose middle cell is `cell`; beside it stands what would be taken for a part
 * of the number if it were read. */
static void add(column *c, const char *cell) {
    static const char *const beside[] = {"9", ".5", "", "123456789", "-"};
    const char *left = beside[c->rows % 5], *right = beside[c->rows % 3];
    uint32_t *marks = c->marks + 3 * c->rows;
    for (; *left; left++)
        put(c, *left);
    marks[0] = (uint32_t)c->used;
    put(c, ';');
    snprintf(c->cells[c->rows++], CELL, "%s", cell);
    for (const char *p = cell; *p; p++)
        put(c, *p == '.' ? c->decimal : *p);
    marks[1] = (uint32_t)c->used;
    put(c, ';');
    for (; *right; right++)
        put(c, *right);
    marks[2] = (uint32_t)c->used;
    put(c, '\n');
}

static at_number_cells cells_of(const column *c) {
    return (at_number_cells){
        .text = c->text, .marks = c->marks + 1, .stride = 3, .decimal = c->decimal};
}

/* Is it brief, by the letter of the header? `whole`: no decimal mark. */
static bool is_brief(const char *cell, bool whole) {
    const char *p = cell + (*cell == '-');
    size_t before = strspn(p, "0123456789");
    if (before < 1 || before > 8 || (*p == '0' && before > 1))
        return false;
    if (whole)
        return p[before] == '\0' && strcmp(cell, "-0") != 0;
    if (p[before] == '\0')
        return true;
    size_t behind = strspn(p + before + 1, "0123456789");
    char digits[32];
    snprintf(digits, sizeof digits, "%.*s%.*s", (int)before, p, (int)behind,
             p + before + 1);
    return p[before] == '.' && p[before + 1 + behind] == '\0' && behind <= 8 &&
           strtoull(digits, NULL, 10) < (uint64_t)1 << 53;
}

/* Eight digits before the mark and eight behind are more than sixteen bytes: the wide
 * form may leave them to its caller. */
static bool may_refuse(const char *cell) {
    return strlen(cell + (*cell == '-')) > 16;
}

static void check_reals(const column *c, const at_numbers *numbers) {
    static double out[ROWS];
    at_number_cells cells = cells_of(c);
    for (size_t row = 0; row < c->rows; row++) {
        size_t stop = numbers->reals(&cells, row, c->rows, out);
        assert_in_range(stop, row, c->rows);
        for (; row < stop; row++) {
            double want = strtod(c->cells[row], NULL);
            if (!is_brief(c->cells[row], false) ||
                memcmp(&want, &out[row], sizeof want) != 0)
                fail_msg("'%s' became %.17g", c->cells[row], out[row]);
        }
        if (row < c->rows && is_brief(c->cells[row], false) && !may_refuse(c->cells[row]))
            fail_msg("'%s' was refused", c->cells[row]);
    }
}

static void check_ints(const column *c, const at_numbers *numbers) {
    static int64_t out[ROWS];
    at_number_cells cells = cells_of(c);
    for (size_t row = 0; row < c->rows; row++) {
        size_t stop = numbers->ints(&cells, row, c->rows, out);
        assert_in_range(stop, row, c->rows);
        for (; row < stop; row++)
            if (!is_brief(c->cells[row], true) ||
                out[row] != strtoll(c->cells[row], NULL, 10))
                fail_msg("'%s' became %" PRId64, c->cells[row], out[row]);
        if (row < c->rows && is_brief(c->cells[row], true))
            fail_msg("'%s' was refused", c->cells[row]);
    }
}

static void check(const column *c) {
    const at_numbers *forms[2] = {&at_numbers_scalar};
    size_t count = 1;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
        forms[count++] = &at_numbers_avx2;
#endif
    for (size_t i = 0; i < count; i++) {
        check_reals(c, forms[i]);
        check_ints(c, forms[i]);
    }
}

static column *new_column(char decimal) {
    column *c = at_alloc_zero(sizeof *c);
    assert_non_null(c);
    c->decimal = decimal;
    return c;
}

static void test_hard(void **state) {
    (void)state;
    static const char *const hard[] = {
        "0", "-0", "0.0", "-0.0", "00", "01", "-01", "0.5", "00.5", "-00.5", "", "-", ".",
        "-.", ".5", "-.5", "5.", "-5.", "5..", "1.2.3", "1-2", "--1", "+1", "1e5", "1E5",
        "1e", "nan", "inf", "0x10", " 1", "1 ", "1\t", "\"1\"", "1,5", "12345678",
        "123456789", "-12345678", "-123456789", "99999999.99999999", "12345678.12345678",
        "1234567.12345678", "12345678.1234567", "0.12345678", "0.123456789",
        "-0.12345678",
        /* 2^53 - 1, 2^53, 2^53 + 1: the last is no double */
        "90071992.54740991", "90071992.54740992", "90071992.54740993", "9007199.25474099",
        "9007199.254740993", "1/2", "1:2", "1.:", "1./", "9.:9", "1.9/", "\xb1", "1\xb2",
        "1.\xb9", "\x80", "3.1415926", "2.5", "0.1", "0.3", "100000000", "10000000",
        "1.00000000", "1.0000000", "-1", "-12.5"};
    for (int round = 0; round < 2; round++) {
        column *c = new_column(round ? ',' : '.');
        for (size_t i = 0; i < COUNT(hard); i++)
            if (!round || !strchr(hard[i], ','))
                add(c, hard[i]);
        check(c);
        at_free(c);
    }
    assert_true(is_brief("90071992.54740991", false)); /* the oracle's own edges */
    assert_false(is_brief("90071992.54740993", false));
    assert_false(is_brief("-0", true));
}

/* Numbers of every length, and numbers with one byte made another. */
static void test_random(void **state) {
    (void)state;
    at_rng rng;
    at_rng_init(&rng, 5);
    for (int round = 0; round < 400; round++) {
        column *c = new_column('.');
        for (int i = 0; i < ROWS; i++) {
            char cell[CELL];
            size_t n = 0, before = at_rng_below(&rng, 10),
                   behind = at_rng_below(&rng, 11);
            if (at_rng_below(&rng, 2))
                cell[n++] = '-';
            for (size_t k = 0; k < before; k++)
                cell[n++] = (char)('0' + at_rng_below(&rng, 10));
            if (at_rng_below(&rng, 4)) {
                cell[n++] = '.';
                for (size_t k = 0; k < behind; k++)
                    cell[n++] = (char)('0' + at_rng_below(&rng, 10));
            }
            if (n && at_rng_below(&rng, 8) == 0) /* no '\0', ';' nor newline */
                cell[at_rng_below(&rng, n)] = (char)(60 + at_rng_below(&rng, 196));
            cell[n] = '\0';
            add(c, cell);
        }
        check(c);
        at_free(c);
    }
}

/* The first column is found by `starts`; a '\r' before the end is none of the cell's. */
static void test_places(void **state) {
    (void)state;
    const char text[64 + 32] = "12.5\r\n-7\r\n\r\n3\n\r\n";
    const uint32_t marks[] = {5, 9, 11, 13, 15}, starts[] = {0, 6, 10, 12, 14};
    const at_numbers *forms[2] = {&at_numbers_scalar, at_numbers_pick()};
    for (int k = 0; k < 2; k++) {
        at_number_cells cells = {.text = text,
                                 .marks = marks,
                                 .starts = starts,
                                 .stride = 1,
                                 .strip = true,
                                 .decimal = '.'};
        double out[5] = {0};
        assert_int_equal(forms[k]->reals(&cells, 0, 5, out), 2);
        assert_same_real(out[0], 12.5);
        assert_same_real(out[1], -7.0);
        assert_int_equal(forms[k]->reals(&cells, 3, 5, out), 4);
        assert_same_real(out[3], 3.0);
        int64_t whole[5] = {0};
        assert_int_equal(forms[k]->ints(&cells, 0, 5, whole), 0);
        assert_int_equal(forms[k]->ints(&cells, 1, 5, whole), 2);
        assert_int_equal(whole[1], -7);
        cells.strip = false;
        assert_int_equal(forms[k]->reals(&cells, 0, 5, out), 0);
    }
}

static void test_pick(void **state) {
    (void)state;
    setenv("ATELIER_ISA", "scalar", 1);
    assert_ptr_equal(at_numbers_pick(), &at_numbers_scalar);
    unsetenv("ATELIER_ISA");
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
        assert_ptr_equal(at_numbers_pick(), &at_numbers_avx2);
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hard),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_pick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
