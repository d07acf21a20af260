#include "ops/base/log.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <unistd.h>

/* Reads what one call wrote. */
static void written(int from, char *out, size_t size) {
    ssize_t n = read(from, out, size - 1);
    assert_true(n > 0);
    out[n] = '\0';
}

static void test_lines(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    at_log_to(ends[1]);
    char line[4096];
    errno = EDOM;
    at_log(AT_LOG_WARN, "odd %s\nsecond", "thing");
    assert_int_equal(errno, EDOM); /* a log line disturbs nobody */
    written(ends[0], line, sizeof line);
    assert_non_null(strstr(line, " warn: odd thing second\n"));
    assert_int_equal(line[4], '-'); /* begins with the date */

    char huge[5000];
    memset(huge, 'h', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    at_log(AT_LOG_ERROR, "%s", huge);
    written(ends[0], line, sizeof line);
    size_t length = strlen(line);
    assert_true(length > 1000 && length <= 2048); /* cut, and still one line */
    assert_ptr_equal(strchr(line, '\n'), line + length - 1);

    at_log(AT_LOG_DEBUG, "unseen");
    at_log(AT_LOG_INFO, "seen");
    written(ends[0], line, sizeof line);
    assert_null(strstr(line, "unseen"));
    assert_non_null(strstr(line, " info: seen\n"));
    at_log_to(2);
    close(ends[0]);
    close(ends[1]);
}

int main(void) {
    setenv("ATELIER_LOG", "INFO", 1); /* read once, at the first line */
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
