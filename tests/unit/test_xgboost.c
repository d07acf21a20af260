/* XGBoost: its trees as a forest of ours, early stopping, interrupts, hyperparameters.
 * The comparison with Python's xgboost is in tests/protocol/test_trees.py. */
#include "ops/learn/xgboost.h"
#include "tests/unit/learner_bench.h"

/* Skips the test where the library is not installed. */
static void need_library(void **state) {
    at_error err = {0};
    (void)state;
    if (at_xgboost_ready(&err) == AT_OK)
        return;
    print_message("skipped: %s\n", err.text);
    skip();
}

static json_int_t fact(const bench *b, const char *name) {
    json_t *facts = json_object();
    assert_true(b->learner->describe(b->state, facts));
    json_int_t value = json_integer_value(json_object_get(facts, name));
    json_decref(facts);
    return value;
}

static void test_problems(void **state) {
    need_library(state);
    static const struct {
        at_problem problem;
        int classes;
        double least;
    } cases[] = {{AT_BINARY, 2, 0.85}, {AT_MULTICLASS, 3, 0.75}, {AT_REGRESSION, 1, 0.8}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bench b;
        bench_init(&b, "xgboost", cases[i].problem, cases[i].classes, 2000, 5);
        fill(&b, 3, 20);
        fit(&b);
        assert_true(quality(&b, 1500) > cases[i].least);
        each_row_alone(&b);
        saved_and_loaded(&b);
        assert_true(fact(&b, "best_round") <= fact(&b, "rounds"));
        assert_int_equal(fact(&b, "trees"), fact(&b, "best_round") * b.outputs);
        double importance[5], sum = 0;
        b.learner->importance(b.state, importance);
        for (int j = 0; j < 5; j++)
            sum += importance[j];
        assert_true(fabs(sum - 1) < 1e-9);
        assert_true(importance[0] > importance[3] && importance[1] > importance[4]);
        bench_fini(&b);
    }
}

static void test_same_bits(void **state) {
    need_library(state);
    at_error err = {0};
    bench b;
    bench_init(&b, "xgboost", AT_BINARY, 2, 4000, 20);
    fill(&b, 4, 0);
    set(&b, "subsample", "0.7");
    set(&b, "colsample_bytree", "0.7");
    assert_ok(at_pool_new(2, &b.task.pool, &err), &err);
    fit(&b);
    double *first = at_alloc_array(4000, sizeof *first);
    memcpy(first, b.scores, 4000 * sizeof *first);
    fit(&b);
    same_scores(&b, first);
    b.task.seed = 2;
    fit(&b);
    assert_memory_not_equal(b.scores, first, 4000 * sizeof *first);
    at_free(first);
    at_pool_release(b.task.pool);
    bench_fini(&b);
}

static void test_early_stopping(void **state) {
    need_library(state);
    bench b;
    bench_init(&b, "xgboost", AT_BINARY, 2, 1200, 5);
    fill(&b, 5, 0);
    set(&b, "num_round", "2000");
    set(&b, "early_stopping_rounds", "7");
    fit(&b);
    assert_true(fact(&b, "rounds") < 2000);
    assert_int_equal(fact(&b, "rounds") - fact(&b, "best_round"), 7);
    double kept = at_fit_loss(&b.task, &b.task.validation, b.scores + 900);
    set(&b, "early_stopping_rounds", "0");
    set(&b, "num_round", "300");
    fit(&b);
    assert_int_equal(fact(&b, "best_round"), 300);
    assert_true(kept < at_fit_loss(&b.task, &b.task.validation, b.scores + 900));
    set(&b, "eval_metric", "auc"); /* one that rises */
    set(&b, "early_stopping_rounds", "5");
    fit(&b);
    assert_true(fact(&b, "best_round") > 5);
    bench_fini(&b);
}

static void test_stops(void **state) {
    need_library(state);
    bench b;
    bench_init(&b, "xgboost", AT_BINARY, 2, 1000, 5);
    fill(&b, 6, 0);
    set(&b, "num_round", "100000");
    set(&b, "early_stopping_rounds", "0");
    interrupted(&b, 9, "training was interrupted before the first round ended");
    assert_int_equal(fact(&b, "rounds"), 5); /* two points a round */
    b.task.deadline = at_now() + 0.3;
    fit(&b);
    assert_true(fact(&b, "rounds") > 0 && fact(&b, "rounds") < 100000);
    b.task.deadline = at_now() - 1;
    refuses(&b, "the time for the training was up before the first round ended",
            "allow more time");
    bench_fini(&b);
}

/* Rows of weight 0 tell a lie. */
static void test_weights(void **state) {
    need_library(state);
    bench b;
    bench_init(&b, "xgboost", AT_BINARY, 2, 2000, 5);
    fill(&b, 7, 0);
    double *weight = at_alloc_array(2000, sizeof *weight), *truth = b.y;
    double *told = at_alloc_array(2000, sizeof *told);
    for (int i = 0; i < 2000; i++) {
        weight[i] = i % 3 ? 0 : 1;
        told[i] = i % 3 ? 1 - truth[i] : truth[i];
    }
    bench_join(&b);
    b.task.train.y = told;
    b.task.train.weight = weight;
    fit(&b);
    assert_true(quality(&b, 0) > 0.85);
    at_free(weight);
    at_free(told);
    bench_fini(&b);
}

static void test_objectives(void **state) {
    need_library(state);
    static const char *const all[] = {"reg:squaredlogerror", "reg:absoluteerror",
                                      "reg:gamma",           "reg:tweedie",
                                      "count:poisson",       "reg:linear"};
    bench b;
    bench_init(&b, "xgboost", AT_REGRESSION, 1, 800, 4);
    fill(&b, 8, 0);
    for (int i = 0; i < 800; i++)
        b.y[i] = fabs(b.y[i]) / 20 + 0.1;
    for (size_t i = 0; i < COUNT(all); i++) {
        set(&b, "objective", all[i]);
        fit(&b); /* compares the trees with the library's own answers */
        assert_true(quality(&b, 600) > 0.8);
    }
    b.y[3] = 0;
    set(&b, "objective", "reg:gamma");
    refuses(&b, "objective = reg:gamma takes numbers above 0; training row 4 has 0",
            NULL);
    bench_fini(&b);
}

static void test_refusals(void **state) {
    need_library(state);
    bench b;
    bench_init(&b, "xgboost", AT_MULTICLASS, 3, 400, 4);
    fill(&b, 9, 0);
    set(&b, "objective", "binary:logistic");
    refuses(&b, "objective = binary:logistic does not fit a multiclass_classifier",
            "use auto, multi:softprob, multi:softmax");
    set(&b, "objective", "auto");
    set(&b, "eval_metric", "rmse");
    refuses(&b, "eval_metric = rmse does not fit a multiclass_classifier",
            "use auto, auc, mlogloss, merror");
    set(&b, "eval_metric", "auto");
    set(&b, "num_class", "4");
    refuses(&b, "num_class is 4, but the target has 3 classes",
            "leave it out: the classes are counted");
    set(&b, "num_class", "3");
    set(&b, "scale_pos_weight", "2");
    refuses(&b,
            "scale_pos_weight goes with two classes, not with a multiclass_classifier",
            "leave it out");
    set(&b, "scale_pos_weight", "1");
    b.x[5] = (double)INFINITY;
    refuses(&b, "training row 2, prepared input 2 is inf",
            "an input is a finite number or missing");
    bench_fini(&b);
}

static void test_import(void **state) {
    (void)state;
    static const char *const bad[] = {
        "{", "{}",
        "{\"learner\": {\"gradient_booster\": {\"model\": {\"trees\": [{}]}}}}",
        "{\"learner\": {\"learner_model_param\": {\"base_score\": \"5E-1\"}, "
        "\"gradient_booster\": {\"model\": {\"tree_info\": [0], \"trees\": "
        "[{\"left_children\": [0], \"right_children\": [0], \"split_indices\": [0], "
        "\"split_conditions\": [1], \"default_left\": [0], \"sum_hessian\": [1], "
        "\"loss_changes\": [1]}]}}}}"};
    at_fit_task task = {.problem = AT_BINARY, .classes = 2, .train.cols = 3};
    for (size_t i = 0; i < COUNT(bad); i++) {
        at_error err = {0};
        at_forest *none = NULL;
        assert_int_equal(at_xgboost_import(bad[i], strlen(bad[i]), &task,
                                           AT_FOREST_LOGISTIC, 1, json_object(), &none,
                                           &err),
                         AT_CORRUPT);
        assert_null(none);
    }
}

static void test_damaged_files(void **state) {
    need_library(state);
    bench b;
    bench_init(&b, "xgboost", AT_MULTICLASS, 3, 200, 3);
    fill(&b, 10, 5);
    set(&b, "num_round", "2");
    set(&b, "max_depth", "3");
    fit(&b);
    damaged_files(&b, 1);
    bench_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems),       cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_early_stopping), cmocka_unit_test(test_stops),
        cmocka_unit_test(test_weights),        cmocka_unit_test(test_objectives),
        cmocka_unit_test(test_refusals),       cmocka_unit_test(test_import),
        cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
