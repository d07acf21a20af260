/* What test_conv.c and test_pixels.c need of cmocka, for a machine that has none: the
 * NEON check is built by a cross compiler, which has the C library alone. The first
 * failure ends the run. Only the tests that $ATELIER_TEST names a part of run. */
#ifndef ATELIER_TESTS_NEON_CMOCKA_H
#define ATELIER_TESTS_NEON_CMOCKA_H

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};

static jmp_buf cmocka_skipped;

#define cmocka_unit_test(f) {#f, f}
#define fail_msg(...)                                                                    \
    (fprintf(stderr, __VA_ARGS__), fprintf(stderr, "\n%s:%d\n", __FILE__, __LINE__),     \
     exit(1))
#define skip()                       longjmp(cmocka_skipped, 1)
#define assert_true(x)               ((x) ? (void)0 : fail_msg("not true: %s", #x))
#define assert_non_null(p)           assert_true((p) != NULL)
#define assert_ptr_equal(a, b)       assert_true((a) == (b))
#define assert_int_equal(a, b)       assert_true((long long)(a) == (long long)(b))
#define assert_float_equal(a, b, e)  assert_true(fabsf((a) - (b)) <= (e))
#define assert_memory_equal(a, b, n) assert_true(memcmp(a, b, n) == 0)

static inline int cmocka_run(const struct CMUnitTest *tests, size_t count) {
    const char *wanted = getenv("ATELIER_TEST");
    for (size_t i = 0; i < count; i++) {
        if (wanted && !strstr(tests[i].name, wanted))
            continue;
        if (setjmp(cmocka_skipped)) {
            printf("skipped %s\n", tests[i].name);
            continue;
        }
        tests[i].run(NULL);
        printf("passed %s\n", tests[i].name);
    }
    return 0;
}
#define cmocka_run_group_tests(tests, before, after)                                     \
    cmocka_run(tests, sizeof(tests) / sizeof *(tests))

#endif
