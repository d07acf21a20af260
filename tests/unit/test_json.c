#include "kernel/json.h"
#include "tests/unit/unit.h"

static void check_quote(const char *bytes, size_t length, const char *expected) {
    at_text text = {0};
    at_json_put_string(&text, bytes, length);
    json_t *value = json_loadb(at_text_get(&text), text.length,
                               JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(value);
    if (expected) {
        assert_string_equal(json_string_value(value), expected);
    } else { /* comes back as it was */
        assert_int_equal(json_string_length(value), length);
        assert_memory_equal(json_string_value(value), bytes, length);
    }
    json_decref(value);
    at_text_fini(&text);
}

static void test_quote_valid(void **state) {
    (void)state;
    static const char *const texts[] = {"", "plain", "\"quoted\" \\ back",
                                        "tab\t nl\n cr\r bell\a esc\x1b[0m del\x7f",
                                        "na\xc3\xafve \xe2\x82\xac \xf0\x9f\xa7\xa0 "
                                        "\xed\x9f\xbf \xee\x80\x80 \xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < COUNT(texts); i++)
        check_quote(texts[i], strlen(texts[i]), NULL);
    check_quote("a\0b", 3, NULL);
    char all[256];
    for (int i = 0; i < 128; i++)
        all[i] = (char)i;
    check_quote(all, 128, NULL);
}

#define BAD "\xef\xbf\xbd"

static void test_quote_invalid(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {"\xff", BAD},
        {"a\x80z", "a" BAD "z"},
        {"\xc3", BAD},
        {"\xc0\xaf", BAD BAD},                 /* overlong */
        {"\xe0\x80\x80", BAD BAD BAD},         /* overlong */
        {"\xed\xa0\x80", BAD BAD BAD},         /* a surrogate */
        {"\xf4\x90\x80\x80", BAD BAD BAD BAD}, /* beyond Unicode */
        {"\xe2\x82", BAD BAD},
        {"\xe2\x82x", BAD BAD "x"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_quote(cases[i].bytes, strlen(cases[i].bytes), cases[i].text);
}

static void test_unfinished(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t rest;
    } cases[] = {
        {"", 0},
        {"a", 0},
        {"\xc3", 1},
        {"a\xe2\x82", 2},
        {"\xf0\x9f\xa7", 3},
        {"\xf0\x9f\xa7\xa0", 0},
        {"\xc3\xa9", 0},
        {"\x80", 0},
        {"\xff", 0},
        {"\x80\x80\x80\x80", 0},
        {"\xe2", 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(at_utf8_unfinished(cases[i].bytes, strlen(cases[i].bytes)),
                         cases[i].rest);
}

static void test_fields(void **state) {
    (void)state;
    json_t *object =
        json_pack("{s:b, s:i, s:s, s:n}", "yes", 1, "n", 7, "text", "abc", "none");
    size_t length;
    assert_true(at_json_bool(object, "yes", false));
    assert_true(at_json_bool(object, "absent", true));
    assert_true(at_json_bool(object, "n", true)); /* ill-typed: as if absent */
    assert_int_equal(at_json_int(object, "n", 0), 7);
    assert_int_equal(at_json_int(object, "text", -1), -1);
    assert_string_equal(at_json_text(object, "text", NULL, &length), "abc");
    assert_int_equal(length, 3);
    assert_string_equal(at_json_text(object, "none", "xy", &length), "xy");
    assert_int_equal(length, 2);
    assert_null(at_json_text(object, "absent", NULL, &length));
    assert_int_equal(length, 0);
    assert_string_equal(at_json_text(NULL, "absent", "z", NULL), "z");
    json_decref(object);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quote_valid),
        cmocka_unit_test(test_quote_invalid),
        cmocka_unit_test(test_unfinished),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
