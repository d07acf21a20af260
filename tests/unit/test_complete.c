/* Completion, inspection and wholeness at a cursor, written | in the cells here. */
#include "magics/language/context.h"
#include "magics/language/interp.h"
#include "magics/language/spec.h"
#include "tests/unit/fake_display.h"
#include "tests/unit/unit.h"

typedef struct world {
    char *folder;
    at_interp *interp;
    fake_display display;
} world;

static void run(world *w, const char *code) {
    at_error err = {0};
    at_call call = {.display = &w->display.base};
    assert_ok(w->interp->vtable->execute(w->interp, &call, code, strlen(code), &err),
              &err);
}

static int setup(void **state) {
    world *w = calloc(1, sizeof *w);
    at_error err = {0};
    w->folder = at_test_folder();
    char *workspace = at_path_join(w->folder, "ws");
    assert_ok(at_language_new(workspace, &w->interp, &err), &err);
    at_free(workspace);
    fake_display_init(&w->display);
    run(w, "CREATE TABLE bank AS SELECT 40 AS age, 'admin' AS job, 1 AS \"odd name\";"
           "CREATE TABLE banknotes AS SELECT 5 AS worth");
    run(w, "%set target = job\n%set tau = 2");
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

/* Splits "SELECT a| FROM b" into code and cursor. */
static size_t cursor_of(const char *marked, char *code, size_t size) {
    const char *bar = strchr(marked, '|');
    assert_non_null(bar);
    snprintf(code, size, "%.*s%s", (int)(bar - marked), marked, bar + 1);
    return (size_t)(bar - marked);
}

/* The matches as one text, ", " between; `typed` is what they would replace. */
static void matches(world *w, const char *marked, char *out, size_t size, char *typed) {
    char code[512];
    size_t cursor = cursor_of(marked, code, sizeof code), i;
    at_completion c;
    at_error err = {0};
    json_t *match;
    assert_ok(
        w->interp->vtable->complete(w->interp, code, strlen(code), cursor, &c, &err),
        &err);
    out[0] = '\0';
    assert_int_equal(json_array_size(c.matches), json_array_size(c.types));
    json_array_foreach(c.matches, i, match)
        snprintf(out + strlen(out), size - strlen(out), "%s%s", i ? ", " : "",
                 json_string_value(match));
    assert_true(c.start <= c.end && c.end == cursor);
    snprintf(typed, 64, "%.*s", (int)(c.end - c.start), code + c.start);
    json_decref(c.matches);
    json_decref(c.types);
}

static void completes(world *w, const char *marked, const char *typed,
                      const char *expected) {
    char got[8192], replaced[64];
    matches(w, marked, got, sizeof got, replaced);
    assert_string_equal(got, expected);
    assert_string_equal(replaced, typed);
}

/* `expected` is among the matches, `never` is not. */
static void offers(world *w, const char *marked, const char *expected,
                   const char *never) {
    char got[8192], replaced[64], all[8300], one[128];
    matches(w, marked, got, sizeof got, replaced);
    snprintf(all, sizeof all, ", %s, ", got);
    snprintf(one, sizeof one, ", %s, ", expected);
    if (!strstr(all, one))
        fail_msg("%s does not offer %s but %s", marked, expected, got);
    snprintf(one, sizeof one, ", %s, ", never);
    if (strstr(all, one))
        fail_msg("%s offers %s", marked, never);
}

static void test_magics(void **state) {
    world *w = *state;
    completes(w, "%he|", "%he", "%help");
    completes(w, "%%sq|", "%%sq", "%%sql");
    completes(w, "SELECT 1;\n%cle|", "%cle",
              "%cleanup, %clear"); /* a cell magic comes first */
    offers(w, "%cle|", "%%clean", "%%sql");
    offers(w, "he|", "%help", "%set");
    completes(w, "%sql --li|", "--li", "--limit");
    completes(w, "%sql --limit 3 --|", "--", "--into");
    completes(w, "%help se|", "se", "set");
    completes(w, "%set a = ${ta|", "ta", "target}, tau}");
    completes(w, "%%clean ba|", "ba", "bank, banknotes");
    completes(w, "%nothing --|", "", "");
}

static void test_sql(void **state) {
    world *w = *state;
    completes(w, "SELE|", "SELE", "SELECT");
    completes(w, "sele|", "sele", "select");
    completes(w, "SELECT ag| FROM bank", "ag", "age");
    completes(w, "SELECT * FROM ban|", "ban", "bank, banknotes");
    completes(w, "SELECT b.| FROM bank AS b JOIN banknotes n", "",
              "age, job, \"odd name\"");
    completes(w, "SELECT n.w| FROM bank b, banknotes n", "w", "worth");
    completes(w, "SELECT bank.o| FROM bank", "o", "\"odd name\"");
    offers(w, "SELECT | FROM bank", "age", "worth");
    offers(w, "SELECT 1;\nSELECT | FROM banknotes; SELECT * FROM bank", "worth", "age");
    offers(w, "SELECT medi|", "median", "age");
    completes(w, "SELECT 'ag| ' FROM bank", "", "");
    completes(w, "SELECT 1 -- FR|", "", "");
    completes(w, "%%sql --limit 3\nSELECT ag| FROM bank", "ag", "age");
    completes(w, "%sql SELECT ag| FROM bank", "ag", "age");
}

static void test_steps_and_settings(void **state) {
    world *w = *state;
    completes(w, "%%clean bank\nmiss|", "miss", "missing");
    completes(w, "%%clean bank\ndrop ro|", "drop ro", "drop rows where");
    completes(w, "%%clean bank\nmissing 'x' i|", "i", "in");
    offers(w, "%%clean bank\nmissing 'x' in |", "`odd name`", "worth");
    offers(w, "%%clean bank\nmissing 'x' in |", "numeric", "missing");
    completes(w, "%%clean bank\nmissing 'x' in job, a|", "a", "age, all");
    completes(w, "%%clean bank\ncast age -> fl|", "fl", "float");
    completes(w, "%%clean bank\nderive x = ag|", "ag", "age");
    completes(w, "%%clean bank\ntrim job # in a|", "", "");
    completes(w, "%%prepare p --data bank\none-hot jo|", "jo", "job");
    completes(w, "%%clean bank\nmerge s|", "merge s", "merge similar");
    completes(w, "%%clean bank\nmerge similar jo|", "jo", "job");
    completes(w, "%%clean bank\nmerge similar job |", "", "strictly, loosely, except");
    completes(w, "%%clean bank\nparse |", "parse ", "parse number, parse date");
    completes(w, "%%clean bank\nparse date job |", "", "day, month, year, as");
    completes(w, "%%clean bank\nparse date job month f|", "f", "first");
    completes(w, "%%clean bank\nparse number job decimal c|", "c", "comma");
    completes(w, "%%clean bank\nsplit column job m|", "m", "matching");
    completes(w, "%%clean bank\nsplit column job by ',' i|", "i", "into");
    completes(w, "%%clean bank\nclip age between q|", "q", "quantiles");
    completes(w, "%%clean bank\nbin age by |", "", "widths, quantiles, edges");
    completes(w, "%%clean bank\nmap a -> 1, b -> 2 |", "", "else, in");
    completes(w, "%%clean bank\nmap a -> 1 in jo|", "jo", "job");
    completes(w, "%%clean bank\nfill f|", "fill f", "fill forward");
    completes(w, "%%prepare p --data bank\ntarget-encode job o|", "o",
              "out-of-fold, ordered");
    completes(w, "%%prepare p --data bank\ntarget-encode job ordered s|", "s",
              "smoothing");
    completes(w, "%%prepare p --data bank\nquantile age to |", "", "normal, uniform");
    completes(w, "%%prepare p --data bank\ndatetime age into year, mi|", "mi", "minute");
    completes(w, "%%prepare p --data bank\nfreq|", "freq", "frequency-encode");
    offers(w, "%%prepare p --data bank\ninteract |", "age", "fill forward");
}

static void test_options_of_every_magic(void **state) {
    world *w = *state;
    size_t count;
    const at_magic *const *magics = at_magics(&count);
    for (size_t i = 0; i < count; i++) {
        char marked[256];
        for (size_t o = 0; o < magics[i]->option_count; o++) {
            const char *sigil = magics[i]->forms & AT_MAGIC_LINE ? "%" : "%%", *name;
            name = magics[i]->options[o].name;
            snprintf(marked, sizeof marked, "%s%s --%s|", sigil, magics[i]->name, name);
            char option[128];
            snprintf(option, sizeof option, "--%s", name);
            offers(w, marked, option, "--nothing");
        }
    }
}

static void test_paths(void **state) {
    world *w = *state;
    char *file = at_path_join(w->folder, "my data.csv"), marked[512], expected[512],
         got[2048], typed[64];
    at_error err = {0};
    assert_ok(at_file_write(file, "a\n", 2, &err), &err);
    snprintf(marked, sizeof marked, "%%fetch x %s/my|", w->folder);
    snprintf(expected, sizeof expected, "'%s'", file);
    matches(w, marked, got, sizeof got, typed);
    assert_string_equal(got, expected);
    snprintf(marked, sizeof marked, "!ls %s/w|", w->folder);
    snprintf(expected, sizeof expected, "%s/ws/", w->folder);
    matches(w, marked, got, sizeof got, typed);
    assert_string_equal(got, expected);
    at_free(file);
}

static void inspects(world *w, const char *marked, const char *part) {
    char code[512];
    size_t cursor = cursor_of(marked, code, sizeof code);
    at_inspection found;
    at_error err = {0};
    assert_ok(w->interp->vtable->inspect(w->interp, code, strlen(code), cursor, 0, &found,
                                         &err),
              &err);
    if (!part) {
        assert_false(found.found);
        return;
    }
    if (!found.found)
        fail_msg("%s: nothing found", marked);
    const char *text =
        json_string_value(json_object_get(found.bundle.data, "text/plain"));
    if (!strstr(text, part))
        fail_msg("%s: '%s' is not in: %s", marked, part, text);
    at_bundle_fini(&found.bundle);
}

static void test_inspect(void **state) {
    world *w = *state;
    inspects(w, "%he|lp", "Lists the magics");
    inspects(w, "%sql --li|mit 3", "how many rows to show");
    inspects(w, "%sql --limit 3|", "from 1 to 10000");
    inspects(w, "%%clean ba|nk", "odd name");
    inspects(w, "%%clean bank\nmis|sing 'x' in job", "missing");
    inspects(w, "%%clean bank\nmissing 'x' in jo|b", "admin (1)");
    inspects(w, "SELECT ag|e FROM bank", "mean");
    inspects(w, "SELECT b.ag|e FROM bank b", "mean");
    inspects(w, "SELECT * FROM ban|k", "odd name");
    inspects(w, "%set a = ${tar|get}", "target = job");
    inspects(w, "SELECT noth|ing FROM bank", NULL);
    inspects(w, "|", NULL);
    inspects(w, "!l|s", NULL);
}

static void whole(world *w, const char *code, at_completeness expected) {
    char indent[32] = "x";
    at_completeness got =
        w->interp->vtable->is_complete(w->interp, code, strlen(code), indent);
    if (got != expected)
        fail_msg("%s: %d", code, (int)got);
    assert_true(strlen(indent) < sizeof indent);
}

static void test_is_complete(void **state) {
    world *w = *state;
    whole(w, "SELECT 1", AT_COMPLETE);
    whole(w, "SELECT 1;", AT_COMPLETE);
    whole(w, "SELECT (1", AT_INCOMPLETE);
    whole(w, "SELECT 'a", AT_INCOMPLETE);
    whole(w, "SELECT a,", AT_INCOMPLETE);
    whole(w, "%help", AT_COMPLETE);
    whole(w, "%help \\", AT_INCOMPLETE);
    whole(w, "%halp", AT_INVALID_CODE);
    whole(w, "%help 'x", AT_INVALID_CODE);
    whole(w, "%sql --nothing", AT_INVALID_CODE);
    whole(w, "%%clean bank", AT_INCOMPLETE);
    whole(w, "%%clean bank\ntrim job", AT_INCOMPLETE);
    whole(w, "%%clean bank\ntrim job\n", AT_COMPLETE);
    whole(w, "%%clean bank\ntirm job\n", AT_INVALID_CODE);
    whole(w, "import os", AT_INVALID_CODE);
    whole(w, "!ls", AT_COMPLETE);
    whole(w, "!ls \\", AT_INCOMPLETE);
    whole(w, "", AT_COMPLETE);
    whole(w, "bank?", AT_COMPLETE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_magics, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sql, setup, teardown),
        cmocka_unit_test_setup_teardown(test_steps_and_settings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_options_of_every_magic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_inspect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_is_complete, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
