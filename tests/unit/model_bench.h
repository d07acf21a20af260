/* What the tests of models share: tables, a training request, comparisons. */
#ifndef ATELIER_TESTS_UNIT_MODEL_BENCH_H
#define ATELIER_TESTS_UNIT_MODEL_BENCH_H

#include "ops/base/clock.h"
#include "ops/frame/csv.h"
#include "ops/frame/split.h"
#include "ops/learn/metrics.h"
#include "ops/learn/model.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <pthread.h>

#define BANK ATELIER_DATA "/bank/bank-additional/bank-additional-full.csv"

static inline at_frame *read_file(const char *path) {
    at_error err = {0};
    at_csv_options options = at_csv_options_default();
    at_read_context context = {0};
    at_csv_report report;
    at_frame *frame = NULL;
    assert_ok(at_csv_read_file(path, &options, &context, &frame, &report, &err), &err);
    return frame;
}

static inline at_frame *read_text(const char *csv) {
    at_error err = {0};
    at_csv_options options = at_csv_options_default();
    at_read_context context = {0};
    at_csv_report report;
    at_frame *frame = NULL;
    options.header = AT_YES;
    assert_ok(at_csv_read(csv, strlen(csv), &options, &context, &frame, &report, &err),
              &err);
    return frame;
}

/* A small table with everything in it: 400 rows of city, colour, size (some missing),
 * flag, note and an answer that depends on them. */
static inline at_frame *small_table(void) {
    at_text csv = {0};
    at_text_put(&csv, "city,colour,size,flag,note,answer\n");
    for (int i = 0; i < 400; i++) {
        const char *city = i % 3 == 0 ? "Bern" : i % 3 == 1 ? "Rome" : "Oslo";
        at_text_format(&csv, "%s,%s,", city, i % 5 < 2 ? "red" : "blue");
        if (i % 17)
            at_text_format(&csv, "%d.5", i * 37 % 101);
        double z =
            (i % 3 == 0) * 2.0 + (i * 37 % 101) / 25.0 - 3 + (i * 53 % 11 - 5) / 5.0;
        at_text_format(&csv, ",%s,row number %d,%s\n", i % 2 ? "true" : "false", i,
                       z > 0 ? "yes" : "no");
    }
    at_frame *frame = read_text(at_text_get(&csv));
    at_text_fini(&csv);
    return frame;
}

static inline json_t *steps(const char *text) {
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);
    assert_non_null(json);
    return json;
}

#define PREPARATION                                                                      \
    "[{\"verb\": \"impute\", \"word\": \"mean\", \"columns\": [{\"text\": "              \
    "\"numeric\"}]},"                                                                    \
    " {\"verb\": \"one-hot\", \"columns\": [{\"text\": \"city\"}, {\"text\": "           \
    "\"colour\"}]},"                                                                     \
    " {\"verb\": \"drop column\", \"columns\": [{\"text\": \"note\"}]}]"

typedef struct bench {
    at_frame *frame;
    at_recipe *recipe;
    json_t *hyper;
    at_train_request request;
    at_model *model;
} bench;

static inline void bench_init(bench *b, at_frame *frame, const char *target) {
    *b = (bench){.frame = frame, .hyper = json_object()};
    b->request = (at_train_request){.learner = at_learner_find("linear-learner"),
                                    .hyperparameters = b->hyper,
                                    .target = target,
                                    .train = frame,
                                    .holdout = 0.2,
                                    .seed = 7};
}

static inline void bench_recipe(bench *b, const char *text) {
    at_error err = {0};
    json_t *json = steps(text);
    assert_ok(at_recipe_from_json(json, &b->recipe, &err), &err);
    b->request.recipe = b->recipe;
    json_decref(json);
}

static inline void bench_train(bench *b) {
    at_error err = {0};
    at_model_release(b->model);
    b->model = NULL;
    assert_ok(at_model_train(&b->request, &b->model, &err), &err);
}

static inline void bench_fini(bench *b) {
    at_model_release(b->model);
    at_recipe_release(b->recipe);
    at_frame_release(b->frame);
    json_decref(b->hyper);
}

static inline void predict(const at_model *m, const at_frame *frame,
                           at_stage_of_rows stage, at_predictions *p) {
    at_error err = {0};
    assert_ok(at_model_predict(m, frame, stage, NULL, p, &err), &err);
}

static inline void same_predictions(const at_predictions *a, const at_predictions *b) {
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->outputs, b->outputs);
    assert_memory_equal(a->scores, b->scores,
                        (size_t)(a->rows * a->outputs) * sizeof *a->scores);
    if (a->labels)
        assert_memory_equal(a->labels, b->labels, (size_t)a->rows * sizeof *a->labels);
}

static inline at_frame *take(const at_frame *frame, int64_t first, int64_t count) {
    at_error err = {0};
    int64_t *rows = at_alloc_array((size_t)count, sizeof *rows);
    at_frame *out = NULL;
    for (int64_t i = 0; i < count; i++)
        rows[i] = first + i;
    assert_ok(at_frame_take_rows(frame, rows, count, &out, &err), &err);
    at_free(rows);
    return out;
}

static inline void names_are(const json_t *schema, const char *expected) {
    at_text names = {0};
    size_t i;
    json_t *item;
    json_array_foreach(schema, i, item) at_text_format(
        &names, "%s%s", i ? "," : "", json_string_value(json_object_get(item, "name")));
    assert_string_equal(at_text_get(&names), expected);
    at_text_fini(&names);
}

#endif
