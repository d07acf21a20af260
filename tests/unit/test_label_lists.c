/* Lists of labels in a column: flags, numbers of classes, what is neither. */
#include "tests/unit/unit.h"

#include "ops/learn/label_lists.h"

#include <math.h>

static at_frame *frame_of(const char *const *cells, int count) {
    at_frame_builder *b;
    at_column_builder *column;
    at_frame *frame;
    assert_int_equal(at_frame_builder_new(&b, NULL), AT_OK);
    assert_int_equal(at_column_builder_new("label", AT_TYPE_TEXT, &column, NULL), AT_OK);
    for (int i = 0; i < count; i++) {
        if (cells[i])
            at_column_builder_text(column, cells[i], (int64_t)strlen(cells[i]));
        else
            at_column_builder_missing(column);
    }
    assert_int_equal(at_frame_builder_take(b, column, NULL), AT_OK);
    assert_int_equal(at_frame_builder_finish(b, &frame, NULL), AT_OK);
    return frame;
}

static void check(const char *const *cells, int count, bool numbers, int classes,
                  const double *want) {
    at_frame *frame = frame_of(cells, count);
    at_label_lists lists;
    at_error err = {0};
    double y[64];
    assert_true(at_label_lists_likely(at_frame_column(frame, 0)));
    assert_ok(at_label_lists_learn(at_frame_column(frame, 0), &lists, &err), &err);
    assert_int_equal(lists.numbers, numbers);
    assert_int_equal(lists.classes, classes);
    assert_ok(at_label_lists_read(&lists, at_frame_column(frame, 0), y, &err), &err);
    for (int i = 0; i < count * classes; i++) {
        if (isnan(want[i]))
            assert_true(isnan(y[i]));
        else
            assert_true(y[i] >= want[i] && y[i] <= want[i]);
    }
    at_frame_release(frame);
}

static void test_forms(void **state) {
    (void)state;
    const double none = (double)NAN;
    check((const char *[]){"[1,0,1]", NULL, "[0, 0,0]", "[\"0\",\"1\",\"0\"]"}, 4, false,
          3, (const double[]){1, 0, 1, none, none, none, 0, 0, 0, 0, 1, 0});
    check((const char *[]){"[0,2]", "[]", "[1]"}, 3, true, 3,
          (const double[]){1, 0, 1, 0, 0, 0, 0, 1, 0});
    check((const char *[]){"[0]", "[1]"}, 2, false, 1, (const double[]){0, 1});
}

static void refused(const char *const *cells, int count, const char *words) {
    at_frame *frame = frame_of(cells, count);
    at_label_lists lists;
    at_error err = {0};
    assert_int_equal(at_label_lists_learn(at_frame_column(frame, 0), &lists, &err),
                     AT_INVALID);
    if (!strstr(err.text, words))
        fail_msg("'%s' is not in '%s'", words, err.text);
    at_frame_release(frame);
}

static void test_refusals(void **state) {
    (void)state;
    refused((const char *[]){"[1,0]", "cat"}, 2, "row 2 of column 'label'");
    refused((const char *[]){"[1,]"}, 1, "row 1");
    refused((const char *[]){"[1 0]"}, 1, "row 1");
    refused((const char *[]){"[0.5,1]"}, 1, "row 1");
    refused((const char *[]){"[-1,3]"}, 1, "row 1");
    refused((const char *[]){"[4000]"}, 1, "row 1");
    refused((const char *[]){NULL, NULL}, 2, "no label at all");
    refused((const char *[]){"[]"}, 1, "no label at all");
}

/* What another set holds must be of the first one's form. */
static void test_another_set(void **state) {
    (void)state;
    const at_label_lists flags = {.classes = 3},
                         numbers = {.classes = 3, .numbers = true};
    at_error err = {0};
    double y[3];
    at_frame *frame = frame_of((const char *[]){"[1,0]"}, 1);
    assert_int_equal(at_label_lists_read(&flags, at_frame_column(frame, 0), y, &err),
                     AT_INVALID);
    assert_non_null(strstr(err.text, "has 2 labels, and there are 3 classes"));
    assert_ok(at_label_lists_read(&numbers, at_frame_column(frame, 0), y, &err), &err);
    assert_true(y[0] > 0 && y[1] > 0 && y[2] < 1);
    at_frame_release(frame);
    frame = frame_of((const char *[]){"[1,0,3]"}, 1);
    assert_int_equal(at_label_lists_read(&flags, at_frame_column(frame, 0), y, &err),
                     AT_INVALID);
    assert_int_equal(at_label_lists_read(&numbers, at_frame_column(frame, 0), y, &err),
                     AT_INVALID);
    assert_non_null(strstr(err.text, "the label 3"));
    at_frame_release(frame);
}

static void test_written_as_read(void **state) {
    (void)state;
    const at_label_lists flags = {.classes = 3},
                         numbers = {.classes = 3, .numbers = true};
    const uint8_t some[] = {1, 0, 1}, none[] = {0, 0, 0};
    at_text text = {0};
    at_label_lists_write(&flags, some, &text);
    at_label_lists_write(&flags, none, &text);
    at_label_lists_write(&numbers, some, &text);
    at_label_lists_write(&numbers, none, &text);
    assert_string_equal(at_text_get(&text), "[1,0,1][0,0,0][0,2][]");
    at_text_fini(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_another_set),
        cmocka_unit_test(test_written_as_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
