/* The de-icing example: the same for a seed, and physics in it. */
#include "magics/data/deicing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void frost_point_is_right(void **state) {
    (void)state;
    /* Saturated air freezes out at its own temperature; psychrometric tables over ice. */
    assert_true(fabs(at_frost_point(-5, 100) - -5) < 1e-9);
    assert_true(fabs(at_frost_point(-10, 50) - -17.6) < 0.3);
    assert_true(at_frost_point(-5, 60) < at_frost_point(-5, 90));
}

static bool is(const at_column *column, int64_t row, const char *text) {
    int64_t length;
    const char *cell = at_column_text(column, row, &length);
    return cell && (size_t)length == strlen(text) &&
           memcmp(cell, text, (size_t)length) == 0;
}

static void table_is_as_described(void **state) {
    (void)state;
    at_error err;
    at_frame *frame = NULL;
    assert_int_equal(at_deicing_frame(4000, 1, &frame, &err), AT_OK);
    assert_int_equal(at_frame_rows(frame), 4000);
    assert_int_equal(at_frame_columns(frame), 7);
    const at_column *temperature =
        at_frame_column(frame, at_frame_find(frame, "temperature"));
    const at_column *country = at_frame_column(frame, at_frame_find(frame, "country"));
    const at_column *deicing = at_frame_column(frame, at_frame_find(frame, "deicing"));
    assert_true(temperature->missing > 20 && temperature->missing < 200);
    int64_t us = 0, usa = 0, yes = 0, warm_yes = 0;
    for (int64_t r = 0; r < 4000; r++) {
        us += is(country, r, "US");
        usa += is(country, r, "U.S.A.");
        yes += is(deicing, r, "yes");
        double t = at_column_real(temperature, r);
        warm_yes += is(deicing, r, "yes") && t > 6;
    }
    assert_true(us > 50 && usa > 50);
    assert_true(yes > 400 && yes < 1600);
    assert_true(warm_yes < 10);
    at_frame_release(frame);
}

static void same_seed_same_table(void **state) {
    (void)state;
    at_error err;
    at_frame *a = NULL, *b = NULL, *c = NULL;
    assert_int_equal(at_deicing_frame(500, 7, &a, &err), AT_OK);
    assert_int_equal(at_deicing_frame(500, 7, &b, &err), AT_OK);
    assert_int_equal(at_deicing_frame(500, 8, &c, &err), AT_OK);
    const at_column *x = at_frame_column(a, 3), *y = at_frame_column(b, 3);
    assert_memory_equal(x->reals, y->reals, 500 * sizeof(double));
    assert_memory_not_equal(x->reals, at_frame_column(c, 3)->reals, 500 * sizeof(double));
    at_frame_release(a);
    at_frame_release(b);
    at_frame_release(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frost_point_is_right),
        cmocka_unit_test(table_is_as_described),
        cmocka_unit_test(same_seed_same_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
