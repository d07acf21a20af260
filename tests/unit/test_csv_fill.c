/* Rows with fewer fields than the header: errors, passed over, or filled. */
#include "ops/base/text.h"
#include "ops/frame/csv.h"
#include "tests/unit/unit.h"

static at_status read_rows(const char *text, bool skip, at_frame **out,
                           at_csv_report *report, at_error *err) {
    at_csv_options options = at_csv_options_default();
    options.fill_short_rows = true;
    options.skip_bad_rows = skip;
    *err = (at_error){0};
    return at_csv_read(text, strlen(text), &options, NULL, out, report, err);
}

/* What they lack is missing; a carriage return is no cell, a blank line no row. */
static void test_filled(void **state) {
    (void)state;
    at_frame *frame;
    at_csv_report report;
    at_error err;
    assert_ok(read_rows("a;b;c\r\n1;2;3\r\n4;5\r\n\r\n6;\r\n\"x;y\";7;8\r\n", false,
                        &frame, &report, &err),
              &err);
    assert_int_equal(at_frame_rows(frame), 4);
    assert_int_equal(report.bad_rows, 0);
    const at_column *a = at_frame_column(frame, 0), *b = at_frame_column(frame, 1),
                    *c = at_frame_column(frame, 2);
    assert_int_equal(b->ints[1], 5);
    assert_int_equal(c->ints[3], 8);
    assert_int_equal(c->missing, 2);
    assert_false(at_column_valid(c, 1));
    assert_false(at_column_valid(b, 2));
    int64_t length;
    assert_memory_equal(at_column_text(a, 3, &length), "x;y", 3);
    at_frame_release(frame);
}

/* Half of a row is none, and a longer one never was. */
static void test_not_filled(void **state) {
    (void)state;
    static const char text[] = "a,b,c\n1,2\n1\n2,3,4,5\n6,7,8\n";
    at_frame *frame;
    at_csv_report report;
    at_error err;
    assert_int_equal(read_rows(text, false, &frame, &report, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "row 2 (line 3) has 1 field, not 3"));
    assert_ok(read_rows(text, true, &frame, &report, &err), &err);
    assert_int_equal(at_frame_rows(frame), 2);
    assert_int_equal(report.bad_rows, 2);
    assert_false(at_column_valid(at_frame_column(frame, 2), 0));
    at_frame_release(frame);
}

/* Whatever the chunks, the same rows. */
static void test_chunks(void **state) {
    (void)state;
    at_text text = {0};
    at_text_put(&text, "a,b,c,d\n");
    for (int i = 0; i < 500; i++)
        at_text_format(&text, i % 3 ? "%d,2,\"x\ny\"\n" : "%d,2,3,4\n", i);
    setenv("ATELIER_CSV_CHUNK", "100", 1);
    at_frame *frame;
    at_csv_report report;
    at_error err;
    assert_ok(read_rows(at_text_get(&text), false, &frame, &report, &err), &err);
    unsetenv("ATELIER_CSV_CHUNK");
    assert_int_equal(at_frame_rows(frame), 500);
    for (int64_t i = 0; i < 500; i++) {
        assert_int_equal(at_frame_column(frame, 0)->ints[i], i);
        assert_int_equal(at_column_valid(at_frame_column(frame, 3), i), i % 3 == 0);
    }
    at_frame_release(frame);
    at_text_fini(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_filled),
                                       cmocka_unit_test(test_not_filled),
                                       cmocka_unit_test(test_chunks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
