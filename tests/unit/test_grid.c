/* Grids and figures: aligned text, escaped markup, honest captions. */
#include "magics/view/grid.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

static const char *plain_of(const at_bundle *bundle) {
    return json_string_value(json_object_get(bundle->data, "text/plain"));
}

static const char *html_of(const at_bundle *bundle) {
    return json_string_value(json_object_get(bundle->data, "text/html"));
}

static void test_plain_is_aligned(void **state) {
    (void)state;
    const at_grid_column columns[] = {{"name", NULL, false}, {"rows", NULL, true}};
    const at_grid_cell cells[] = {{.text = "Zürich"}, {.text = "7"},  {.text = "日本"},
                                  {.text = "41,188"}, {.text = NULL}, {.text = "0"}};
    at_grid grid = {.title = "Places",
                    .caption = "3 rows",
                    .columns = columns,
                    .column_count = 2,
                    .cells = cells,
                    .row_count = 3};
    at_bundle bundle;
    at_error err;
    assert_int_equal(at_view_grid(&grid, &bundle, &err), AT_OK);
    assert_string_equal(plain_of(&bundle), "Places\n"
                                           "name      rows\n"
                                           "──────  ──────\n"
                                           "Zürich       7\n"
                                           "日本    41,188\n"
                                           "–            0\n"
                                           "3 rows");
    at_bundle_fini(&bundle);
}

static void test_html_is_escaped(void **state) {
    (void)state;
    const at_grid_column columns[] = {{"<b>\"x\"</b>", "a&b", false}};
    const at_grid_cell cells[] = {{.text = "<script>alert('1')</script>"}};
    at_grid grid = {
        .columns = columns, .column_count = 1, .cells = cells, .row_count = 1};
    at_bundle bundle;
    at_error err;
    assert_int_equal(at_view_grid(&grid, &bundle, &err), AT_OK);
    assert_null(strstr(html_of(&bundle), "<script>"));
    assert_null(strstr(html_of(&bundle), "<b>\""));
    assert_non_null(strstr(html_of(&bundle), "&lt;script&gt;"));
    assert_non_null(strstr(html_of(&bundle), "a&amp;b"));
    at_bundle_fini(&bundle);
}

/* Rows 0 .. n-1 of {id int, half float}. */
static at_frame *counting(int n) {
    at_error err;
    at_column_builder *id = NULL, *half = NULL;
    at_frame_builder *builder = NULL;
    at_frame *frame = NULL;
    assert_int_equal(at_column_builder_new("id", AT_TYPE_INT, &id, &err), AT_OK);
    assert_int_equal(at_column_builder_new("half", AT_TYPE_FLOAT, &half, &err), AT_OK);
    for (int r = 0; r < n; r++) {
        at_column_builder_int(id, r);
        if (r == 1)
            at_column_builder_missing(half);
        else
            at_column_builder_real(half, r / 2.0);
    }
    assert_int_equal(at_frame_builder_new(&builder, &err), AT_OK);
    assert_int_equal(at_frame_builder_take(builder, id, &err), AT_OK);
    assert_int_equal(at_frame_builder_take(builder, half, &err), AT_OK);
    assert_int_equal(at_frame_builder_finish(builder, &frame, &err), AT_OK);
    return frame;
}

static void test_table_says_what_is_not_shown(void **state) {
    (void)state;
    at_frame *frame = counting(1234);
    at_table_options options = {.rows = 3, .more = "%show t"};
    at_bundle bundle;
    at_error err;
    assert_int_equal(at_view_table(frame, -1, &options, &bundle, &err), AT_OK);
    assert_string_equal(plain_of(&bundle),
                        "id  half\n"
                        "──  ────\n"
                        " 0   0.0\n"
                        " 1     –\n"
                        " 2   1.0\n"
                        "1,234 rows × 2 columns · first 3 shown · %show t");
    at_bundle_fini(&bundle);
    options = (at_table_options){.first = 1232, .rows = 10};
    assert_int_equal(at_view_table(frame, -1, &options, &bundle, &err), AT_OK);
    assert_non_null(strstr(plain_of(&bundle), "rows 1,233 to 1,234 shown"));
    at_bundle_fini(&bundle);
    at_frame_release(frame);
}

static void test_figures(void **state) {
    (void)state;
    at_arena arena = {0};
    assert_string_equal(at_view_count(&arena, 0), "0");
    assert_string_equal(at_view_count(&arena, 999), "999");
    assert_string_equal(at_view_count(&arena, 1000), "1,000");
    assert_string_equal(at_view_count(&arena, -1234567), "-1,234,567");
    assert_string_equal(at_view_plural(&arena, 1, "row"), "1 row");
    assert_string_equal(at_view_plural(&arena, 41188, "row"), "41,188 rows");
    assert_string_equal(at_view_bytes(&arena, 12), "12 bytes");
    assert_string_equal(at_view_bytes(&arena, 4928746), "4.93 MB");
    assert_string_equal(at_view_bytes(&arena, 999999), "1.00 MB");
    assert_string_equal(at_view_seconds(&arena, 0.0123), "12 ms");
    assert_string_equal(at_view_seconds(&arena, 1.25), "1.2 s");
    assert_string_equal(at_view_seconds(&arena, 75.2), "1 min 15 s");
    assert_string_equal(at_view_seconds(&arena, 3 * 3600 + 60), "3 h 1 min");
    assert_string_equal(at_view_number(&arena, 0.123456), "0.1235");
    assert_string_equal(at_view_number(&arena, 40.0241), "40.02");
    assert_string_equal(at_view_number(&arena, 5191), "5,191");
    assert_string_equal(at_view_number(&arena, 12345.678), "12,346");
    assert_string_equal(at_view_number(&arena, (double)NAN), "–");
    assert_string_equal(at_view_number(&arena, 1.5e-7), "1.5e-07");
    at_arena_fini(&arena);
}

static void test_width(void **state) {
    (void)state;
    assert_int_equal(at_view_width("abc", 3), 3);
    assert_int_equal(at_view_width("日本", 6), 4);
    assert_int_equal(at_view_width("e\xCC\x81", 3), 1); /* e and a combining acute */
    assert_int_equal(at_view_width("\xF0\x9F\x98\x80", 4), 2);
    assert_int_equal(at_view_width("\xE6", 1), 1); /* cut off: must not read on */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_is_aligned),
        cmocka_unit_test(test_html_is_escaped),
        cmocka_unit_test(test_table_says_what_is_not_shown),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
