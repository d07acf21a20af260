#include "kernel/history.h"
#include "tests/unit/unit.h"

static int set_up(void **state) {
    *state = at_test_folder();
    return 0;
}

static int tear_down(void **state) {
    at_test_folder_remove(*state);
    return 0;
}

static const char *path_of(void *context) {
    return context;
}

static void add(at_history *history, const char *source, const char *output) {
    at_error err;
    assert_ok(at_history_add(history, at_history_next(history), source, output, &err),
              &err);
}

/* Takes the list; compares its compact JSON. */
static void check(json_t *list, const char *expected) {
    char *text = json_dumps(list, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(list);
}

static void test_sessions(void **state) {
    at_error err;
    at_history *h;
    json_t *found;
    char *path = at_path_join(*state, "history.db");
    for (int i = 0; i < 2; i++) {
        assert_ok(at_history_new(path_of, path, &h, &err), &err);
        assert_int_equal(at_history_count(h), 0);
        add(h, i ? "c" : "a", NULL);
        add(h, i ? "d" : "b", "out");
        assert_int_equal(at_history_count(h), 2);
        at_history_release(h);
    }
    assert_ok(at_history_new(path_of, path, &h, &err), &err);
    assert_ok(at_history_tail(h, 3, false, &found, &err), &err);
    check(found, "[[1,2,\"b\"],[2,1,\"c\"],[2,2,\"d\"]]");
    /* Before its first cell this session has no number: -1 is still the one before it. */
    assert_ok(at_history_range(h, -1, 1, 2, false, &found, &err), &err);
    check(found, "[[2,1,\"c\"]]");
    assert_ok(at_history_range(h, 0, 0, -1, false, &found, &err), &err);
    check(found, "[]");
    add(h, "e", "E");
    assert_ok(at_history_range(h, 0, 0, -1, true, &found, &err), &err);
    check(found, "[[3,1,[\"e\",\"E\"]]]");
    assert_ok(at_history_range(h, -1, 2, -1, true, &found, &err), &err);
    check(found, "[[2,2,[\"d\",\"out\"]]]");
    assert_ok(at_history_range(h, -2, 0, -1, true, &found, &err), &err);
    check(found, "[[1,1,[\"a\",null]],[1,2,[\"b\",\"out\"]]]");
    assert_ok(at_history_range(h, INT64_MIN + 1, 0, -1, true, &found, &err), &err);
    check(found, "[]");
    at_history_release(h);
    at_free(path);
}

static void test_search(void **state) {
    (void)state;
    at_error err;
    at_history *h;
    json_t *found;
    assert_ok(at_history_new(NULL, NULL, &h, &err), &err);
    add(h, "SELECT 1", NULL);
    add(h, "%show bank", NULL);
    add(h, "SELECT 1", NULL);
    add(h, "SELECT 2", NULL);
    assert_ok(at_history_search(h, "SELECT*", 0, false, false, &found, &err), &err);
    check(found, "[[1,1,\"SELECT 1\"],[1,3,\"SELECT 1\"],[1,4,\"SELECT 2\"]]");
    assert_ok(at_history_search(h, "SELECT ?", 2, true, false, &found, &err), &err);
    check(found, "[[1,3,\"SELECT 1\"],[1,4,\"SELECT 2\"]]");
    assert_ok(at_history_search(h, "*b[a]nk", 1, false, true, &found, &err), &err);
    check(found, "[[1,2,[\"%show bank\",null]]]");
    at_history_release(h);
}

static void test_a_broken_file_is_left_alone(void **state) {
    at_error err;
    at_history *h;
    json_t *found;
    at_text text = {0};
    char *path = at_path_join(*state, "broken.db");
    assert_ok(at_file_write(path, "no database at all, I am afraid", 31, &err), &err);
    assert_ok(at_history_new(path_of, path, &h, &err), &err);
    add(h, "kept", NULL);
    assert_ok(at_history_tail(h, 5, false, &found, &err), &err);
    check(found, "[[1,1,\"kept\"]]");
    at_history_release(h);
    assert_ok(at_file_read(path, 100, &text, &err), &err);
    assert_string_equal(at_text_get(&text), "no database at all, I am afraid");
    at_text_fini(&text);
    at_free(path);
}

static void *no_memory(size_t size) {
    (void)size;
    return NULL;
}

/* A failure without a word would reach the person as an empty error. */
static void test_no_memory_is_said(void **state) {
    at_error err = {0};
    at_history *h;
    json_t *found;
    char *path = at_path_join(*state, "short.db");
    assert_ok(at_history_new(path_of, path, &h, &err), &err);
    add(h, "a", NULL);
    json_malloc_t allocate;
    json_free_t release;
    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(no_memory, release);
    at_status status = at_history_tail(h, 5, false, &found, &err);
    json_set_alloc_funcs(allocate, release);
    assert_int_equal(status, AT_NO_MEMORY);
    assert_int_equal(err.code, AT_NO_MEMORY);
    assert_non_null(strstr(err.text, "no memory"));
    at_history_release(h);
    at_free(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_no_memory_is_said),
        cmocka_unit_test(test_a_broken_file_is_left_alone),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
