/* What every unit test includes: cmocka with its prerequisites, a folder to work in, and
 * the sweep that makes each allocation fail in turn. */
#ifndef ATELIER_TESTS_UNIT_H
#define ATELIER_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ops/base/error.h"
#include "ops/base/file.h"
#include "ops/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* AT_OK, or the test fails with the error's text. */
#define assert_ok(call, err)                                                             \
    do {                                                                                 \
        at_status status_ = (call);                                                      \
        if (status_ != AT_OK)                                                            \
            fail_msg("%s: %s", at_status_name(status_), (err)->text);                    \
    } while (0)

/* cmocka's own compares a double only within an epsilon. */
#define assert_same_real(a, b) assert_true(at_same_real((a), (b)))

static inline int at_same_real(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

/* A fresh folder of this test; at_test_folder_remove takes it away again. */
static inline char *at_test_folder(void) {
    const char *base = getenv("TMPDIR");
    char *path = at_path_join(base && *base ? base : "/tmp", "atelier-unit-XXXXXX");
    assert_non_null(path);
    assert_non_null(mkdtemp(path));
    return path;
}

static inline void at_test_folder_remove(char *path) {
    assert_int_equal(at_file_remove(path, NULL), AT_OK);
    at_free(path);
}

/* Calls run(context) with the 1st, 2nd, 3rd ... allocation and all after it failing,
 * until a run passes. Each run that fails must say AT_NO_MEMORY; the sanitizer sees what
 * it leaks. Returns how many allocations could fail. */
static inline size_t at_test_sweep(at_status (*run)(void *context), void *context) {
    for (size_t n = 1; n < 10000; n++) {
        at_memory_fail_after(n);
        at_status status = run(context);
        at_memory_fail_after(0);
        if (status == AT_OK)
            return n - 1;
        assert_int_equal(status, AT_NO_MEMORY);
    }
    fail_msg("a run that never passes");
    return 0;
}

#endif
