#include "kernel/display.h"
#include "tests/unit/unit.h"

typedef struct at_seen {
    at_display base;
    char text[4096];
    int shown;
} at_seen;

static void stream(at_display *display, at_stream channel, const char *text,
                   size_t length) {
    at_seen *seen = (at_seen *)display;
    assert_int_equal(channel, AT_STDOUT);
    snprintf(seen->text, sizeof seen->text, "%.*s", (int)length, text);
}

static void show(at_display *display, const at_bundle *bundle, const char *id) {
    (void)bundle, (void)id;
    ((at_seen *)display)->shown++;
}

static void test_bundles(void **state) {
    (void)state;
    at_bundle bundle = at_bundle_new("plain");
    at_bundle_put(&bundle, "text/html", "<b>rich</b>");
    assert_true(at_bundle_ok(&bundle));
    assert_string_equal(json_string_value(json_object_get(bundle.data, "text/plain")),
                        "plain");
    assert_string_equal(json_string_value(json_object_get(bundle.data, "text/html")),
                        "<b>rich</b>");
    at_bundle_put(&bundle, "text/plain", "not UTF-8: \xff");
    assert_true(at_bundle_ok(&bundle)); /* said, not lost */
    assert_non_null(json_string_value(json_object_get(bundle.data, "text/plain")));
    at_bundle_fini(&bundle);
    assert_false(at_bundle_ok(&bundle));
    at_bundle_put(&bundle, "text/html", "x"); /* what failed stays failed */
    assert_false(at_bundle_ok(&bundle));
}

static void test_print_of_any_length(void **state) {
    (void)state;
    static const at_display_vtable vtable = {.stream = stream, .show = show};
    at_seen seen = {.base = {.vtable = &vtable}};
    at_display_print(&seen.base, "%d and %s", 7, "more");
    assert_string_equal(seen.text, "7 and more");
    at_display_print(&seen.base, "%2000d", 7);
    assert_int_equal(strlen(seen.text), 2000);
    assert_int_equal(seen.text[1999], '7');
}

static void test_nobody_is_shown_what_failed(void **state) {
    (void)state;
    static const at_display_vtable vtable = {.stream = stream, .show = show};
    at_seen seen = {.base = {.vtable = &vtable}};
    at_bundle failed = {0}, good = at_bundle_new("x");
    at_display_show(&seen.base, &failed, NULL);
    assert_int_equal(seen.shown, 0);
    at_display_show(&seen.base, &good, NULL);
    assert_int_equal(seen.shown, 1);
    at_bundle_fini(&good);
}

static void test_no_display_swallows_everything(void **state) {
    (void)state;
    at_bundle bundle = at_bundle_new("x");
    at_display_print(NULL, "x");
    at_display_show(NULL, &bundle, NULL);
    at_display_update(NULL, &bundle, "id");
    at_display_result(NULL, &bundle);
    at_display_page(NULL, &bundle);
    at_display_clear(NULL, true);
    at_bundle_fini(&bundle);
}

static void test_ids(void **state) {
    (void)state;
    char one[33], two[33];
    at_display_id(one);
    at_display_id(two);
    assert_int_equal(strspn(one, "0123456789abcdef"), 32);
    assert_string_not_equal(one, two);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bundles),
        cmocka_unit_test(test_print_of_any_length),
        cmocka_unit_test(test_nobody_is_shown_what_failed),
        cmocka_unit_test(test_no_display_swallows_everything),
        cmocka_unit_test(test_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
