/* Which of the models trained side by side is kept: the weight of positive rows, the
 * criteria, the decision threshold. */
#include "tests/unit/linear_bench.h"

static void test_weights(void **state) {
    (void)state;
    bench b;
    bench_init(&b, AT_BINARY, 2, 2000, 4);
    fill(&b, 8);
    for (int i = 0; i < 2000; i++) /* rare positives */
        if (b.y[i] > 0 && i % 8)
            b.y[i] = 0;
    set(&b, "binary_classifier_model_selection_criteria", "cross_entropy_loss");
    fit(&b);
    double plain = 0, balanced = 0, doubled[2] = {0};
    for (int i = 0; i < 2000; i++)
        plain += b.scores[i] / 2000;
    set(&b, "positive_example_weight_mult", "balanced");
    fit(&b);
    for (int i = 0; i < 2000; i++)
        balanced += b.scores[i] / 2000;
    assert_true(plain < 0.12 && balanced > 0.3);
    set(&b, "positive_example_weight_mult", "auto");
    set(&b, "binary_classifier_model_selection_criteria", "f1");
    fit(&b);
    assert_true(auc(&b) > 0.6);
    /* A weight of 2 is the row twice: with one batch an epoch, to rounding. */
    set(&b, "positive_example_weight_mult", "1");
    set(&b, "num_models", "1");
    set(&b, "mini_batch_size", "100000");
    set(&b, "epochs", "1");
    double *weight = at_alloc_array(2000, sizeof *weight);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < 2000; i++)
            weight[i] = pass == 0 ? (i < 1000 ? 2 : 0) : 1;
        if (pass == 1) {
            memcpy(b.x + 4000, b.x, 4000 * sizeof *b.x);
            memcpy(b.y + 1000, b.y, 1000 * sizeof *b.y);
        }
        b.task.train.weight = weight;
        fit(&b);
        doubled[pass] = b.state->weights[0];
    }
    assert_true(fabs(doubled[0] - doubled[1]) < 1e-9);
    at_free(weight);
    bench_fini(&b);
}

/* By the loss, models that weigh positive rows differently are compared on rows that
 * weigh alike. Every positive row has x = 1, and so has one in forty negative ones: with
 * 1,000 of 5,000 rows positive the entropy that is left is 0.067, balanced 0.059 (Z
 * channel), so that a balanced model looks the better one, though on the rows as they are
 * it is the worse. P(y | x = 1) is 10 / 11; balanced 0.976. */
static void test_weights_compared(void **state) {
    (void)state;
    for (int apart = 0; apart < 2; apart++) {
        bench b;
        bench_init(&b, AT_BINARY, 2, 5000, 1);
        for (int i = 0; i < 5000; i++) {
            b.y[i] = i % 5 == 0;
            b.x[i] = b.y[i] > 0 || i % 50 == 1;
        }
        int64_t ones = 0;
        for (int i = 0; i < 5000; i++)
            ones += b.x[i] > 0;
        assert_int_equal(ones, 1100);
        if (apart)
            b.task.validation = b.task.train;
        set(&b, "binary_classifier_model_selection_criteria", "loss_function");
        set(&b, "positive_example_weight_mult", "auto");
        set(&b, "epochs", "60");
        fit(&b);
        assert_true(b.scores[0] > 0.85 && b.scores[0] < 0.95);
        bench_fini(&b);
    }
}

static void test_threshold(void **state) {
    (void)state;
    bench b;
    bench_init(&b, AT_BINARY, 2, 3000, 3);
    fill(&b, 9);
    set(&b, "binary_classifier_model_selection_criteria", "precision_at_target_recall");
    set(&b, "target_recall", "0.95");
    fit(&b);
    double tp = 0, positives = 0;
    for (int i = 0; i < 3000; i++) {
        positives += b.y[i];
        tp += b.y[i] > 0 && b.scores[i] >= L->threshold(b.state);
    }
    assert_true(tp / positives >= 0.95 && tp / positives < 0.96);
    set(&b, "binary_classifier_model_selection_criteria", "recall_at_target_precision");
    set(&b, "target_precision", "0.9");
    fit(&b);
    double called = tp = 0;
    for (int i = 0; i < 3000; i++) {
        bool yes = b.scores[i] >= L->threshold(b.state);
        called += yes;
        tp += yes && b.y[i] > 0;
    }
    assert_true(tp / called >= 0.9 && called > 50);
    set(&b, "binary_classifier_model_selection_criteria", "loss_function");
    fit(&b);
    assert_true(L->threshold(b.state) == 0.5);
    bench_fini(&b);
}
int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_weights_compared),
        cmocka_unit_test(test_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
