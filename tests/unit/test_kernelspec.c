#include "kernel/kernelspec.h"
#include "tests/unit/unit.h"

#include <jansson.h>
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

static void test_install(void **state) {
    at_error err;
    char *folder, binary[4096];
    assert_ok(at_kernelspec_folder(AT_TARGET_PREFIX, *state, &folder, &err), &err);
    assert_non_null(strstr(folder, "/share/jupyter/kernels/atelier"));
    assert_ok(at_kernelspec_install(folder, &err), &err);
    assert_ok(at_kernelspec_install(folder, &err), &err); /* again: replaces */
    char *path = at_path_join(folder, "kernel.json");
    json_t *spec = json_load_file(path, 0, NULL);
    assert_non_null(spec);
    assert_true(at_binary_path(binary));
    json_t *argv = json_object_get(spec, "argv");
    assert_string_equal(json_string_value(json_array_get(argv, 0)), binary);
    assert_int_equal(binary[0], '/');
    assert_string_equal(json_string_value(json_array_get(argv, 3)), "{connection_file}");
    assert_string_equal(json_string_value(json_object_get(spec, "display_name")),
                        "Atelier");
    assert_string_equal(json_string_value(json_object_get(spec, "language")), "atelier");
    assert_string_equal(json_string_value(json_object_get(spec, "interrupt_mode")),
                        "message");
    json_decref(spec);
    at_free(path);
    /* The logos are the files of the source tree, byte for byte. */
    static const char *const logos[] = {"logo-32x32.png", "logo-64x64.png",
                                        "logo-svg.svg"};
    for (size_t i = 0; i < COUNT(logos); i++) {
        at_text installed = {0}, source = {0};
        char *at = at_path_join(folder, logos[i]);
        char *from = at_path_join(ATELIER_SOURCE "/kernelspec", logos[i]);
        assert_ok(at_file_read(at, 1 << 20, &installed, &err), &err);
        assert_ok(at_file_read(from, 1 << 20, &source, &err), &err);
        assert_int_equal(installed.length, source.length);
        assert_memory_equal(installed.data, source.data, source.length);
        at_text_fini(&installed);
        at_text_fini(&source);
        at_free(at);
        at_free(from);
    }
    assert_ok(at_kernelspec_uninstall(folder, &err), &err);
    assert_false(at_folder_exists(folder));
    assert_int_equal(at_kernelspec_uninstall(folder, &err), AT_NOT_FOUND);
    at_free(folder);
}

static void clear_environment(void) {
    static const char *const names[] = {"JUPYTER_PATH", "JUPYTER_DATA_DIR",
                                        "XDG_DATA_HOME", "VIRTUAL_ENV", "CONDA_PREFIX"};
    for (size_t i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
}

static void test_where_jupyter_looks(void **state) {
    char found[16][4096];
    clear_environment();
    setenv("PATH", "/nowhere", 1);
    setenv("HOME", "/h", 1);
    assert_int_equal(at_kernelspec_search(found, 16), 3);
    assert_string_equal(found[0], "/h/.local/share/jupyter/kernels");
    assert_string_equal(found[1], "/usr/local/share/jupyter/kernels");
    assert_string_equal(found[2], "/usr/share/jupyter/kernels");
    setenv("JUPYTER_PATH", "/a:/b:/usr/share/jupyter", 1);
    setenv("XDG_DATA_HOME", "/x", 1);
    setenv("VIRTUAL_ENV", "/v", 1);
    assert_int_equal(at_kernelspec_search(found, 16), 6);
    assert_string_equal(found[0], "/a/kernels");
    assert_string_equal(found[2], "/usr/share/jupyter/kernels"); /* once */
    assert_string_equal(found[3], "/x/jupyter/kernels");
    assert_string_equal(found[4], "/v/share/jupyter/kernels");
    assert_int_equal(at_kernelspec_search(found, 2), 2); /* bounded */
    /* The prefix of the jupyter on the PATH. */
    clear_environment();
    at_error err;
    char *bin = at_path_join(*state, "bin"), *program = at_path_join(bin, "jupyter");
    assert_ok(at_folder_make(bin, &err), &err);
    assert_ok(at_file_write(program, "#!/bin/sh\n", 10, &err), &err);
    assert_int_equal(access(program, F_OK), 0);
    assert_int_equal(chmod(program, 0755), 0);
    setenv("PATH", bin, 1);
    char expected[4096];
    snprintf(expected, sizeof expected, "%s/share/jupyter/kernels", (char *)*state);
    assert_int_equal(at_kernelspec_search(found, 16), 4);
    assert_string_equal(found[1], expected);
    at_free(bin);
    at_free(program);
}

static void test_targets(void **state) {
    (void)state;
    at_error err;
    char *folder;
    clear_environment();
    setenv("HOME", "/h", 1);
    assert_ok(at_kernelspec_folder(AT_TARGET_USER, NULL, &folder, &err), &err);
    assert_string_equal(folder, "/h/.local/share/jupyter/kernels/atelier");
    at_free(folder);
    assert_int_equal(at_kernelspec_folder(AT_TARGET_SYS_PREFIX, NULL, &folder, &err),
                     AT_NOT_FOUND);
    assert_non_null(strstr(err.hint, "--user"));
    setenv("CONDA_PREFIX", "/conda", 1);
    assert_ok(at_kernelspec_folder(AT_TARGET_SYS_PREFIX, NULL, &folder, &err), &err);
    assert_string_equal(folder, "/conda/share/jupyter/kernels/atelier");
    at_free(folder);
    unsetenv("HOME");
    assert_int_equal(at_kernelspec_folder(AT_TARGET_USER, NULL, &folder, &err),
                     AT_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_install),
        cmocka_unit_test(test_where_jupyter_looks),
        cmocka_unit_test(test_targets),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
