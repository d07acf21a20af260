#include "ops/base/text.h"
#include "ops/frame/jsonl.h"
#include "tests/unit/unit.h"

static at_frame *read_text(const char *text, bool skip_bad, at_csv_report *report) {
    at_frame *frame;
    at_error err = {0};
    assert_ok(at_jsonl_read(text, strlen(text), skip_bad, NULL, &frame, report, &err),
              &err);
    return frame;
}

static const char *cell(const at_frame *frame, int column, int64_t row) {
    static char out[4][256];
    static int turn;
    char *place = out[turn = (turn + 1) % 4];
    at_text text = {0};
    at_column_format(at_frame_column(frame, column), row, &text);
    snprintf(place, sizeof out[0], "%s", at_text_get(&text));
    at_text_fini(&text);
    return place;
}

static void test_types(void **state) {
    (void)state;
    at_csv_report report;
    at_frame *frame = read_text(
        "{\"i\": 1, \"f\": 1, \"b\": true, \"s\": \"x\", \"d\": \"2024-01-31\"}\n"
        "\r\n"
        "{\"f\": 2.5, \"i\": null, \"s\": \"\", \"n\": {\"k\": [1, 2]}, \"m\": 1}\r\n"
        "{\"b\": false, \"t\": \"2024-01-31T10:00:00Z\", \"m\": \"one\", "
        "\"big\": 92233720368547758080}",
        false, &report);
    static const struct {
        const char *name;
        at_type type;
        const char *cells[3];
    } want[] = {{"i", AT_TYPE_INT, {"1", "", ""}},
                {"f", AT_TYPE_FLOAT, {"1", "2.5", ""}},
                {"b", AT_TYPE_BOOL, {"true", "", "false"}},
                {"s", AT_TYPE_CATEGORY, {"x", "", ""}},
                {"d", AT_TYPE_DATE, {"2024-01-31", "", ""}},
                {"n", AT_TYPE_CATEGORY, {"", "{\"k\":[1,2]}", ""}},
                {"m", AT_TYPE_CATEGORY, {"", "1", "one"}},
                {"t", AT_TYPE_TIMESTAMP, {"", "", "2024-01-31 10:00:00"}},
                {"big", AT_TYPE_FLOAT, {"", "", "9.223372036854776e+19"}}};
    assert_int_equal(at_frame_columns(frame), COUNT(want));
    assert_int_equal(at_frame_rows(frame), 3);
    assert_int_equal(report.rows, 3);
    for (int c = 0; c < (int)COUNT(want); c++) {
        assert_string_equal(at_frame_column(frame, c)->name, want[c].name);
        assert_int_equal(at_frame_column(frame, c)->type, want[c].type);
        for (int64_t i = 0; i < 3; i++)
            assert_string_equal(cell(frame, c, i), want[c].cells[i]);
    }
    assert_int_equal(at_frame_column(frame, 3)->missing, 1); /* "" is there */
    at_frame_release(frame);
}

static void test_bad(void **state) {
    (void)state;
    const char *text = "{\"a\": 1}\n[2]\n{\"a\": \n{\"A\": 3}\n";
    at_frame *frame;
    at_error err = {0};
    assert_int_equal(at_jsonl_read(text, strlen(text), false, NULL, &frame, NULL, &err),
                     AT_INVALID);
    assert_string_equal(err.text, "line 2 is not a JSON object: it is something else");
    at_csv_report report;
    frame = read_text(text, true, &report);
    assert_int_equal(report.bad_rows, 2);
    assert_int_equal(report.first_bad[1], 3);
    assert_int_equal(at_frame_rows(frame), 2);
    assert_string_equal(at_frame_column(frame, 1)->name, "A_2");
    at_frame_release(frame);
    assert_int_equal(at_jsonl_read("", 0, false, NULL, &frame, NULL, &err), AT_INVALID);
    assert_int_equal(at_jsonl_read("{}\n", 3, false, NULL, &frame, NULL, &err),
                     AT_INVALID);
}

/* What is written is read back as the same table, in both formats. */
static void test_round_trip(void **state) {
    (void)state;
    static const char *const files[] = {"tabular/titanic.csv",
                                        "weather/weather_montreal_2012_hourly.csv",
                                        "weather/seattle-weather.csv",
                                        "messy/horror/spanish_chars.csv",
                                        "tabular/california_housing.csv",
                                        "messy/nyc311_animals_2025.csv"};
    char *folder = at_test_folder(), *path = at_path_join(folder, "table");
    for (size_t f = 0; f < COUNT(files); f++) {
        char source[512];
        at_frame *frame, *again;
        at_error err = {0};
        snprintf(source, sizeof source, "%s/%s", ATELIER_DATA, files[f]);
        assert_ok(at_csv_read_file(source, NULL, NULL, &frame, NULL, &err), &err);
        for (int json = 0; json < 2; json++) {
            assert_ok(json ? at_jsonl_write_file(frame, path, &err)
                           : at_csv_write_file(frame, path, ',', &err),
                      &err);
            assert_ok(json ? at_jsonl_read_file(path, false, NULL, &again, NULL, &err)
                           : at_csv_read_file(path, NULL, NULL, &again, NULL, &err),
                      &err);
            assert_int_equal(at_frame_rows(frame), at_frame_rows(again));
            for (int c = 0; c < at_frame_columns(frame); c++) {
                const at_column *a = at_frame_column(frame, c);
                const at_column *b = at_frame_column(again, c);
                assert_string_equal(a->name, b->name);
                assert_int_equal(a->missing, b->missing);
                /* 3.0 comes back as 3: an int column is as good */
                assert_true(a->type == b->type ||
                            (a->type == AT_TYPE_FLOAT && b->type == AT_TYPE_INT));
                for (int64_t i = 0; i < a->rows; i += 7)
                    assert_string_equal(cell(frame, c, i), cell(again, c, i));
            }
            at_frame_release(again);
        }
        at_frame_release(frame);
    }
    at_free(path);
    at_test_folder_remove(folder);
}

static void test_quoting(void **state) {
    (void)state;
    char *folder = at_test_folder(), *path = at_path_join(folder, "q.csv");
    at_frame_builder *fb;
    at_column_builder *a;
    at_frame *frame;
    at_error err = {0};
    at_text text = {0};
    static const char *const cells[] = {"x", "a,b", "say \"hi\"", "two\nlines", "", NULL};
    assert_ok(at_frame_builder_new(&fb, &err), &err);
    assert_ok(at_column_builder_new("the \"a\"", AT_TYPE_TEXT, &a, &err), &err);
    for (size_t i = 0; i < COUNT(cells); i++) {
        if (cells[i])
            at_column_builder_text(a, cells[i], (int64_t)strlen(cells[i]));
        else
            at_column_builder_missing(a);
    }
    assert_ok(at_frame_builder_take(fb, a, &err), &err);
    assert_ok(at_frame_builder_finish(fb, &frame, &err), &err);
    assert_ok(at_csv_write_file(frame, path, ',', &err), &err);
    assert_ok(at_file_read(path, 1000, &text, &err), &err);
    assert_string_equal(at_text_get(&text),
                        "\"the \"\"a\"\"\"\nx\n\"a,b\"\n\"say \"\"hi\"\"\"\n"
                        "\"two\nlines\"\n\"\"\n\"\"\n");
    at_text_clear(&text);
    assert_ok(at_jsonl_write_file(frame, path, &err), &err);
    assert_ok(at_file_read(path, 1000, &text, &err), &err);
    assert_non_null(strstr(at_text_get(&text), "{\"the \\\"a\\\"\": \"two\\nlines\"}\n"));
    assert_non_null(strstr(at_text_get(&text), "{\"the \\\"a\\\"\": null}\n"));
    at_text_fini(&text);
    at_frame_release(frame);
    at_free(path);
    at_test_folder_remove(folder);
}

static at_status read_once(void *context) {
    at_frame *frame = NULL;
    (void)context;
    static const char text[] =
        "{\"a\": 1, \"b\": \"x\"}\n{\"b\": \"2024-01-01\", \"c\": [1]}\n";
    at_status status =
        at_jsonl_read(text, sizeof text - 1, false, NULL, &frame, NULL, NULL);
    at_frame_release(status == AT_OK ? frame : NULL);
    return status;
}

static void test_no_memory(void **state) {
    (void)state;
    assert_true(at_test_sweep(read_once, NULL) > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),      cmocka_unit_test(test_bad),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_quoting),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
