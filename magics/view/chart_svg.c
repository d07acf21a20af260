/* Charts as SVG. One drawing, two inks: theme variables where the page has them, fixed
 * greys that read on white and on black in the <img> twin.
 *
 * A page that does not trust a notebook drops <svg> but leaves the text in it standing as
 * a heap of words. So the words of a themed chart are empty <span>s over the drawing,
 * which the style sheet fills from an attribute: without the sheet they are nothing. */
#include "magics/view/base64.h"
#include "magics/view/chart.h"
#include "magics/view/scale.h"
#include "magics/view/style.h"
#include "ops/base/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct canvas {
    const at_chart *chart;
    at_text *out;
    at_text *labels;                 /* themed: the spans; NULL: words are <text> */
    const char *ink, *dim, *line;    /* text, labels, grid */
    double left, right, top, bottom; /* of the plot, px */
    double width, height;
    at_scale x, y;
} canvas;

static double px(const canvas *c, double x) {
    return c->left + (x - c->x.low) / (c->x.high - c->x.low) * (c->right - c->left);
}

static double py(const canvas *c, double y) {
    return c->bottom - (y - c->y.low) / (c->y.high - c->y.low) * (c->bottom - c->top);
}

/* Words whose baseline is at y. */
static void put_text(canvas *c, double x, double y, const char *anchor, const char *color,
                     double size, const char *weight, const char *text) {
    if (c->labels) {
        const char *shift = anchor[0] == 's' ? "0" : anchor[0] == 'm' ? "-50%" : "-100%";
        at_text_format(
            c->labels,
            "<span class=\"atl-t\" style=\"left:%.1fpx;top:%.1fpx;color:%s;"
            "font-size:%.1fpx;font-weight:%s;transform:translateX(%s)\" data-t=\"",
            x, y - 0.84 * size, color, size, weight, shift);
        at_text_html(c->labels, text, strlen(text));
        at_text_put(c->labels, "\"></span>");
        return;
    }
    at_text_format(c->out,
                   "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\" "
                   "font-size=\"%.1f\" font-weight=\"%s\" font-family=\"sans-serif\">",
                   x, y, anchor, color, size, weight);
    at_text_html(c->out, text, strlen(text));
    at_text_put(c->out, "</text>");
}

/* The label of the y axis: upwards, centred at y. */
static void put_upright(canvas *c, double x, double y, const char *text) {
    if (c->labels) {
        at_text_format(c->labels,
                       "<span class=\"atl-t\" style=\"left:%.1fpx;top:%.1fpx;color:%s;"
                       "font-size:11px;transform:translate(-50%%,-50%%) rotate(-90deg)\" "
                       "data-t=\"",
                       x - 4, y, c->dim);
        at_text_html(c->labels, text, strlen(text));
        at_text_put(c->labels, "\"></span>");
        return;
    }
    at_text_format(c->out,
                   "<text transform=\"translate(%.1f %.1f) rotate(-90)\" "
                   "text-anchor=\"middle\" fill=\"%s\" font-size=\"11\" "
                   "font-family=\"sans-serif\">",
                   x, y, c->dim);
    at_text_html(c->out, text, strlen(text));
    at_text_put(c->out, "</text>");
}

static void put_line(canvas *c, double x1, double y1, double x2, double y2,
                     const char *color, const char *extra) {
    at_text_format(
        c->out,
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" %s/>", x1,
        y1, x2, y2, color, extra);
}

/* Range of all series; false if nothing finite is there. */
static bool extent(const at_chart *chart, bool of_x, double *low, double *high) {
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t s = 0; s < chart->series_count; s++) {
        const double *values = of_x ? chart->series[s].x : chart->series[s].y;
        for (size_t i = 0; values && i < chart->series[s].count; i++) {
            if (isfinite(values[i])) {
                *low = fmin(*low, values[i]);
                *high = fmax(*high, values[i]);
            }
        }
    }
    return *low <= *high;
}

static void put_axes(canvas *c) {
    const at_chart *chart = c->chart;
    char label[32];
    for (int i = 0; i < c->y.tick_count; i++) {
        double y = py(c, c->y.ticks[i]);
        if (y < c->top - 0.5 || y > c->bottom + 0.5)
            continue;
        put_line(c, c->left, y, c->right, y, c->line,
                 "stroke-width=\"1\" opacity=\"0.7\"");
        at_scale_label(&c->y, c->y.ticks[i], label);
        put_text(c, c->left - 7, y + 3.6, "end", c->dim, 10.5, "400", label);
    }
    for (int i = 0; i < c->x.tick_count; i++) {
        double x = px(c, c->x.ticks[i]);
        if (x < c->left - 0.5 || x > c->right + 0.5)
            continue;
        put_line(c, x, c->bottom, x, c->bottom + 4, c->line, "stroke-width=\"1\"");
        at_scale_label(&c->x, c->x.ticks[i], label);
        put_text(c, x, c->bottom + 16, "middle", c->dim, 10.5, "400", label);
    }
    if (chart->x_label)
        put_text(c, (c->left + c->right) / 2, c->height - 4, "middle", c->dim, 11, "400",
                 chart->x_label);
    if (chart->y_label)
        put_upright(c, 11, (c->top + c->bottom) / 2, chart->y_label);
}

static void put_legend(canvas *c) {
    double x = c->left;
    for (size_t s = 0; s < c->chart->series_count; s++) {
        const at_series *series = &c->chart->series[s];
        if (!series->name || (c->chart->series_count == 1 && c->chart->title))
            continue;
        double y = c->top - 11;
        at_text_format(
            c->out,
            "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
            "stroke-width=\"2.5\" %s/>",
            x, y, x + 16, y, at_style_color(s),
            series->dashed ? "stroke-dasharray=\"4 3\"" : "");
        put_text(c, x + 21, y + 3.8, "start", c->ink, 11, "400", series->name);
        x += 34 + 6.1 * (double)at_utf8_count(series->name, strlen(series->name));
    }
}

static void put_lines(canvas *c) {
    for (size_t s = 0; s < c->chart->series_count; s++) {
        const at_series *series = &c->chart->series[s];
        bool pen_down = false;
        at_text_format(c->out,
                       "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" "
                       "stroke-linejoin=\"round\" stroke-linecap=\"round\" %s d=\"",
                       at_style_color(s),
                       series->dashed ? "stroke-dasharray=\"5 4\"" : "");
        for (size_t i = 0; i < series->count; i++) {
            if (!isfinite(series->x[i]) || !isfinite(series->y[i])) {
                pen_down = false;
                continue;
            }
            at_text_format(c->out, "%s%.1f %.1f", pen_down ? "L" : "M",
                           px(c, series->x[i]), py(c, series->y[i]));
            pen_down = true;
        }
        at_text_put(c->out, "\"/>");
        if (series->count == 1 &&
            isfinite(series->y[0])) /* a line of one point is a dot */
            at_text_format(c->out,
                           "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>",
                           px(c, series->x[0]), py(c, series->y[0]), at_style_color(s));
    }
}

static void put_points(canvas *c) {
    for (size_t s = 0; s < c->chart->series_count; s++) {
        const at_series *series = &c->chart->series[s];
        double radius = series->count > 1500 ? 1.3 : series->count > 300 ? 1.8 : 2.6;
        at_text_format(c->out, "<g fill=\"%s\" fill-opacity=\"%.2f\">", at_style_color(s),
                       series->count > 1500 ? 0.35 : 0.6);
        for (size_t i = 0; i < series->count; i++) {
            if (isfinite(series->x[i]) && isfinite(series->y[i]))
                at_text_format(c->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>",
                               px(c, series->x[i]), py(c, series->y[i]), radius);
        }
        at_text_put(c->out, "</g>");
    }
}

static void put_bins(canvas *c) {
    const at_series *series = &c->chart->series[0];
    double step = (c->right - c->left) / (double)(series->count ? series->count : 1);
    for (size_t i = 0; i < series->count; i++) {
        double y = py(c, series->y[i]);
        at_text_format(c->out,
                       "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                       "fill=\"%s\"/>",
                       c->left + step * (double)i + 0.5, y, fmax(step - 1, 0.5),
                       fmax(c->bottom - y, 0), at_style_color(0));
    }
}

static void open_svg(canvas *c) {
    at_text_format(
        c->out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
        "viewBox=\"0 0 %.0f %.0f\" role=\"img\">",
        c->width, c->height, c->width, c->height);
    if (c->chart->title)
        put_text(c, c->left, 14, "start", c->ink, 12.5, "600", c->chart->title);
}

/* Horizontal bars: name, bar, value. */
static void put_bars(canvas *c) {
    const at_series *series = &c->chart->series[0];
    double head = c->chart->title ? 26 : 6, row = 22, low, high;
    c->height = head + row * (double)series->count + 6;
    double longest = 0;
    for (size_t i = 0; i < series->count; i++)
        longest = fmax(longest,
                       (double)at_utf8_count(series->names[i], strlen(series->names[i])));
    double start = fmin(longest, 28) * 7.1 + 14;
    c->left = 2;
    open_svg(c);
    extent(c->chart, false, &low, &high);
    double room = c->width - start - 62, top = fmax(high, 0);
    for (size_t i = 0; i < series->count; i++) {
        double y = head + row * (double)i, value = series->y[i];
        double length = top > 0 && value > 0 ? value / top * room : 0;
        char label[32], name[128];
        snprintf(label, sizeof label, "%.4g", value);
        size_t bytes = at_utf8_offset(series->names[i], strlen(series->names[i]), 28);
        snprintf(name, sizeof name, "%.*s%s", (int)bytes, series->names[i],
                 series->names[i][bytes] ? "…" : "");
        put_text(c, start - 8, y + 14.5, "end", c->ink, 11.5, "400", name);
        at_text_format(
            c->out,
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"14\" rx=\"2.5\" "
            "fill=\"%s\"/>",
            start, y + 3, fmax(length, 1), at_style_color(0));
        put_text(c, start + fmax(length, 1) + 6, y + 14.5, "start", c->dim, 11, "400",
                 label);
    }
    at_text_put(c->out, "</svg>");
}

static void put_plot(canvas *c) {
    const at_chart *chart = c->chart;
    double low, high;
    if (chart->x_min != 0 || chart->x_max != 0) {
        low = chart->x_min;
        high = chart->x_max;
    } else {
        extent(chart, true, &low, &high);
    }
    at_scale_init(&c->x, low, high, 6, false);
    if (chart->y_min != 0 || chart->y_max != 0) {
        at_scale_init(&c->y, chart->y_min, chart->y_max, 5, false);
    } else {
        extent(chart, false, &low, &high);
        at_scale_init(&c->y, chart->kind == AT_CHART_HIST ? 0 : low, high, 4, true);
    }
    bool legend = chart->series_count > 1 || (!chart->title && chart->series[0].name);
    c->left = chart->y_label ? 58 : 46;
    c->right = c->width - 12;
    c->top = (chart->title ? 24 : 8) + (legend ? 20 : 0);
    c->bottom = c->height - (chart->x_label ? 38 : 24);
    double title_left = c->left;
    c->left = 2;
    open_svg(c);
    c->left = title_left;
    put_axes(c);
    if (legend)
        put_legend(c);
    if (chart->diagonal)
        put_line(c, px(c, c->x.low), py(c, c->y.low), px(c, c->x.high), py(c, c->y.high),
                 c->dim, "stroke-width=\"1\" stroke-dasharray=\"3 4\" opacity=\"0.8\"");
    if (chart->kind == AT_CHART_HIST)
        put_bins(c);
    else if (chart->kind == AT_CHART_SCATTER)
        put_points(c);
    else
        put_lines(c);
    at_text_put(c->out, "</svg>");
}

/* Draws; gives the size, which the drawing may have chosen (bars). */
static void draw(canvas *c) {
    const at_chart *chart = c->chart;
    c->width = chart->width ? chart->width : 460;
    c->height = chart->height ? chart->height : 260;
    if (chart->series_count == 0)
        return;
    if (chart->kind == AT_CHART_BAR)
        put_bars(c);
    else
        put_plot(c);
}

void at_chart_svg(const at_chart *chart, at_text *out) {
    canvas c = {.chart = chart,
                .out = out,
                .ink = "#7c828b",
                .dim = "#8a8f98",
                .line = "#a9adb455"};
    draw(&c);
}

static void put_themed(const at_chart *chart, at_text *out) {
    at_text drawing = {0}, labels = {0};
    canvas c = {.chart = chart,
                .out = &drawing,
                .labels = &labels,
                .ink = "var(--jp-content-font-color1,#24292f)",
                .dim = "var(--jp-content-font-color2,#6b7280)",
                .line = "var(--jp-border-color2,#d5d9de)"};
    draw(&c);
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

void at_chart_spark(const int64_t *counts, int bins, at_text *html) {
    int64_t most = 1;
    for (int i = 0; i < bins; i++)
        most = counts[i] > most ? counts[i] : most;
    at_text svg = {0};
    at_text_put(&svg,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"96\" height=\"22\" "
                "viewBox=\"0 0 96 22\">");
    double step = 96.0 / (bins ? bins : 1);
    for (int i = 0; i < bins; i++) {
        double tall = (double)counts[i] / (double)most * 21;
        if (counts[i] > 0)
            tall = fmax(tall, 1);
        at_text_format(&svg,
                       "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                       "fill=\"%s\"/>",
                       step * i, 22 - tall, fmax(step - 0.8, 0.6), tall,
                       at_style_color(0));
    }
    at_text_put(&svg, "</svg>");
    at_text_put(html, "<span class=\"atl-spark\">");
    at_text_put(html, at_text_get(&svg));
    put_twin(html, &svg, "histogram");
    at_text_put(html, "</span>");
    html->failed |= svg.failed;
    at_text_fini(&svg);
}
