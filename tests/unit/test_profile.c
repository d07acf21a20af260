/* Profiles of columns, against values worked out by hand and, for the bank table, by
 * pandas. */
#include "ops/frame/csv.h"
#include "ops/frame/profile.h"
#include "tests/unit/unit.h"

#include <math.h>

static at_frame *one_column(at_column_builder *column) {
    at_error err;
    at_frame_builder *builder = NULL;
    at_frame *frame = NULL;
    assert_ok(at_frame_builder_new(&builder, &err), &err);
    assert_ok(at_frame_builder_take(builder, column, &err), &err);
    assert_ok(at_frame_builder_finish(builder, &frame, &err), &err);
    return frame;
}

static void test_reals(void **state) {
    (void)state;
    at_error err;
    at_column_builder *b = NULL;
    assert_ok(at_column_builder_new("x", AT_TYPE_FLOAT, &b, &err), &err);
    const double values[] = {3, -1, 0, 2.5, -1, 10};
    for (size_t i = 0; i < COUNT(values); i++)
        at_column_builder_real(b, values[i]);
    at_column_builder_missing(b);
    at_frame *frame = one_column(b);
    at_arena arena = {0};
    at_profile p;
    assert_ok(at_profile_column(at_frame_column(frame, 0), &arena, &p, &err), &err);
    assert_int_equal(p.rows, 7);
    assert_int_equal(p.missing, 1);
    assert_int_equal(p.distinct, 5);
    assert_int_equal(p.zeros, 1);
    assert_same_real(p.min, -1.0);
    assert_same_real(p.max, 10.0);
    assert_same_real(p.median, 1.25);
    assert_same_real(p.q25, -0.75);
    assert_same_real(p.q75, 2.875);
    assert_same_real(p.mean, 2.25);
    assert_true(fabs(p.deviation - 4.168333) < 1e-6);
    assert_string_equal(p.top[0], "-1");
    assert_int_equal(p.top_count[0], 2);
    int64_t sum = 0;
    for (int i = 0; i < p.bin_count; i++)
        sum += p.bins[i];
    assert_int_equal(sum, 6);
    assert_int_equal(p.bins[0], 2);
    assert_false(p.looks_like_id);
    at_arena_fini(&arena);
    at_frame_release(frame);
}

static void test_large_integers_stay_apart(void **state) {
    (void)state;
    at_error err;
    at_column_builder *b = NULL;
    assert_ok(at_column_builder_new("id", AT_TYPE_INT, &b, &err), &err);
    for (int64_t i = 0; i < 50; i++) /* doubles cannot tell these apart */
        at_column_builder_int(b, ((int64_t)1 << 60) + i);
    at_frame *frame = one_column(b);
    at_arena arena = {0};
    at_profile p;
    assert_ok(at_profile_column(at_frame_column(frame, 0), &arena, &p, &err), &err);
    assert_int_equal(p.distinct, 50);
    assert_true(p.looks_like_id);
    assert_string_equal(p.top[0], "1152921504606846976");
    at_arena_fini(&arena);
    at_frame_release(frame);
}

static void test_texts(void **state) {
    (void)state;
    at_error err;
    at_column_builder *b = NULL;
    assert_ok(at_column_builder_new("t", AT_TYPE_TEXT, &b, &err), &err);
    const char *const values[] = {"b", "a", "Zürich", "a", "", "b"};
    for (size_t i = 0; i < COUNT(values); i++)
        at_column_builder_text(b, values[i], (int64_t)strlen(values[i]));
    at_column_builder_missing(b);
    at_frame *frame = one_column(b);
    at_arena arena = {0};
    at_profile p;
    assert_ok(at_profile_column(at_frame_column(frame, 0), &arena, &p, &err), &err);
    assert_int_equal(p.distinct, 4);
    assert_int_equal(p.missing, 1);
    assert_int_equal(p.shortest, 0);
    assert_int_equal(p.longest, 6);
    assert_string_equal(p.top[0], "b"); /* as frequent as a, and first */
    assert_string_equal(p.top[1], "a");
    assert_true(isnan(p.mean));
    at_arena_fini(&arena);
    at_frame_release(frame);
}

static void test_nothing_there(void **state) {
    (void)state;
    at_error err;
    for (int type = AT_TYPE_INT; type <= AT_TYPE_TIMESTAMP; type++) {
        at_column_builder *b = NULL;
        assert_ok(at_column_builder_new("x", (at_type)type, &b, &err), &err);
        at_column_builder_missing(b);
        at_frame *frame = one_column(b);
        at_arena arena = {0};
        at_profile p;
        assert_ok(at_profile_column(at_frame_column(frame, 0), &arena, &p, &err), &err);
        assert_int_equal(p.missing, 1);
        assert_int_equal(p.distinct, 0);
        assert_int_equal(p.tops, 0);
        at_arena_fini(&arena);
        at_frame_release(frame);
    }
}

/* pandas 3.1: read_csv(...).age.describe(), .euribor3m.describe(), .job.value_counts().
 */
static void test_bank(void **state) {
    (void)state;
    const char *path = ATELIER_DATA "/bank/bank-additional/bank-additional-full.csv";
    if (!at_file_exists(path))
        skip();
    at_error err;
    at_frame *frame = NULL;
    at_csv_options options = at_csv_options_default();
    at_csv_report report;
    assert_ok(at_csv_read_file(path, &options, NULL, &frame, &report, &err), &err);
    at_arena arena = {0};
    at_profile p;
    assert_ok(at_profile_column(at_frame_column(frame, at_frame_find(frame, "age")),
                                &arena, &p, &err),
              &err);
    assert_true(fabs(p.mean - 40.02406040594348) < 1e-12);
    assert_true(fabs(p.deviation - 10.421249980934235) < 1e-11);
    assert_same_real(p.q25, 32.0);
    assert_same_real(p.median, 38.0);
    assert_same_real(p.q75, 47.0);
    assert_int_equal(p.distinct, 78);
    assert_ok(at_profile_column(at_frame_column(frame, at_frame_find(frame, "job")),
                                &arena, &p, &err),
              &err);
    assert_int_equal(p.distinct, 12);
    assert_string_equal(p.top[0], "admin.");
    assert_int_equal(p.top_count[0], 10422);
    at_arena_fini(&arena);
    at_frame_release(frame);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reals), cmocka_unit_test(test_large_integers_stay_apart),
        cmocka_unit_test(test_texts), cmocka_unit_test(test_nothing_there),
        cmocka_unit_test(test_bank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
