/* Nearest neighbours: against a search by hand, on every instruction set; the choice of
 * k; ties; files. */
#include "ops/isa/distance.h"
#include "ops/isa/isa.h"
#include "ops/learn/knn.h"
#include "tests/unit/learner_bench.h"

static int64_t fact(const bench *b, const char *name) {
    json_t *facts = json_object();
    assert_true(b->learner->describe(b->state, facts));
    int64_t value = json_integer_value(json_object_get(facts, name));
    json_decref(facts);
    return value;
}

/* Every instruction set has the bits of plain sums. */
static void test_kernels(void **state) {
    (void)state;
    enum { COLS = 37 };
    float points[COLS * AT_DISTANCE_LANES], asked[4 * COLS], out[4 * AT_DISTANCE_LANES];
    at_rng rng;
    at_rng_init(&rng, 1);
    for (size_t i = 0; i < COUNT(points); i++)
        points[i] = (float)at_rng_normal(&rng);
    for (size_t i = 0; i < COUNT(asked); i++)
        asked[i] = (float)at_rng_normal(&rng);
    const at_isa *isa;
    for (size_t k = 0; (isa = at_isa_at(k)) != NULL; k++)
        for (size_t count = 1; count <= 4; count++)
            for (int products = 0; products < 2; products++) {
                const at_distance *d = at_distance_named(isa->name);
                (products ? d->products : d->squares)(points, asked, count, COLS, out);
                for (size_t q = 0; q < count; q++)
                    for (size_t i = 0; i < AT_DISTANCE_LANES; i++) {
                        float sum = 0;
                        for (size_t j = 0; j < COLS; j++) {
                            float p = points[j * AT_DISTANCE_LANES + i];
                            float a = asked[q * COLS + j];
                            float term = products ? a * p : (a - p) * (a - p);
                            sum += term;
                        }
                        assert_true(sum == out[q * AT_DISTANCE_LANES + i]);
                    }
            }
}

/* The k nearest by sorting all distances, as doubles. */
static double by_hand(const bench *b, const double *x, int64_t k, bool weigh) {
    int64_t rows = b->task.train.rows;
    bool *used = at_alloc_array((size_t)rows, sizeof *used);
    double sum = 0, votes = 0;
    for (int64_t n = 0; n < k; n++) {
        int64_t best = -1;
        double least = INFINITY;
        for (int64_t i = 0; i < rows; i++) {
            double d = 0;
            for (int64_t j = 0; j < b->cols; j++) {
                float off = (float)x[j] - (float)b->x[i * b->cols + j];
                d += (double)off * (double)off;
            }
            if (!used[i] && d < least) {
                least = d;
                best = i;
            }
        }
        used[best] = true;
        double vote = weigh ? 1 / sqrt(least) : 1;
        sum += vote * b->y[best];
        votes += vote;
    }
    at_free(used);
    return sum / votes;
}

static void test_by_hand(void **state) {
    (void)state;
    bench b;
    bench_init(&b, "knn", AT_REGRESSION, 1, 400, 3);
    fill(&b, 2, 0);
    set(&b, "k", "7");
    fit(&b);
    for (int64_t i = 300; i < 400; i++)
        assert_true(fabs(b.scores[i] - by_hand(&b, b.x + 3 * i, 7, false)) < 1e-6);
    set(&b, "weights", "distance");
    fit(&b);
    for (int64_t i = 300; i < 400; i++)
        assert_true(fabs(b.scores[i] - by_hand(&b, b.x + 3 * i, 7, true)) < 1e-3);
    for (int64_t i = 0; i < 300; i++) /* itself, at distance 0 */
        assert_true(fabs(b.scores[i] - b.y[i]) < 1e-9);
    bench_fini(&b);
}

static void test_problems(void **state) {
    (void)state;
    static const struct {
        at_problem problem;
        int classes;
        double least;
    } cases[] = {{AT_BINARY, 2, 0.8}, {AT_MULTICLASS, 3, 0.7}, {AT_REGRESSION, 1, 0.6}};
    static const char *const metrics[] = {"L2", "COSINE", "INNER_PRODUCT"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        bench b;
        bench_init(&b, "knn", cases[i].problem, cases[i].classes, 1999, 4);
        fill(&b, 3, 0);
        for (size_t k = 0; k < COUNT(metrics); k++) {
            set(&b, "index_metric", metrics[k]);
            fit(&b);
            if (k == 0)
                assert_true(quality(&b, 1500) > cases[i].least);
            each_row_alone(&b);
            saved_and_loaded(&b);
        }
        bench_fini(&b);
    }
}

/* One neighbour knows what it was taught; many smooth what is noise. */
static void test_choice_of_k(void **state) {
    (void)state;
    at_error err = {0};
    bench b;
    bench_init(&b, "knn", AT_REGRESSION, 1, 1200, 1);
    for (int i = 0; i < 1200; i++) { /* rows in no order, narrow waves */
        b.x[i] = i * 7 % 1200;
        b.y[i] = sin(b.x[i] / 2);
    }
    fit(&b);
    assert_true(fact(&b, "k") <= 5);
    at_rng rng;
    at_rng_init(&rng, 4);
    for (int i = 0; i < 1200; i++) /* noise alone */
        b.y[i] = at_rng_normal(&rng);
    fit(&b);
    int64_t k = fact(&b, "k");
    assert_true(k >= 50);
    assert_ok(at_pool_new(3, &b.task.pool, &err), &err);
    fit(&b);
    assert_int_equal(fact(&b, "k"), k);
    at_pool_release(b.task.pool);
    b.task.pool = NULL;
    bench_join(&b);
    fit(&b);
    assert_int_equal(fact(&b, "k"), 10);
    bench_fini(&b);
}

/* Equal rows: the first ones in training are the neighbours; weights are votes. */
static void test_ties_and_weights(void **state) {
    (void)state;
    bench b;
    bench_init(&b, "knn", AT_REGRESSION, 1, 40, 2);
    for (int i = 0; i < 40; i++)
        b.y[i] = i;
    bench_join(&b);
    set(&b, "k", "4");
    fit(&b);
    assert_true(fabs(b.scores[0] - 1.5) < 1e-12); /* 0, 1, 2, 3 */
    double weight[40] = {0};
    weight[7] = 1, weight[9] = 3, weight[20] = 4;
    b.task.train.weight = weight;
    fit(&b);
    assert_int_equal(fact(&b, "rows_kept"), 3);
    assert_true(fabs(b.scores[0] - (7 + 27 + 80) / 8.0) < 1e-12);
    saved_and_loaded(&b);
    b.task.train.weight = NULL;
    set(&b, "sample_size", "11");
    fit(&b);
    assert_int_equal(fact(&b, "rows_kept"), 11);
    bench_fini(&b);
}

static void test_refusals(void **state) {
    (void)state;
    bench b;
    bench_init(&b, "knn", AT_BINARY, 2, 40, 3);
    fill(&b, 5, 0);
    set(&b, "k", "31");
    refuses(&b, "k is 31, but there are only 30 training rows", NULL);
    set(&b, "k", "3");
    set(&b, "feature_dim", "4");
    refuses(&b, "feature_dim is 4, but the preparation makes 3 inputs",
            "leave it out: they are counted");
    set(&b, "feature_dim", "3");
    set(&b, "weights", "distance");
    set(&b, "index_metric", "INNER_PRODUCT");
    refuses(
        &b,
        "weights = distance does not go with index_metric = INNER_PRODUCT, which is no "
        "distance",
        "use index_metric = COSINE");
    set(&b, "index_metric", "L2");
    b.x[4] = (double)NAN;
    refuses(&b, "training row 2, prepared input 2 is nan", NULL);
    b.x[4] = 0;
    at_cancel cancel = {0};
    at_cancel_raise(&cancel);
    b.task.cancel = &cancel;
    refuses(&b, "training was interrupted before it began", NULL);
    bench_fini(&b);
}

static void test_damaged_files(void **state) {
    (void)state;
    bench b;
    bench_init(&b, "knn", AT_MULTICLASS, 3, 24, 3);
    fill(&b, 6, 0);
    set(&b, "k", "3");
    fit(&b);
    damaged_files(&b, 1);
    bench_fini(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernels),          cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_problems),         cmocka_unit_test(test_choice_of_k),
        cmocka_unit_test(test_ties_and_weights), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
