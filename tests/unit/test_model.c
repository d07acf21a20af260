/* Models end to end: train, predict, save, load, on real tables. */
#include "ops/base/clock.h"
#include "ops/frame/csv.h"
#include "ops/frame/split.h"
#include "ops/learn/metrics.h"
#include "ops/learn/model.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <pthread.h>

#define BANK ATELIER_DATA "/bank/bank-additional/bank-additional-full.csv"

static at_frame *read_file(const char *path) {
    at_error err = {0};
    at_csv_options options = at_csv_options_default();
    at_read_context context = {0};
    at_csv_report report;
    at_frame *frame = NULL;
    assert_ok(at_csv_read_file(path, &options, &context, &frame, &report, &err), &err);
    return frame;
}

static at_frame *read_text(const char *csv) {
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
static at_frame *small_table(void) {
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

static json_t *steps(const char *text) {
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

static void bench_init(bench *b, at_frame *frame, const char *target) {
    *b = (bench){.frame = frame, .hyper = json_object()};
    b->request = (at_train_request){.learner = at_learner_find("linear-learner"),
                                    .hyperparameters = b->hyper,
                                    .target = target,
                                    .train = frame,
                                    .holdout = 0.2,
                                    .seed = 7};
}

static void bench_recipe(bench *b, const char *text) {
    at_error err = {0};
    json_t *json = steps(text);
    assert_ok(at_recipe_from_json(json, &b->recipe, &err), &err);
    b->request.recipe = b->recipe;
    json_decref(json);
}

static void bench_train(bench *b) {
    at_error err = {0};
    at_model_release(b->model);
    b->model = NULL;
    assert_ok(at_model_train(&b->request, &b->model, &err), &err);
}

static void bench_fini(bench *b) {
    at_model_release(b->model);
    at_recipe_release(b->recipe);
    at_frame_release(b->frame);
    json_decref(b->hyper);
}

static void predict(const at_model *m, const at_frame *frame, at_stage_of_rows stage,
                    at_predictions *p) {
    at_error err = {0};
    assert_ok(at_model_predict(m, frame, stage, NULL, p, &err), &err);
}

static void same_predictions(const at_predictions *a, const at_predictions *b) {
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->outputs, b->outputs);
    assert_memory_equal(a->scores, b->scores,
                        (size_t)(a->rows * a->outputs) * sizeof *a->scores);
    if (a->labels)
        assert_memory_equal(a->labels, b->labels, (size_t)a->rows * sizeof *a->labels);
}

static at_frame *take(const at_frame *frame, int64_t first, int64_t count) {
    at_error err = {0};
    int64_t *rows = at_alloc_array((size_t)count, sizeof *rows);
    at_frame *out = NULL;
    for (int64_t i = 0; i < count; i++)
        rows[i] = first + i;
    assert_ok(at_frame_take_rows(frame, rows, count, &out, &err), &err);
    at_free(rows);
    return out;
}

static void names_are(const json_t *schema, const char *expected) {
    at_text names = {0};
    size_t i;
    json_t *item;
    json_array_foreach(schema, i, item) at_text_format(
        &names, "%s%s", i ? "," : "", json_string_value(json_object_get(item, "name")));
    assert_string_equal(at_text_get(&names), expected);
    at_text_fini(&names);
}

static void test_whole(void **state) {
    (void)state;
    bench b;
    bench_init(&b, small_table(), "answer");
    bench_recipe(&b, PREPARATION);
    bench_train(&b);
    assert_int_equal(at_model_problem(b.model), AT_BINARY);
    assert_string_equal(at_model_label(b.model, 1), "yes");
    assert_string_equal(at_model_label(b.model, 0), "no");
    assert_null(at_model_label(b.model, 2));
    assert_string_equal(at_model_target(b.model), "answer");
    names_are(at_model_inputs(b.model), "city,colour,size,flag");
    names_are(at_model_ignored(b.model), "note");
    json_t *describe = at_model_describe(b.model);
    assert_int_equal(json_integer_value(json_object_get(describe, "rows")), 320);
    assert_int_equal(json_integer_value(json_object_get(describe, "validation_rows")),
                     80);
    assert_string_equal(json_string_value(json_object_get(describe, "problem")),
                        "binary_classifier");
    double auc =
        json_real_value(json_object_get(json_object_get(describe, "validation"), "auc"));
    assert_true(auc > 0.85 && auc <= 1);
    const json_t *features = json_object_get(describe, "features");
    assert_int_equal(json_array_size(features), 7); /* 3 + 2 levels, size, flag */
    assert_true(
        json_real_value(json_object_get(json_array_get(features, 0), "importance")) >= 0);
    json_decref(describe);
    at_predictions p;
    predict(b.model, b.frame, AT_ROWS_CLEAN, &p);
    double *y;
    at_error err = {0};
    assert_ok(at_model_truth(b.model, b.frame, &y, &err), &err);
    int right = 0;
    for (int i = 0; i < 400; i++)
        right += p.labels[i] == (int32_t)y[i];
    assert_true(right > 300);
    at_free(y);
    at_predictions_fini(&p);
    bench_fini(&b);
}

typedef struct asking {
    const at_model *model;
    const at_frame *frame;
    const at_predictions *expected;
    bool ok;
} asking;

static void *ask(void *context) {
    asking *a = context;
    at_predictions p;
    a->ok = true;
    for (int i = 0; i < 20; i++) {
        if (at_model_predict(a->model, a->frame, AT_ROWS_SOURCE, NULL, &p, NULL) !=
            AT_OK) {
            a->ok = false;
            return NULL;
        }
        a->ok = a->ok && memcmp(p.scores, a->expected->scores,
                                (size_t)p.rows * sizeof *p.scores) == 0;
        at_predictions_fini(&p);
    }
    return NULL;
}

/* One row or a thousand, one thread or four, CLEAN or SOURCE, extra columns or another
 * order: the same bits. */
static void test_batch_independence(void **state) {
    (void)state;
    at_error err = {0};
    bench b;
    bench_init(&b, small_table(), "answer");
    bench_recipe(&b, PREPARATION);
    bench_train(&b);
    at_predictions all, source, one;
    predict(b.model, b.frame, AT_ROWS_CLEAN, &all);
    predict(b.model, b.frame, AT_ROWS_SOURCE, &source);
    same_predictions(&all, &source);
    at_predictions_fini(&source);
    for (int64_t r = 0; r < 400; r++) {
        at_frame *row = take(b.frame, r, 1);
        predict(b.model, row, AT_ROWS_SOURCE, &one);
        assert_same_real(one.scores[0], all.scores[r]);
        assert_int_equal(one.labels[0], all.labels[r]);
        at_predictions_fini(&one);
        at_frame_release(row);
    }
    const int turned[] = {3, 2, 1, 0};
    at_frame *other = NULL;
    assert_ok(at_frame_select(b.frame, turned, 4, &other, &err), &err);
    predict(b.model, other, AT_ROWS_SOURCE, &one);
    same_predictions(&all, &one);
    at_predictions_fini(&one);
    pthread_t threads[4];
    asking asks[4];
    for (int i = 0; i < 4; i++) {
        asks[i] = (asking){b.model, other, &all, false};
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &asks[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_true(asks[i].ok);
    }
    at_frame_release(other);
    at_predictions_fini(&all);
    bench_fini(&b);
}

/* Two trainings: the same bits, with 1 thread or 3. */
static void test_determinism(void **state) {
    (void)state;
    at_error err = {0};
    bench b;
    bench_init(&b, small_table(), "answer");
    at_predictions first, again;
    bench_train(&b);
    predict(b.model, b.frame, AT_ROWS_CLEAN, &first);
    assert_ok(at_pool_new(3, &b.request.pool, &err), &err);
    bench_train(&b);
    predict(b.model, b.frame, AT_ROWS_CLEAN, &again);
    same_predictions(&first, &again);
    at_predictions_fini(&again);
    b.request.seed = 8;
    bench_train(&b);
    predict(b.model, b.frame, AT_ROWS_CLEAN, &again);
    assert_true(memcmp(first.scores, again.scores, 400 * sizeof *first.scores) != 0);
    at_predictions_fini(&again);
    at_predictions_fini(&first);
    at_pool_release(b.request.pool);
    bench_fini(&b);
}

/* What a payload may differ in, and what it may not. */
static void test_payloads(void **state) {
    (void)state;
    at_error err = {0};
    bench b;
    bench_init(&b, small_table(), "answer");
    bench_recipe(&b, PREPARATION);
    bench_train(&b);
    at_predictions p, q;
    at_frame *plain = read_text("city,colour,size,flag\nBern,red,12.0,true\n");
    at_frame *whole = read_text("FLAG,size,city,colour,extra\ntrue,12,Bern,red,7\n");
    predict(b.model, plain, AT_ROWS_SOURCE, &p);
    predict(b.model, whole, AT_ROWS_SOURCE, &q);
    same_predictions(&p, &q);
    at_predictions_fini(&p);
    at_predictions_fini(&q);
    at_frame *unseen = read_text("city,colour,size,flag\nLima,,,true\n");
    predict(b.model, unseen, AT_ROWS_SOURCE, &p); /* new level, missing cells */
    assert_true(p.scores[0] > 0 && p.scores[0] < 1);
    at_predictions_fini(&p);
    at_frame *lacking = read_text("city,size\nBern,1\n");
    assert_int_equal(at_model_predict(b.model, lacking, AT_ROWS_SOURCE, NULL, &p, &err),
                     AT_INVALID);
    assert_non_null(strstr(err.text, "colour, flag"));
    at_frame *wrong =
        read_text("city,colour,size,flag\nBern,red,1,true\nBern,red,big,true\n");
    assert_int_equal(at_model_predict(b.model, wrong, AT_ROWS_SOURCE, NULL, &p, &err),
                     AT_INVALID);
    assert_non_null(strstr(err.text, "column size"));
    assert_non_null(strstr(err.text, "row "));
    at_frame *const frames[] = {plain, whole, unseen, lacking, wrong};
    for (size_t i = 0; i < COUNT(frames); i++)
        at_frame_release(frames[i]);
    bench_fini(&b);
}

/* Cleaning travels: the source holds a column that a cleaning step drops. */
static void test_cleaning(void **state) {
    (void)state;
    at_error err = {0};
    at_frame *source = small_table(), *clean = NULL;
    json_t *schema = at_frame_schema(source);
    json_t *unfitted =
        steps("[{\"verb\": \"drop column\", \"columns\": [{\"text\": \"flag\"},"
              " {\"text\": \"note\"}]},"
              " {\"verb\": \"impute\", \"word\": \"median\", \"columns\":"
              " [{\"text\": \"size\"}]}]");
    at_recipe *cleaning;
    assert_ok(at_recipe_from_json(unfitted, &cleaning, &err), &err);
    at_step_context context = {0};
    assert_ok(at_recipe_fit(cleaning, source, &context, &clean, NULL, &err), &err);
    json_t *fitted = at_recipe_to_json(cleaning);
    bench b;
    bench_init(&b, clean, "answer");
    b.request.source = schema;
    b.request.cleaning = fitted;
    bench_train(&b);
    names_are(at_model_inputs(b.model), "city,colour,size");
    names_are(at_model_ignored(b.model), "flag,note");
    at_predictions p, q;
    predict(b.model, source, AT_ROWS_SOURCE, &p);
    predict(b.model, clean, AT_ROWS_CLEAN, &q);
    same_predictions(&p, &q);
    at_predictions_fini(&p);
    at_predictions_fini(&q);
    at_recipe_release(cleaning);
    at_frame_release(source);
    json_decref(schema);
    json_decref(unfitted);
    json_decref(fitted);
    bench_fini(&b);
}

static at_status refused(at_frame *frame, const char *target, const char *name,
                         const char *value, at_error *err) {
    bench b;
    bench_init(&b, frame, target);
    if (name)
        json_object_set_new(b.hyper, name, json_string(value));
    at_status status = at_model_train(&b.request, &b.model, err);
    assert_null(b.model);
    bench_fini(&b);
    return status;
}

static void says(const at_error *err, const char *text, const char *hint) {
    if (!strstr(err->text, text) || (hint && !strstr(err->hint, hint)))
        fail_msg("%s (%s)", err->text, err->hint);
}

static void test_refusals(void **state) {
    (void)state;
    at_error err = {0};
    assert_int_equal(refused(small_table(), "anwser", NULL, NULL, &err), AT_INVALID);
    says(&err, "no column anwser", "answer");
    assert_int_equal(refused(small_table(), "note", NULL, NULL, &err), AT_INVALID);
    says(&err, "looks like an identifier", "repeat");
    assert_int_equal(refused(small_table(), "answer", "epoch", "3", &err), AT_INVALID);
    says(&err, "unknown hyperparameter 'epoch'", "epochs");
    assert_int_equal(refused(small_table(), "answer", "epochs", "0", &err), AT_INVALID);
    says(&err, "epochs", NULL);
    assert_int_equal(
        refused(small_table(), "answer", "predictor_type", "regressor", &err),
        AT_INVALID);
    says(&err, "is text", NULL);
    assert_int_equal(
        refused(small_table(), "city", "predictor_type", "binary_classifier", &err),
        AT_INVALID);
    says(&err, "has 3 classes", "multiclass_classifier");
    assert_int_equal(
        refused(read_text("a,b\n1,x\n2,x\n3,x\n4,x\n5,x\n6,x\n"), "b", NULL, NULL, &err),
        AT_INVALID);
    says(&err, "constant", "nothing to learn");
    assert_int_equal(
        refused(read_text("a,b\n1,\n2,\n3,\n4,\n5,\n6,\n"), "b", NULL, NULL, &err),
        AT_INVALID);
    says(&err, "missing in all 6 rows", NULL);
    assert_int_equal(refused(read_text("a,b\n1,x\n2,y\n3,x\n"), "b", NULL, NULL, &err),
                     AT_INVALID);
    says(&err, "only 3 rows", NULL);
}

typedef struct saving {
    const at_model *model;
    char *folder;
} saving;

static at_status save_and_load(void *context) {
    saving *s = context;
    at_model *again;
    AT_TRY(at_model_save(s->model, s->folder, NULL));
    AT_TRY(at_model_load(s->folder, &again, NULL));
    at_model_release(again);
    return AT_OK;
}

static void change_file(const char *folder, const char *name, size_t at, char flip) {
    at_error err = {0};
    char *path = at_path_join(folder, name);
    at_text bytes = {0};
    assert_ok(at_file_read(path, 1 << 24, &bytes, &err), &err);
    bytes.data[at % bytes.length] ^= flip;
    assert_ok(at_file_write(path, bytes.data, bytes.length, &err), &err);
    at_text_fini(&bytes);
    at_free(path);
}

static void test_files(void **state) {
    (void)state;
    at_error err = {0};
    char *root = at_test_folder();
    char *folder = at_path_join(root, "model");
    bench b;
    bench_init(&b, small_table(), "answer");
    bench_recipe(&b, PREPARATION);
    bench_train(&b);
    for (int i = 0; i < 2; i++) /* the second replaces the first */
        assert_ok(at_model_save(b.model, folder, &err), &err);
    at_model *again;
    assert_ok(at_model_load(folder, &again, &err), &err);
    at_predictions p, q;
    predict(b.model, b.frame, AT_ROWS_SOURCE, &p);
    predict(again, b.frame, AT_ROWS_SOURCE, &q);
    same_predictions(&p, &q);
    json_t *one = at_model_describe(b.model), *two = at_model_describe(again);
    assert_true(json_equal(one, two));
    json_decref(one);
    json_decref(two);
    at_predictions_fini(&p);
    at_predictions_fini(&q);
    at_model_release(again);
    saving s = {b.model, folder};
    assert_true(at_test_sweep(save_and_load, &s) > 20);
    for (size_t at = 0; at < 6000; at += 37) { /* an error or a model, never a crash */
        const char *name = at % 2 ? "model.json" : "weights.safetensors";
        change_file(folder, name, at, 0x15);
        if (at_model_load(folder, &again, &err) == AT_OK) {
            at_predictions any;
            if (at_model_predict(again, b.frame, AT_ROWS_SOURCE, NULL, &any, &err) ==
                AT_OK)
                at_predictions_fini(&any);
            at_model_release(again);
        }
        change_file(folder, name, at, 0x15);
    }
    assert_ok(at_model_load(folder, &again, &err), &err);
    at_model_release(again);
    change_file(folder, "model.json", 0, 0x7f);
    assert_int_equal(at_model_load(folder, &again, &err), AT_CORRUPT);
    assert_int_equal(at_model_load(root, &again, &err), AT_NOT_FOUND);
    bench_fini(&b);
    at_free(folder);
    at_test_folder_remove(root);
}

static at_status train_once(void *context) {
    bench *b = context;
    at_model *model;
    AT_TRY(at_model_train(&b->request, &model, NULL));
    at_model_release(model);
    return AT_OK;
}

/* Every allocation of a training and of a prediction fails once. */
static void test_allocation_failures(void **state) {
    (void)state;
    at_frame *table = small_table();
    bench b;
    bench_init(&b, take(table, 0, 40), "answer");
    at_frame_release(table);
    json_object_set_new(b.hyper, "epochs", json_string("1"));
    json_object_set_new(b.hyper, "num_models", json_string("1"));
    assert_true(at_test_sweep(train_once, &b) > 100);
    bench_fini(&b);
}

/* A model of format 1 as it was first written: it must always load, and answer as it did.
 */
static void test_old_format(void **state) {
    (void)state;
    at_error err = {0};
    at_model *model;
    assert_ok(at_model_load(ATELIER_SOURCE "/tests/unit/golden/model-1", &model, &err),
              &err);
    at_frame *rows =
        read_text("city,colour,size,flag\nBern,red,12.5,true\nOslo,blue,,false\n");
    at_predictions p;
    predict(model, rows, AT_ROWS_SOURCE, &p);
    assert_true(fabs(p.scores[0] - 0.19214281761683721) < 1e-12);
    assert_true(fabs(p.scores[1] - 0.093232225762711493) < 1e-12);
    at_predictions_fini(&p);
    at_frame_release(rows);
    at_model_release(model);
}

/* Trains on 80 % of a table and scores the rest. */
typedef struct result {
    double auc, accuracy, r2, seconds, row_us;
} result;

static result quality(const char *path, const char *target, const char *left_out) {
    at_error err = {0};
    at_frame *table = read_file(path), *parts[2] = {0};
    if (left_out) {
        int keep[64], kept = 0;
        for (int c = 0; c < at_frame_columns(table); c++)
            if (strcmp(at_frame_column(table, c)->name, left_out) != 0)
                keep[kept++] = c;
        at_frame *less = NULL;
        assert_ok(at_frame_select(table, keep, kept, &less, &err), &err);
        at_frame_release(table);
        table = less;
    }
    const double share[] = {0.8, 0.2};
    at_split split;
    int by = at_frame_find(table, target);
    by = at_frame_column(table, by)->type == AT_TYPE_FLOAT ? -1 : by;
    assert_ok(at_split_rows(table, by, share, 2, 200, &split, &err), &err);
    for (int i = 0; i < 2; i++)
        assert_ok(
            at_frame_take_rows(table, split.rows[i], split.count[i], &parts[i], &err),
            &err);
    at_split_fini(&split);
    at_frame_release(table);
    bench b;
    bench_init(&b, parts[0], target);
    double start = at_now();
    bench_train(&b);
    result out = {.seconds = at_now() - start};
    at_predictions p;
    double *y;
    predict(b.model, parts[1], AT_ROWS_SOURCE, &p);
    assert_ok(at_model_truth(b.model, parts[1], &y, &err), &err);
    for (int64_t r = 0; r < p.rows; r++)
        assert_true(y[r] == y[r]);
    at_binary_metrics m;
    at_multiclass_metrics c;
    at_regression_metrics g;
    if (at_model_problem(b.model) == AT_BINARY) {
        assert_ok(at_metrics_binary(y, p.scores, p.labels, p.rows, 0, 0, &m, &err), &err);
        out.auc = m.auc.value;
    } else if (at_model_problem(b.model) == AT_MULTICLASS) {
        assert_ok(at_metrics_multiclass(y, p.scores, p.labels, p.rows,
                                        at_model_classes(b.model), 0, 0, &c, &err),
                  &err);
        out.accuracy = c.accuracy.value;
        at_multiclass_metrics_fini(&c);
    } else {
        assert_ok(at_metrics_regression(y, p.scores, p.rows, 0, 0, &g, &err), &err);
        out.r2 = g.r2.value;
    }
    at_predictions_fini(&p);
    at_frame *row = take(parts[1], 5, 1);
    start = at_now();
    for (int i = 0; i < 200; i++) {
        predict(b.model, row, AT_ROWS_SOURCE, &p);
        at_predictions_fini(&p);
    }
    out.row_us = (at_now() - start) / 200 * 1e6;
    print_message(
        "%s: auc %.4f accuracy %.4f r2 %.4f, trained in %.3f s, a row in %.1f us\n",
        at_path_base(path), out.auc, out.accuracy, out.r2, out.seconds, out.row_us);
    at_free(y);
    at_frame_release(row);
    at_frame_release(parts[1]);
    bench_fini(&b);
    return out;
}

/* scikit-learn's logistic and ridge regressions on the same tables: 0.79, 0.93;
 * 0.97, 1.0; 0.64. */
static void test_quality(void **state) {
    (void)state;
    if (!at_file_exists(BANK))
        skip();
    assert_true(quality(BANK, "y", "duration").auc >= 0.78);
    assert_true(quality(BANK, "y", NULL).auc >= 0.93);
    assert_true(quality(ATELIER_DATA "/tabular/iris.csv", "species", NULL).accuracy >=
                0.9);
    assert_true(quality(ATELIER_DATA "/tabular/penguins.csv", "species", NULL).accuracy >=
                0.97);
    assert_true(quality(ATELIER_DATA "/tabular/credit_data.csv", "Status", NULL).auc >=
                0.8);
    assert_true(quality(ATELIER_DATA "/tabular/california_housing.csv",
                        "median_house_value", NULL)
                    .r2 >= 0.6);
}

/* Makes golden/model-1 anew (only for a new format, into a new folder). */
static int write_golden(const char *folder) {
    at_error err = {0};
    bench b;
    bench_init(&b, small_table(), "answer");
    bench_recipe(&b, PREPARATION);
    bench_train(&b);
    assert_ok(at_model_save(b.model, folder, &err), &err);
    bench_fini(&b);
    return 0;
}

#define WALK_CLEANING                                                                    \
    "[{\"verb\": \"missing\", \"values\": [\"unknown\"], \"columns\": [{\"text\": "      \
    "\"job\"},"                                                                          \
    " {\"text\": \"education\"}]},"                                                      \
    " {\"verb\": \"replace\", \"values\": [\"unknown\", \"single\"],"                    \
    " \"columns\": [{\"text\": \"marital\"}]}, {\"verb\": \"drop duplicates\"},"         \
    " {\"verb\": \"drop column\", \"columns\": [{\"text\": \"duration\"}]}]"
#define WALK_PREPARATION                                                                 \
    "[{\"verb\": \"derive\", \"name\": \"ever_called\", \"expression\": \"pdays < "      \
    "999\"},"                                                                            \
    " {\"verb\": \"impute\", \"word\": \"mode\", \"columns\": [{\"text\": "              \
    "\"category\"}]},"                                                                   \
    " {\"verb\": \"one-hot\", \"columns\": [{\"text\": \"category\"}]},"                 \
    " {\"verb\": \"standardize\", \"columns\": [{\"text\": \"numeric\"}]}]"

/* The walk of the bank notebook: what is served, one row at a time, is what was
 * evaluated. */
static void test_walk(void **state) {
    (void)state;
    if (!at_file_exists(BANK))
        skip();
    at_error err = {0};
    at_frame *whole = read_file(BANK), *clean = NULL;
    at_frame *source = take(whole, 0, 6000);
    at_frame_release(whole);
    json_t *schema = at_frame_schema(source), *unfitted = steps(WALK_CLEANING);
    at_recipe *cleaning;
    at_step_context context = {0};
    assert_ok(at_recipe_from_json(unfitted, &cleaning, &err), &err);
    assert_ok(at_recipe_fit(cleaning, source, &context, &clean, NULL, &err), &err);
    json_t *fitted = at_recipe_to_json(cleaning);
    bench b;
    bench_init(&b, clean, "y");
    b.request.source = schema;
    b.request.cleaning = fitted;
    bench_recipe(&b, WALK_PREPARATION);
    bench_train(&b);
    names_are(
        at_model_inputs(b.model),
        "age,job,marital,education,default,housing,loan,contact,month,day_of_week,"
        "campaign,"
        "pdays,previous,poutcome,emp.var.rate,cons.price.idx,cons.conf.idx,euribor3m,"
        "nr.employed");
    names_are(at_model_ignored(b.model), "duration");
    /* The first rows hold no duplicates: source and clean rows are the same there. */
    at_frame *raw = take(source, 0, 200), *washed = take(clean, 0, 200);
    at_predictions p, q, one;
    predict(b.model, raw, AT_ROWS_SOURCE, &p);
    predict(b.model, washed, AT_ROWS_CLEAN, &q);
    same_predictions(&p, &q);
    for (int64_t r = 0; r < 200; r++) {
        at_frame *row = take(raw, r, 1);
        predict(b.model, row, AT_ROWS_SOURCE, &one);
        assert_same_real(one.scores[0], p.scores[r]);
        at_predictions_fini(&one);
        at_frame_release(row);
    }
    at_predictions_fini(&p);
    at_predictions_fini(&q);
    at_frame_release(raw);
    at_frame_release(washed);
    at_frame_release(source);
    at_recipe_release(cleaning);
    json_decref(schema);
    json_decref(unfitted);
    json_decref(fitted);
    bench_fini(&b);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--write-golden") == 0)
        return write_golden(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),       cmocka_unit_test(test_batch_independence),
        cmocka_unit_test(test_determinism), cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_cleaning),    cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_files),       cmocka_unit_test(test_old_format),
        cmocka_unit_test(test_walk),        cmocka_unit_test(test_allocation_failures),
        cmocka_unit_test(test_quality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
