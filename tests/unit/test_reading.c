/* Numbers and dates as people write them. */
#include "ops/base/clock.h"
#include "ops/base/text.h"
#include "ops/recipe/reading.h"
#include "tests/unit/unit.h"

#include <math.h>

static void test_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool comma;
        double value;
        const char *unit;
    } good[] = {
        {"12.0 oz", false, 12, "oz"},
        {"12.0 oz. Alumi-Tek", false, 12, "oz. Alumi-Tek"},
        {"0.055999999999999994%", false, 0.055999999999999994, "%"},
        {"1,234.56", false, 1234.56, ""},
        {"1.234,56", true, 1234.56, ""},
        {"45,06", true, 45.06, ""},
        {"1 234 567", false, 1234567, ""},
        {"1\xC2\xA0"
         "234,5",
         true, 1234.5, ""},
        {"1'234.5", false, 1234.5, ""},
        {"12,345,678", false, 12345678, ""},
        {"$ 3", false, 3, ""},
        {"-$3.50", false, -3.5, ""},
        {"$-3.50", false, -3.5, ""},
        {"\xE2\x82\xAC 1.000", true, 1000, ""},
        {"(1,200)", false, -1200, ""},
        {"12-", false, -12, ""},
        {"\xE2\x88\x92"
         "7",
         false, -7, ""},
        {"1.5k", false, 1500, ""},
        {"$1.2B", false, 1.2e9, ""},
        {"3 m", false, 3, "m"},
        {"2 million people", false, 2e6, "people"},
        {"5 MB", false, 5, "MB"},
        {"-3e-4", false, -3e-4, ""},
        {".5", false, 0.5, ""},
        {"+7 ", false, 7, ""},
        {"~ 40", false, 40, ""},
        {"45 and counting", false, 45, "and counting"},
        {"12 345 kg", false, 12345, "kg"},
        {"0.123", false, 0.123, ""},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        at_read_number n;
        if (!at_reading_number(good[i].text, strlen(good[i].text), good[i].comma, &n))
            fail_msg("'%s' does not read", good[i].text);
        if (!(fabs(n.value - good[i].value) <= 1e-15 * fabs(good[i].value)))
            fail_msg("'%s' reads as %.17g", good[i].text, n.value);
        assert_int_equal(n.unit_length, strlen(good[i].unit));
        assert_memory_equal(n.unit, good[i].unit, n.unit_length);
    }
    static const char *const bad[] = {
        "",    "oz",    "18-29", "12 x 5",   "1,5",        "1,23,456", "over 50",
        "--",  "1.2.3", "0,123", "1234,567", "2024-01-31", "(",        "1e999",
        "nan", "inf",   "$",     "1 23",     "12,34.5"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        at_read_number n;
        if (at_reading_number(bad[i], strlen(bad[i]), false, &n))
            fail_msg("'%s' reads as %g", bad[i], n.value);
    }
}

static void show(const at_read_date *d, at_text *out) {
    int64_t y;
    unsigned m, day;
    at_civil_from_days(d->days, &y, &m, &day);
    at_text_format(out, "%04d-%02u-%02u", (int)y, m, day);
    if (d->timed)
        at_text_format(out, " %02d:%02d:%02d.%06d", (int)(d->us / 3600000000),
                       (int)(d->us / 60000000 % 60), (int)(d->us / 1000000 % 60),
                       (int)(d->us % 1000000));
}

static void test_dates(void **state) {
    (void)state;
    static const struct {
        const char *text;
        at_date_order order;
        const char *want; /* NULL: does not read */
    } cases[] = {
        {"31/1/2024", AT_DAY_FIRST, "2024-01-31"},
        {"1/31/2024", AT_MONTH_FIRST, "2024-01-31"},
        {"1/31/2024", AT_DAY_FIRST, NULL},
        {"8/15/14", AT_MONTH_FIRST, "2014-08-15"},
        {"15.08.69", AT_DAY_FIRST, "1969-08-15"},
        {"15. 8. 2068", AT_DAY_FIRST, "2068-08-15"},
        {"2024-01-31", AT_MONTH_FIRST, "2024-01-31"},
        {"2024/1/31", AT_DAY_FIRST, "2024-01-31"},
        {"24-01-31", AT_YEAR_FIRST, "2024-01-31"},
        {"20240131", AT_DAY_FIRST, "2024-01-31"},
        {"2024-02", AT_DAY_FIRST, "2024-02-01"},
        {"31 Jan 2024", AT_DAY_FIRST, "2024-01-31"},
        {"31-jan-24", AT_DAY_FIRST, "2024-01-31"},
        {"January 31st, 2024", AT_DAY_FIRST, "2024-01-31"},
        {"Sept. 3 2024", AT_DAY_FIRST, "2024-09-03"},
        {"Wed, 31 Jan 2024", AT_DAY_FIRST, "2024-01-31"},
        {"March 2020", AT_DAY_FIRST, "2020-03-01"},
        {"2024-Mar-05", AT_DAY_FIRST, "2024-03-05"},
        {"29/2/2023", AT_DAY_FIRST, NULL},
        {"31/4/2024", AT_DAY_FIRST, NULL},
        {"2024-01-31 14:05", AT_DAY_FIRST, "2024-01-31 14:05:00.000000"},
        {"2024-01-31T14:05:09.25Z", AT_DAY_FIRST, "2024-01-31 14:05:09.250000"},
        {"2024-01-31T01:05:09+02:00", AT_DAY_FIRST, "2024-01-30 23:05:09.000000"},
        {"1/31/2024 12:30 AM", AT_MONTH_FIRST, "2024-01-31 00:30:00.000000"},
        {"1/31/2024, 1:30 pm", AT_MONTH_FIRST, "2024-01-31 13:30:00.000000"},
        {"3/14/2025 1:20", AT_MONTH_FIRST, "2025-03-14 01:20:00.000000"},
        {"1/31/2024 13:30 pm", AT_MONTH_FIRST, NULL},
        {"2024-01-31 25:00", AT_DAY_FIRST, NULL},
        {"1.5", AT_DAY_FIRST, NULL},
        {"18-29", AT_DAY_FIRST, NULL},
        {"2024", AT_DAY_FIRST, NULL},
        {"may", AT_DAY_FIRST, NULL},
        {"", AT_DAY_FIRST, NULL},
        {"31/1/2024 and more", AT_DAY_FIRST, NULL},
        {"31/1-2024", AT_DAY_FIRST, NULL},
        {"123456789", AT_DAY_FIRST, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_read_date d;
        bool read =
            at_reading_date(cases[i].text, strlen(cases[i].text), cases[i].order, &d);
        at_text got = {0};
        if (read)
            show(&d, &got);
        if (read != (cases[i].want != NULL) ||
            (read && strcmp(at_text_get(&got), cases[i].want) != 0))
            fail_msg("'%s' reads as '%s'", cases[i].text, at_text_get(&got));
        at_text_fini(&got);
    }
}

static void test_formats(void **state) {
    (void)state;
    static const struct {
        const char *text, *format, *want;
    } cases[] = {
        {"31.01.24", "%d.%m.%y", "2024-01-31"},
        {"Jan 31 2024  05:07 PM", "%b %d %Y %I:%M %p", "2024-01-31 17:07:00.000000"},
        {"20240131-235959.000001", "%Y%m%d-%H%M%S.%f", "2024-01-31 23:59:59.000001"},
        {"31/01/2024", "%m/%d/%Y", NULL},
        {"2024-01-31x", "%Y-%m-%d", NULL},
        {"100% 2024", "100%% %Y", "2024-01-01"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_read_date d;
        bool read =
            at_reading_format(cases[i].text, strlen(cases[i].text), cases[i].format, &d);
        at_text got = {0};
        if (read)
            show(&d, &got);
        if (read != (cases[i].want != NULL) ||
            (read && strcmp(at_text_get(&got), cases[i].want) != 0))
            fail_msg("'%s' reads as '%s'", cases[i].text, at_text_get(&got));
        at_text_fini(&got);
    }
}

/* No text, cut anywhere, reads beyond its end (the sanitizer watches). */
static void test_any_bytes(void **state) {
    (void)state;
    static const char *const texts[] = {"\xE2\x82\xAC 1 234,56 million oz",
                                        "Wed, 31st Jan. 2024, 12:30:09.123456 PM +02:00",
                                        "\xE2\x88\x92(1'234e-5%)",
                                        "2024-01-31T01:05:09Z"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        for (size_t from = 0; from < strlen(texts[i]); from++) {
            for (size_t to = from; to <= strlen(texts[i]); to++) {
                char *cut = at_alloc(to - from);
                memcpy(cut, texts[i] + from, to - from);
                at_read_number n;
                at_read_date d;
                for (int comma = 0; comma < 2; comma++) {
                    if (at_reading_number(cut, to - from, comma, &n))
                        assert_true(isfinite(n.value));
                }
                for (at_date_order o = AT_DAY_FIRST; o <= AT_YEAR_FIRST; o++) {
                    if (at_reading_date(cut, to - from, o, &d))
                        assert_true(d.us >= 0 && d.us < (int64_t)86400 * 1000000);
                }
                at_free(cut);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_dates),
        cmocka_unit_test(test_formats), cmocka_unit_test(test_any_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
