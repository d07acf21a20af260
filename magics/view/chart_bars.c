/* Horizontal bars: a name, its bars, their values. Names can be read at any length, which
 * they could not under upright bars. */
#include "magics/view/chart_draw.h"
#include "magics/view/style.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_POINTS = 30 };

typedef struct layout {
    double head, row, bar; /* px: above the bars, from row to row, a bar's height */
    double start, room;    /* where bars begin, how long the longest is */
    double top;            /* the value of the longest */
} layout;

static double stack_of(const at_chart *chart, size_t i) {
    double sum = 0;
    for (size_t s = 0; s < chart->series_count; s++)
        sum += fmax(chart->series[s].y[i], 0);
    return sum;
}

static layout lay_out(at_canvas *c, const at_chart *chart) {
    const at_series *first = &chart->series[0];
    layout l = {.bar = 14, .row = 22};
    if (!chart->stacked && chart->series_count > 1) {
        l.bar = chart->series_count > 3 ? 9 : 11;
        l.row = l.bar * (double)chart->series_count + 8;
    }
    c->left = 2;
    c->right = c->width - 4;
    int legend = at_chart_legend(c, chart, true, 0, true);
    l.head = (chart->title ? 26 : 6) + AT_LEGEND_ROW * legend + (legend ? 4 : 0) +
             (chart->x_label ? 16 : 0);
    l.start = fmin(at_chart_names_width(first->names, first->count, NAME_POINTS),
                   0.45 * c->width) +
              14;
    double low, high;
    if (chart->stacked) {
        for (size_t i = 0; i < first->count; i++)
            l.top = fmax(l.top, stack_of(chart, i));
        l.room = c->width - l.start - (chart->percent ? 12 : 68);
    } else {
        at_chart_extent(chart, false, &low, &high);
        l.top = fmax(high, 0);
        l.room = c->width - l.start - 68;
    }
    c->height = l.head + l.row * (double)first->count + 6;
    return l;
}

static void put_bar(at_canvas *c, const at_chart *chart, const layout *l, size_t s,
                    size_t i, double y) {
    double value = chart->series[s].y[i];
    double length = l->top > 0 && value > 0 ? value / l->top * l->room : 0;
    at_text_format(c->out,
                   "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\" "
                   "rx=\"%s\" fill=\"%s\"/>",
                   l->start, y, fmax(length, 1), l->bar, l->bar > 10 ? "2.5" : "1.5",
                   at_chart_color(chart, s));
    char label[32];
    at_chart_number(value, chart->percent, label);
    at_canvas_words(c, l->start + fmax(length, 1) + 6, y + l->bar / 2 + 4,
                    AT_ANCHOR_START,
                    l->bar > 11   ? 11
                    : l->bar > 10 ? 10
                                  : 8.5,
                    c->dim, "400", label);
}

/* The parts of a stack, with their shares in those that have room for it. */
static void put_stack(at_canvas *c, const at_chart *chart, const layout *l, size_t i,
                      double y) {
    double x = l->start;
    char label[32];
    for (size_t s = 0; s < chart->series_count; s++) {
        double value = chart->series[s].y[i];
        double length = l->top > 0 && value > 0 ? value / l->top * l->room : 0;
        if (!(length > 0))
            continue;
        at_canvas_rect(c, x, y, fmax(length - 1, 0.4), l->bar, at_chart_color(chart, s),
                       0.92);
        at_chart_number(value, chart->percent, label);
        if (chart->percent && length > at_canvas_measure(label, 10) + 8)
            at_canvas_words(c, x + (length - 1) / 2, y + 10.6, AT_ANCHOR_MIDDLE, 10,
                            "#fff", "500", label);
        x += length;
    }
    if (!chart->percent) {
        at_chart_number(stack_of(chart, i), false, label);
        at_canvas_words(c, x + 6, y + l->bar / 2 + 4, AT_ANCHOR_START, 11, c->dim, "400",
                        label);
    }
}

void at_chart_draw_bars(at_canvas *c, const at_chart *chart) {
    const at_series *first = &chart->series[0];
    layout l = lay_out(c, chart);
    at_canvas_open(c, chart->title);
    at_chart_legend(c, chart, true, chart->title ? 36 : 14, false);
    if (chart->x_label)
        at_canvas_words(c, l.start, l.head - 5, AT_ANCHOR_START, 11, c->dim, "400",
                        chart->x_label);
    for (size_t i = 0; i < first->count; i++) {
        double y = l.head + l.row * (double)i;
        char name[160];
        at_canvas_cut(first->names[i], NAME_POINTS, name, sizeof name);
        at_canvas_words(c, l.start - 8, y + l.row / 2 + 3.5, AT_ANCHOR_END, 11.5, c->ink,
                        "400", name);
        if (chart->stacked)
            put_stack(c, chart, &l, i, y + 4);
        for (size_t s = 0; s < chart->series_count && !chart->stacked; s++)
            put_bar(c, chart, &l, s, i, y + 4 + l.bar * (double)s);
    }
    at_canvas_close(c);
}
