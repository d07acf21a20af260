/* atelier run and atelier convert, as processes see them: exit codes and what is printed.
 */
#include "magics/language/script.h"
#include "ops/base/text.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct world {
    char *folder, *script, *output, *workspace;
    at_text printed;
} world;

static int setup(void **state) {
    world *w = calloc(1, sizeof *w);
    w->folder = at_test_folder();
    w->script = at_path_join(w->folder, "s.atl");
    w->output = at_path_join(w->folder, "out");
    w->workspace = at_path_join(w->folder, "ws");
    *state = w;
    return 0;
}

static int teardown(void **state) {
    world *w = *state;
    at_test_folder_remove(w->folder);
    at_text_fini(&w->printed);
    at_free(w->script);
    at_free(w->output);
    at_free(w->workspace);
    free(w);
    return 0;
}

static pid_t start(world *w, int (*entry)(int, char **), const char *const *arguments) {
    char *argv[16];
    int argc = 0;
    for (; arguments[argc]; argc++)
        argv[argc] = strdup(arguments[argc]);
    argv[argc] = NULL;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int out = open(w->output, O_CREAT | O_TRUNC | O_WRONLY, 0600),
            in = open("/dev/null", O_RDONLY);
        dup2(in, 0);
        dup2(out, 1);
        dup2(out, 2);
        int code = entry(argc, argv);
        fflush(NULL);
        _exit(code);
    }
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return child;
}

static int finish(world *w, pid_t child) {
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    at_text_clear(&w->printed);
    assert_int_equal(at_file_read(w->output, 1 << 20, &w->printed, NULL), AT_OK);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int call(world *w, int (*entry)(int, char **), const char *const *arguments) {
    return finish(w, start(w, entry, arguments));
}

static void write_script(world *w, const char *text) {
    assert_int_equal(at_file_write(w->script, text, strlen(text), NULL), AT_OK);
}

static void printed(world *w, const char *part, bool there) {
    if ((strstr(at_text_get(&w->printed), part) != NULL) != there)
        fail_msg("'%s' is %s: %s", part, there ? "missing" : "there",
                 at_text_get(&w->printed));
}

static void test_run(void **state) {
    world *w = *state;
    write_script(w,
                 "# %% [markdown]\n# SELECT 'prose'\n# %%\n%set who = nobody --default\n"
                 "!echo hello $who\n# %%\nSELECT 6 * 7 AS answer, :who AS who\n");
    const char *arguments[] = {"run",         w->script,    "-p", "who=world",
                               "--workspace", w->workspace, NULL};
    assert_int_equal(call(w, at_run_main, arguments), 0);
    printed(w, "hello world", true);
    printed(w, "42", true);
    printed(w, "prose", false);
}

static void test_run_ends_at_the_first_failure(void **state) {
    world *w = *state;
    write_script(w,
                 "!echo first\n\n# %%\n\nSELECT 1;\nSELECT nothing\n# %%\n!echo never\n");
    const char *arguments[] = {"run", "--workspace", w->workspace, w->script, NULL};
    assert_int_equal(call(w, at_run_main, arguments), 1);
    printed(w, "first", true);
    printed(w, "never", false);
    printed(w, "cell 2 (from line 5)", true);
    printed(w, "SELECT nothing", true);
}

static void test_run_wrongly(void **state) {
    world *w = *state;
    write_script(w, "SELECT 1");
    const char *none[] = {"run", NULL}, *odd[] = {"run", w->script, "--wat", NULL};
    const char *bare[] = {"run", w->script, "-p", "x", NULL},
               *last[] = {"run", w->script, "-p", NULL};
    const char *name[] = {"run", w->script, "-p", "1=2", NULL};
    const char *missing[] = {"run", "/nonexistent.atl", NULL};
    assert_int_equal(call(w, at_run_main, none), 2);
    assert_int_equal(call(w, at_run_main, odd), 2);
    assert_int_equal(call(w, at_run_main, bare), 2);
    assert_int_equal(call(w, at_run_main, last), 2);
    assert_int_equal(call(w, at_run_main, name), 1);
    printed(w, "cannot name a variable", true);
    assert_int_equal(call(w, at_run_main, missing), 1);
    printed(w, "/nonexistent.atl", true);
}

static void test_interrupt(void **state) {
    world *w = *state;
    write_script(w, "!echo began; sleep 30\n# %%\n!echo never\n");
    const char *arguments[] = {"run", "--workspace", w->workspace, w->script, NULL};
    pid_t child = start(w, at_run_main, arguments);
    struct timespec pause = {.tv_nsec = 20000000};
    for (int i = 0; i < 250; i++) {
        at_text seen = {0};
        bool began = !at_file_read(w->output, 1 << 20, &seen, NULL) &&
                     strstr(at_text_get(&seen), "began");
        at_text_fini(&seen);
        if (began)
            break;
        nanosleep(&pause, NULL);
    }
    time_t from = time(NULL);
    kill(child, SIGINT);
    assert_int_equal(finish(w, child), 1);
    assert_true(time(NULL) - from < 5);
    printed(w, "interrupted", true);
    printed(w, "never", false);
}

static void test_convert(void **state) {
    world *w = *state;
    static const char text[] = "# %% [markdown]\n# # Title\n\n# %%\nSELECT 1\n";
    write_script(w, text);
    char *notebook = at_path_join(w->folder, "n.ipynb"),
         *again = at_path_join(w->folder, "a.atl");
    const char *to[] = {"convert", w->script, notebook, NULL},
               *back[] = {"convert", notebook, again, NULL};
    const char *same[] = {"convert", w->script, again, NULL},
               *few[] = {"convert", w->script, NULL};
    const char *run[] = {"run", notebook, "--workspace", w->workspace, NULL};
    assert_int_equal(call(w, at_convert_main, to), 0);
    assert_int_equal(call(w, at_convert_main, back), 0);
    at_text read = {0};
    assert_int_equal(at_file_read(again, 1 << 20, &read, NULL), AT_OK);
    assert_string_equal(at_text_get(&read), text);
    at_text_fini(&read);
    assert_int_equal(call(w, at_run_main, run), 0);
    assert_int_equal(call(w, at_convert_main, same), 2);
    assert_int_equal(call(w, at_convert_main, few), 2);
    at_free(notebook);
    at_free(again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_run_ends_at_the_first_failure, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_run_wrongly, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_convert, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
