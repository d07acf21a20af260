#include "ops/base/text.h"
#include "tests/unit/unit.h"

#include <locale.h>
#include <math.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/base/rng.h"

static void test_building(void **state) {
    (void)state;
    at_text t = {0};
    assert_string_equal(at_text_get(&t), "");
    at_text_put(&t, "a");
    at_text_char(&t, 'b');
    at_text_append(&t, "cdef", 2);
    at_text_format(&t, "-%d-%s", 7, "x");
    assert_string_equal(at_text_get(&t), "abcd-7-x");
    assert_int_equal(t.length, 8);
    at_text_clear(&t);
    assert_string_equal(at_text_get(&t), "");
    char long_word[301];
    memset(long_word, 'w', 300);
    long_word[300] = '\0';
    at_text_format(&t, "<%s>", long_word); /* longer than any first guess */
    assert_int_equal(t.length, 302);
    assert_int_equal(t.data[301], '>');
    char *taken = at_text_take(&t);
    assert_int_equal(strlen(taken), 302);
    at_free(taken);
    assert_int_equal(t.length, 0);
    taken = at_text_take(&t);
    assert_string_equal(taken, "");
    at_free(taken);
}

static void test_html(void **state) {
    (void)state;
    at_text t = {0};
    at_text_html(&t, "a<b>&\"c'", 8);
    assert_string_equal(at_text_get(&t), "a&lt;b&gt;&amp;&quot;c&#39;");
    at_text_fini(&t);
}

static void test_sticky_failure(void **state) {
    (void)state;
    at_text t = {0};
    at_text_put(&t, "kept");
    at_memory_fail_after(1);
    at_text_format(&t, "%0200d", 1);
    at_memory_fail_after(0);
    assert_false(at_text_ok(&t));
    at_text_put(&t, "lost");
    assert_string_equal(at_text_get(&t), "kept");
    assert_null(at_text_take(&t));
    assert_true(at_text_ok(&t));
}

static void test_utf8_valid(void **state) {
    (void)state;
    const char *good[] = {"",
                          "abc",
                          "\xC3\xA9",
                          "\xE2\x82\xAC",
                          "\xF0\x9F\x98\x80",
                          "\xED\x9F\xBF",
                          "\xF4\x8F\xBF\xBF"};
    const char *bad[] = {"\x80",         "\xC0\x80",         "\xC3",
                         "\xE0\x80\x80", "\xED\xA0\x80",     "\xF4\x90\x80\x80",
                         "\xF5",         "a\xE2\x82",        "\xE2\x28\xA1",
                         "\xC3\x28",     "\xF0\x80\x80\x80", "\xFF"};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(at_utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(at_utf8_valid(bad[i], strlen(bad[i])));
}

static void test_utf8_places(void **state) {
    (void)state;
    const char *s =
        "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z"; /* 1 + 2 + 3 + 4 + 1 bytes */
    const size_t at[] = {0, 1, 3, 6, 10, 11};
    assert_int_equal(at_utf8_count(s, 11), 5);
    for (size_t i = 0; i < COUNT(at); i++) {
        assert_int_equal(at_utf8_offset(s, 11, i), at[i]);
        assert_int_equal(at_utf8_index(s, 11, at[i]), i);
    }
    assert_int_equal(at_utf8_offset(s, 11, 99), 11);
    assert_int_equal(at_utf8_index(s, 11, 99), 5);
}

static void test_parse_int(void **state) {
    (void)state;
    const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},
                {" 42\n", 42},
                {"-7", -7},
                {"+7", 7},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN},
                {"-9223372036854775807", -INT64_MAX}};
    const char *bad[] = {"",
                         " ",
                         "-",
                         "1.0",
                         "1e3",
                         "0x10",
                         "1 2",
                         "--1",
                         "1_000",
                         "9223372036854775808",
                         "-9223372036854775809",
                         "12345678901234567890123"};
    int64_t v;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(at_parse_int(good[i].text, &v));
        assert_int_equal(v, good[i].value);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        if (at_parse_int(bad[i], &v))
            fail_msg("'%s' was read as an integer", bad[i]);
}

static void test_parse_real(void **state) {
    (void)state;
    const struct {
        const char *text;
        double value;
    } good[] = {{"1", 1},           {" 0.1 ", 0.1},       {".5", 0.5},
                {"5.", 5},          {"-1.5e-3", -1.5e-3}, {"+2E+2", 200},
                {"-0", -0.0},       {"inf", INFINITY},    {"-Infinity", -INFINITY},
                {"5e-324", 5e-324}, {"1e-999", 0.0}};
    const char *bad[] = {"",       ".",      "e5",  "1e",  "1e+",     "0x1p3",
                         "nan(7)", "1,5",    "1 2", "--1", "infinit", "1.2.3",
                         "1e999",  "-1e999", "- 1", "1d3"};
    double v;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(at_parse_real(good[i].text, &v));
        assert_same_real(v, good[i].value);
    }
    assert_true(at_parse_real("NaN", &v) && isnan(v));
    for (size_t i = 0; i < COUNT(bad); i++)
        if (at_parse_real(bad[i], &v))
            fail_msg("'%s' was read as a number", bad[i]);
}

static void test_format_real(void **state) {
    (void)state;
    const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},
                 {-0.0, "-0"},
                 {1, "1"},
                 {-42, "-42"},
                 {0.1, "0.1"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {1.0 / 3, "0.3333333333333333"},
                 {1e15, "1e+15"},
                 {999999999999999, "999999999999999"},
                 {1e300, "1e+300"},
                 {5e-324, "5e-324"},
                 {1.7976931348623157e308, "1.7976931348623157e+308"},
                 {NAN, "nan"},
                 {INFINITY, "inf"},
                 {-INFINITY, "-inf"}};
    char out[32];
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(at_format_real(cases[i].value, out), strlen(cases[i].text));
        assert_string_equal(out, cases[i].text);
    }
}

static void test_real_round_trip(void **state) {
    (void)state;
    at_rng rng;
    at_rng_init(&rng, 3);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = at_rng_next(&rng);
        double value, back;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        char out[32];
        assert_true(at_format_real(value, out) < sizeof out);
        assert_true(at_parse_real(out, &back));
        assert_same_real(back, value);
    }
}

/* Compiles a German locale into `folder`, so that the test needs none installed. */
static bool make_locale(const char *folder) {
    char *to = at_path_join(folder, "de_DE.UTF-8");
    /* posix_spawn takes char *const[], though it changes nothing. */
    union {
        const char *ours[9];
        char *theirs[9];
    } arguments = {
        {"localedef", "-i", "de_DE", "-f", "UTF-8", "--no-archive", "--quiet", to, NULL}};
    pid_t child;
    int status = -1;
    if (posix_spawnp(&child, "localedef", NULL, NULL, arguments.theirs, environ) == 0)
        waitpid(child, &status, 0);
    at_free(to);
    return status == 0 && setenv("LOCPATH", folder, 1) == 0;
}

/* A host that reads numbers with a comma must not change ours. */
static void test_locale(void **state) {
    (void)state;
    char *folder = at_test_folder(), ours[32], theirs[32];
    double v = 0;
    bool made = make_locale(folder) && setlocale(LC_ALL, "de_DE.UTF-8");
    at_format_real(1.5, ours);
    bool parsed = at_parse_real("2.5", &v);
    snprintf(theirs, sizeof theirs, "%.1f", 1.5);
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
    at_test_folder_remove(folder);
    if (!made)
        skip();                         /* the package locales is not here */
    assert_string_equal(theirs, "1,5"); /* the locale was on */
    assert_string_equal(ours, "1.5");
    assert_true(parsed);
    assert_same_real(v, 2.5);
}

static void test_ends_fold(void **state) {
    (void)state;
    assert_true(at_ends_fold("a.CSV", ".csv"));
    assert_false(at_ends_fold(".csv", ".csv")); /* a name before it */
    assert_false(at_ends_fold("sv", ".csv"));
    assert_false(at_ends_fold("a.csv.gz", ".csv"));
}

static void test_equal_fold(void **state) {
    (void)state;
    assert_true(at_equal_fold("", ""));
    assert_true(at_equal_fold("AbZ_9", "aBz_9"));
    assert_false(at_equal_fold("ab", "abc"));
    assert_false(at_equal_fold("abc", "ab"));
    assert_false(at_equal_fold("[", "{")); /* differ in the bit that letters fold */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_building),        cmocka_unit_test(test_html),
        cmocka_unit_test(test_sticky_failure),  cmocka_unit_test(test_utf8_valid),
        cmocka_unit_test(test_utf8_places),     cmocka_unit_test(test_parse_int),
        cmocka_unit_test(test_parse_real),      cmocka_unit_test(test_format_real),
        cmocka_unit_test(test_real_round_trip), cmocka_unit_test(test_locale),
        cmocka_unit_test(test_equal_fold),      cmocka_unit_test(test_ends_fold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
