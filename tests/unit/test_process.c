/* Processes that run, that ended, and that nobody collected. */
#include "ops/base/process.h"
#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_lives(void **state) {
    (void)state;
    assert_true(at_process_alive(getpid()));
    assert_false(at_process_alive(0));
    assert_false(at_process_alive(-1));
}

static void test_zombie_has_ended(void **state) {
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        pause();
        _exit(0);
    }
    assert_true(at_process_alive(child));
    assert_false(at_process_wait(child, 0.02));
    kill(child, SIGKILL);
    assert_true(at_process_wait(child, 5)); /* still uncollected */
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_false(at_process_alive(child));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lives),
        cmocka_unit_test(test_zombie_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
