/* How a cell splits into parts: DESIGN 1, line by line. */
#include "magics/language/cell.h"
#include "tests/unit/unit.h"

static const char *const kinds[] = {[AT_PART_SQL] = "sql",
                                    [AT_PART_LINE] = "line",
                                    [AT_PART_CELL] = "cell",
                                    [AT_PART_SHELL] = "shell",
                                    [AT_PART_HELP] = "help"};

/* "kind:name|text;kind..." of a cell's parts, with line ends as / and no trailing blanks.
 */
static void split_as(const char *code, const char *expected) {
    at_arena arena = {0};
    at_part *parts;
    size_t count;
    at_error err = {0};
    char got[1024] = "";
    assert_ok(at_cell_split(code, strlen(code), &arena, &parts, &count, &err), &err);
    for (size_t i = 0; i < count; i++) {
        const at_part *p = &parts[i];
        size_t from = p->body_from, to = p->body_to, n = strlen(got);
        if (p->kind == AT_PART_LINE || p->kind == AT_PART_CELL) {
            snprintf(got + n, sizeof got - n, "%s%s:%s|%.*s", i ? ";" : "",
                     kinds[p->kind], p->name, (int)(p->options_to - p->options_from),
                     code + p->options_from);
            n = strlen(got);
            if (p->kind == AT_PART_CELL)
                snprintf(got + n, sizeof got - n, "|%.*s", (int)(to - from), code + from);
        } else if (p->kind == AT_PART_HELP) {
            snprintf(got + n, sizeof got - n, "%shelp:%s%s", i ? ";" : "",
                     p->magic ? "%" : "", p->name);
        } else {
            snprintf(got + n, sizeof got - n, "%s%s|%.*s", i ? ";" : "", kinds[p->kind],
                     (int)(to - from), p->text + from);
        }
    }
    for (char *c = got; *c; c++)
        *c = *c == '\n' ? '/' : *c;
    size_t n = strlen(got);
    while (n && (got[n - 1] == ' ' || got[n - 1] == '/'))
        got[--n] = '\0';
    assert_string_equal(got, expected);
    at_arena_fini(&arena);
}

static void test_kinds(void **state) {
    (void)state;
    split_as("", "");
    split_as(" \n\n", "");
    split_as("SELECT 1", "sql|SELECT 1");
    split_as("%show bank --rows 5", "line:show| bank --rows 5");
    split_as("%%clean bank\ntrim all\n", "cell:clean| bank|trim all");
    split_as("\n# first\n%%clean bank\ntrim all", "cell:clean| bank|trim all");
    split_as("-- first\n%%clean bank\nx", "cell:clean| bank|x");
    split_as("!ls -l", "shell|ls -l");
    split_as("bank?", "help:bank");
    split_as("%show?", "help:%show");
    split_as("%%train?", "help:%train");
    split_as("bank.age??", "help:bank.age");
}

static void test_mixtures_keep_their_order(void **state) {
    (void)state;
    split_as("%set a = 1\nSELECT 1;\n!ls\n\nSELECT 2\n%show x",
             "line:set| a = 1;sql|SELECT 1;;shell|ls;sql|SELECT 2;line:show| x");
    split_as("SELECT a\n%show b", "sql|SELECT a;line:show| b"); /* at column 1: a magic */
    split_as("SELECT a\n  %show b", "sql|SELECT a/  %show b");
    split_as("SELECT a\n% b", "sql|SELECT a/% b");
    split_as("SELECT 1\n!= 2", "sql|SELECT 1/!= 2");
    split_as("SELECT 1\n!\n", "sql|SELECT 1;shell|");
}

static void test_nothing_begins_inside_sql(void **state) {
    (void)state;
    split_as("SELECT 'a\n%show x\n!ls'", "sql|SELECT 'a/%show x/!ls'");
    split_as("SELECT \"a\n%show x\"", "sql|SELECT \"a/%show x\"");
    split_as("SELECT (1\n%b)", "sql|SELECT (1/%b)");
    split_as("/* a\n%show x\n*/ SELECT 1", "sql|/* a/%show x/*/ SELECT 1");
    split_as("SELECT 1 -- it's\n%show x", "sql|SELECT 1 -- it's;line:show| x");
    split_as("SELECT 'it''s'\n%show x", "sql|SELECT 'it''s';line:show| x");
    split_as("SELECT [a'b]\n%show x", "sql|SELECT [a'b];line:show| x");
    split_as("SELECT a\nbank?", "sql|SELECT a/bank?"); /* the statement goes on */
}

static void test_comments(void **state) {
    (void)state;
    split_as("# only this", "");
    split_as("-- only this\n/* and\n this */", "");
    split_as("# one\nSELECT 1;\n# two\nSELECT 2", "sql|SELECT 1;/     /SELECT 2");
    split_as("SELECT 1\n# no comment", "sql|SELECT 1/# no comment");
    split_as("%show a # note\nSELECT 1", "line:show| a # note;sql|SELECT 1");
    split_as("%%invoke ep\n# kept\n%kept", "cell:invoke| ep|# kept/%kept");
}

static void test_lines_go_on(void **state) {
    (void)state;
    split_as("%fetch a \\\n  b\nSELECT 1", "line:fetch| a \\/  b;sql|SELECT 1");
    split_as("%fetch a # b \\\nSELECT 1", "line:fetch| a # b \\;sql|SELECT 1");
    split_as("%%train a \\\n --target y\nepochs = 1",
             "cell:train| a \\/ --target y|epochs = 1");
    split_as("!echo a \\\n b\n%show c", "shell|echo a \\/ b;line:show| c");
    split_as("%show 'a\n%show b",
             "line:show| 'a;line:show| b"); /* quotes end with a line */
}

static void test_refusals(void **state) {
    (void)state;
    at_arena arena = {0};
    at_part *parts;
    size_t count;
    at_error err = {0};
    const char *late = "SELECT 1\n%%clean bank\nx";
    assert_int_equal(at_cell_split(late, strlen(late), &arena, &parts, &count, &err),
                     AT_SYNTAX);
    assert_non_null(strstr(err.text, "%%clean must be the first line"));
    assert_non_null(strstr(err.text, "(line 2, column 1)"));
    assert_int_equal(at_cell_split("a\0b", 3, &arena, &parts, &count, &err), AT_SYNTAX);
    assert_int_equal(at_cell_split("\xff", 1, &arena, &parts, &count, &err), AT_SYNTAX);
    assert_int_equal(at_cell_split("", AT_CELL_MAX + 1u, &arena, &parts, &count, &err),
                     AT_LIMIT);
    at_arena_fini(&arena);
}

static at_status sweep(void *context) {
    const char *code = context;
    at_arena arena = {0};
    at_part *parts;
    size_t count;
    at_status status = at_cell_split(code, strlen(code), &arena, &parts, &count, NULL);
    at_arena_fini(&arena);
    return status;
}

static void test_no_memory(void **state) {
    (void)state;
    char code[] = "%a\n%b\n%c\n%d\n%e\n%f\n%g\n%h\n%i\nSELECT 1;\n# x\nSELECT 2\n!ls\na?";
    assert_true(at_test_sweep(sweep, code) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_mixtures_keep_their_order),
        cmocka_unit_test(test_nothing_begins_inside_sql),
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_lines_go_on),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
