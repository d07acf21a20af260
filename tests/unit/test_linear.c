/* The linear learner: losses, optimum, determinism, hyperparameters, files. */
#include "tests/unit/linear_bench.h"

/* Every loss's derivative against a central difference. */
static void test_derivatives(void **state) {
    (void)state;
    at_linear_params params = {
        .quantile = 0.3, .huber_delta = 0.7, .loss_insensitivity = 0.2};
    at_linear_config c = {.params = &params, .outputs = 1};
    size_t count;
    const at_linear_loss *losses = at_linear_losses(&count);
    assert_int_equal(count, 9);
    for (size_t i = 0; i < count; i++) {
        bool multi = losses[i].problems == AT_MULTICLASS;
        c.outputs = multi ? 3 : 1;
        for (double at = -2.05; at < 2.1; at += 0.17) {
            double y = multi ? 2 : losses[i].problems == AT_BINARY ? 1 : 0.31;
            for (int k = 0; k < c.outputs; k++) {
                double z[3] = {at, 0.3, -1.1}, g[3], unused[3], h = 1e-6;
                losses[i].of(&c, z, y, g);
                z[k] += h;
                double up = losses[i].of(&c, z, y, unused);
                z[k] -= 2 * h;
                double down = losses[i].of(&c, z, y, unused);
                assert_true(fabs((up - down) / (2 * h) - g[k]) < 1e-5);
            }
        }
    }
}

/* Ridge has a closed form: the fit must find it. */
static void test_ridge_optimum(void **state) {
    (void)state;
    bench b;
    bench_init(&b, AT_REGRESSION, 1, 500, 2);
    at_rng rng;
    at_rng_init(&rng, 3);
    for (int i = 0; i < 500; i++) {
        double common = at_rng_normal(&rng); /* the columns are correlated */
        b.x[2 * i] = common + 0.5 * at_rng_normal(&rng);
        b.x[2 * i + 1] = common + 0.5 * at_rng_normal(&rng);
        b.y[i] = 3 * b.x[2 * i] - 2 * b.x[2 * i + 1] + 5 + at_rng_normal(&rng);
    }
    set(&b, "normalize_data", "false");
    set(&b, "normalize_label", "false");
    set(&b, "wd", "0.2"); /* minimises mean (y - xw - c)^2 + wd / 2 |w|^2 */
    set(&b, "learning_rate", "0.1");
    set(&b, "epochs", "200");
    set(&b, "early_stopping_tolerance", "0");
    set(&b, "early_stopping_patience", "200");
    fit(&b);
    double m[2] = {0}, my = 0, a[3] = {0}, v[2] = {0};
    for (int i = 0; i < 500; i++) {
        m[0] += b.x[2 * i] / 500;
        m[1] += b.x[2 * i + 1] / 500;
        my += b.y[i] / 500;
    }
    for (int i = 0; i < 500; i++) {
        double p = b.x[2 * i] - m[0], q = b.x[2 * i + 1] - m[1], y = b.y[i] - my;
        a[0] += p * p / 500, a[1] += p * q / 500, a[2] += q * q / 500;
        v[0] += p * y / 500, v[1] += q * y / 500;
    }
    a[0] += 0.1, a[2] += 0.1;
    double det = a[0] * a[2] - a[1] * a[1];
    double w0 = (a[2] * v[0] - a[1] * v[1]) / det, w1 = (a[0] * v[1] - a[1] * v[0]) / det;
    assert_true(fabs(b.state->weights[0] - w0) < 0.01);
    assert_true(fabs(b.state->weights[1] - w1) < 0.01);
    assert_true(fabs(b.state->bias[0] - (my - w0 * m[0] - w1 * m[1])) < 0.02);
    bench_fini(&b);
}

static double accuracy(const bench *b) {
    double right = 0;
    for (int64_t i = 0; i < b->task.train.rows; i++) {
        int best = 0;
        for (int k = 1; k < b->task.classes; k++)
            if (b->scores[i * b->task.classes + k] >
                b->scores[i * b->task.classes + best])
                best = k;
        right += best == (int)b->y[i];
    }
    return right / (double)b->task.train.rows;
}

/* scikit-learn's own table: 569 rows, 30 columns of very different size. Its
 * LogisticRegression (standardised, C = 1) has an AUC of 0.9975 on them. */
static void test_breast_cancer(void **state) {
    (void)state;
    FILE *file = fopen(ATELIER_DATA "/tabular/breast_cancer.csv", "r");
    if (!file)
        skip();
    char line[4096];
    bench b;
    bench_init(&b, AT_BINARY, 2, 569, 30);
    assert_non_null(fgets(line, sizeof line, file));
    for (int i = 0; i < 569; i++) {
        assert_non_null(fgets(line, sizeof line, file));
        char *at = line;
        for (int j = 0; j < 31; j++, at++)
            *(j < 30 ? &b.x[i * 30 + j] : &b.y[i]) = strtod(at, &at);
    }
    fclose(file);
    fit(&b);
    assert_true(auc(&b) > 0.996);
    set(&b, "loss", "hinge_loss");
    fit(&b);
    assert_true(auc(&b) > 0.995);
    for (int i = 0; i < 569; i++)
        assert_true(b.scores[i] >= 0 && b.scores[i] <= 1);
    bench_fini(&b);
}

static void test_three_classes(void **state) {
    (void)state;
    bench b;
    bench_init(&b, AT_MULTICLASS, 3, 900, 4);
    fill(&b, 5);
    fit(&b);
    assert_true(accuracy(&b) > 0.93);
    for (int64_t i = 0; i < 900; i++)
        assert_true(fabs(b.scores[3 * i] + b.scores[3 * i + 1] + b.scores[3 * i + 2] -
                         1) < 1e-12);
    set(&b, "balance_multiclass_weights", "true");
    fit(&b);
    assert_true(accuracy(&b) > 0.9);
    bench_fini(&b);
}

/* Each loss for numbers, each optimiser. Quantile 0.9: nine in ten labels lie below. */
static void test_regressions(void **state) {
    (void)state;
    const char *const losses[] = {"squared_loss",
                                  "absolute_loss",
                                  "eps_insensitive_squared_loss",
                                  "huber_loss",
                                  "eps_insensitive_absolute_loss",
                                  "quantile_loss"};
    const char *const optimizers[] = {"adam", "sgd", "rmsprop"};
    bench b;
    bench_init(&b, AT_REGRESSION, 1, 1500, 3);
    fill(&b, 6);
    set(&b, "quantile", "0.9");
    for (size_t i = 0; i < COUNT(losses); i++)
        for (size_t o = 0; o < COUNT(optimizers); o++) {
            set(&b, "loss", losses[i]);
            set(&b, "optimizer", optimizers[o]);
            fit(&b);
            at_regression_metrics m;
            double below = 0;
            for (int64_t r = 0; r < 1500; r++)
                below += b.y[r] < b.scores[r];
            assert_int_equal(at_metrics_regression(b.y, b.scores, 1500, 0, 1, &m, NULL),
                             AT_OK);
            bool quantile = strcmp(losses[i], "quantile_loss") == 0;
            if (quantile)
                assert_true(fabs(below / 1500 - 0.9) < 0.03);
            else
                assert_true(m.rmse.value < 1.1);
        }
    bench_fini(&b);
}

static void same_state(const at_learned *a, const at_learned *b) {
    assert_memory_equal(a->weights, b->weights,
                        (size_t)(a->outputs * a->cols) * sizeof *a->weights);
    assert_memory_equal(a->bias, b->bias, (size_t)a->outputs * sizeof *a->bias);
    assert_memory_equal(a->importance, b->importance,
                        (size_t)a->cols * sizeof *a->importance);
    assert_same_real(a->threshold, b->threshold);
}

static void test_same_bits(void **state) {
    (void)state;
    at_error err = {0};
    bench b;
    bench_init(&b, AT_BINARY, 2, 6000, 60);
    fill(&b, 7);
    set(&b, "mini_batch_size", "1500"); /* large enough for threads */
    set(&b, "epochs", "3");
    fit(&b);
    at_learned *first = b.state;
    b.state = NULL;
    fit(&b);
    same_state(first, b.state);
    for (size_t threads = 1; threads < 6; threads += 2) {
        assert_ok(at_pool_new(threads, &b.task.pool, &err), &err);
        fit(&b);
        same_state(first, b.state);
        at_pool_release(b.task.pool);
        b.task.pool = NULL;
    }
    b.task.seed = 2;
    fit(&b);
    assert_true(b.state->weights[0] != first->weights[0]);
    /* A row alone, and in a batch. */
    for (int64_t i = 0; i < 6000; i++) {
        double alone;
        L->predict(b.state, b.x + i * 60, 1, &alone);
        assert_same_real(alone, b.scores[i]);
    }
    at_linear_release(first);
    bench_fini(&b);
}

static void test_l1(void **state) {
    (void)state;
    bench b;
    bench_init(&b, AT_REGRESSION, 1, 800, 8);
    fill(&b, 10);
    set(&b, "l1", "0.2");
    set(&b, "epochs", "60");
    fit(&b);
    assert_true(b.state->weights[7] == 0 && fabs(b.state->weights[0]) > 5);
    double importance[8];
    L->importance(b.state, importance);
    assert_true(importance[7] == 0 && importance[0] > importance[1] &&
                L->inputs(b.state) == 8);
    bench_fini(&b);
}

typedef struct heard {
    int log, points, epochs;
    char first[256], quality[256];
    at_cancel *raise;
} heard;

static void hear_log(void *context, const char *line) {
    heard *h = context;
    h->log++;
    if (strstr(line, "epoch=0, validation"))
        snprintf(h->quality, sizeof h->quality, "%s", line);
    if (strstr(line, "#progress_metric") && !h->first[0])
        snprintf(h->first, sizeof h->first, "%s", line);
}

static void hear_point(void *context, const char *series, const char *metric, double x,
                       double y) {
    heard *h = context;
    assert_string_equal(metric, "logistic_loss");
    assert_true(y > 0 && y < 1 && x >= 1);
    assert_true(!strcmp(series, "train") || !strcmp(series, "validation"));
    h->points++;
}

static void hear_progress(void *context, double done, double total, const char *what) {
    heard *h = context;
    assert_true(done <= total && strstr(what, "epoch "));
    if (h->raise && ++h->epochs == 2)
        at_cancel_raise(h->raise);
}

static void test_events(void **state) {
    (void)state;
    at_error err = {0};
    heard h = {0};
    at_fit_events events = {&h, hear_log, hear_point, hear_progress};
    bench b;
    bench_init(&b, AT_BINARY, 2, 640, 3);
    fill(&b, 11);
    b.task.train.rows = 500;
    b.task.validation = (at_design){140, 3, b.x + 1500, b.y + 500, NULL};
    b.task.events = &events;
    fit(&b);
    assert_string_equal(h.first,
                        "#progress_metric: host=algo-1, completed 7 % of epochs");
    assert_non_null(strstr(h.quality,
                           "#quality_metric: host=algo-1, epoch=0, validation "
                           "binary_classification_cross_entropy_objective <loss>=0."));
    assert_true(h.points >= 22 && h.points % 2 == 0);
    at_cancel cancel = {0};
    h = (heard){.raise = &cancel};
    b.task.cancel = &cancel;
    fit(&b); /* interrupted after two epochs: what they learned is kept */
    assert_int_equal(h.epochs, 2);
    assert_true(auc(&b) > 0.75);
    at_learned *none;
    assert_int_equal(L->fit(&b.task, &none, &err), AT_CANCELLED);
    assert_null(none);
    bench_fini(&b);
}

static at_status refused(bench *b, at_error *err) {
    at_learned *none = NULL;
    at_status status = L->fit(&b->task, &none, err);
    assert_null(none);
    return status;
}

static void test_refusals(void **state) {
    (void)state;
    at_error err = {0};
    bench b;
    bench_init(&b, AT_BINARY, 2, 200, 3);
    fill(&b, 12);
    set(&b, "loss", "huber_loss");
    assert_int_equal(refused(&b, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "huber_loss does not fit a binary_classifier"));
    assert_non_null(strstr(err.hint, "logistic, hinge_loss"));
    set(&b, "loss", "auto");
    set(&b, "positive_example_weight_mult", "lots");
    assert_int_equal(refused(&b, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "'lots'"));
    set(&b, "positive_example_weight_mult", "1");
    set(&b, "momentum", "0.5");
    assert_int_equal(refused(&b, &err), AT_INVALID);
    set(&b, "momentum", "auto");
    b.x[3 * 41 + 1] = (double)NAN;
    assert_int_equal(refused(&b, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "row 42, prepared input 2"));
    b.x[3 * 41 + 1] = 1e200;
    set(&b, "normalize_data", "false");
    set(&b, "optimizer", "sgd");
    set(&b, "learning_rate", "1000");
    assert_int_equal(refused(&b, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "finite"));
    assert_non_null(strstr(err.hint, "normalize_data"));
    b.task.problem = AT_MULTICLASS;
    b.task.classes = 3;
    set(&b, "num_classes", "4");
    assert_int_equal(refused(&b, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "num_classes is 4"));
    bench_fini(&b);
}

static void test_hyperparameters(void **state) {
    (void)state;
    bench b;
    at_error err = {0};
    bench_init(&b, AT_BINARY, 2, 1, 1);
    assert_int_equal(b.params.epochs, 15);
    assert_true(isnan(b.params.learning_rate) && b.params.num_models == AT_AUTO_INT);
    assert_string_equal(b.params.binary_classifier_model_selection_criteria, "accuracy");
    assert_null(at_param_find(L->params, L->param_count, "epoch"));
    at_param_unknown(L->params, L->param_count, "hyperparameter", "epoch", &err);
    assert_non_null(strstr(err.hint, "epochs"));
    const at_param *p = at_param_find(L->params, L->param_count, "target_recall");
    assert_int_equal(at_param_set(p, "1.5", &b.arena, &b.params, &err), AT_INVALID);
    p = at_param_find(L->params, L->param_count, "optimizer");
    assert_int_equal(at_param_set(p, "adm", &b.arena, &b.params, &err), AT_INVALID);
    assert_non_null(strstr(err.hint, "adam"));
    assert_ptr_equal(at_learner_find("linear-learner"), L);
    assert_null(at_learner_find("linear"));
    bench_fini(&b);
}

typedef struct saving {
    const at_learned *state;
    char *path;
} saving;

static at_status save_and_load(void *context) {
    saving *s = context;
    at_learned *again;
    AT_TRY(L->save(s->state, s->path, NULL));
    AT_TRY(L->load(s->path, &again, NULL));
    L->release(again);
    return AT_OK;
}

static void test_files(void **state) {
    (void)state;
    at_error err = {0};
    char *folder = at_test_folder();
    char *path = at_path_join(folder, "weights.safetensors");
    bench b;
    bench_init(&b, AT_MULTICLASS, 3, 300, 5);
    fill(&b, 13);
    fit(&b);
    assert_ok(L->save(b.state, path, &err), &err);
    at_learned *again;
    assert_ok(L->load(path, &again, &err), &err);
    same_state(b.state, again);
    double *scores = at_alloc_array(900, sizeof *scores);
    L->predict(again, b.x, 300, scores);
    assert_memory_equal(scores, b.scores, 900 * sizeof *scores);
    L->release(again);
    at_free(scores);
    saving s = {b.state, path};
    assert_true(at_test_sweep(save_and_load, &s) > 5);
    /* Every byte of the file in turn: an error or a model, never a crash. */
    at_text bytes = {0};
    assert_ok(at_file_read(path, 1 << 20, &bytes, &err), &err);
    for (size_t i = 0; i < bytes.length; i += 7) {
        bytes.data[i] ^= 0x41;
        assert_ok(at_file_write(path, bytes.data, bytes.length, &err), &err);
        if (L->load(path, &again, &err) == AT_OK)
            L->release(again);
        bytes.data[i] ^= 0x41;
    }
    assert_ok(at_file_write(path, bytes.data, bytes.length / 2, &err), &err);
    assert_int_equal(L->load(path, &again, &err), AT_CORRUPT);
    at_text_fini(&bytes);
    bench_fini(&b);
    at_free(path);
    at_test_folder_remove(folder);
}

static at_status fit_once(void *context) {
    bench *b = context;
    at_learned *out = NULL;
    at_status status = L->fit(&b->task, &out, NULL);
    L->release(out);
    return status;
}

static void test_allocation_failures(void **state) {
    (void)state;
    bench b;
    bench_init(&b, AT_BINARY, 2, 50, 2);
    fill(&b, 14);
    set(&b, "epochs", "1");
    assert_true(at_test_sweep(fit_once, &b) > 10);
    bench_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_derivatives),
        cmocka_unit_test(test_ridge_optimum),
        cmocka_unit_test(test_breast_cancer),
        cmocka_unit_test(test_three_classes),
        cmocka_unit_test(test_regressions),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_l1),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_hyperparameters),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
