/* Scripts and notebooks, and the way between. */
#include "magics/language/notebook.h"
#include "tests/unit/unit.h"

static const char SCRIPT[] = "%set a = 1\n"
                             "\n"
                             "# %% [markdown]\n"
                             "# # Bank\n"
                             "#\n"
                             "# Two *lines*.\n"
                             "#%% no cell\n"
                             "\n"
                             "# %% the first look\n"
                             "SELECT 1;\n"
                             "\n"
                             "# %%no mark\n"
                             "SELECT 2\n"
                             "\n"
                             "# %%\n"
                             "%%clean bank\n"
                             "trim all # %% kept\n";

static void check(const at_notebook *n) {
    assert_int_equal(n->count, 4);
    assert_string_equal(n->cells[0].text, "%set a = 1");
    assert_int_equal(n->cells[1].kind, AT_PROSE_MARKDOWN);
    assert_string_equal(n->cells[1].text, "# Bank\n\nTwo *lines*.\n%% no cell");
    assert_string_equal(n->cells[2].title, "the first look");
    assert_string_equal(n->cells[2].text, "SELECT 1;\n\n# %%no mark\nSELECT 2");
    assert_int_equal(n->cells[3].kind, AT_PROSE_CODE);
    assert_string_equal(n->cells[3].text, "%%clean bank\ntrim all # %% kept");
}

static void test_both_ways(void **state) {
    (void)state;
    at_notebook script = {0}, notebook = {0}, again = {0};
    at_error err = {0};
    at_text text = {0};
    assert_ok(at_notebook_from_script(SCRIPT, strlen(SCRIPT), &script, &err), &err);
    check(&script);
    assert_int_equal(script.cells[0].line, 1);
    assert_int_equal(script.cells[2].line, 10);
    assert_int_equal(script.cells[3].line, 16);
    json_t *root = at_notebook_to_json(&script);
    assert_non_null(root);
    assert_ok(at_notebook_from_json(root, &notebook, &err), &err);
    check(&notebook);
    assert_ok(at_notebook_to_script(&notebook, &text, &err), &err);
    assert_ok(at_notebook_from_script(at_text_get(&text), text.length, &again, &err),
              &err);
    check(&again);
    /* nbformat 4.5: every cell has an id of its own; the same script gives the same. */
    json_t *cells = json_object_get(root, "cells"), *twice = at_notebook_to_json(&script);
    assert_int_equal(json_integer_value(json_object_get(root, "nbformat_minor")), 5);
    assert_true(json_equal(root, twice));
    for (size_t i = 0; i < json_array_size(cells); i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(
                json_string_value(json_object_get(json_array_get(cells, i), "id")),
                json_string_value(json_object_get(json_array_get(cells, k), "id")));
    json_decref(twice);
    json_decref(root);
    at_text_fini(&text);
    at_notebook_fini(&script);
    at_notebook_fini(&notebook);
    at_notebook_fini(&again);
}

static at_status from_text(const char *json, at_notebook *out, at_error *err) {
    json_t *root = json_loads(json, 0, NULL);
    assert_non_null(root);
    at_status status = at_notebook_from_json(root, out, err);
    json_decref(root);
    return status;
}

static void test_what_others_write(void **state) {
    (void)state;
    at_notebook n = {0};
    at_error err = {0};
    at_text text = {0};
    assert_ok(
        from_text("{\"nbformat\":4,\"nbformat_minor\":2,\"metadata\":{},\"cells\":["
                  "{\"cell_type\":\"code\",\"source\":\"a\\nb\",\"metadata\":{}},"
                  "{\"cell_type\":\"raw\",\"id\":\"x-1\",\"source\":[\"r\\n\",\"s\"]}]}",
                  &n, &err),
        &err);
    assert_string_equal(n.cells[0].text, "a\nb");
    assert_string_equal(n.cells[1].text, "r\ns");
    assert_string_equal(n.cells[1].id, "x-1");
    at_notebook_fini(&n);
    assert_int_equal(from_text("{\"nbformat\":3,\"worksheets\":[]}", &n, &err),
                     AT_UNSUPPORTED);
    assert_int_equal(
        from_text("{\"nbformat\":4,\"cells\":[{\"source\":\"\"}]}", &n, &err),
        AT_CORRUPT);
    at_notebook_fini(&n);
    assert_int_equal(
        from_text("{\"nbformat\":4,\"cells\":[{\"cell_type\":\"code\",\"source\":3}]}",
                  &n, &err),
        AT_CORRUPT);
    at_notebook_fini(&n);
    assert_ok(from_text("{\"nbformat\":4,\"cells\":[{\"cell_type\":\"code\",\"source\":"
                        "\"a\\n# %%\"}]}",
                        &n, &err),
              &err);
    assert_int_equal(at_notebook_to_script(&n, &text, &err), AT_INVALID);
    at_notebook_fini(&n);
    at_text_fini(&text);
    assert_int_equal(at_notebook_from_script("\xff", 1, &n, &err), AT_SYNTAX);
    at_notebook_fini(&n);
    assert_ok(at_notebook_from_script("\xEF\xBB\xBF%help\r\n# %%\r\nSELECT 1\r\n", 26, &n,
                                      &err),
              &err);
    assert_int_equal(n.count, 2);
    assert_string_equal(n.cells[1].text, "SELECT 1");
    at_notebook_fini(&n);
    assert_ok(at_notebook_from_script("!a\r\n!b\r\n", 8, &n, &err), &err);
    assert_string_equal(n.cells[0].text, "!a\n!b");
    at_notebook_fini(&n);
}

static at_status sweep(void *context) {
    at_notebook n = {0};
    at_text text = {0};
    (void)context;
    at_status status = at_notebook_from_script(SCRIPT, strlen(SCRIPT), &n, NULL);
    if (!status)
        status = at_notebook_to_script(&n, &text, NULL);
    at_text_fini(&text);
    at_notebook_fini(&n);
    return status;
}

static void test_no_memory(void **state) {
    (void)state;
    assert_true(at_test_sweep(sweep, NULL) > 0);
}

/* A title may hold any word; as a word of a "# %%" line some say what kind the cell is.
 */
static void test_a_title_does_not_change_the_kind(void **state) {
    (void)state;
    at_notebook notebook = {0}, again = {0};
    at_error err = {0};
    at_text text = {0};
    json_t *root = json_pack("{s:i,s:[{s:s,s:{s:s},s:s}]}", "nbformat", 4, "cells",
                             "cell_type", "code", "metadata", "title",
                             "[markdown]  a [raw] look", "source", "SELECT 1");
    assert_non_null(root);
    assert_ok(at_notebook_from_json(root, &notebook, &err), &err);
    assert_ok(at_notebook_to_script(&notebook, &text, &err), &err);
    assert_string_equal(at_text_get(&text), "# %% a look\nSELECT 1\n");
    assert_ok(at_notebook_from_script(at_text_get(&text), text.length, &again, &err),
              &err);
    assert_int_equal(again.cells[0].kind, AT_PROSE_CODE);
    assert_string_equal(again.cells[0].title, "a look");
    at_text_fini(&text);
    at_notebook_fini(&notebook);
    at_notebook_fini(&again);
    json_decref(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_what_others_write),
        cmocka_unit_test(test_a_title_does_not_change_the_kind),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
