/* Charts, their ticks and the progress line. */
#include "magics/view/chart.h"
#include "magics/view/progress.h"
#include "magics/view/scale.h"
#include "ops/base/clock.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

static void test_ticks_are_round(void **state) {
    (void)state;
    at_scale scale;
    char label[32];
    at_scale_init(&scale, 0, 1, 5, false);
    assert_int_equal(scale.tick_count, 6);
    at_scale_label(&scale, scale.ticks[1], label);
    assert_string_equal(label, "0.2");
    at_scale_init(&scale, 3, 41188, 4, true);
    assert_true(scale.low <= 3 && scale.high >= 41188);
    at_scale_label(&scale, 40000, label);
    assert_string_equal(label, "40k");
    at_scale_init(&scale, 7, 7, 5, true); /* no range: still an axis */
    assert_true(scale.high > scale.low && scale.tick_count > 1);
    at_scale_init(&scale, (double)NAN, (double)INFINITY, 5, true);
    assert_true(isfinite(scale.low) && isfinite(scale.high));
}

/* Seconds of a day at midnight. */
static double midnight(int64_t year, unsigned month, unsigned day) {
    return (double)at_days_from_civil(year, month, day) * 86400;
}

static void check_time(double low, double high, const char *const *labels) {
    at_scale scale;
    char label[32];
    at_scale_time(&scale, low, high, 5);
    int i = 0;
    for (; labels[i] && i < scale.tick_count; i++) {
        at_scale_label(&scale, scale.ticks[i], label);
        assert_string_equal(label, labels[i]);
        assert_true(scale.ticks[i] >= low && scale.ticks[i] <= high);
    }
    assert_true(!labels[i] && i == scale.tick_count);
}

static void test_ticks_of_time(void **state) {
    (void)state;
    check_time(midnight(2012, 1, 1), midnight(2015, 12, 31),
               (const char *const[]){"2012", "2013", "2014", "2015", NULL});
    check_time(midnight(2023, 11, 20), midnight(2024, 4, 2),
               (const char *const[]){"Dec 2023", "2024", "Feb", "Mar", "Apr", NULL});
    check_time(
        midnight(2024, 2, 27), midnight(2024, 3, 2),
        (const char *const[]){"27 Feb 2024", "28 Feb", "29 Feb", "1 Mar", "2 Mar", NULL});
    check_time(midnight(2024, 2, 28) + 79200, midnight(2024, 2, 29) + 10800,
               (const char *const[]){"28 Feb 22:00", "23:00", "29 Feb", "01:00", "02:00",
                                     "03:00", NULL});
    check_time(midnight(1950, 1, 1), midnight(2010, 1, 1), /* before 1970 too */
               (const char *const[]){"1950", "1960", "1970", "1980", "1990", "2000",
                                     "2010", NULL});
    at_scale scale;
    at_scale_time(&scale, (double)NAN, 0, 5);
    assert_true(isfinite(scale.low) && scale.high > scale.low);
    at_scale_time(&scale, midnight(2020, 1, 1), midnight(2020, 1, 1), 5);
    assert_true(scale.high > scale.low);
}

static void test_stacks_and_boxes_in_text(void **state) {
    (void)state;
    const double no[] = {3, 1}, yes[] = {1, 1};
    const char *const names[] = {"a", "long name"};
    at_series series[] = {{.name = "no", .y = no, .count = 2, .names = names},
                          {.name = "yes", .y = yes, .count = 2}};
    at_chart stack = {
        .kind = AT_CHART_BAR, .series = series, .series_count = 2, .stacked = true};
    at_text out = {0};
    at_chart_plain(&stack, &out);
    assert_string_equal(at_text_get(&out),
                        "█ no   ░ yes\n"
                        "a          ██████████████████████████████░░░░░░░░░░ 4\n"
                        "long name  ██████████░░░░░░░░░░ 2");
    at_text_clear(&out);
    at_box boxes[] = {{.name = "a",
                       .low = 0,
                       .q25 = 10,
                       .median = 20,
                       .q75 = 30,
                       .high = 59,
                       .mean = 21}};
    at_chart box = {.kind = AT_CHART_BOX, .boxes = boxes, .box_count = 1};
    at_chart_plain(&box, &out);
    assert_string_equal(
        at_text_get(&out),
        "a  ├─────────▒▒▒▒▒▒▒▒▒▒┃▒▒▒▒▒▒▒▒▒▒────────────────────────────┤  \n"
        "   0                                                         59");
    at_text_fini(&out);
}

static void test_chart_has_three_forms(void **state) {
    (void)state;
    const double x[] = {1, 2, 3, 4}, y[] = {4, 2, (double)NAN, 1};
    at_series series = {.name = "train <1>", .x = x, .y = y, .count = 4};
    at_chart chart = {
        .title = "Loss & more", .x_label = "epoch", .series = &series, .series_count = 1};
    at_bundle bundle;
    at_error err;
    assert_int_equal(at_view_chart(&chart, &bundle, &err), AT_OK);
    const char *html = json_string_value(json_object_get(bundle.data, "text/html"));
    const char *plain = json_string_value(json_object_get(bundle.data, "text/plain"));
    assert_non_null(strstr(html, "<svg"));
    assert_non_null(strstr(html, "var(--jp-content-font-color1"));
    assert_non_null(strstr(html, "data:image/svg+xml;base64,"));
    assert_non_null(strstr(html, "Loss &amp; more"));
    assert_null(strstr(html, "nan"));
    assert_null(strstr(html, "<script"));
    assert_non_null(strstr(plain, "█▃ ▁"));
    at_bundle_fini(&bundle);
}

static void test_bars_in_text(void **state) {
    (void)state;
    const double y[] = {2, 1};
    const char *const names[] = {"age", "euribor3m"};
    at_series series = {.y = y, .count = 2, .names = names};
    at_chart chart = {.kind = AT_CHART_BAR, .series = &series, .series_count = 1};
    at_text out = {0};
    at_chart_plain(&chart, &out);
    assert_string_equal(at_text_get(&out), "age        ██████████████████████████████ 2\n"
                                           "euribor3m  ███████████████ 1");
    at_text_fini(&out);
}

/* A display that counts what it is sent and keeps the last text. */
typedef struct counter {
    at_display display;
    int shows, updates;
    char last[256];
} counter;

static void keep(counter *c, const at_bundle *bundle) {
    snprintf(c->last, sizeof c->last, "%s",
             json_string_value(json_object_get(bundle->data, "text/plain")));
}

static void on_show(at_display *display, const at_bundle *bundle, const char *id) {
    counter *c = (counter *)display;
    assert_non_null(id);
    c->shows++;
    keep(c, bundle);
}

static void on_update(at_display *display, const at_bundle *bundle, const char *id) {
    counter *c = (counter *)display;
    assert_non_null(id);
    c->updates++;
    keep(c, bundle);
}

static const at_display_vtable counting = {.show = on_show, .update = on_update};

static void test_progress_is_throttled(void **state) {
    (void)state;
    counter c = {.display = {.vtable = &counting, .live = true}};
    at_progress *progress = NULL;
    at_error err;
    assert_int_equal(
        at_progress_new(&c.display, "Fetching", AT_UNIT_BYTES, true, &progress, &err),
        AT_OK);
    double start = at_now();
    for (int i = 1; i <= 5000; i++)
        at_progress_update(progress, i, 5000, NULL);
    double spent = at_now() - start;
    at_progress_finish(progress, false, "done");
    assert_int_equal(c.shows, 1);
    assert_true(c.updates <= 2 + (int)(spent / 0.2));
    assert_non_null(strstr(c.last, "████████████████████  done"));
    at_progress_release(progress);
}

static void test_quick_work_is_quiet(void **state) {
    (void)state;
    counter c = {.display = {.vtable = &counting, .live = true}};
    at_progress *progress = NULL;
    at_error err;
    assert_int_equal(
        at_progress_new(&c.display, "Fetching", AT_UNIT_BYTES, false, &progress, &err),
        AT_OK);
    at_progress_update(progress, 1, 2, NULL);
    at_progress_finish(progress, false, "done");
    assert_int_equal(c.shows + c.updates, 0);
    at_progress_release(progress);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ticks_are_round),
        cmocka_unit_test(test_ticks_of_time),
        cmocka_unit_test(test_stacks_and_boxes_in_text),
        cmocka_unit_test(test_chart_has_three_forms),
        cmocka_unit_test(test_bars_in_text),
        cmocka_unit_test(test_progress_is_throttled),
        cmocka_unit_test(test_quick_work_is_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
