#include "ops/base/clock.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <time.h>

static void test_format(void **state) {
    (void)state;
    const struct {
        int64_t us;
        const char *text;
    } cases[] = {{0, "1970-01-01T00:00:00.000000Z"},
                 {-1, "1969-12-31T23:59:59.999999Z"},
                 {951782400123456, "2000-02-29T00:00:00.123456Z"},
                 {1769862896123456, "2026-01-31T12:34:56.123456Z"},
                 {4102444799999999, "2099-12-31T23:59:59.999999Z"}};
    char out[28];
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(at_format_utc(cases[i].us, out), cases[i].text);
    assert_int_equal(strlen(at_format_utc(INT64_MAX, out)), 27);
    assert_int_equal(strlen(at_format_utc(INT64_MIN, out)), 27);
}

/* Every day of 1600 to 2400 against the C library's calendar. */
static void test_calendar(void **state) {
    (void)state;
    int64_t from = at_days_from_civil(1600, 1, 1), to = at_days_from_civil(2400, 1, 1);
    assert_int_equal(from, -135140);
    for (int64_t day = from; day < to; day++) {
        time_t seconds = (time_t)(day * 86400);
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        int64_t y;
        unsigned m, d;
        at_civil_from_days(day, &y, &m, &d);
        if (y != tm.tm_year + 1900 || (int)m != tm.tm_mon + 1 || (int)d != tm.tm_mday)
            fail_msg("day %lld is %lld-%u-%u", (long long)day, (long long)y, m, d);
        assert_int_equal(at_days_from_civil(y, m, d), day);
    }
    for (int64_t day = -100000000; day < 100000000; day += 99991) {
        int64_t y;
        unsigned m, d;
        at_civil_from_days(day, &y, &m, &d);
        assert_int_equal(at_days_from_civil(y, m, d), day);
    }
}

static void test_now(void **state) {
    (void)state;
    double before = at_now();
    int64_t wall = at_wall_us();
    at_sleep(0.02);
    double passed = at_now() - before;
    assert_true(passed >= 0.019 && passed < 5);
    assert_true(at_wall_us() > wall);
    assert_true(llabs(wall / 1000000 - (int64_t)time(NULL)) <= 5);
    before = at_now();
    at_sleep(-1);
    at_sleep((double)NAN);
    assert_true(at_now() - before < 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
