#include "kernel/display_terminal.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static void show(at_display *display, const char *plain, const char *id) {
    at_bundle bundle = at_bundle_new(plain);
    at_display_show(display, &bundle, id);
    at_bundle_fini(&bundle);
}

static void update(at_display *display, const char *plain, const char *id) {
    at_bundle bundle = at_bundle_new(plain);
    at_display_update(display, &bundle, id);
    at_bundle_fini(&bundle);
}

static void read_all(int fd, char *out, size_t size) {
    size_t length = 0;
    ssize_t n;
    while ((n = read(fd, out + length, size - 1 - length)) > 0)
        length += (size_t)n;
    out[length] = '\0';
}

static void play(at_display *display) {
    at_display_print(display, "begin\n");
    show(display, "10 %", "bar");
    update(display, "50 %", "bar");
    update(display, "100 %", "bar");
    show(display, "a table", NULL);
    show(display, "one", "x");
    show(display, "two", "y");
}

static void test_a_pipe_gets_only_the_last_state(void **state) {
    (void)state;
    at_error err;
    at_display *display;
    int ends[2];
    char text[4096];
    assert_int_equal(pipe(ends), 0);
    assert_ok(at_display_terminal_new(ends[1], ends[1], &display, &err), &err);
    assert_false(display->live);
    play(display);
    at_display_terminal_release(display);
    close(ends[1]);
    read_all(ends[0], text, sizeof text);
    close(ends[0]);
    assert_string_equal(text, "begin\n100 %\na table\none\ntwo\n");
}

/* A pipe gets what was still held back no more; what was written stays. */
static void test_clear_drops_what_is_held_back(void **state) {
    (void)state;
    at_error err;
    at_display *display;
    int ends[2];
    char text[256];
    assert_int_equal(pipe(ends), 0);
    assert_ok(at_display_terminal_new(ends[1], ends[1], &display, &err), &err);
    at_display_print(display, "begin\n");
    show(display, "10 %", "bar");
    at_display_clear(display, false);
    show(display, "20 %", "bar");
    at_display_clear(display, true);
    at_display_print(display, "after\n");
    show(display, "30 %", "bar");
    at_display_clear(display, true); /* nothing comes any more */
    at_display_terminal_release(display);
    close(ends[1]);
    read_all(ends[0], text, sizeof text);
    close(ends[0]);
    assert_string_equal(text, "begin\nafter\n30 %\n");
}

/* A raw pseudo terminal of 10 columns; skips where there are none. */
static int open_terminal(int *master) {
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    if (*master < 0 || grantpt(*master) != 0 || unlockpt(*master) != 0)
        skip();
    int slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
    if (slave < 0)
        skip();
    struct termios raw;
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    struct winsize size = {.ws_row = 24, .ws_col = 10};
    ioctl(slave, TIOCSWINSZ, &size);
    return slave;
}

static void test_clear_on_a_terminal(void **state) {
    (void)state;
    at_error err;
    at_display *display;
    int master, slave = open_terminal(&master);
    assert_ok(at_display_terminal_new(slave, slave, &display, &err), &err);
    show(display, "10 %\nof it", "bar");
    at_display_clear(display, false);
    at_display_print(display, "half a line");
    at_display_clear(display, true);
    at_display_print(display, "whole\n");
    at_display_terminal_release(display);
    fcntl(master, F_SETFL, O_NONBLOCK);
    char text[256];
    read_all(master, text, sizeof text);
    assert_string_equal(text, "10 %\nof it\n\x1b[2A\r\x1b[J"
                              "half a line\r\x1b[2Kwhole\n");
    close(slave);
    close(master);
}

static void test_a_terminal_is_drawn_in_place(void **state) {
    (void)state;
    at_error err;
    at_display *display;
    int master, slave = open_terminal(&master);
    assert_ok(at_display_terminal_new(slave, slave, &display, &err), &err);
    assert_true(display->live);
    play(display);
    /* 25 columns on a screen of 10: three rows to go back, then a line of two rows. */
    show(display, "\x1b[1m0123456789012345678901234\x1b[0m", "wide");
    update(display, "a\nb", "wide");
    update(display, "c", "wide");
    at_display_print(display, "between\n");
    update(display, "d", "wide"); /* no longer last: below, as new */
    at_display_terminal_release(display);
    fcntl(master, F_SETFL, O_NONBLOCK);
    char text[4096];
    read_all(master, text, sizeof text);
    assert_string_equal(text, "begin\n10 %\n\x1b[1A\r\x1b[J50 %\n\x1b[1A\r\x1b[J100 %\n"
                              "a table\none\ntwo\n"
                              "\x1b[1m0123456789012345678901234\x1b[0m\n"
                              "\x1b[3A\r\x1b[Ja\nb\n\x1b[2A\r\x1b[Jc\nbetween\nd\n");
    close(slave);
    close(master);
}

static void test_streams_go_to_their_descriptors(void **state) {
    (void)state;
    at_error err;
    at_display *display;
    int out[2], other[2];
    char text[256];
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(other), 0);
    assert_ok(at_display_terminal_new(out[1], other[1], &display, &err), &err);
    at_display_print(display, "%s", "to out");
    at_display_stream(display, AT_STDERR, "to err", 6);
    at_display_terminal_release(display);
    close(out[1]);
    close(other[1]);
    read_all(out[0], text, sizeof text);
    assert_string_equal(text, "to out");
    read_all(other[0], text, sizeof text);
    assert_string_equal(text, "to err");
    close(out[0]);
    close(other[0]);
}

static void test_without_memory_it_still_prints(void **state) {
    (void)state;
    at_error err;
    at_display *display;
    int ends[2];
    char text[256];
    assert_int_equal(pipe(ends), 0);
    assert_ok(at_display_terminal_new(ends[1], ends[1], &display, &err), &err);
    at_bundle bundle = at_bundle_new("shown");
    for (size_t n = 1; n <= 2; n++) {
        at_memory_fail_after(n);
        at_display_show(display, &bundle, "id");
        at_memory_fail_after(0);
    }
    at_bundle_fini(&bundle);
    at_display_terminal_release(display);
    close(ends[1]);
    read_all(ends[0], text, sizeof text);
    assert_non_null(strstr(text, "shown\n"));
    close(ends[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pipe_gets_only_the_last_state),
        cmocka_unit_test(test_clear_drops_what_is_held_back),
        cmocka_unit_test(test_clear_on_a_terminal),
        cmocka_unit_test(test_a_terminal_is_drawn_in_place),
        cmocka_unit_test(test_streams_go_to_their_descriptors),
        cmocka_unit_test(test_without_memory_it_still_prints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
