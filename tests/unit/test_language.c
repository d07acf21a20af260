/* The language from end to end: cells over a workspace, through a fake display. */
#include "magics/language/context.h"
#include "magics/language/interp.h"
#include "tests/unit/fake_display.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <time.h>

typedef struct world {
    char *folder;
    at_interp *interp;
    fake_display display;
    at_cancel cancel;
    at_error err;
} world;

static int setup(void **state) {
    world *w = calloc(1, sizeof *w);
    w->folder = at_test_folder();
    char *workspace = at_path_join(w->folder, "ws");
    assert_ok(at_language_new(workspace, &w->interp, &w->err), &w->err);
    at_free(workspace);
    fake_display_init(&w->display);
    *state = w;
    return 0;
}

static int teardown(void **state) {
    world *w = *state;
    w->interp->vtable->release(w->interp);
    fake_display_fini(&w->display);
    at_test_folder_remove(w->folder);
    free(w);
    return 0;
}

static at_status run(world *w, const char *code) {
    at_call call = {
        .display = &w->display.base, .cancel = &w->cancel, .store_history = true};
    fake_display_fini(&w->display);
    fake_display_init(&w->display);
    at_error_clear(&w->err);
    return w->interp->vtable->execute(w->interp, &call, code, strlen(code), &w->err);
}

#define assert_runs(w, code) assert_ok(run((w), (code)), &(w)->err)
#define assert_has(text, part)                                                           \
    do {                                                                                 \
        if (!strstr((text), (part)))                                                     \
            fail_msg("'%s' is not in: %s", (part), (text));                              \
    } while (0)

static void test_sql_makes_shows_and_drops(void **state) {
    world *w = *state;
    assert_runs(w, "CREATE TABLE t AS SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y';\n"
                   "# a comment between statements\n"
                   "SELECT sum(a) AS total FROM t");
    assert_has(at_text_get(&w->display.out), "t: 2 rows x 2 columns");
    assert_has(at_text_get(&w->display.result), "total");
    assert_has(at_text_get(&w->display.result), "3");
    assert_int_equal(w->display.results, 1);
    assert_int_equal(run(w, "CREATE TABLE t AS SELECT a FROM t"), AT_INVALID);
    assert_has(w->err.context, "CREATE TABLE t"); /* never what it was made from */
    assert_runs(w, "CREATE TABLE u AS SELECT a + 10 AS a FROM t");
    assert_runs(w, "CREATE TABLE u AS SELECT 2 * a AS a FROM t");
    assert_runs(w, "SELECT max(a) + 8 AS top FROM u");
    assert_has(at_text_get(&w->display.result), "12");
    assert_runs(w, "DROP TABLE t");
    assert_int_equal(run(w, "SELECT * FROM t"), AT_NOT_FOUND);
    assert_runs(w, "DROP TABLE IF EXISTS t");
}

static void test_parts_run_in_order(void **state) {
    world *w = *state;
    assert_runs(w, "%set n = 41\nSELECT :n + 1 AS answer;\n!echo $n\n%set n = 1\n"
                   "SELECT '${n}' AS text");
    assert_has(at_text_get(&w->display.shown), "42");
    assert_has(at_text_get(&w->display.out), "41\n");
    assert_has(at_text_get(&w->display.result), "text");
    assert_int_equal(w->display.shows, 1);
}

static void test_errors_point(void **state) {
    world *w = *state;
    assert_int_equal(run(w, "%set a = 1\n%sett b = 2"), AT_NOT_FOUND);
    assert_has(w->err.hint, "did you mean %set?");
    assert_has(w->err.text, "(line 2, column 1)");
    assert_has(w->err.context, "   2 | %sett b = 2\n     | ^^^^^");
    assert_int_equal(run(w, "-- first\nSELECT 1;\nSELECT nme FROM (SELECT 1 AS name)"),
                     AT_NOT_FOUND);
    assert_has(w->err.context, "3");
    assert_int_equal(run(w, "%sql SELECT ${who}"), AT_NOT_FOUND);
    assert_has(w->err.context, "${who}");
    assert_int_equal(run(w, "%%sql\n\nSELECT 1 +"), AT_SYNTAX);
    assert_has(w->err.context, "3");
}

static void test_steps_point_when_they_run(void **state) {
    world *w = *state;
    assert_runs(w, "CREATE TABLE t AS SELECT 1 AS age, 'x' AS job");
    assert_int_equal(run(w, "%%clean t\n\nmissing 'x' in jbo"), AT_NOT_FOUND);
    assert_has(w->err.text, "(line 3, column 16)");
    assert_has(w->err.context, "   3 | missing 'x' in jbo\n     |                ^^^");
    assert_int_equal(run(w, "%%clean t\n  derive b = 2 * agee # no"), AT_NOT_FOUND);
    assert_has(w->err.context,
               "   2 |   derive b = 2 * agee # no\n     |                  ^");
    assert_null(strstr(w->err.text, "line 1"));
    assert_int_equal(run(w, "%%clean t --into 'a b'\ntrim job"), AT_INVALID);
    assert_has(w->err.context, "                  ^^^^^");
    assert_runs(w, "%%clean t\nderive b = 2 * age");
    assert_runs(w, "SELECT b FROM t_clean");
}

static void test_foreign_code_is_refused_untouched(void **state) {
    world *w = *state;
    static const char *const cells[] = {
        "import pandas as pd",
        "print('hello')",
        "x = 1",
        "for i in range(3):\n    pass",
        "try:\n    sm_analytics_runtime_check\nexcept: pass",
        "df.head()",
        "with open('a') as f:\n    f.read()",
        "@decorator"};
    for (size_t i = 0; i < COUNT(cells); i++) {
        assert_int_equal(run(w, cells[i]), AT_SYNTAX);
        assert_has(w->err.text, "Python");
        assert_has(w->err.hint, "%help");
    }
    assert_int_equal(run(w, "help"), AT_SYNTAX);
    assert_has(w->err.hint, "did you mean %help?");
    assert_int_equal(run(w, "bank"), AT_SYNTAX);
    assert_has(w->err.hint, "%show bank");
    char *workspace = at_path_join(w->folder, "ws");
    assert_false(at_folder_exists(workspace)); /* nothing was opened for it */
    at_free(workspace);
}

static void test_help(void **state) {
    world *w = *state;
    assert_runs(w, "%help");
    assert_has(at_text_get(&w->display.shown), "%%sql");
    assert_has(at_text_get(&w->display.shown), "Keep house");
    assert_runs(w, "%help %%sql");
    assert_has(at_text_get(&w->display.shown), "--into NAME");
    assert_runs(w, "%sql?");
    assert_int_equal(w->display.pages, 1);
    assert_has(at_text_get(&w->display.page), "rows to show");
    assert_runs(w, "%sql --help");
    assert_int_equal(w->display.pages, 1);
    assert_runs(w, "CREATE TABLE zoo AS SELECT 'cat' AS animal");
    assert_runs(w, "zoo?");
    assert_has(at_text_get(&w->display.page), "animal");
    assert_runs(w, "zoo.animal?");
    assert_has(at_text_get(&w->display.page), "cat (1)");
    assert_int_equal(run(w, "nothing?"), AT_NOT_FOUND);
    assert_int_equal(run(w, "%help sq"), AT_NOT_FOUND);
    assert_has(w->err.hint, "%help sql");
}

static void test_shell(void **state) {
    world *w = *state;
    assert_runs(w, "!printf 'a\\377b'; echo oops >&2; cat");
    assert_string_equal(at_text_get(&w->display.out), "a\xEF\xBF\xBD"
                                                      "b");
    assert_string_equal(at_text_get(&w->display.err), "oops\n");
    assert_int_equal(run(w, "!exit 3"), AT_INVALID);
    assert_has(w->err.text, "code 3");
    assert_int_equal(run(w, "!kill -9 $$"), AT_INVALID);
    assert_has(w->err.text, "signal 9");
    assert_runs(w, "!echo one \\\n  two");
    assert_string_equal(at_text_get(&w->display.out), "one two\n");
    /* what stays in the background does not hold the cell */
    assert_runs(w, "!sleep 5 & echo started");
    assert_string_equal(at_text_get(&w->display.out), "started\n");
}

static void *raise_soon(void *cancel) {
    struct timespec pause = {.tv_nsec = 100000000};
    nanosleep(&pause, NULL);
    at_cancel_raise(cancel);
    return NULL;
}

static void interrupts(world *w, const char *code, double within) {
    pthread_t thread;
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    pthread_create(&thread, NULL, raise_soon, &w->cancel);
    assert_int_equal(run(w, code), AT_CANCELLED);
    clock_gettime(CLOCK_MONOTONIC, &to);
    pthread_join(thread, NULL);
    at_cancel_reset(&w->cancel);
    double took =
        (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9;
    assert_true(took < within);
}

static void test_interrupt(void **state) {
    world *w = *state;
    interrupts(w, "!sleep 30", 1.0);
    interrupts(w,
               "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) "
               "SELECT count(*) FROM c",
               1.0);
    interrupts(w, "!trap '' INT; sleep 30", 1.5); /* deaf: killed after 0.5 s */
    /* what outlives the shell and prints for ever, in its group and out of its reach */
    interrupts(w, "!yes &", 1.5);
    interrupts(w, "!setsid yes &", 1.5);
    assert_runs(w, "SELECT 1 AS still_here");
}

static void test_time_runs_a_cell(void **state) {
    world *w = *state;
    assert_runs(w, "%%time\nSELECT 6 * 7 AS answer");
    assert_has(at_text_get(&w->display.result), "42");
    assert_has(at_text_get(&w->display.out), "processor");
    assert_int_equal(run(w, "%time"), AT_INVALID);
    assert_int_equal(run(w, "%%time\n\nSELECT 1 +"), AT_SYNTAX);
    assert_has(w->err.context, "3");
    /* Places are those of the whole cell. */
    assert_int_equal(run(w, "SELECT 1;\n%time SELECT nowhere"), AT_NOT_FOUND);
    assert_has(w->err.text, "(line 2, column 14)");
    assert_has(w->err.context, "   2 |       SELECT nowhere\n     |              ^");
    assert_int_equal(run(w, "%time %time %show nowhere"), AT_NOT_FOUND);
    assert_has(w->err.text, "(line 1, column 19)");
    assert_has(w->err.context,
               "1 | %time %time %show nowhere\n     |                   ^");
    assert_int_equal(run(w, "%time t"), AT_SYNTAX); /* not the t of time */
    assert_has(w->err.text, "(line 1, column 7)");
    char nested[2000 * 6 + 16] = "";
    for (int levels = 1; levels <= 2000; levels++) {
        memcpy(nested + (levels - 1) * 6, "%time SELECT 1", sizeof "%time SELECT 1");
        if (levels == 7)
            assert_runs(w, nested);
        if (levels == 8 || levels == 2000) {
            assert_int_equal(run(w, nested), AT_LIMIT);
            assert_has(w->err.text, "%time stands in itself too often");
        }
    }
    assert_runs(w, "SELECT 1 AS still_here");
}

static void test_sql_magic(void **state) {
    world *w = *state;
    assert_runs(
        w, "%%sql --into squares\nWITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n "
           "+ 1 FROM c WHERE n < 50) SELECT n, n * n AS square FROM c");
    assert_has(at_text_get(&w->display.out), "squares: 50 rows x 2 columns");
    assert_runs(w, "%sql --limit 2 SELECT * FROM squares WHERE n > 10");
    assert_has(at_text_get(&w->display.result), "12");
    assert_null(strstr(at_text_get(&w->display.result), "13"));
    assert_has(at_text_get(&w->display.result), "40 rows");
    assert_int_equal(run(w, "%%sql --into x\nSELECT 1; SELECT 2"), AT_INVALID);
}

/* What needs no workspace, with every allocation failing in turn: an error or a whole
 * answer, never a crash or a leak. */
static at_status sweep(void *context) {
    static const char code[] = "%set a = 1\n%set b = ${a}2 --default\n%help sql\n%set\n"
                               "%time %set b --unset";
    world *w = context;
    at_interp *interp = NULL;
    at_error err = {0};
    at_call call = {.display = &w->display.base};
    AT_TRY(at_language_new("/nowhere", &interp, &err));
    at_status status = interp->vtable->execute(interp, &call, code, strlen(code), &err);
    interp->vtable->release(interp);
    return status;
}

static void test_no_memory(void **state) {
    world *w = *state;
    assert_true(at_test_sweep(sweep, w) > 50);
}

static void test_evaluate(void **state) {
    world *w = *state;
    at_call call = {.display = &w->display.base, .cancel = &w->cancel};
    at_bundle bundle;
    assert_ok(w->interp->vtable->evaluate(w->interp, &call, "6 * 7", &bundle, &w->err),
              &w->err);
    assert_has(json_string_value(json_object_get(bundle.data, "text/plain")), "42");
    at_bundle_fini(&bundle);
    assert_int_equal(
        w->interp->vtable->evaluate(w->interp, &call, "6 *", &bundle, &w->err),
        AT_SYNTAX);
    assert_int_equal(w->display.shows + w->display.results, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sql_makes_shows_and_drops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parts_run_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors_point, setup, teardown),
        cmocka_unit_test_setup_teardown(test_steps_point_when_they_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_code_is_refused_untouched, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_help, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shell, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_time_runs_a_cell, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sql_magic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_evaluate, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
