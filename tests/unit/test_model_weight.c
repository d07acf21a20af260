/* What rows count in a training, and how long it may take: the same for every learner. */
#include "tests/unit/model_bench.h"

/* 300 rows of a number, a weight and an answer; those of weight 0 tell a lie. */
static at_frame *weighted_table(void) {
    at_text csv = {0};
    at_text_put(&csv, "size,trust,answer\n");
    for (int i = 0; i < 300; i++) {
        int size = i * 37 % 101;
        bool lie = i % 5 < 3;
        at_text_format(&csv, "%d,%d,%s\n", size, lie ? 0 : 1 + i % 2,
                       (size > 50) != lie ? "yes" : "no");
    }
    at_frame *frame = read_text(at_text_get(&csv));
    at_text_fini(&csv);
    return frame;
}

static double accuracy_of(const bench *b, const at_frame *truth) {
    at_predictions p;
    double right = 0;
    predict(b->model, truth, AT_ROWS_SOURCE, &p);
    for (int64_t r = 0; r < p.rows; r++)
        right += p.labels[r] == (r * 37 % 101 > 50);
    right /= (double)p.rows;
    at_predictions_fini(&p);
    return right;
}

static void test_weights(void **state) {
    (void)state;
    bench b;
    bench_init(&b, weighted_table(), "answer");
    b.request.holdout = 0;
    bench_train(&b);
    assert_true(accuracy_of(&b, b.frame) < 0.5); /* most rows lie */
    b.request.weight = "TRUST";
    bench_train(&b);
    assert_true(accuracy_of(&b, b.frame) > 0.97);
    /* It is no input: an endpoint is not sent it. */
    names_are(at_model_inputs(b.model), "size");
    names_are(at_model_ignored(b.model), "trust");
    /* The same with a recipe of the user's, whose kinds take it in. */
    bench_recipe(&b,
                 "[{\"verb\": \"standardize\", \"columns\": [{\"text\": \"numeric\"}]}]");
    bench_train(&b);
    assert_true(accuracy_of(&b, b.frame) > 0.97);
    names_are(at_model_inputs(b.model), "size");
    json_t *facts = at_model_describe(b.model);
    assert_string_equal(json_string_value(json_object_get(facts, "weight")), "trust");
    assert_int_equal(json_array_size(json_object_get(facts, "features")), 1);
    json_decref(facts);
    bench_fini(&b);
}

static void refused(bench *b, const char *weight, const char *text) {
    at_error err = {0};
    at_model *none;
    b->request.weight = weight;
    assert_int_equal(at_model_train(&b->request, &none, &err), AT_INVALID);
    assert_string_equal(err.text, text);
}

static void test_bad_weights(void **state) {
    (void)state;
    bench b;
    bench_init(&b,
               read_text("a,w,z,t,y\n1,1,0,u,no\n2,-1,0,v,yes\n3,1,0,w,no\n4,1,0,x,yes\n"
                         "5,1,0,y,no\n6,1,0,z,yes\n"),
               "y");
    b.request.holdout = 0;
    refused(&b, "w", "the weight w of training row 2 is not a number of at least 0");
    refused(&b, "z", "all training rows have the weight 0");
    refused(&b, "t", "the weight t is of type category; numbers were expected");
    refused(&b, "Y", "y is the target: it cannot be the weight too");
    refused(&b, "ww", "there is no column ww to be the weight");
    bench_fini(&b);
}

/* One positive in ten: counted alike, both classes are called as often as the other. */
static void test_balance(void **state) {
    (void)state;
    at_text csv = {0};
    at_text_put(&csv, "a,y\n");
    for (int i = 0; i < 1000; i++)
        at_text_format(&csv, "%d,%s\n", (i * 37 % 101) + (i % 10 ? 0 : 30),
                       i % 10 ? "no" : "yes");
    bench b;
    bench_init(&b, read_text(at_text_get(&csv)), "y");
    b.request.holdout = 0;
    double called[2] = {0};
    for (int balanced = 0; balanced < 2; balanced++) {
        at_predictions p;
        b.request.balance = balanced;
        bench_train(&b);
        predict(b.model, b.frame, AT_ROWS_SOURCE, &p);
        for (int64_t r = 0; r < p.rows; r++)
            called[balanced] += p.labels[r];
        at_predictions_fini(&p);
    }
    assert_true(called[0] < 100);
    assert_true(called[1] > 300 && called[1] < 700);
    at_text_fini(&csv);
    bench_fini(&b);
}

static void test_max_seconds(void **state) {
    (void)state;
    bench b;
    bench_init(&b, small_table(), "answer");
    json_object_set_new(b.hyper, "epochs", json_string("100000"));
    json_object_set_new(b.hyper, "early_stopping_patience", json_string("100000"));
    b.request.max_seconds = 0.5;
    double start = at_now();
    bench_train(&b);
    assert_true(at_now() - start < 20); /* instead of minutes */
    bench_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_bad_weights),
        cmocka_unit_test(test_balance),
        cmocka_unit_test(test_max_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
