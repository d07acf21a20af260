/* Random forests and extra-trees: bins, splits, the same bits on any number of threads,
 * interrupts, hyperparameters. The comparison with scikit-learn is in
 * tests/protocol/test_trees.py. */
#include "ops/learn/random_forest.h"
#include "tests/unit/learner_bench.h"

static const char *const both[] = {"random-forest", "extra-trees"};

static void test_bins(void **state) {
    (void)state;
    enum { ROWS = 3000, COLS = 4 };
    at_error err = {0};
    at_rng rng;
    at_rng_init(&rng, 1);
    double *x = at_alloc_array(ROWS * COLS, sizeof *x);
    for (int i = 0; i < ROWS; i++) {
        x[i * COLS] = at_rng_normal(&rng);                  /* more values than bins */
        x[i * COLS + 1] = i % 3 ? i % 7 : -1;               /* few */
        x[i * COLS + 2] = i % 10 ? 5 : at_rng_normal(&rng); /* nine of ten alike */
        x[i * COLS + 3] = (double)NAN;
    }
    x[COLS] = (double)NAN;
    x[2 * COLS] = 1e300;
    at_design d = {ROWS, COLS, x, NULL, NULL};
    at_bins b;
    assert_ok(at_bins_init(&b, &d, NULL, &err), &err);
    assert_true(b.bins[0] > 200);
    assert_int_equal(b.bins[1], 8);
    assert_true(b.bins[2] > 100); /* the rare values have bins of their own */
    assert_int_equal(b.bins[3], 0);
    assert_int_equal(b.codes[1], AT_BINS_MISSING);
    for (int j = 0; j < 3; j++)
        for (int i = 0; i < ROWS; i++) {
            uint8_t code = b.codes[j * ROWS + i];
            const float *cuts = b.cuts + j * AT_BINS_MOST;
            float value = at_bins_float(x[i * COLS + j]);
            if (isnan(value))
                continue;
            assert_true(code < b.bins[j]);
            assert_true(code == 0 || cuts[code - 1] <= value);
            assert_true(code == b.bins[j] - 1 || value < cuts[code]);
        }
    int64_t rows[AT_BINS_MOST + 1] = {0};
    for (int i = 0; i < ROWS; i++)
        rows[b.codes[i]]++;
    for (int c = 0; c + 1 < b.bins[0]; c++)
        assert_true(rows[c] >= 8 && rows[c] <= 20); /* about 12 each */
    at_bins_fini(&b);
    at_free(x);
}

static void test_problems(void **state) {
    (void)state;
    static const struct {
        at_problem problem;
        int classes;
        double least;
    } cases[] = {{AT_BINARY, 2, 0.83}, {AT_MULTICLASS, 3, 0.72}, {AT_REGRESSION, 1, 0.7}};
    for (size_t k = 0; k < COUNT(both); k++)
        for (size_t i = 0; i < COUNT(cases); i++) {
            bench b;
            bench_init(&b, both[k], cases[i].problem, cases[i].classes, 2000, 5);
            fill(&b, 3, 30);
            fit(&b);
            assert_true(quality(&b, 1500) > cases[i].least);
            each_row_alone(&b);
            saved_and_loaded(&b);
            double importance[5], sum = 0;
            b.learner->importance(b.state, importance);
            for (int j = 0; j < 5; j++)
                sum += importance[j];
            assert_true(fabs(sum - 1) < 1e-9);
            assert_true(importance[0] > importance[3] && importance[1] > importance[4]);
            bench_fini(&b);
        }
}

/* Trees without limit on rows that differ know every one of them. */
static void test_knows_its_rows(void **state) {
    (void)state;
    bench b;
    bench_init(&b, "extra-trees", AT_REGRESSION, 1, 500, 3);
    fill(&b, 4, 0);
    bench_join(&b);
    fit(&b);
    for (int i = 0; i < 500; i++)
        assert_true(fabs(b.scores[i] - b.y[i]) < 1e-4);
    set(&b, "min_samples_leaf", "500");
    fit(&b); /* one leaf: the mean */
    double mean = 0;
    for (int i = 0; i < 500; i++)
        mean += b.y[i] / 500;
    assert_true(fabs(b.scores[0] - mean) < 1e-4 && b.scores[0] == b.scores[499]);
    set(&b, "min_samples_leaf", "1");
    set(&b, "max_depth", "1");
    fit(&b);
    assert_int_equal(at_forest_of(b.state)->leaves, 2 * at_forest_of(b.state)->trees);
    bench_fini(&b);
}

/* A tree on one column of three values, worked out by hand: the split between 1 and 2
 * separates the labels. Missing rows are all of one class, which only their side shows.
 */
static void test_by_hand(void **state) {
    (void)state;
    bench b;
    bench_init(&b, "random-forest", AT_BINARY, 2, 12, 1);
    static const double x[] = {0, 0, 1, 1, 2, 2, 2, 3, 3, 0, 0, 0};
    for (int i = 0; i < 12; i++) {
        b.x[i] = i < 9 ? x[i] : (double)NAN;
        b.y[i] = i >= 4; /* missing: 1 */
    }
    bench_join(&b);
    set(&b, "n_estimators", "1");
    set(&b, "bootstrap", "false");
    fit(&b);
    const at_forest *f = at_forest_of(b.state);
    assert_int_equal(f->nodes_count, 3);
    assert_int_equal(f->nodes[0].split, 0); /* column 0, missing to the right */
    assert_true(f->nodes[0].threshold > 1 && f->nodes[0].threshold <= 2);
    assert_true(f->nodes[1].cover == 4 && f->nodes[2].cover == 8);
    for (int i = 0; i < 12; i++)
        assert_true(b.scores[i] == b.y[i]);
    bench_fini(&b);
}

static void test_same_bits(void **state) {
    (void)state;
    at_error err = {0};
    for (size_t k = 0; k < COUNT(both); k++) {
        bench b;
        bench_init(&b, both[k], AT_MULTICLASS, 3, 1500, 8);
        fill(&b, 5, 25);
        set(&b, "n_estimators", "15");
        fit(&b);
        double *first = at_alloc_array(4500, sizeof *first);
        memcpy(first, b.scores, 4500 * sizeof *first);
        for (size_t threads = 1; threads < 6; threads += 2) {
            assert_ok(at_pool_new(threads, &b.task.pool, &err), &err);
            fit(&b);
            same_scores(&b, first);
            at_pool_release(b.task.pool);
            b.task.pool = NULL;
        }
        b.task.seed = 2;
        fit(&b);
        assert_memory_not_equal(b.scores, first, 4500 * sizeof *first);
        at_free(first);
        bench_fini(&b);
    }
}

/* A row of weight 3 is three rows; one of weight 0 is none. */
static void test_weights(void **state) {
    (void)state;
    bench a, b;
    bench_init(&a, "random-forest", AT_REGRESSION, 1, 300, 3);
    fill(&a, 6, 0);
    double weight[300];
    int64_t rows = 0;
    for (int i = 0; i < 300; i++)
        rows += (int64_t)(weight[i] = i % 4);
    bench_init(&b, "random-forest", AT_REGRESSION, 1, rows, 3);
    for (int i = 0, to = 0; i < 300; i++)
        for (int k = 0; k < i % 4; k++, to++) {
            memcpy(b.x + 3 * to, a.x + 3 * i, 3 * sizeof *b.x);
            b.y[to] = a.y[i];
        }
    bench_join(&a);
    bench_join(&b);
    a.task.train.weight = weight;
    bench *const two[] = {&a, &b};
    for (int i = 0; i < 2; i++) {
        set(two[i], "bootstrap", "false");
        set(two[i], "max_features", "all");
        set(two[i], "n_estimators", "1");
        fit(two[i]);
    }
    for (int i = 0, to = 0; i < 300; to += i % 4, i++)
        if (i % 4)
            assert_true(fabs(a.scores[i] - b.scores[to]) < 1e-4);
    bench_fini(&a);
    bench_fini(&b);
}

static void test_stops(void **state) {
    (void)state;
    for (size_t k = 0; k < COUNT(both); k++) {
        bench b;
        bench_init(&b, both[k], AT_BINARY, 2, 2000, 5);
        fill(&b, 7, 0);
        set(&b, "n_estimators", "100000");
        interrupted(&b, 9, "training was interrupted before the first tree was grown");
        assert_int_equal(at_forest_of(b.state)->trees, 9);
        b.task.deadline = at_now() + 0.3;
        fit(&b);
        assert_true(at_forest_of(b.state)->trees < 100000);
        b.task.deadline = at_now() - 1;
        refuses(&b, "the time for the training was up before the first tree was grown",
                "allow more time");
        bench_fini(&b);
    }
}

static void test_refusals(void **state) {
    (void)state;
    static const char *const bad[] = {"some", "-1", "0", "1.5", "nan", ""};
    bench b;
    bench_init(&b, "random-forest", AT_BINARY, 2, 100, 4);
    fill(&b, 8, 0);
    for (size_t i = 0; i < COUNT(bad); i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "max_features is '%s'; auto, sqrt, log2, all, a share such as 0.3 or a "
                 "whole number was expected",
                 bad[i]);
        set(&b, "max_features", bad[i]);
        refuses(&b, text, NULL);
    }
    static const char *const good[] = {"0.5", "3", "log2", "sqrt", "all", "1000", "auto"};
    set(&b, "n_estimators", "2");
    for (size_t i = 0; i < COUNT(good); i++) {
        set(&b, "max_features", good[i]);
        fit(&b);
    }
    b.y[2] = (double)NAN;
    refuses(&b, "training row 3 has the label nan", NULL);
    bench_fini(&b);
}

static void test_allocation_failures(void **state) {
    (void)state;
    bench b;
    bench_init(&b, "random-forest", AT_BINARY, 2, 60, 3);
    fill(&b, 9, 0);
    set(&b, "n_estimators", "2");
    for (size_t n = 1; n < 2000; n++) {
        at_error err = {0};
        at_learned *out = NULL;
        at_memory_fail_after(n);
        at_status status = b.learner->fit(&b.task, &out, &err);
        at_memory_fail_after(0);
        if (status == AT_OK) {
            assert_true(n > 10);
            b.learner->release(out);
            break;
        }
        assert_int_equal(status, AT_NO_MEMORY);
        assert_null(out);
    }
    bench_fini(&b);
}

static void test_damaged_files(void **state) {
    (void)state;
    bench b;
    bench_init(&b, "extra-trees", AT_MULTICLASS, 3, 60, 3);
    fill(&b, 10, 5);
    set(&b, "n_estimators", "2");
    fit(&b);
    damaged_files(&b, 1);
    bench_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bins),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_knows_its_rows),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_stops),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_allocation_failures),
        cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
