/* Eigenvectors of symmetric matrices: A v = l v, lengths of 1, right angles, order, sign.
 */
#include "ops/base/rng.h"
#include "ops/recipe/eigen.h"
#include "tests/unit/unit.h"

#include <math.h>

enum { MOST = 60 };

static double dot(const double *x, const double *y, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

static void check(const double *a, size_t n) {
    double v[MOST * MOST], l[MOST], size = 1;
    at_error err;
    memcpy(v, a, n * n * sizeof *v);
    for (size_t i = 0; i < n * n; i++)
        size = fmax(size, fabs(a[i]));
    assert_ok(at_eigen_symmetric(v, n, l, &err), &err);
    for (size_t k = 0; k < n; k++) {
        const double *x = v + k * n;
        double most = 0;
        for (size_t i = 0; i < n; i++) {
            assert_true(fabs(dot(a + i * n, x, n) - l[k] * x[i]) <
                        1e-12 * size * (double)n);
            most = fabs(x[i]) > fabs(most) ? x[i] : most;
        }
        assert_true(most > 0);
        assert_true(k == 0 || l[k] <= l[k - 1]);
        for (size_t j = 0; j <= k; j++)
            assert_true(fabs(dot(x, v + j * n, n) - (j == k)) < 1e-12);
    }
}

static void test_random(void **state) {
    (void)state;
    at_rng rng;
    at_rng_init(&rng, 7);
    for (size_t n = 1; n <= MOST; n += n < 10 ? 1 : 7) {
        double a[MOST * MOST] = {0};
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++)
                a[i * n + j] = a[j * n + i] = at_rng_normal(&rng);
        check(a, n);
        /* Of low rank: the rest is 0. */
        double x[MOST];
        for (size_t i = 0; i < n; i++)
            x[i] = at_rng_normal(&rng);
        for (size_t i = 0; i < n * n; i++)
            a[i] = x[i / n] * x[i % n];
        check(a, n);
    }
}

static void test_special(void **state) {
    (void)state;
    double a[MOST * MOST] = {0};
    check(a, 7); /* zeros */
    for (size_t i = 0; i < 9; i++)
        a[i * 9 + i] = 3;
    check(a, 9); /* all alike */
    static const double two[] = {2, 1, 1, 2};
    double v[4] = {2, 1, 1, 2}, l[2];
    check(two, 2);
    assert_int_equal(at_eigen_symmetric(v, 2, l, NULL), AT_OK);
    assert_true(fabs(l[0] - 3) < 1e-15 && fabs(l[1] - 1) < 1e-15);
    for (size_t i = 0; i < 25; i++)
        a[i] = i / 5 == i % 5 ? pow(10, 4.0 * (double)(i / 5) - 8) : 0;
    check(a, 5); /* of 16 orders of magnitude */
    v[0] = (double)NAN;
    assert_int_equal(at_eigen_symmetric(v, 2, l, NULL), AT_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random),
                                       cmocka_unit_test(test_special)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
