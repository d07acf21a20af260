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
        cmocka_unit_test(test_chart_has_three_forms),
        cmocka_unit_test(test_bars_in_text),
        cmocka_unit_test(test_progress_is_throttled),
        cmocka_unit_test(test_quick_work_is_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
