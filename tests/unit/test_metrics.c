/* Metrics and curves against scikit-learn (golden/metrics.json, made by make_metrics.py).
 */
#include "ops/base/clock.h"
#include "ops/base/memory.h"
#include "ops/base/rng.h"
#include "ops/learn/metrics.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <math.h>

#define GOLDEN ATELIER_SOURCE "/tests/unit/golden/metrics.json"

static json_t *golden(void) {
    json_error_t error;
    json_t *cases = json_load_file(GOLDEN, 0, &error);
    assert_non_null(cases);
    return cases;
}

static const char *text(const json_t *c, const char *key) {
    return json_string_value(json_object_get(c, key));
}

static double *numbers(const json_t *c, const char *key, size_t *count) {
    const json_t *list = json_object_get(c, key);
    *count = json_array_size(list);
    double *out = at_alloc_array(*count, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < *count; i++) {
        const json_t *v = json_array_get(list, i);
        out[i] = json_is_null(v) ? (double)INFINITY : json_number_value(v);
    }
    return out;
}

static int32_t *labels(const json_t *c) {
    size_t count;
    double *reals = numbers(c, "label", &count);
    int32_t *out = at_alloc_array(count, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < count; i++)
        out[i] = (int32_t)reals[i];
    at_free(reals);
    return out;
}

static void near(const json_t *c, const char *what, double got, double want) {
    double slack = 1e-9 * fmax(1, fabs(want));
    if (got == want || (isfinite(want) && fabs(got - want) <= slack))
        return;
    fail_msg("%s: %s is %.17g, scikit-learn says %.17g", text(c, "name"), what, got,
             want);
}

static void same(const json_t *c, const char *key, double got) {
    near(c, key, got, json_number_value(json_object_get(c, key)));
}

static void check_curve(const json_t *c, const char *key, const at_curve *curve) {
    const json_t *want = json_object_get(c, key);
    size_t count;
    double *x = numbers(want, "x", &count), *y = numbers(want, "y", &count);
    double *threshold = numbers(want, "threshold", &count);
    assert_int_equal(curve->count, count);
    for (size_t i = 0; i < count; i++) {
        near(c, key, curve->x[i], x[i]);
        near(c, key, curve->y[i], y[i]);
        near(c, key, curve->threshold[i], threshold[i]);
    }
    at_free(x);
    at_free(y);
    at_free(threshold);
}

static void check_binary(const json_t *c) {
    size_t rows;
    double *y = numbers(c, "y", &rows), *score = numbers(c, "score", &rows);
    int32_t *label = labels(c);
    at_binary_metrics m;
    assert_int_equal(at_metrics_binary(y, score, label, (int64_t)rows, 0, 1, &m, NULL),
                     AT_OK);
    const int64_t cells[] = {m.tn, m.fp, m.fn, m.tp};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(cells[i], json_integer_value(json_array_get(
                                       json_object_get(c, "confusion"), i)));
    same(c, "accuracy", m.accuracy.value);
    same(c, "balanced_accuracy", m.balanced_accuracy.value);
    same(c, "precision", m.precision.value);
    same(c, "recall", m.recall.value);
    same(c, "f1", m.f1.value);
    same(c, "auc", m.auc.value);
    same(c, "log_loss", m.log_loss.value);
    same(c, "brier", m.brier.value);
    same(c, "average_precision", m.average_precision.value);
    assert_true(isnan(m.auc.low) && isnan(m.auc.high));
    at_curve curve;
    assert_int_equal(at_curve_roc(y, score, (int64_t)rows, 1000, &curve, NULL), AT_OK);
    check_curve(c, "roc", &curve);
    at_curve_fini(&curve);
    assert_int_equal(at_curve_pr(y, score, (int64_t)rows, 1000, &curve, NULL), AT_OK);
    check_curve(c, "pr", &curve);
    at_curve_fini(&curve);
    at_free(y);
    at_free(score);
    at_free(label);
}

static void check_multiclass(const json_t *c) {
    size_t rows, scores_count, n;
    double *y = numbers(c, "y", &rows), *scores = numbers(c, "score", &scores_count);
    int32_t *label = labels(c);
    int classes = (int)json_integer_value(json_object_get(c, "classes"));
    at_multiclass_metrics m;
    assert_int_equal(
        at_metrics_multiclass(y, scores, label, (int64_t)rows, classes, 0, 1, &m, NULL),
        AT_OK);
    for (size_t i = 0; i < (size_t)(classes * classes); i++)
        assert_int_equal(m.confusion[i], json_integer_value(json_array_get(
                                             json_object_get(c, "confusion"), i)));
    double *precision = numbers(c, "precision", &n), *recall = numbers(c, "recall", &n);
    double *f1 = numbers(c, "f1", &n);
    for (size_t k = 0; k < (size_t)classes; k++) {
        if (!json_is_true(json_array_get(json_object_get(c, "present"), k))) {
            assert_true(isnan(m.precision[k]) && isnan(m.recall[k]) && isnan(m.f1[k]));
            continue;
        }
        near(c, "precision", m.precision[k], precision[k]);
        near(c, "recall", m.recall[k], recall[k]);
        near(c, "f1", m.f1[k], f1[k]);
    }
    same(c, "accuracy", m.accuracy.value);
    same(c, "balanced_accuracy", m.balanced_accuracy.value);
    same(c, "precision_macro", m.precision_macro.value);
    same(c, "recall_macro", m.recall_macro.value);
    same(c, "f1_macro", m.f1_macro.value);
    same(c, "log_loss", m.log_loss.value);
    at_multiclass_metrics_fini(&m);
    at_free(precision);
    at_free(recall);
    at_free(f1);
    at_free(y);
    at_free(scores);
    at_free(label);
}

static void check_multilabel(const json_t *c) {
    size_t cells, n;
    double *y = numbers(c, "y", &cells), *score = numbers(c, "score", &cells);
    int count = (int)json_integer_value(json_object_get(c, "labels"));
    int64_t rows = (int64_t)cells / count;
    at_multilabel_metrics m;
    assert_int_equal(at_metrics_multilabel(y, score, rows, count, 0, 1, &m, NULL), AT_OK);
    double *precision = numbers(c, "precision", &n), *recall = numbers(c, "recall", &n);
    double *f1 = numbers(c, "f1", &n);
    for (int k = 0; k < count; k++) {
        near(c, "precision", m.precision[k], precision[k]);
        near(c, "recall", m.recall[k], recall[k]);
        near(c, "f1", m.f1[k], f1[k]);
        assert_int_equal(isnan(m.average_precision[k]) != 0, m.positives[k] == 0);
    }
    same(c, "accuracy", m.accuracy.value);
    same(c, "exact_match", m.exact_match.value);
    same(c, "mean_average_precision", m.mean_average_precision.value);
    same(c, "f1_macro", m.f1_macro.value);
    same(c, "f1_micro", m.f1_micro.value);
    same(c, "log_loss", m.log_loss.value);
    at_multilabel_metrics_fini(&m);
    /* Intervals hold the figure, and are of some width where scores are not all right. */
    assert_int_equal(at_metrics_multilabel(y, score, rows, count, 100, 1, &m, NULL),
                     AT_OK);
    assert_true(m.mean_average_precision.low < m.mean_average_precision.value);
    assert_true(m.mean_average_precision.high > m.mean_average_precision.value - 0.05);
    assert_true(m.accuracy.low < m.accuracy.value && m.accuracy.value < m.accuracy.high);
    at_multilabel_metrics_fini(&m);
    at_free(precision);
    at_free(recall);
    at_free(f1);
    at_free(y);
    at_free(score);
}

static void test_top_k(void **state) {
    (void)state;
    const double scores[] = {0.1, 0.4, 0.2, 0.2, 0.1};
    assert_true(at_in_top_k(scores, 5, 1, 1));
    assert_false(at_in_top_k(scores, 5, 2, 1));
    assert_true(at_in_top_k(scores, 5, 2, 2)); /* of equal ones the first comes first */
    assert_false(at_in_top_k(scores, 5, 3, 2));
    assert_true(at_in_top_k(scores, 5, 3, 3));
    assert_false(at_in_top_k(scores, 5, 4, 4));
    assert_true(at_in_top_k(scores, 5, 4, 5));
}

static void check_regression(const json_t *c) {
    size_t rows;
    double *y = numbers(c, "y", &rows), *score = numbers(c, "score", &rows);
    at_regression_metrics m;
    assert_int_equal(at_metrics_regression(y, score, (int64_t)rows, 0, 1, &m, NULL),
                     AT_OK);
    same(c, "mse", m.mse.value);
    same(c, "rmse", m.rmse.value);
    same(c, "mae", m.mae.value);
    same(c, "r2", m.r2.value);
    same(c, "median_absolute_error", m.median_absolute_error);
    same(c, "max_error", m.max_error);
    at_free(y);
    at_free(score);
}

static void test_scikit_learn(void **state) {
    (void)state;
    json_t *cases = golden();
    size_t i;
    json_t *c;
    int seen[4] = {0};
    json_array_foreach(cases, i, c) {
        const char *kind = text(c, "kind");
        if (!strcmp(kind, "binary"))
            seen[0]++, check_binary(c);
        else if (!strcmp(kind, "multiclass"))
            seen[1]++, check_multiclass(c);
        else if (!strcmp(kind, "multilabel"))
            seen[3]++, check_multilabel(c);
        else
            seen[2]++, check_regression(c);
    }
    assert_true(seen[0] >= 7 && seen[1] >= 3 && seen[2] >= 4 && seen[3] == 3);
    json_decref(cases);
}

/* Rows whose scores carry some truth: AUC about 0.76. */
static void make_rows(int64_t rows, double *y, double *score, int32_t *label) {
    at_rng rng;
    at_rng_init(&rng, 7);
    for (int64_t i = 0; i < rows; i++) {
        y[i] = at_rng_uniform(&rng) < 0.11;
        score[i] = 1 / (1 + exp(2 - y[i] - at_rng_normal(&rng)));
        label[i] = score[i] >= 0.5;
    }
}

static void inside(at_interval v) {
    assert_true(v.low <= v.value && v.value <= v.high && v.low < v.high);
}

/* The standard error of AUC by DeLong, DeLong and Clarke-Pearson, 1988. */
static double delong_error(const double *y, const double *score, int rows) {
    double count[2] = {0}, sum[2] = {0}, squares[2] = {0};
    for (int i = 0; i < rows; i++)
        count[(int)y[i]]++;
    for (int i = 0; i < rows; i++) {
        double won = 0;
        for (int j = 0; j < rows; j++)
            if (y[j] != y[i])
                won += score[j] == score[i] ? 0.5 : (score[i] > score[j]) == (y[i] > 0);
        won /= count[y[i] == 0];
        sum[(int)y[i]] += won;
        squares[(int)y[i]] += won * won;
    }
    double variance = 0;
    for (int k = 0; k < 2; k++)
        variance += (squares[k] - sum[k] * sum[k] / count[k]) / (count[k] - 1) / count[k];
    return sqrt(variance);
}

/* The width of an interval against the formula that the theory gives. */
static void test_intervals(void **state) {
    (void)state;
    enum { ROWS = 4000 };
    static double y[ROWS], score[ROWS];
    static int32_t label[ROWS];
    make_rows(ROWS, y, score, label);
    at_binary_metrics m, again, other;
    assert_int_equal(at_metrics_binary(y, score, label, ROWS, 400, 3, &m, NULL), AT_OK);
    inside(m.accuracy), inside(m.balanced_accuracy), inside(m.precision),
        inside(m.recall);
    inside(m.f1), inside(m.auc), inside(m.log_loss), inside(m.brier);
    inside(m.average_precision);
    double p = m.accuracy.value, width = 2 * 1.96 * sqrt(p * (1 - p) / ROWS);
    assert_true(fabs((m.accuracy.high - m.accuracy.low) / width - 1) < 0.15);
    double auc_width = 2 * 1.96 * delong_error(y, score, ROWS);
    assert_true(fabs((m.auc.high - m.auc.low) / auc_width - 1) < 0.15);
    assert_int_equal(at_metrics_binary(y, score, label, ROWS, 400, 3, &again, NULL),
                     AT_OK);
    assert_memory_equal(&m, &again, sizeof m);
    assert_int_equal(at_metrics_binary(y, score, label, ROWS, 400, 4, &other, NULL),
                     AT_OK);
    assert_true(other.auc.low != m.auc.low && other.auc.value == m.auc.value);
}

static void test_undefined(void **state) {
    (void)state;
    double y[] = {1, 1, 1}, score[] = {0.2, 0.7, 0.9};
    int32_t label[] = {0, 1, 1};
    at_binary_metrics m;
    assert_int_equal(at_metrics_binary(y, score, label, 3, 50, 1, &m, NULL), AT_OK);
    assert_true(isnan(m.auc.value) && isnan(m.auc.low));
    assert_true(fabs(m.recall.value - 2.0 / 3) < 1e-12);
    at_curve curve;
    at_error err = {0};
    assert_int_equal(at_curve_roc(y, score, 3, 10, &curve, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "one class"));
    assert_int_equal(at_curve_pr(y, score, 3, 10, &curve, &err), AT_OK);
    at_curve_fini(&curve);
    double none[] = {0, 0, 0};
    assert_int_equal(at_metrics_binary(none, score, label, 3, 0, 1, &m, NULL), AT_OK);
    assert_true(isnan(m.average_precision.value));
}

static void test_bad_input(void **state) {
    (void)state;
    double y[] = {1, 0}, score[] = {0.2, 0.7}, odd[] = {0.2, (double)NAN},
           big[] = {1.5, 0};
    double two[] = {0, 2};
    int32_t label[] = {0, 1}, wild[] = {0, 7};
    at_binary_metrics m;
    at_error err = {0};
    assert_int_equal(at_metrics_binary(y, score, label, 0, 0, 1, &m, &err), AT_INVALID);
    assert_int_equal(at_metrics_binary(y, odd, label, 2, 0, 1, &m, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "row 2"));
    assert_int_equal(at_metrics_binary(y, big, label, 2, 0, 1, &m, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "row 1"));
    assert_int_equal(at_metrics_binary(two, score, label, 2, 0, 1, &m, &err), AT_INVALID);
    assert_int_equal(at_metrics_binary(y, score, wild, 2, 0, 1, &m, &err), AT_INVALID);
    assert_int_equal(at_metrics_binary(y, score, label, 2, 10001, 1, &m, &err), AT_LIMIT);
    at_multiclass_metrics mm;
    double scores[] = {0.2, 0.8, 0.6, 0.4};
    assert_int_equal(at_metrics_multiclass(two, scores, label, 2, 2, 0, 1, &mm, &err),
                     AT_INVALID);
    assert_null(mm.confusion);
    assert_int_equal(at_metrics_multiclass(y, scores, wild, 2, 2, 0, 1, &mm, &err),
                     AT_INVALID);
    assert_int_equal(at_metrics_multiclass(y, scores, label, 2, 1, 0, 1, &mm, &err),
                     AT_LIMIT);
    at_regression_metrics r;
    assert_int_equal(at_metrics_regression(y, odd, 2, 0, 1, &r, &err), AT_INVALID);
    at_curve curve;
    assert_int_equal(at_curve_roc(y, score, 2, 1, &curve, &err), AT_INVALID);
}

static void test_thinned(void **state) {
    (void)state;
    enum { ROWS = 20000, LIMIT = 200 };
    static double y[ROWS], score[ROWS];
    static int32_t label[ROWS];
    make_rows(ROWS, y, score, label);
    at_binary_metrics m;
    assert_int_equal(at_metrics_binary(y, score, label, ROWS, 0, 1, &m, NULL), AT_OK);
    at_curve roc, pr;
    assert_int_equal(at_curve_roc(y, score, ROWS, LIMIT, &roc, NULL), AT_OK);
    assert_true(roc.count <= LIMIT && roc.count > LIMIT * 3 / 4);
    int last = roc.count - 1;
    assert_true(roc.x[0] == 0 && roc.y[0] == 0 && roc.x[last] == 1 && roc.y[last] == 1);
    double area = 0;
    for (int i = 1; i <= last; i++) {
        assert_true(roc.x[i] >= roc.x[i - 1] && roc.y[i] >= roc.y[i - 1]);
        assert_true(roc.threshold[i] < roc.threshold[i - 1]);
        double step = roc.x[i] - roc.x[i - 1] + roc.y[i] - roc.y[i - 1];
        assert_true(step < 2.5 * 2 / LIMIT);
        area += (roc.x[i] - roc.x[i - 1]) * (roc.y[i] + roc.y[i - 1]) / 2;
    }
    assert_true(fabs(area - m.auc.value) < 1e-4);
    assert_int_equal(at_curve_pr(y, score, ROWS, LIMIT, &pr, NULL), AT_OK);
    assert_true(pr.count <= LIMIT && pr.x[0] == 0 && pr.x[pr.count - 1] == 1);
    at_curve_fini(&roc);
    at_curve_fini(&pr);
}

static void test_allocation_failures(void **state) {
    (void)state;
    double y[] = {1, 0, 1}, score[] = {0.2, 0.7, 0.6}, scores[] = {1, 0, 0, 1, 0.5, 0.5};
    int32_t label[] = {0, 1, 1};
    for (size_t n = 1; n < 12; n++) {
        at_binary_metrics m;
        at_multiclass_metrics mm = {0};
        at_regression_metrics r;
        at_curve curve = {0};
        at_status got[4];
        at_memory_fail_after(n);
        got[0] = at_metrics_binary(y, score, label, 3, 5, 1, &m, NULL);
        at_memory_fail_after(n);
        got[1] = at_metrics_multiclass(y, scores, label, 3, 2, 5, 1, &mm, NULL);
        at_memory_fail_after(n);
        got[2] = at_metrics_regression(y, score, 3, 5, 1, &r, NULL);
        at_memory_fail_after(n);
        got[3] = at_curve_roc(y, score, 3, 9, &curve, NULL);
        at_memory_fail_after(0);
        for (int i = 0; i < 4; i++)
            assert_true(got[i] == AT_OK || got[i] == AT_NO_MEMORY);
        assert_true(n > 2 || (got[0] && got[1] && got[2] && got[3]));
        if (got[1] == AT_OK)
            at_multiclass_metrics_fini(&mm);
        if (got[3] == AT_OK)
            at_curve_fini(&curve);
    }
}

static void test_quick(void **state) {
    (void)state;
    enum { ROWS = 41188 };
    static double y[ROWS], score[ROWS];
    static int32_t label[ROWS];
    make_rows(ROWS, y, score, label);
    at_binary_metrics m;
    double start = at_now();
    assert_int_equal(at_metrics_binary(y, score, label, ROWS, 200, 1, &m, NULL), AT_OK);
    double took = at_now() - start;
    print_message("bootstrap of %d rows x 200: %.3f s\n", (int)ROWS, took);
    assert_true(took < 10); /* a sanitizer on a busy machine; in release about 0.2 s */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scikit_learn),        cmocka_unit_test(test_top_k),
        cmocka_unit_test(test_intervals),           cmocka_unit_test(test_undefined),
        cmocka_unit_test(test_bad_input),           cmocka_unit_test(test_thinned),
        cmocka_unit_test(test_allocation_failures), cmocka_unit_test(test_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
