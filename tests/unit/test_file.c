#include "ops/base/file.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static int set_up(void **state) {
    *state = at_test_folder();
    return 0;
}

static int tear_down(void **state) {
    at_test_folder_remove(*state);
    return 0;
}

static size_t entries_in(const char *folder) {
    DIR *d = opendir(folder);
    assert_non_null(d);
    size_t n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void test_write_and_read(void **state) {
    at_error err;
    char *path = at_path_join(*state, "a.bin");
    at_text text = {0};
    assert_ok(at_file_write(path, "one\0two", 7, &err), &err);
    assert_ok(at_file_read(path, 7, &text, &err), &err);
    assert_int_equal(text.length, 7);
    assert_memory_equal(text.data, "one\0two", 7);
    assert_ok(at_file_write(path, "x", 1, &err), &err); /* replaces */
    assert_int_equal(at_file_size(path), 1);
    assert_true(at_file_exists(path));
    assert_false(at_folder_exists(path));
    assert_int_equal(entries_in(*state), 1); /* no temporary left */
    assert_int_equal(at_file_read(path, 0, &text, &err), AT_LIMIT);
    at_text_fini(&text);
    at_free(path);
}

static void test_read_errors(void **state) {
    at_error err;
    at_text text = {0};
    char *path = at_path_join(*state, "missing");
    assert_int_equal(at_file_read(path, 10, &text, &err), AT_NOT_FOUND);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(at_file_read(*state, 10, &text, &err), AT_INVALID);
    assert_int_equal(at_file_size(path), -1);
    at_free(path);
    path = at_path_join(*state, "no/such/folder");
    assert_int_equal(at_file_write(path, "x", 1, &err), AT_NOT_FOUND);
    at_free(path);
    at_text_fini(&text);
}

static void test_large_file(void **state) {
    at_error err;
    char *path = at_path_join(*state, "large");
    size_t size = 300000;
    char *bytes = at_alloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 31);
    assert_ok(at_file_write(path, bytes, size, &err), &err);
    at_text text = {0};
    assert_ok(at_file_read(path, size, &text, &err), &err);
    assert_int_equal(text.length, size);
    assert_memory_equal(text.data, bytes, size);
    at_text_clear(&text);
    char *copy = at_path_join(*state, "copy"), *missing = at_path_join(*state, "missing");
    assert_ok(at_file_copy(path, copy, &err), &err);
    assert_ok(at_file_read(copy, size, &text, &err), &err);
    assert_int_equal(text.length, size);
    assert_memory_equal(text.data, bytes, size);
    assert_int_equal(at_file_copy(missing, copy, &err), AT_NOT_FOUND);
    assert_int_equal(at_file_copy(*state, copy, &err), AT_IO); /* a folder */
    assert_int_equal(at_file_size(copy), (int64_t)size);
    assert_int_equal(entries_in(*state), 2);
    at_text_fini(&text);
    at_free(bytes);
    at_free(path);
    at_free(copy);
    at_free(missing);
}

static void test_commit(void **state) {
    at_error err;
    char *temporary = at_path_join(*state, "t"), *path = at_path_join(*state, "final");
    assert_int_equal(at_file_commit(temporary, path, &err), AT_NOT_FOUND);
    assert_ok(at_file_write(temporary, "new", 3, &err), &err);
    assert_ok(at_file_commit(temporary, path, &err), &err);
    assert_false(at_file_exists(temporary));
    assert_int_equal(at_file_size(path), 3);
    at_free(temporary);
    at_free(path);
}

static void test_folders(void **state) {
    at_error err;
    char *deep = at_path_join(*state, "a/b//c/");
    assert_ok(at_folder_make(deep, &err), &err);
    assert_ok(at_folder_make(deep, &err), &err);
    assert_true(at_folder_exists(deep));
    char *file = at_path_join(deep, "f"), *below = at_path_join(*state, "a/b/c/f/g");
    assert_ok(at_file_write(file, "x", 1, &err), &err);
    assert_int_not_equal(at_folder_make(below, &err), AT_OK);
    assert_non_null(strstr(err.text, "cannot make the folder"));
    at_free(file);
    at_free(below);
    at_free(deep);
}

static void test_remove(void **state) {
    at_error err;
    char *kept = at_path_join(*state, "kept"), *tree = at_path_join(*state, "tree");
    char *sub = at_path_join(tree, "x/y"), *link = at_path_join(tree, "x/link");
    char *inside = at_path_join(kept, "precious");
    assert_ok(at_folder_make(kept, &err), &err);
    assert_ok(at_folder_make(sub, &err), &err);
    assert_ok(at_file_write(inside, "1", 1, &err), &err);
    assert_int_equal(symlink(kept, link), 0);
    assert_ok(at_file_remove(tree, &err), &err);
    assert_false(at_folder_exists(tree));
    assert_true(at_file_exists(inside)); /* the link was removed, not followed */
    assert_ok(at_file_remove(tree, &err), &err);
    char *name = at_path_join(*state, "one-link");
    assert_int_equal(symlink(kept, name), 0);
    assert_ok(at_file_remove(name, &err), &err);
    assert_true(at_file_exists(inside));
    char *all[] = {kept, tree, sub, link, inside, name};
    for (size_t i = 0; i < COUNT(all); i++)
        at_free(all[i]);
}

static void test_paths(void **state) {
    (void)state;
    const struct {
        const char *folder, *name, *joined;
    } cases[] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"a", "/b", "/b"},
                 {"", "b", "b"},    {"/", "b", "/b"},   {"a", "", "a/"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *joined = at_path_join(cases[i].folder, cases[i].name);
        assert_string_equal(joined, cases[i].joined);
        at_free(joined);
    }
    assert_string_equal(at_path_base("a/b.csv"), "b.csv");
    assert_string_equal(at_path_base("b.csv"), "b.csv");
    assert_string_equal(at_path_base("a/"), "");
}

static at_status write_and_read(void *context) {
    at_text text = {0};
    char *path = at_path_join(context, "swept");
    at_status status = path ? AT_OK : AT_NO_MEMORY;
    if (!status)
        status = at_file_write(path, "abc", 3, NULL);
    if (!status)
        status = at_file_read(path, 100, &text, NULL);
    at_text_fini(&text);
    at_free(path);
    return status;
}

static void test_no_memory(void **state) {
    assert_true(at_test_sweep(write_and_read, *state) >= 3);
    assert_int_equal(entries_in(*state), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_write_and_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_commit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_remove, set_up, tear_down),
        cmocka_unit_test(test_paths),
        cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
