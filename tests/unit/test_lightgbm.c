/* LightGBM: its trees as a forest of ours, early stopping, interrupts, hyperparameters.
 */
#include "ops/learn/lightgbm.h"
#include "tests/unit/learner_bench.h"

/* Skips the test where the library is not installed. */
static void need_library(void **state) {
    at_error err = {0};
    (void)state;
    if (at_lightgbm_ready(&err) == AT_OK)
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
        bench_init(&b, "lightgbm", cases[i].problem, cases[i].classes, 2000, 5);
        fill(&b, 3, 20);
        fit(&b);
        assert_true(quality(&b, 1500) > cases[i].least);
        each_row_alone(&b);
        saved_and_loaded(&b);
        assert_int_equal(fact(&b, "trees"), fact(&b, "best_round") * b.outputs);
        double importance[5];
        b.learner->importance(b.state, importance);
        assert_true(importance[0] > importance[3] && importance[1] > importance[4]);
        bench_fini(&b);
    }
}

/* Missing cells only where the model serves: they count as 0 for the library. The trees
 * of few rows, of none that gains, and of rows alike. */
static void test_corners(void **state) {
    need_library(state);
    bench b;
    bench_init(&b, "lightgbm", AT_BINARY, 2, 1200, 4);
    fill(&b, 4, 0);
    fit(&b);
    double row[4] = {0, b.x[1], b.x[2], b.x[3]}, zero, none;
    b.learner->predict(b.state, row, 1, &zero);
    row[0] = (double)NAN;
    b.learner->predict(b.state, row, 1, &none);
    assert_true(zero == none);
    for (int i = 0; i < 1200 * 4; i++)
        b.x[i] = 1;
    fit(&b);
    assert_int_equal(fact(&b, "trees"), 1);
    assert_true(b.scores[0] > 0 && b.scores[0] < 1 && b.scores[0] == b.scores[1199]);
    bench_fini(&b);
}

static void test_same_bits(void **state) {
    need_library(state);
    at_error err = {0};
    bench b;
    bench_init(&b, "lightgbm", AT_BINARY, 2, 4000, 20);
    fill(&b, 4, 0);
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

static void test_stops(void **state) {
    need_library(state);
    bench b;
    bench_init(&b, "lightgbm", AT_BINARY, 2, 1200, 5);
    fill(&b, 6, 0);
    set(&b, "num_boost_round", "3000");
    set(&b, "early_stopping_rounds", "7");
    fit(&b);
    assert_int_equal(fact(&b, "rounds") - fact(&b, "best_round"), 7);
    set(&b, "early_stopping_rounds", "0");
    interrupted(&b, 9, "training was interrupted before the first round ended");
    assert_int_equal(fact(&b, "rounds"), 5); /* two points a round */
    bench_fini(&b);
}

static void test_refusals(void **state) {
    need_library(state);
    bench b;
    bench_init(&b, "lightgbm", AT_MULTICLASS, 3, 400, 4);
    fill(&b, 9, 0);
    set(&b, "metric", "auc");
    refuses(&b, "metric = auc does not fit a multiclass_classifier",
            "use one of: auto multi_logloss multi_error");
    set(&b, "metric", "auto");
    set(&b, "is_unbalance", "true");
    refuses(&b, "is_unbalance goes with two classes, not with a multiclass_classifier",
            "leave it out");
    bench_fini(&b);
}

static void test_import(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "tree\n",
        "tree\n\nTree=0\nnum_leaves=0\n",
        "tree\n\nTree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\n",
        "tree\n\nTree=0\nnum_leaves=1\nnum_cat=1\nleaf_value=0.5\n",
        "tree\n\nTree=0\nnum_leaves=2\nsplit_feature=7\nsplit_gain=1\nthreshold=0\n"
        "decision_type=2\nleft_child=-1\nright_child=-2\ninternal_weight=1\n"
        "leaf_value=1 2\nleaf_weight=1 1\n",
        "tree\n\nTree=0\nnum_leaves=2\nsplit_feature=0\nsplit_gain=1\nthreshold=0\n"
        "decision_type=2\nleft_child=0\nright_child=-2\ninternal_weight=1\n"
        "leaf_value=1 2\nleaf_weight=1 1\n"};
    at_fit_task task = {.problem = AT_BINARY, .classes = 2, .train.cols = 3};
    for (size_t i = 0; i < COUNT(bad); i++) {
        at_error err = {0};
        at_forest *none = NULL;
        assert_int_equal(at_lightgbm_import(bad[i], &task, 1, json_object(), &none, &err),
                         AT_CORRUPT);
        assert_null(none);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems),  cmocka_unit_test(test_corners),
        cmocka_unit_test(test_same_bits), cmocka_unit_test(test_stops),
        cmocka_unit_test(test_refusals),  cmocka_unit_test(test_import),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
