/* Charts as bundles, and their text form. */
#include "magics/view/chart.h"

#include "magics/view/grid.h"
#include "magics/view/style.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void at_chart_blocks(const double *values, size_t count, at_text *out) {
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    enum { WIDTH = 40 };
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i])) {
            low = fmin(low, values[i]);
            high = fmax(high, values[i]);
        }
    }
    size_t shown = count < WIDTH ? count : WIDTH;
    for (size_t i = 0; i < shown; i++) {
        double value = values[shown == count ? i : i * (count - 1) / (shown - 1)];
        int level = high > low ? (int)lround((value - low) / (high - low) * 7) : 3;
        at_text_put(out, isfinite(value) ? blocks[level] : " ");
    }
}

static void put_bars(const at_series *series, at_text *out) {
    double top = 0;
    size_t widest = 0;
    for (size_t i = 0; i < series->count; i++) {
        top = fmax(top, series->y[i]);
        size_t width = at_view_width(series->names[i], strlen(series->names[i]));
        widest = width > widest ? width : widest;
    }
    for (size_t i = 0; i < series->count; i++) {
        size_t width = at_view_width(series->names[i], strlen(series->names[i]));
        at_text_format(out, "%s%*s  ", series->names[i], (int)(widest - width), "");
        int bars = top > 0 ? (int)lround(fmax(series->y[i], 0) / top * 30) : 0;
        for (int k = 0; k < bars; k++)
            at_text_put(out, "█");
        at_text_format(out, " %.4g%s", series->y[i], i + 1 < series->count ? "\n" : "");
    }
}

void at_chart_plain(const at_chart *chart, at_text *out) {
    if (chart->title)
        at_text_format(out, "%s\n", chart->title);
    if (chart->kind == AT_CHART_BAR) {
        if (chart->series_count)
            put_bars(&chart->series[0], out);
        return;
    }
    for (size_t s = 0; s < chart->series_count; s++) {
        const at_series *series = &chart->series[s];
        if (s)
            at_text_char(out, '\n');
        if (chart->kind == AT_CHART_SCATTER) {
            at_text_format(out, "%s%s%zu points", series->name ? series->name : "",
                           series->name ? ": " : "", series->count);
            continue;
        }
        if (series->name)
            at_text_format(out, "%s  ", series->name);
        at_chart_blocks(series->y, series->count, out);
        if (chart->kind == AT_CHART_LINE && series->count > 0)
            at_text_format(out, "  %.4g → %.4g", series->y[0],
                           series->y[series->count - 1]);
        if (chart->kind == AT_CHART_HIST && series->x)
            at_text_format(out, "  %.4g to %.4g", series->x[0], series->x[1]);
    }
}

at_status at_view_charts(const char *title, const at_chart *charts, size_t count,
                         at_bundle *out, at_error *err) {
    at_text plain = {0}, html = {0};
    at_text_put(&html, "<div class=\"atl\">");
    at_style_put(&html);
    if (title) {
        at_text_format(&plain, "%s\n", title);
        at_text_put(&html, "<div class=\"atl-title\">");
        at_text_html(&html, title, strlen(title));
        at_text_put(&html, "</div>");
    }
    at_text_put(&html, "<div class=\"atl-charts\">");
    for (size_t i = 0; i < count; i++) {
        at_chart_html(&charts[i], &html);
        at_chart_plain(&charts[i], &plain);
        at_text_put(&plain, i + 1 < count ? "\n\n" : "");
    }
    at_text_put(&html, "</div></div>");
    *out = at_bundle_new(at_text_get(&plain));
    at_bundle_put(out, "text/html", at_text_get(&html));
    at_status status = AT_OK;
    if (!at_text_ok(&plain) || !at_text_ok(&html) || !at_bundle_ok(out)) {
        at_bundle_fini(out);
        status = at_fail(err, AT_NO_MEMORY, "not enough memory to draw a chart");
    }
    at_text_fini(&plain);
    at_text_fini(&html);
    return status;
}

at_status at_view_chart(const at_chart *chart, at_bundle *out, at_error *err) {
    return at_view_charts(NULL, chart, 1, out, err);
}
