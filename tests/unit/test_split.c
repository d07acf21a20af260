/* Splitting rows: every row once, strata kept, the same for a seed. */
#include "ops/frame/split.h"
#include "tests/unit/unit.h"

enum { ROWS = 1000 };

/* A column y with 112 "yes" in 1000 rows. */
static at_frame *table(void) {
    at_error err;
    at_column_builder *y = NULL;
    at_frame_builder *builder = NULL;
    at_frame *frame = NULL;
    assert_int_equal(at_column_builder_new("y", AT_TYPE_CATEGORY, &y, &err), AT_OK);
    for (int r = 0; r < ROWS; r++)
        at_column_builder_text(y, r % 9 == 0 ? "yes" : "no", r % 9 == 0 ? 3 : 2);
    assert_int_equal(at_frame_builder_new(&builder, &err), AT_OK);
    assert_int_equal(at_frame_builder_take(builder, y, &err), AT_OK);
    assert_int_equal(at_frame_builder_finish(builder, &frame, &err), AT_OK);
    return frame;
}

static void every_row_once_and_strata_kept(void **state) {
    (void)state;
    at_error err;
    at_frame *frame = table();
    const double share[] = {0.7, 0.1, 0.2};
    at_split split;
    assert_int_equal(at_split_rows(frame, 0, share, 3, 200, &split, &err), AT_OK);
    int seen[ROWS] = {0};
    const at_column *y = at_frame_column(frame, 0);
    uint32_t yes = y->codes[0];
    for (int p = 0; p < 3; p++) {
        int64_t positives = 0;
        assert_true(llabs(split.count[p] - (int64_t)(share[p] * ROWS)) <= 1);
        for (int64_t i = 0; i < split.count[p]; i++) {
            assert_true(i == 0 || split.rows[p][i] > split.rows[p][i - 1]);
            seen[split.rows[p][i]]++;
            positives += y->codes[split.rows[p][i]] == yes;
        }
        assert_true(llabs(positives - (int64_t)(share[p] * 112 + 0.5)) <= 1);
    }
    for (int r = 0; r < ROWS; r++)
        assert_int_equal(seen[r], 1);
    at_split_fini(&split);
    at_frame_release(frame);
}

static void seeds_decide(void **state) {
    (void)state;
    at_error err;
    at_frame *frame = table();
    const double share[] = {0.8, 0.2};
    at_split a, b, c;
    assert_int_equal(at_split_rows(frame, -1, share, 2, 1, &a, &err), AT_OK);
    assert_int_equal(at_split_rows(frame, -1, share, 2, 1, &b, &err), AT_OK);
    assert_int_equal(at_split_rows(frame, -1, share, 2, 2, &c, &err), AT_OK);
    assert_int_equal(a.count[0], 800);
    assert_memory_equal(a.rows[0], b.rows[0], 800 * sizeof(int64_t));
    assert_memory_not_equal(a.rows[0], c.rows[0], 800 * sizeof(int64_t));
    at_split_fini(&a);
    at_split_fini(&b);
    at_split_fini(&c);
    at_frame_release(frame);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_once_and_strata_kept),
        cmocka_unit_test(seeds_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
