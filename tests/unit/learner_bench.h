/* What the tests of learners share: rows made for a test, a fit by any learner. */
#ifndef ATELIER_TESTS_UNIT_LEARNER_BENCH_H
#define ATELIER_TESTS_UNIT_LEARNER_BENCH_H

#include "ops/base/clock.h"
#include "ops/base/rng.h"
#include "ops/learn/fit.h"
#include "ops/learn/metrics.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <unistd.h>

/* The first three quarters of the rows are trained on, the rest validates. Scores of all
 * rows land beside them. */
typedef struct bench {
    const at_learner *learner;
    at_arena arena;
    void *params;
    at_fit_task task;
    int64_t rows, cols;
    int outputs;
    double *x, *y, *scores;
    at_learned *state;
} bench;

static inline void bench_init(bench *b, const char *name, at_problem problem, int classes,
                              int64_t rows, int64_t cols) {
    at_error err = {0};
    const at_learner *l = at_learner_find(name);
    assert_non_null(l);
    *b = (bench){.learner = l, .rows = rows, .cols = cols};
    b->params = at_arena_alloc(&b->arena, l->params_size);
    assert_ok(at_params_defaults(l->params, l->param_count, &b->arena, b->params, &err),
              &err);
    b->outputs = problem == AT_MULTICLASS ? classes : 1;
    b->x = at_alloc_array((size_t)(rows * cols), sizeof *b->x);
    b->y = at_alloc_array((size_t)rows, sizeof *b->y);
    b->scores = at_alloc_array((size_t)(rows * b->outputs), sizeof *b->scores);
    int64_t train = rows * 3 / 4;
    b->task = (at_fit_task){
        .problem = problem,
        .classes = classes,
        .train = {train, cols, b->x, b->y, NULL},
        .validation = {rows - train, cols, b->x + train * cols, b->y + train, NULL},
        .params = b->params,
        .seed = 1};
}

static inline void bench_fini(bench *b) {
    if (b->state)
        b->learner->release(b->state);
    at_free(b->x);
    at_free(b->y);
    at_free(b->scores);
    at_arena_fini(&b->arena);
}

/* The validation rows are trained on too. */
static inline void bench_join(bench *b) {
    b->task.train.rows = b->rows;
    b->task.validation.rows = 0;
}

static inline void set(bench *b, const char *name, const char *value) {
    at_error err = {0};
    const at_param *p = at_param_find(b->learner->params, b->learner->param_count, name);
    assert_non_null(p);
    assert_ok(at_param_set(p, value, &b->arena, b->params, &err), &err);
}

static inline void fit(bench *b) {
    at_error err = {0};
    if (b->state)
        b->learner->release(b->state);
    b->state = NULL;
    assert_ok(b->learner->fit(&b->task, &b->state, &err), &err);
    b->learner->predict(b->state, b->x, b->rows, b->scores);
}

/* y: waves and a corner that no straight line follows; the last column is noise; one cell
 * in `holes` is missing (0: none). */
static inline void fill(bench *b, uint64_t seed, int holes) {
    at_rng rng;
    at_rng_init(&rng, seed);
    for (int64_t i = 0; i < b->rows; i++) {
        double *x = b->x + i * b->cols;
        for (int64_t j = 0; j < b->cols; j++)
            x[j] = at_rng_normal(&rng);
        double z = 2 * sin(2 * x[0]) + (x[1] > 0.3 && x[2] < 0.5 ? 2 : -1) +
                   0.3 * at_rng_normal(&rng);
        b->y[i] = b->task.problem == AT_BINARY       ? z > 0
                  : b->task.problem == AT_REGRESSION ? 50 + 10 * z
                                                     : (z > -1) + (z > 1);
        for (int64_t j = 0; holes && j < b->cols; j++)
            if (at_rng_below(&rng, (uint64_t)holes) == 0)
                x[j] = (double)NAN;
    }
}

/* Share of the rows from `from` on that are called right, or R2 of numbers. */
static inline double quality(const bench *b, int64_t from) {
    double right = 0, mean = 0, off = 0, spread = 0, rows = (double)(b->rows - from);
    for (int64_t i = from; i < b->rows; i++)
        mean += b->y[i] / rows;
    for (int64_t i = from; i < b->rows; i++) {
        const double *s = b->scores + i * b->outputs;
        int best = 0;
        for (int k = 1; k < b->outputs; k++)
            best = s[k] > s[best] ? k : best;
        right += b->outputs > 1 ? best == (int)b->y[i] : (s[0] >= 0.5) == (b->y[i] > 0);
        off += (s[0] - b->y[i]) * (s[0] - b->y[i]);
        spread += (b->y[i] - mean) * (b->y[i] - mean);
    }
    return b->task.problem == AT_REGRESSION ? 1 - off / spread : right / rows;
}

/* The scores again: by rows alone, by a saved and loaded state, by a fit with `threads`
 * (0: none of that); all must be the same bits. */
static inline void same_scores(bench *b, const double *expected) {
    assert_memory_equal(b->scores, expected,
                        (size_t)(b->rows * b->outputs) * sizeof *expected);
}

static inline void each_row_alone(bench *b) {
    double alone[16];
    assert_true(b->outputs <= 16);
    for (int64_t i = 0; i < b->rows; i++) {
        b->learner->predict(b->state, b->x + i * b->cols, 1, alone);
        assert_memory_equal(alone, b->scores + i * b->outputs,
                            (size_t)b->outputs * sizeof *alone);
    }
}

static inline void saved_and_loaded(bench *b) {
    at_error err = {0};
    char path[] = "/tmp/atelier-learner-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    assert_ok(b->learner->save(b->state, path, &err), &err);
    at_learned *again;
    assert_ok(b->learner->load(path, &again, &err), &err);
    size_t count = (size_t)(b->rows * b->outputs);
    double *scores = at_alloc_array(count, sizeof *scores);
    b->learner->predict(again, b->x, b->rows, scores);
    same_scores(b, scores);
    assert_int_equal(b->learner->inputs(again), b->cols);
    at_free(scores);
    b->learner->release(again);
    unlink(path);
}

/* Damaged files, each byte of a saved state in turn being another: refused or read, never
 * a crash. A state that is read predicts something. */
static inline void damaged_files(bench *b, size_t step) {
    at_error err = {0};
    char path[] = "/tmp/atelier-learner-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_ok(b->learner->save(b->state, path, &err), &err);
    close(file);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    fseek(in, 0, SEEK_END);
    size_t length = (size_t)ftell(in);
    rewind(in);
    unsigned char *bytes = at_alloc(length);
    assert_int_equal(fread(bytes, 1, length, in), length);
    fclose(in);
    size_t refused = 0;
    for (size_t at = 0; at < length; at += step) {
        unsigned char kept = bytes[at];
        bytes[at] = (unsigned char)(kept ^ 0xA5);
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(bytes, 1, length, out), length);
        fclose(out);
        bytes[at] = kept;
        at_learned *state;
        if (b->learner->load(path, &state, &err) != AT_OK) {
            refused++;
            continue;
        }
        if (b->learner->inputs(state) == b->cols)
            b->learner->predict(state, b->x, 1, b->scores);
        b->learner->release(state);
    }
    assert_true(refused > 0);
    at_free(bytes);
    unlink(path);
}

static inline void refuses(bench *b, const char *text, const char *hint) {
    at_error err = {0};
    at_learned *none = NULL;
    assert_true(b->learner->fit(&b->task, &none, &err) != AT_OK);
    assert_null(none);
    assert_string_equal(err.text, text);
    if (hint)
        assert_string_equal(err.hint, hint);
}

/* Raises the flag once `after` points were told. */
typedef struct stopper {
    at_cancel cancel;
    int points, after;
} stopper;

static inline void stopper_point(void *context, const char *series, const char *metric,
                                 double x, double y) {
    stopper *s = context;
    (void)series, (void)metric, (void)x, (void)y;
    if (++s->points >= s->after)
        at_cancel_raise(&s->cancel);
}

/* A fit that is interrupted after some points keeps what it has; one that is interrupted
 * before the first says so. */
static inline void interrupted(bench *b, int after, const char *too_soon) {
    stopper s = {.after = after};
    at_fit_events events = {.context = &s, .point = stopper_point};
    b->task.events = &events;
    b->task.cancel = &s.cancel;
    fit(b);
    refuses(b, too_soon, NULL);
    b->task.events = NULL;
    b->task.cancel = NULL;
}

#endif
