/* Models end to end: train, predict, save, load. */
#include "tests/unit/model_bench.h"

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
    assert_ok(at_model_truth(b.model, b.frame, AT_ROWS_CLEAN, &y, &err), &err);
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

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--write-golden") == 0)
        return write_golden(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_batch_independence),
        cmocka_unit_test(test_determinism),
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_cleaning),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_old_format),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
