/* Models on real tables: as good as they should be, and served as they were evaluated. */
#include "tests/unit/model_bench.h"

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
    assert_ok(at_model_truth(b.model, parts[1], AT_ROWS_CLEAN, &y, &err), &err);
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

/* The truth of rows of the source is what the cleaning makes of them, and that of clean
 * rows is there as it stands. `recipe` makes the target `target`. */
static void check_truth(const char *recipe, const char *target) {
    at_error err = {0};
    at_frame *source = small_table(), *clean = NULL;
    json_t *schema = at_frame_schema(source), *unfitted = steps(recipe);
    at_recipe *cleaning;
    at_step_context context = {0};
    assert_ok(at_recipe_from_json(unfitted, &cleaning, &err), &err);
    assert_ok(at_recipe_fit(cleaning, source, &context, &clean, NULL, &err), &err);
    json_t *fitted = at_recipe_to_json(cleaning);
    bench b;
    bench_init(&b, clean, target);
    b.request.source = schema;
    b.request.cleaning = fitted;
    bench_train(&b);
    double *raw, *washed, positive = 0;
    assert_ok(at_model_truth(b.model, source, AT_ROWS_SOURCE, &raw, &err), &err);
    assert_ok(at_model_truth(b.model, clean, AT_ROWS_CLEAN, &washed, &err), &err);
    for (int64_t r = 0; r < at_frame_rows(clean); r++) {
        assert_true(raw[r] == 0 || raw[r] == 1);
        assert_same_real(raw[r], washed[r]);
        positive += raw[r];
    }
    assert_true(positive > 0 && positive < (double)at_frame_rows(clean));
    at_free(raw);
    at_free(washed);
    double *none;
    assert_int_equal(at_model_truth(b.model, source, AT_ROWS_CLEAN, &none, &err),
                     AT_NOT_FOUND);
    assert_non_null(strstr(err.text, target));
    assert_null(none);
    at_frame_release(source);
    at_recipe_release(cleaning);
    json_decref(schema);
    json_decref(unfitted);
    json_decref(fitted);
    bench_fini(&b);
}

static void test_truth(void **state) {
    (void)state;
    check_truth("[{\"verb\": \"replace\", \"values\": [\"yes\", \"buys\"],"
                " \"columns\": [{\"text\": \"answer\"}]},"
                " {\"verb\": \"rename\", \"columns\": [{\"text\": \"answer\"}],"
                " \"name\": \"outcome\"}]",
                "outcome");
    check_truth("[{\"verb\": \"derive\", \"name\": \"agreed\","
                " \"expression\": \"answer = 'yes'\"},"
                " {\"verb\": \"drop column\", \"columns\": [{\"text\": \"answer\"}]}]",
                "agreed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_quality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
