#include "magics/language/spec.h"
#include "magics/train/quality.h"
#include "magics/view/chart.h"
#include "magics/view/grid.h"

#include <math.h>

enum { POINTS = 2000, BINS = 40 };

/* Counts of residuals between -width and width; the rest falls into the outer bins. */
static void count_residuals(const at_quality *q, double width, double *bins) {
    for (int64_t r = 0; r < q->rows; r++) {
        double place = (q->y[r] - q->scores[r] + width) / (2 * width) * BINS;
        int bin = (int)fmin(BINS - 1, fmax(0, floor(place)));
        bins[bin]++;
    }
}

static at_status show_charts(at_context *context, const at_quality *q,
                             const at_regression_metrics *m, at_error *err) {
    size_t step = (size_t)q->rows / POINTS + 1, count = 0;
    double *x = at_arena_alloc(context->arena, 2 * (POINTS + 1) * sizeof *x);
    double *bins = at_arena_alloc(context->arena, BINS * sizeof *bins);
    if (!x || !bins)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to draw the residuals");
    double *y = x + POINTS + 1;
    for (size_t r = 0; r < (size_t)q->rows && count < POINTS; r += step, count++) {
        x[count] = q->scores[r];
        y[count] = q->y[r];
    }
    double width = 4 * m->rmse.value;
    if (!(width > 0))
        width = 1;
    count_residuals(q, width, bins);
    const double range[] = {-width, width};
    at_series points = {.x = x, .y = y, .count = count};
    at_series counts = {.x = range, .y = bins, .count = BINS};
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, fmin(x[i], y[i]));
        high = fmax(high, fmax(x[i], y[i]));
    }
    at_chart charts[] = {
        {.kind = AT_CHART_SCATTER,
         .title = "Truth against prediction",
         .x_label = "predicted",
         .y_label = "truth",
         .series = &points,
         .series_count = 1,
         .width = 360,
         .height = 300,
         .x_min = low,
         .x_max = high,
         .y_min = low,
         .y_max = high,
         .diagonal = true},
        {.kind = AT_CHART_HIST,
         .title = "Residuals",
         .x_label = "truth minus prediction",
         .y_label = "rows",
         .series = &counts,
         .series_count = 1,
         .width = 360,
         .height = 300},
    };
    at_bundle bundle;
    AT_TRY(at_view_charts(NULL, charts, 2, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

at_status at_quality_regression(at_context *context, const at_quality *q, json_t *kept,
                                at_error *err) {
    at_regression_metrics m;
    AT_TRY(
        at_metrics_regression(q->y, q->scores, q->rows, q->resamples, q->seed, &m, err));
    const at_interval median = {m.median_absolute_error, (double)NAN, (double)NAN};
    const at_interval most = {m.max_error, (double)NAN, (double)NAN};
    const at_quality_line lines[] = {
        {"RMSE", "rmse", m.rmse, "typical error, large ones weigh more"},
        {"MAE", "mae", m.mae, "mean error"},
        {"R²", "r2", m.r2, "share of the variation that is explained; 1 is perfect"},
        {"median error", "median_absolute_error", median, "half of the rows are closer"},
        {"largest error", "max_error", most, "the worst row"},
    };
    AT_TRY(at_quality_table(context, q, lines, AT_COUNT(lines), kept, err));
    return show_charts(context, q, &m, err);
}
