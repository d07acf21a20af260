#include "ops/base/rng.h"
#include "tests/unit/unit.h"

#include <math.h>

/* xoshiro256** from the state 1, 2, 3, 4: the first numbers as in the test of the crate
 * rand_xoshiro, which took them from Blackman and Vigna's reference program. */
static void test_reference(void **state) {
    (void)state;
    const uint64_t expected[] = {11520,
                                 0,
                                 1509978240,
                                 1215971899390074240,
                                 1216172134540287360,
                                 607988272756665600,
                                 16172922978634559625u,
                                 8476171486693032832,
                                 10595114339597558777u,
                                 2904607092377533576};
    at_rng rng = {.s = {1, 2, 3, 4}};
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_true(at_rng_next(&rng) == expected[i]);
}

/* splitmix64 from 0: first numbers of Vigna's splitmix64.c. */
static void test_seeding(void **state) {
    (void)state;
    at_rng rng;
    at_rng_init(&rng, 0);
    assert_true(rng.s[0] == 0xE220A8397B1DCDAFu);
    assert_true(rng.s[1] == 0x6E789E6AA1B965F4u);
    assert_true(rng.s[2] == 0x06C45D188009454Fu);
    assert_true(rng.s[3] == 0xF88BB8A8724C81ECu);
}

static void test_uniform(void **state) {
    (void)state;
    at_rng rng;
    at_rng_init(&rng, 7);
    double sum = 0, n = 200000;
    for (int i = 0; i < 200000; i++) {
        double u = at_rng_uniform(&rng);
        assert_true(u >= 0 && u < 1);
        sum += u;
    }
    assert_true(fabs(sum / n - 0.5) < 5 * sqrt(1 / 12.0 / n));
}

static void test_below(void **state) {
    (void)state;
    at_rng rng;
    at_rng_init(&rng, 11);
    int counts[7] = {0};
    for (int i = 0; i < 70000; i++)
        counts[at_rng_below(&rng, 7)]++;
    double chi = 0;
    for (int i = 0; i < 7; i++)
        chi += (counts[i] - 10000.0) * (counts[i] - 10000.0) / 10000.0;
    assert_true(chi < 27); /* 6 degrees of freedom, p = 0.00015 */
    for (int i = 0; i < 1000; i++) {
        assert_true(at_rng_below(&rng, UINT64_MAX) < UINT64_MAX);
        assert_true(at_rng_below(&rng, 1) == 0);
    }
}

static void test_normal(void **state) {
    (void)state;
    at_rng rng;
    at_rng_init(&rng, 13);
    double n = 200000, sum = 0, squares = 0, fourth = 0;
    for (int i = 0; i < 200000; i++) {
        double z = at_rng_normal(&rng);
        sum += z;
        squares += z * z;
        fourth += z * z * z * z;
    }
    assert_true(fabs(sum / n) < 5 / sqrt(n));
    assert_true(fabs(squares / n - 1) < 5 * sqrt(2 / n));
    assert_true(fabs(fourth / n - 3) < 5 * sqrt(96 / n));
}

/* Bins a quarter wide against the normal distribution, the last with all of the tail. */
static void test_normals(void **state) {
    (void)state;
    enum { N = 1000000, BINS = 32 };
    static float values[N];
    at_rng rng;
    at_rng_init(&rng, 19);
    at_rng_normals(&rng, values, N / 2);
    at_rng_normals(&rng, values + N / 2, N / 2);
    double counts[BINS] = {0}, chi = 0;
    for (int i = 0; i < N; i++) {
        double bin = floor(values[i] * 4) + BINS / 2;
        counts[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : (int)bin]++;
    }
    for (int i = 0; i < BINS; i++) {
        double from = i == 0 ? -(double)INFINITY : (i - BINS / 2) / 4.0;
        double to = i == BINS - 1 ? (double)INFINITY : (i + 1 - BINS / 2) / 4.0;
        double expected = N * 0.5 * (erf(to / sqrt(2)) - erf(from / sqrt(2)));
        chi += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    assert_true(chi < 70); /* 31 degrees of freedom, p = 0.0001 */
    int beyond = 0;        /* 3.5: drawn by another method */
    for (int i = 0; i < N; i++)
        beyond += fabsf(values[i]) > 3.5F;
    double expected = N * (1 - erf(3.5 / sqrt(2)));
    assert_true(fabs(beyond - expected) < 5 * sqrt(expected));
}

static void test_shuffle(void **state) {
    (void)state;
    enum { N = 5, ROUNDS = 60000 };
    at_rng rng;
    at_rng_init(&rng, 17);
    int first[N] = {0};
    for (int r = 0; r < ROUNDS; r++) {
        int64_t items[N] = {0, 1, 2, 3, 4};
        at_rng_shuffle(&rng, items, N);
        unsigned seen = 0;
        for (int i = 0; i < N; i++)
            seen |= 1u << items[i];
        assert_int_equal(seen, 31); /* a permutation */
        first[items[0]]++;
    }
    double expected = ROUNDS / (double)N, chi = 0;
    for (int i = 0; i < N; i++)
        chi += (first[i] - expected) * (first[i] - expected) / expected;
    assert_true(chi < 23); /* 4 degrees of freedom, p = 0.00013 */
    at_rng_shuffle(&rng, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference), cmocka_unit_test(test_seeding),
        cmocka_unit_test(test_uniform),   cmocka_unit_test(test_below),
        cmocka_unit_test(test_normal),    cmocka_unit_test(test_normals),
        cmocka_unit_test(test_shuffle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
