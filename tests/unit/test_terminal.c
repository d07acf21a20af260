/* Questions at a pseudo terminal: what it echoes while and after it is asked. */
#include "magics/language/terminal.h"
#include "ops/base/clock.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct desk {
    int master, slave, answers; /* the person's side, the program's, what it was told */
    pid_t child;
    char seen[4096]; /* all that stood on the screen */
    size_t length;
} desk;

/* In the child: asks for a password, then for a name, and passes on what it was told. */
static void serve(int slave, int answers) {
    at_terminal terminal;
    at_error err;
    char *answer = NULL;
    signal(SIGHUP, SIG_IGN); /* as nohup does */
    dup2(slave, 0);
    dup2(slave, 2);
    at_terminal_init(&terminal);
    for (int i = 0; i < 2; i++) {
        const char *prompt = i == 0 ? "password: " : "name: ";
        if (terminal.input.ask(&terminal.input, prompt, i == 0, &answer, &err)) {
            dprintf(answers, "%s\n", err.text);
            break;
        }
        dprintf(answers, "%s\n", answer);
        at_free(answer);
    }
    at_terminal_fini(&terminal);
    _exit(0);
}

static int set_up(void **state) {
    desk *d = calloc(1, sizeof *d);
    int ends[2];
    *state = d;
    d->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (d->master < 0 || grantpt(d->master) != 0 || unlockpt(d->master) != 0 ||
        (d->slave = open(ptsname(d->master), O_RDWR | O_NOCTTY)) < 0 || pipe(ends) != 0)
        return 0; /* no pseudo terminals here: child stays 0 */
    d->child = fork();
    if (d->child == 0) {
        close(ends[0]);
        serve(d->slave, ends[1]);
    }
    close(ends[1]);
    d->answers = ends[0];
    return 0;
}

static int tear_down(void **state) {
    desk *d = *state;
    if (d->child > 0) {
        kill(d->child, SIGKILL);
        waitpid(d->child, NULL, 0);
        close(d->answers);
    }
    close(d->slave);
    close(d->master);
    free(d);
    return 0;
}

static void wait_for(desk *d, const char *text) {
    for (double until = at_now() + 10; !strstr(d->seen, text) && at_now() < until;) {
        struct pollfd in = {.fd = d->master, .events = POLLIN};
        poll(&in, 1, 100);
        ssize_t n = read(d->master, d->seen + d->length, sizeof d->seen - 1 - d->length);
        d->length += n > 0 ? (size_t)n : 0;
    }
    assert_non_null(strstr(d->seen, text));
}

static void type(desk *d, const char *text) {
    assert_int_equal(write(d->master, text, strlen(text)), strlen(text));
}

static bool echoes(desk *d) {
    struct termios now;
    assert_int_equal(tcgetattr(d->slave, &now), 0);
    return now.c_lflag & ECHO;
}

static void test_a_password_is_not_echoed(void **state) {
    desk *d = *state;
    if (d->child <= 0)
        skip();
    char told[64] = "";
    wait_for(d, "password: ");
    assert_false(echoes(d));
    assert_int_equal(kill(d->child, SIGHUP), 0);
    type(d, "s3cret\n");
    wait_for(d, "name: ");
    assert_true(echoes(d));
    type(d, "ann\n");
    wait_for(d, "ann");
    assert_null(strstr(d->seen, "s3cret"));
    assert_non_null(strstr(d->seen, "password: \r\nname: ")); /* its line end is */
    size_t length = 0;
    for (ssize_t n; (n = read(d->answers, told + length, sizeof told - 1 - length)) > 0;)
        length += (size_t)n;
    assert_string_equal(told, "s3cret\nann\n");
}

/* The shell gets its terminal back as it was. */
static void test_it_echoes_again_when_ended(void **state) {
    desk *d = *state;
    if (d->child <= 0)
        skip();
    int status;
    wait_for(d, "password: ");
    assert_false(echoes(d));
    assert_int_equal(kill(d->child, SIGTERM), 0);
    assert_int_equal(waitpid(d->child, &status, 0), d->child);
    d->child = -1;
    close(d->answers);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_true(echoes(d));
}

static void test_it_echoes_again_when_interrupted(void **state) {
    desk *d = *state;
    if (d->child <= 0)
        skip();
    char told[64] = "";
    wait_for(d, "password: ");
    assert_int_equal(kill(d->child, SIGINT), 0);
    assert_true(read(d->answers, told, sizeof told - 1) > 0);
    assert_string_equal(told, "interrupted\n");
    assert_true(echoes(d));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_password_is_not_echoed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_it_echoes_again_when_ended, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_it_echoes_again_when_interrupted, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
