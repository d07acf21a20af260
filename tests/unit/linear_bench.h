/* What the tests of the linear learner share: rows made for a test, a fit of them. */
#ifndef ATELIER_TESTS_UNIT_LINEAR_BENCH_H
#define ATELIER_TESTS_UNIT_LINEAR_BENCH_H

#include "ops/base/rng.h"
#include "ops/learn/learners.h"
#include "ops/learn/linear.h"
#include "ops/learn/metrics.h"
#include "tests/unit/unit.h"

#include <math.h>

#define L (&at_linear_learner)

/* Rows made for a test; scores of the fit land beside them. */
typedef struct bench {
    at_arena arena;
    at_linear_params params;
    at_fit_task task;
    double *x, *y;
    at_learned *state;
    double *scores;
} bench;

static inline void bench_init(bench *b, at_problem problem, int classes, int64_t rows,
                              int64_t cols) {
    at_error err = {0};
    *b = (bench){0};
    assert_ok(at_params_defaults(L->params, L->param_count, &b->arena, &b->params, &err),
              &err);
    b->x = at_alloc_array((size_t)(rows * cols), sizeof *b->x);
    b->y = at_alloc_array((size_t)rows, sizeof *b->y);
    b->scores = at_alloc_array((size_t)(rows * classes), sizeof *b->scores);
    b->task = (at_fit_task){.problem = problem,
                            .classes = classes,
                            .train = {rows, cols, b->x, b->y, NULL},
                            .params = &b->params,
                            .seed = 1};
}

static inline void bench_fini(bench *b) {
    at_linear_release(b->state);
    at_free(b->x);
    at_free(b->y);
    at_free(b->scores);
    at_arena_fini(&b->arena);
}

static inline void set(bench *b, const char *name, const char *value) {
    at_error err = {0};
    const at_param *p = at_param_find(L->params, L->param_count, name);
    assert_non_null(p);
    assert_ok(at_param_set(p, value, &b->arena, &b->params, &err), &err);
}

static inline void fit(bench *b) {
    at_error err = {0};
    at_linear_release(b->state);
    assert_ok(L->fit(&b->task, &b->state, &err), &err);
    L->predict(b->state, b->x, b->task.train.rows, b->scores);
}

/* y follows a logistic, softmax or linear model of normal inputs; the last column is
 * noise. */
static inline void fill(bench *b, uint64_t seed) {
    at_rng rng;
    at_rng_init(&rng, seed);
    int64_t rows = b->task.train.rows, cols = b->task.train.cols;
    for (int64_t i = 0; i < rows; i++) {
        double *x = b->x + i * cols, z = -0.5;
        for (int64_t j = 0; j < cols; j++) {
            x[j] = at_rng_normal(&rng);
            z += j + 1 < cols ? x[j] * (j % 2 ? -1.0 : 1.5) / (double)(j + 1) : 0;
        }
        if (b->task.problem == AT_BINARY)
            b->y[i] = at_rng_uniform(&rng) < 1 / (1 + exp(-z));
        else if (b->task.problem == AT_REGRESSION)
            b->y[i] = 100 + 10 * z + at_rng_normal(&rng);
        else
            b->y[i] = z < -1 ? 0 : z < 0.5 ? 1 : 2;
    }
}

static inline double auc(const bench *b) {
    at_binary_metrics m;
    int64_t rows = b->task.train.rows;
    int32_t *label = at_alloc_array((size_t)rows, sizeof *label);
    assert_int_equal(at_metrics_binary(b->y, b->scores, label, rows, 0, 1, &m, NULL),
                     AT_OK);
    at_free(label);
    return m.auc.value;
}

#endif
