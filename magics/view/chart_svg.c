/* Charts as SVG: lines, points and histograms; the other kinds are drawn in files of
 * their own. */
#include "magics/view/base64.h"
#include "magics/view/chart_draw.h"
#include "magics/view/style.h"
#include "ops/base/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool at_chart_extent(const at_chart *chart, bool of_x, double *low, double *high) {
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t s = 0; s < chart->series_count; s++) {
        const at_series *series = &chart->series[s];
        const double *values = of_x ? series->x : series->y;
        size_t count = of_x && chart->kind == AT_CHART_HIST ? 2 : series->count;
        for (size_t i = 0; values && i < count; i++) {
            if (isfinite(values[i])) {
                *low = fmin(*low, values[i]);
                *high = fmax(*high, values[i]);
            }
        }
    }
    return *low <= *high;
}

const char *at_chart_color(const at_chart *chart, size_t series) {
    const char *color = series < chart->series_count ? chart->series[series].color : NULL;
    return color ? color : at_style_color(series);
}

int at_chart_legend(at_canvas *c, const at_chart *chart, bool box, double y,
                    bool measure) {
    enum { MOST = 32 };
    at_key keys[MOST] = {{0}};
    size_t count = chart->series_count < MOST ? chart->series_count : MOST;
    if (count == 0 || (count == 1 && chart->title))
        return 0;
    for (size_t s = 0; s < count; s++)
        keys[s] = (at_key){.name = chart->series[s].name,
                           .color = at_chart_color(chart, s),
                           .dashed = chart->series[s].dashed,
                           .box = box};
    return at_canvas_legend(measure ? NULL : c, keys, count, c->left, c->right, y);
}

double at_chart_names_width(const char *const *names, size_t count, size_t most) {
    double widest = 0;
    for (size_t i = 0; i < count; i++) {
        char cut[160];
        if (names[i])
            widest = fmax(
                widest,
                at_canvas_measure(at_canvas_cut(names[i], most, cut, sizeof cut), 11.5));
    }
    return widest;
}

void at_chart_number(double value, bool percent, char out[32]) {
    double share = 100 * value;
    if (!isfinite(value)) {
        snprintf(out, 32, "–");
    } else if (percent) {
        snprintf(out, 32, fabs(share) < 9.95 ? "%.1f %%" : "%.0f %%", share);
    } else if (value == floor(value) && fabs(value) >= 1e3 && fabs(value) < 1e9) {
        int64_t whole = (int64_t)fabs(value);
        const char *sign = value < 0 ? "-" : "";
        if (whole >= 1000000)
            snprintf(out, 32, "%s%d,%03d,%03d", sign, (int)(whole / 1000000),
                     (int)(whole / 1000 % 1000), (int)(whole % 1000));
        else
            snprintf(out, 32, "%s%d,%03d", sign, (int)(whole / 1000),
                     (int)(whole % 1000));
    } else {
        snprintf(out, 32, "%.4g", value);
    }
}

static void put_lines(at_canvas *c, const at_chart *chart) {
    for (size_t s = 0; s < chart->series_count; s++) {
        const at_series *series = &chart->series[s];
        bool pen_down = false;
        at_text_format(c->out,
                       "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" "
                       "stroke-linejoin=\"round\" stroke-linecap=\"round\" %s d=\"",
                       at_chart_color(chart, s), series->count > 300 ? "1.4" : "2",
                       series->dashed ? "stroke-dasharray=\"5 4\"" : "");
        for (size_t i = 0; i < series->count; i++) {
            if (!isfinite(series->x[i]) || !isfinite(series->y[i])) {
                pen_down = false;
                continue;
            }
            at_text_format(c->out, "%s%.1f %.1f", pen_down ? "L" : "M",
                           at_canvas_x(c, series->x[i]), at_canvas_y(c, series->y[i]));
            pen_down = true;
        }
        at_text_put(c->out, "\"/>");
        if (series->count == 1 &&
            isfinite(series->y[0])) /* a line of one point is a dot */
            at_text_format(c->out,
                           "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>",
                           at_canvas_x(c, series->x[0]), at_canvas_y(c, series->y[0]),
                           at_chart_color(chart, s));
    }
}

static void put_points(at_canvas *c, const at_chart *chart) {
    size_t all = 0;
    for (size_t s = 0; s < chart->series_count; s++)
        all += chart->series[s].count;
    for (size_t s = 0; s < chart->series_count; s++) {
        const at_series *series = &chart->series[s];
        double radius = all > 1500 ? 1.3 : all > 300 ? 2.1 : 2.8;
        at_text_format(c->out, "<g fill=\"%s\" fill-opacity=\"%.2f\">",
                       at_chart_color(chart, s), all > 1500 ? 0.45 : 0.7);
        for (size_t i = 0; i < series->count; i++) {
            if (isfinite(series->x[i]) && isfinite(series->y[i]))
                at_text_format(c->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>",
                               at_canvas_x(c, series->x[i]), at_canvas_y(c, series->y[i]),
                               radius);
        }
        at_text_put(c->out, "</g>");
    }
}

/* Bars of one series; outlines over a faint fill of several, so that all can be seen. */
static void put_bins(at_canvas *c, const at_chart *chart) {
    const at_series *first = &chart->series[0];
    bool ranged = first->x && chart->x_max == chart->x_min;
    for (size_t s = 0; s < chart->series_count; s++) {
        const at_series *series = &chart->series[s];
        double from = ranged ? at_canvas_x(c, series->x[0]) : c->left;
        double to = ranged ? at_canvas_x(c, series->x[1]) : c->right;
        double step = (to - from) / (double)(series->count ? series->count : 1);
        double gap = step > 4 ? 1 : step > 2 ? 0.5 : 0;
        if (chart->series_count == 1) {
            for (size_t i = 0; i < series->count; i++) {
                double y = at_canvas_y(c, series->y[i]);
                if (series->y[i] > 0)
                    at_canvas_rect(c, from + step * (double)i + gap / 2, y, step - gap,
                                   fmax(c->bottom - y, 0.7), at_chart_color(chart, 0), 1);
            }
            continue;
        }
        const char *color = at_chart_color(chart, s);
        at_text_format(c->out,
                       "<path fill=\"%s\" fill-opacity=\"0.14\" stroke=\"%s\" "
                       "stroke-width=\"1.6\" stroke-linejoin=\"round\" d=\"M%.1f %.1f",
                       color, color, from, c->bottom);
        for (size_t i = 0; i < series->count; i++)
            at_text_format(c->out, "V%.1fH%.1f", at_canvas_y(c, series->y[i]),
                           from + step * (double)(i + 1));
        at_text_format(c->out, "V%.1f\"/>", c->bottom);
    }
}

static void scale_axes(at_canvas *c, const at_chart *chart) {
    double low, high;
    if (chart->x_min != 0 || chart->x_max != 0) {
        low = chart->x_min;
        high = chart->x_max;
    } else {
        at_chart_extent(chart, true, &low, &high);
        if (chart->kind == AT_CHART_SCATTER && high > low) { /* no point on the frame */
            double room = (high - low) * 0.02;
            low -= room;
            high += room;
        }
    }
    if (chart->x_time)
        at_scale_time(&c->x, low, high, c->width > 500 ? 8 : 5);
    else
        at_scale_init(&c->x, low, high, c->width > 500 ? 8 : 6, false);
    if (chart->y_min != 0 || chart->y_max != 0) {
        at_scale_init(&c->y, chart->y_min, chart->y_max, 5, false);
        return;
    }
    at_chart_extent(chart, false, &low, &high);
    if (chart->kind == AT_CHART_HIST || chart->from_zero)
        low = fmin(low, 0);
    if (chart->y_time)
        at_scale_time(&c->y, low, high, 5);
    else
        at_scale_init(&c->y, low, high, chart->height > 300 ? 5 : 4, true);
}

static void put_plot(at_canvas *c, const at_chart *chart) {
    scale_axes(c, chart);
    c->left = chart->y_label ? 58 : 46;
    c->right = c->width - 12;
    bool box = chart->kind != AT_CHART_LINE;
    int legend = at_chart_legend(c, chart, box, 0, true);
    double head = chart->title ? 24 : 8;
    c->top = head + AT_LEGEND_ROW * legend + (legend ? 1 : 0);
    c->bottom = c->height - (chart->x_label ? 38 : 24);
    at_canvas_open(c, chart->title);
    at_canvas_y_axis(c, chart->y_label, chart->percent);
    at_canvas_x_axis(c, chart->x_label, false);
    at_chart_legend(c, chart, box, head + 12.8, false);
    if (chart->diagonal)
        at_canvas_line(c, at_canvas_x(c, c->x.low), at_canvas_y(c, c->y.low),
                       at_canvas_x(c, c->x.high), at_canvas_y(c, c->y.high), c->dim,
                       "stroke-width=\"1\" stroke-dasharray=\"3 4\" opacity=\"0.8\"");
    if (chart->kind == AT_CHART_HIST)
        put_bins(c, chart);
    else if (chart->kind == AT_CHART_SCATTER)
        put_points(c, chart);
    else
        put_lines(c, chart);
    at_canvas_close(c);
}

/* Draws; gives the size, which the drawing may have chosen (bars, boxes, cells). */
static void draw(at_canvas *c, const at_chart *chart) {
    c->width = chart->width ? chart->width : 460;
    c->height = chart->height ? chart->height : 260;
    if (chart->kind == AT_CHART_BOX && chart->box_count)
        at_chart_draw_boxes(c, chart);
    else if (chart->kind == AT_CHART_CELLS && chart->cells)
        at_chart_draw_cells(c, chart);
    else if (chart->kind == AT_CHART_BAR && chart->series_count)
        at_chart_draw_bars(c, chart);
    else if (chart->series_count)
        put_plot(c, chart);
}

void at_chart_svg(const at_chart *chart, at_text *out) {
    at_canvas c = at_canvas_fixed(out);
    draw(&c, chart);
}

static void put_themed(const at_chart *chart, at_text *out) {
    at_text drawing = {0}, labels = {0};
    at_canvas c = at_canvas_themed(&drawing, &labels);
    draw(&c, chart);
    at_text_format(out, "<div class=\"atl-chart\" style=\"width:%.0fpx\">", c.width);
    at_text_put(out, at_text_get(&drawing));
    at_text_put(out, at_text_get(&labels));
    out->failed |= drawing.failed || labels.failed;
    at_text_fini(&drawing);
    at_text_fini(&labels);
}

static void put_twin(at_text *html, const at_text *svg, const char *alt) {
    at_text_put(html, "<img class=\"atl-twin\" alt=\"");
    at_text_html(html, alt, strlen(alt));
    at_text_put(html, "\" src=\"data:image/svg+xml;base64,");
    at_base64_put(html, at_text_get(svg), svg->length);
    at_text_put(html, "\">");
}

void at_chart_html(const at_chart *chart, at_text *out) {
    at_text fixed = {0};
    at_chart_svg(chart, &fixed);
    put_themed(chart, out);
    put_twin(out, &fixed, chart->title ? chart->title : "chart");
    at_text_put(out, "</div>");
    out->failed |= fixed.failed;
    at_text_fini(&fixed);
}

/* A drawing in a line of text, with its twin. */
static void put_inline(at_text *html, at_text *svg, const char *alt) {
    at_text_put(svg, "</svg>");
    at_text_put(html, "<span class=\"atl-spark\">");
    at_text_put(html, at_text_get(svg));
    put_twin(html, svg, alt);
    at_text_put(html, "</span>");
    html->failed |= svg->failed;
    at_text_fini(svg);
}

void at_chart_spark(const int64_t *counts, int bins, bool apart, at_text *html) {
    int64_t most = 1;
    for (int i = 0; i < bins; i++)
        most = counts[i] > most ? counts[i] : most;
    at_text svg = {0};
    at_text_put(&svg,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"96\" height=\"22\" "
                "viewBox=\"0 0 96 22\">");
    double step = apart ? fmin(96.0 / (bins ? bins : 1), 14) : 96.0 / (bins ? bins : 1);
    for (int i = 0; i < bins; i++) {
        double tall = (double)counts[i] / (double)most * 21;
        if (counts[i] > 0)
            tall = fmax(tall, 1);
        at_text_format(&svg,
                       "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                       "fill=\"%s\"/>",
                       step * i, 22 - tall, fmax(step - (apart ? 2 : 0.8), 0.6), tall,
                       at_style_color(apart ? 4 : 0));
    }
    put_inline(html, &svg, "histogram");
}

void at_chart_meter(double share, const char *color, const char *label, at_text *html) {
    at_text svg = {0};
    double full = fmin(fmax(share, 0), 1) * 110;
    at_text_format(
        &svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"110\" "
        "height=\"10\" viewBox=\"0 0 110 10\"><rect width=\"110\" height=\"10\" "
        "rx=\"2.5\" fill=\"%s\" fill-opacity=\"0.16\"/><rect width=\"%.1f\" "
        "height=\"10\" rx=\"2.5\" fill=\"%s\"/>",
        AT_STYLE_GREY, full, color);
    put_inline(html, &svg, "share");
    at_text_put(html, " <span style=\"margin-left:6px\">");
    at_text_html(html, label, strlen(label));
    at_text_put(html, "</span>");
}
