/* Targets: the rule of inference, names of classes, encoding. */
#include "ops/base/text.h"
#include "ops/learn/target.h"
#include "tests/unit/unit.h"

#include <math.h>

/* A frame of one column "y" from texts; NULL is missing. */
static at_frame *column(at_type type, const char *const *cells, size_t count) {
    at_error err = {0};
    at_column_builder *b;
    at_frame_builder *f;
    at_frame *frame = NULL;
    assert_ok(at_column_builder_new("y", type, &b, &err), &err);
    for (size_t i = 0; i < count; i++) {
        double x = 0;
        if (!cells[i])
            at_column_builder_missing(b);
        else if (type == AT_TYPE_TEXT || type == AT_TYPE_CATEGORY)
            at_column_builder_text(b, cells[i], (int64_t)strlen(cells[i]));
        else if (at_parse_real(cells[i], &x) && type == AT_TYPE_FLOAT)
            at_column_builder_real(b, x);
        else
            at_column_builder_int(b, (int64_t)x);
    }
    assert_ok(at_frame_builder_new(&f, &err), &err);
    assert_ok(at_frame_builder_take(f, b, &err), &err);
    assert_ok(at_frame_builder_finish(f, &frame, &err), &err);
    return frame;
}

#define CELLS(...)                                                                       \
    ((const char *const[]){__VA_ARGS__}), COUNT(((const char *const[]){__VA_ARGS__}))

static void learned(at_frame *frame, unsigned wanted, at_problem problem,
                    const char *labels) {
    at_error err = {0};
    at_target t, again;
    assert_ok(at_target_learn(at_frame_column(frame, 0), wanted, &t, &err), &err);
    assert_int_equal(t.problem, problem);
    at_text all = {0};
    for (int k = 0; k < t.label_count; k++)
        at_text_format(&all, "%s%s", k ? "," : "", t.labels[k]);
    assert_string_equal(at_text_get(&all), labels);
    at_text_fini(&all);
    json_t *json = at_target_to_json(&t);
    assert_non_null(json);
    assert_ok(at_target_from_json(json, &again, &err), &err);
    int64_t rows = at_frame_rows(frame);
    double *y = at_alloc_array((size_t)rows, sizeof *y),
           *z = at_alloc_array((size_t)rows, sizeof *z);
    assert_ok(at_target_encode(&t, at_frame_column(frame, 0), y, &err), &err);
    assert_ok(at_target_encode(&again, at_frame_column(frame, 0), z, &err), &err);
    assert_memory_equal(y, z, (size_t)rows * sizeof *y);
    for (int64_t r = 0; r < rows; r++)
        assert_int_equal(isnan(y[r]) == 0, at_target_known(at_frame_column(frame, 0), r));
    at_free(y);
    at_free(z);
    json_decref(json);
    at_target_fini(&t);
    at_target_fini(&again);
    at_frame_release(frame);
}

static void test_binary(void **state) {
    (void)state;
    /* The affirmative one is class 1, even where it is the more frequent. */
    learned(column(AT_TYPE_CATEGORY, CELLS("yes", "yes", "no", "yes", NULL, "yes")), 0,
            AT_BINARY, "no,yes");
    learned(column(AT_TYPE_TEXT, CELLS("True", "False", "True", "True", "True")), 0,
            AT_BINARY, "False,True");
    /* Else the rarer, else the latter. */
    learned(column(AT_TYPE_CATEGORY, CELLS("bad", "good", "good", "good", "good")), 0,
            AT_BINARY, "good,bad");
    learned(column(AT_TYPE_CATEGORY, CELLS("M", "R", "M", "R", "M", "R")), 0, AT_BINARY,
            "M,R");
    learned(column(AT_TYPE_INT, CELLS("1", "0", "1", "1", "1")), 0, AT_BINARY, "0,1");
    learned(column(AT_TYPE_INT, CELLS("2", "1", "2", "2", "2")), 0, AT_BINARY, "2,1");
    learned(column(AT_TYPE_FLOAT, CELLS("0.5", "1.5", "0.5", "0.5", "nan", "0.5")), 0,
            AT_BINARY, "0.5,1.5");
    learned(column(AT_TYPE_BOOL, CELLS("1", "0", "1", "1", "0", NULL)), 0, AT_BINARY,
            "false,true");
}

/* n numbers, of which `distinct` differ. */
static at_frame *numbers(at_type type, int n, int distinct, double scale) {
    at_error err = {0};
    at_column_builder *b;
    at_frame_builder *f;
    at_frame *frame = NULL;
    assert_ok(at_column_builder_new("y", type, &b, &err), &err);
    for (int i = 0; i < n; i++)
        if (type == AT_TYPE_INT)
            at_column_builder_int(b, i * 7 % distinct);
        else
            at_column_builder_real(b, i * 7 % distinct * scale);
    assert_ok(at_frame_builder_new(&f, &err), &err);
    assert_ok(at_frame_builder_take(f, b, &err), &err);
    assert_ok(at_frame_builder_finish(f, &frame, &err), &err);
    return frame;
}

static void test_inference(void **state) {
    (void)state;
    learned(column(AT_TYPE_CATEGORY, CELLS("b", "a", "c", "b", "a")), 0, AT_MULTICLASS,
            "a,b,c");
    learned(numbers(AT_TYPE_INT, 100, 10, 1), 0, AT_MULTICLASS, "0,1,2,3,4,5,6,7,8,9");
    learned(numbers(AT_TYPE_INT, 100, 11, 1), 0, AT_REGRESSION, "");
    learned(numbers(AT_TYPE_FLOAT, 100, 4, 2), 0, AT_MULTICLASS, "0,2,4,6");
    learned(numbers(AT_TYPE_FLOAT, 100, 4, 0.3), 0, AT_REGRESSION, "");
    learned(numbers(AT_TYPE_INT, 2000, 101, 1), 0, AT_REGRESSION, "");
    learned(numbers(AT_TYPE_INT, 100, 3, 1), AT_REGRESSION, AT_REGRESSION, "");
    learned(numbers(AT_TYPE_INT, 100, 12, 1), AT_MULTICLASS, AT_MULTICLASS,
            "0,1,2,3,4,5,6,7,8,9,10,11");
}

static void refused(at_frame *frame, unsigned wanted, const char *text) {
    at_error err = {0};
    at_target t;
    assert_int_equal(at_target_learn(at_frame_column(frame, 0), wanted, &t, &err),
                     AT_INVALID);
    if (!strstr(err.text, text))
        fail_msg("%s", err.text);
    assert_null(t.labels);
    at_frame_release(frame);
}

/* Numbers written as text, as the classes of pictures are: 2 before 10; not among words.
 */
static void test_order_of_texts(void **state) {
    (void)state;
    learned(column(AT_TYPE_CATEGORY, CELLS("10", "2", "0", "33", "2", "10")), 0,
            AT_MULTICLASS, "0,2,10,33");
    learned(column(AT_TYPE_CATEGORY, CELLS("10", "2", "x", "33", "2", "10")), 0,
            AT_MULTICLASS, "10,2,33,x");
}

static void test_refusals(void **state) {
    (void)state;
    refused(column(AT_TYPE_CATEGORY, CELLS(NULL, NULL)), 0, "missing in all 2 rows");
    refused(column(AT_TYPE_CATEGORY, CELLS("a", NULL, "b")), 0, "only 2 rows have");
    refused(column(AT_TYPE_INT, CELLS("3", "3", "3", "3", "3")), 0, "values are '3'");
    refused(column(AT_TYPE_DATE, CELLS("1", "2", "3", "4", "5")), 0, "column of dates");
    refused(numbers(AT_TYPE_INT, 500, 500, 1), 0, "identifier");
    refused(numbers(AT_TYPE_INT, 400, 500, 1), 0, "identifier"); /* split: with gaps */
    refused(numbers(AT_TYPE_INT, 100, 401, 1), 0, "identifier");
    learned(numbers(AT_TYPE_INT, 90, 311, 1), 0, AT_REGRESSION, "");
    learned(numbers(AT_TYPE_INT, 120, 4001, 1), 0, AT_REGRESSION, "");
    refused(numbers(AT_TYPE_INT, 100, 12, 1), AT_BINARY, "12 classes");
    refused(column(AT_TYPE_TEXT, CELLS("a", "b", "a", "b", "a")), AT_REGRESSION,
            "is text");
    refused(numbers(AT_TYPE_FLOAT, 5000, 1500, 1), AT_MULTICLASS, "1500 classes");
    learned(numbers(AT_TYPE_FLOAT, 5000, 5000, 0.5), 0, AT_REGRESSION, "");
}

/* The truth may come in another type than the model was trained on. */
static void test_other_types(void **state) {
    (void)state;
    at_error err = {0};
    at_target t;
    double y[4];
    at_frame *ints = numbers(AT_TYPE_INT, 100, 3, 1);
    assert_ok(at_target_learn(at_frame_column(ints, 0), 0, &t, &err), &err);
    at_frame *texts = column(AT_TYPE_TEXT, CELLS("2", "1.0", "nine", "7"));
    assert_ok(at_target_encode(&t, at_frame_column(texts, 0), y, &err), &err);
    assert_true(y[0] == 2 && y[1] == 1 && isnan(y[2]) && isnan(y[3]));
    at_frame *reals = column(AT_TYPE_FLOAT, CELLS("2", "-0", "0.5", NULL));
    assert_ok(at_target_encode(&t, at_frame_column(reals, 0), y, &err), &err);
    assert_true(y[0] == 2 && y[1] == 0 && isnan(y[2]) && isnan(y[3]));
    at_frame *dates = column(AT_TYPE_DATE, CELLS("1", "2"));
    assert_int_equal(at_target_encode(&t, at_frame_column(dates, 0), y, &err),
                     AT_INVALID);
    at_target_fini(&t);
    at_frame_release(ints);
    at_frame_release(texts);
    at_frame_release(reals);
    at_frame_release(dates);
}

static void test_damaged(void **state) {
    (void)state;
    const char *const broken[] = {
        "{}",
        "{\"problem\": \"binary_classifier\", \"type\": \"int\", \"labels\": [\"a\"]}",
        "{\"problem\": \"binary_classifier\", \"type\": \"int\", \"labels\": [\"a\", "
        "\"a\"]}",
        "{\"problem\": \"binary_classifier\", \"type\": \"int\", \"labels\": [\"a\", 3]}",
        "{\"problem\": \"regressor\", \"type\": \"int\", \"labels\": [\"a\"]}",
        "{\"problem\": \"guesser\", \"type\": \"int\", \"labels\": []}"};
    for (size_t i = 0; i < COUNT(broken); i++) {
        at_target t;
        json_t *json = json_loads(broken[i], 0, NULL);
        assert_non_null(json);
        assert_int_equal(at_target_from_json(json, &t, NULL), AT_CORRUPT);
        json_decref(json);
    }
}

static at_status learn_once(void *context) {
    at_target t;
    AT_TRY(at_target_learn(at_frame_column(context, 0), 0, &t, NULL));
    at_target_fini(&t);
    return AT_OK;
}

static void test_allocation_failures(void **state) {
    (void)state;
    at_frame *texts = column(AT_TYPE_CATEGORY, CELLS("b", "a", "c", "b", "a"));
    at_frame *ints = numbers(AT_TYPE_INT, 100, 10, 1);
    assert_true(at_test_sweep(learn_once, texts) > 5);
    assert_true(at_test_sweep(learn_once, ints) > 5);
    at_frame_release(texts);
    at_frame_release(ints);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_texts),      cmocka_unit_test(test_binary),
        cmocka_unit_test(test_inference),           cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_other_types),         cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
