#include "ops/base/library.h"
#include "tests/unit/unit.h"

static double (*cosine)(double);
static double (*sine)(double);

static void test_load(void **state) {
    (void)state;
    const char *const names[] = {"libm-of-nowhere.so.1", "libm.so.6", NULL};
    const at_symbol symbols[] = {{"cos", (void **)&cosine}, {"sin", (void **)&sine}};
    at_error err;
    assert_ok(at_library_load(names, "libc6", symbols, COUNT(symbols), &err), &err);
    assert_same_real(cosine(0), 1.0);
    assert_same_real(sine(0), 0.0);
}

static void test_missing(void **state) {
    (void)state;
    const char *const names[] = {"libatelier-of-nowhere.so.1", NULL};
    at_error err;
    assert_int_equal(at_library_load(names, "libnowhere1", NULL, 0, &err),
                     AT_UNSUPPORTED);
    assert_non_null(strstr(err.text, "libatelier-of-nowhere.so.1"));
    assert_string_equal(err.hint, "install libnowhere1");
}

static void test_missing_function(void **state) {
    (void)state;
    const char *const names[] = {"libm.so.6", NULL};
    const at_symbol symbols[] = {{"cos", (void **)&cosine},
                                 {"no_such_function", (void **)&sine}};
    at_error err;
    assert_int_equal(at_library_load(names, "libc6", symbols, COUNT(symbols), &err),
                     AT_UNSUPPORTED);
    assert_non_null(strstr(err.text, "no_such_function"));
    assert_null(cosine); /* half a library is none */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_missing_function),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
