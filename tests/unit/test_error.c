#include "ops/base/error.h"
#include "ops/base/text.h"
#include "tests/unit/unit.h"

#include <errno.h>

static void test_fail(void **state) {
    (void)state;
    at_error err;
    memset(&err, 'x', sizeof err);
    assert_int_equal(at_fail(&err, AT_INVALID, "no %s in %d", "row", 3), AT_INVALID);
    assert_int_equal(err.code, AT_INVALID);
    assert_string_equal(err.text, "no row in 3");
    assert_string_equal(err.hint, "");
    assert_string_equal(err.context, "");
    assert_int_equal(at_hint(&err, "use %s", "this"), AT_INVALID);
    assert_string_equal(err.hint, "use this");
    assert_int_equal(at_prefix(&err, "line %d", 7), AT_INVALID);
    assert_string_equal(err.text, "line 7: no row in 3");
    assert_int_equal(at_show(&err, "a\n^"), AT_INVALID);
    assert_string_equal(err.context, "a\n^");
    at_error_clear(&err);
    assert_int_equal(err.code, AT_OK);
    assert_string_equal(err.text, "");
    assert_int_equal(at_fail(NULL, AT_LIMIT, "x"), AT_LIMIT);
}

static void test_errno(void **state) {
    (void)state;
    const struct {
        int number;
        at_status code;
    } cases[] = {{ENOENT, AT_NOT_FOUND},
                 {ENOMEM, AT_NO_MEMORY},
                 {EEXIST, AT_EXISTS},
                 {EACCES, AT_IO},
                 {ENOSPC, AT_IO}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_error err;
        errno = cases[i].number;
        assert_int_equal(at_fail_errno(&err, "cannot open %s", "f"), cases[i].code);
        char expected[256];
        snprintf(expected, sizeof expected, "cannot open f: %s",
                 strerror(cases[i].number));
        assert_string_equal(err.text, expected);
        errno = cases[i].number;
        assert_int_equal(at_fail_errno(NULL, "x"), cases[i].code);
    }
}

/* Whatever is cut, the text stays valid UTF-8: it goes into JSON. */
static void test_cut(void **state) {
    (void)state;
    char text[3000];
    at_error err;
    for (size_t lead = 0; lead < 4; lead++) {
        memset(text, 'a', lead);
        for (size_t i = lead; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xE2\x82\xAC", 4);
        at_fail(&err, AT_INVALID, "%s", text);
        assert_true(strlen(err.text) > sizeof err.text - 5);
        assert_true(at_utf8_valid(err.text, strlen(err.text)));
        at_hint(&err, "%s", text);
        assert_true(at_utf8_valid(err.hint, strlen(err.hint)));
        at_show(&err, text);
        assert_true(at_utf8_valid(err.context, strlen(err.context)));
        at_prefix(&err, "%zu", lead);
        assert_true(at_utf8_valid(err.text, strlen(err.text)));
    }
}

static void test_names(void **state) {
    (void)state;
    for (int i = AT_OK; i <= AT_INTERNAL; i++)
        for (int j = AT_OK; j < i; j++)
            assert_string_not_equal(at_status_name((at_status)i),
                                    at_status_name((at_status)j));
    assert_string_equal(at_status_name(AT_SYNTAX), "SyntaxError");
}

static at_status passes_up(at_status inner) {
    AT_TRY(inner);
    return AT_EXISTS;
}

static void test_try(void **state) {
    (void)state;
    assert_int_equal(passes_up(AT_LIMIT), AT_LIMIT);
    assert_int_equal(passes_up(AT_OK), AT_EXISTS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail), cmocka_unit_test(test_errno),
        cmocka_unit_test(test_cut),  cmocka_unit_test(test_names),
        cmocka_unit_test(test_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
