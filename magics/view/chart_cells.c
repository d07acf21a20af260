/* A map of cells, shaded by their values: one colour from faint to full, which reads on
 * white and on black. Cells of one shade are one path, so that a density of thousands of
 * cells stays small. */
#include "magics/view/chart_draw.h"
#include "magics/view/style.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHADES = 14, NAME_POINTS = 24 };

typedef struct shading {
    double low, high; /* of the values, as logarithms where the cells say so */
    bool logarithmic;
} shading;

static shading shading_of(const at_cells *cells) {
    shading s = {INFINITY, -INFINITY, cells->logarithmic};
    for (size_t i = 0; i < cells->rows * cells->columns; i++) {
        double v = cells->values[i];
        if (!isfinite(v) || (s.logarithmic && v <= 0))
            continue;
        s.low = fmin(s.low, v);
        s.high = fmax(s.high, v);
    }
    if (!s.logarithmic && s.low > 0)
        s.low = 0;
    if (s.low > s.high)
        s.low = s.high = 1;
    return s;
}

/* 1 .. SHADES; 0: nothing to draw. */
static int shade_of(const shading *s, double value) {
    if (!isfinite(value) || value <= 0)
        return 0;
    double low = s->logarithmic ? log(s->low) : s->low;
    double high = s->logarithmic ? log(s->high) : s->high;
    double at = s->logarithmic ? log(value) : value;
    double share = high > low ? (at - low) / (high - low) : 1;
    return 1 + (int)lround(fmin(fmax(share, 0), 1) * (SHADES - 1));
}

static double opacity_of(int shade) {
    return 0.13 + 0.87 * (double)(shade - 1) / (SHADES - 1);
}

/* The row of the picture, from the top. */
static size_t row_at(const at_cells *cells, size_t r) {
    return cells->y_names ? r : cells->rows - 1 - r;
}

static void put_cells(at_canvas *c, const at_chart *chart, const shading *s, double wide,
                      double tall) {
    const at_cells *cells = chart->cells;
    double gap = wide > 14 && tall > 12 ? 1 : 0;
    for (int shade = 1; shade <= SHADES; shade++) {
        bool open = false;
        for (size_t i = 0; i < cells->rows * cells->columns; i++) {
            if (shade_of(s, cells->values[i]) != shade)
                continue;
            if (!open)
                at_text_format(c->out,
                               "<path shape-rendering=\"crispEdges\" fill=\"%s\" "
                               "fill-opacity=\"%.2f\" d=\"",
                               at_style_color(0), opacity_of(shade));
            open = true;
            at_text_format(c->out, "M%.4g %.4gh%.4gv%.4gh%.4gz",
                           c->left + wide * (double)(i % cells->columns),
                           c->top + tall * (double)row_at(cells, i / cells->columns),
                           wide - gap, tall - gap, gap - wide);
        }
        if (open)
            at_text_put(c->out, "\"/>");
    }
}

static void put_values(at_canvas *c, const at_chart *chart, const shading *s, double wide,
                       double tall) {
    const at_cells *cells = chart->cells;
    for (size_t i = 0; i < cells->rows * cells->columns; i++) {
        double value = cells->values[i];
        if (!isfinite(value))
            continue;
        char label[32];
        at_chart_number(value, chart->percent, label);
        int shade = shade_of(s, value);
        at_canvas_words(
            c, c->left + wide * ((double)(i % cells->columns) + 0.5),
            c->top + tall * ((double)row_at(cells, i / cells->columns) + 0.5) + 3.6,
            AT_ANCHOR_MIDDLE, 10.5, shade > SHADES * 0.55 ? "#fff" : c->ink, "400",
            label);
    }
}

/* "1 [      ] 1,234 rows" at the top right. */
static void put_ramp(at_canvas *c, const at_chart *chart, const shading *s, double y) {
    const at_cells *cells = chart->cells;
    char low[32], high[64];
    at_chart_number(s->low, chart->percent, low);
    at_chart_number(s->high, chart->percent, high);
    size_t end = strlen(high);
    if (cells->unit)
        snprintf(high + end, sizeof high - end, " %s", cells->unit);
    double right = c->right, x = right - at_canvas_measure(high, 10.5) - 6 - 6 * SHADES;
    for (int shade = 1; shade <= SHADES; shade++)
        at_canvas_rect(c, x + 6 * (shade - 1), y - 8, 6, 8, at_style_color(0),
                       opacity_of(shade));
    at_canvas_words(c, x - 6, y, AT_ANCHOR_END, 10.5, c->dim, "400", low);
    at_canvas_words(c, right, y, AT_ANCHOR_END, 10.5, c->dim, "400", high);
}

static void put_x_names(at_canvas *c, const at_cells *cells, double wide) {
    double widest = at_chart_names_width(cells->x_names, cells->columns, NAME_POINTS);
    for (size_t i = 0; i < cells->columns; i++) {
        char name[160];
        at_canvas_cut(cells->x_names[i], NAME_POINTS, name, sizeof name);
        double x = c->left + wide * ((double)i + 0.5);
        if (widest < wide - 4)
            at_canvas_words(c, x, c->bottom + 15, AT_ANCHOR_MIDDLE, 11, c->dim, "400",
                            name);
        else
            at_canvas_slanted(c, x + 3, c->bottom + 9, name);
    }
}

static void put_y_names(at_canvas *c, const at_cells *cells, double tall) {
    for (size_t r = 0; r < cells->rows; r++) {
        char name[160];
        at_canvas_cut(cells->y_names[r], NAME_POINTS, name, sizeof name);
        at_canvas_words(c, c->left - 8, c->top + tall * ((double)r + 0.5) + 4,
                        AT_ANCHOR_END, 11, c->ink, "400", name);
    }
}

/* Room for names at the left and below, and cells of whole pixels. */
static void lay_out(at_canvas *c, const at_chart *chart, double *wide, double *tall) {
    const at_cells *cells = chart->cells;
    double label = chart->y_label ? 14 : 0;
    c->left = (cells->y_names
                   ? fmin(at_chart_names_width(cells->y_names, cells->rows, NAME_POINTS),
                          0.4 * c->width) +
                         14
                   : 46) +
              label;
    double room = c->width - 12 - c->left;
    *wide = fmax(floor(room / (double)cells->columns), 1);
    if (cells->x_names)
        *wide = fmin(*wide, 92);
    c->right = c->left + *wide * (double)cells->columns;
    if (cells->x_names && c->right < c->left + 190)
        c->right = c->left + 190; /* the ramp's */
    c->top = (chart->title ? 24 : 6) + 20;
    double below = 24;
    if (cells->x_names) {
        double widest = at_chart_names_width(cells->x_names, cells->columns, NAME_POINTS);
        below = widest < *wide - 4 ? 24 : 14 + 0.66 * widest;
    }
    below += chart->x_label ? 16 : 0;
    if (cells->y_names)
        *tall = cells->rows <= 12 ? 26 : cells->rows <= 24 ? 18 : 12;
    else
        *tall = fmax(floor((c->height - c->top - below) / (double)cells->rows), 1);
    c->bottom = c->top + *tall * (double)cells->rows;
    c->height = c->bottom + below;
    c->width = fmax(c->right + 12, 240);
}

void at_chart_draw_cells(at_canvas *c, const at_chart *chart) {
    const at_cells *cells = chart->cells;
    double wide, tall;
    lay_out(c, chart, &wide, &tall);
    shading s = shading_of(cells);
    double right = c->right;
    int ticks = c->width > 450 ? 7 : 5;

    at_canvas_open(c, chart->title);
    double head = chart->title ? 24 : 6;
    put_ramp(c, chart, &s, head + 11);
    c->right = c->left + wide * (double)cells->columns;
    if (cells->y_names) {
        put_y_names(c, cells, tall);
        if (chart->y_label)
            at_canvas_upright(c, 9, (c->top + c->bottom) / 2, chart->y_label);
    } else {
        if (chart->y_time)
            at_scale_time(&c->y, cells->y_from, cells->y_to, 5);
        else
            at_scale_init(&c->y, cells->y_from, cells->y_to, 5, false);
        at_canvas_y_axis(c, chart->y_label, false);
    }
    if (cells->x_names) {
        put_x_names(c, cells, wide);
        if (chart->x_label)
            at_canvas_words(c, (c->left + c->right) / 2, c->height - 4, AT_ANCHOR_MIDDLE,
                            11, c->dim, "400", chart->x_label);
    } else {
        if (chart->x_time)
            at_scale_time(&c->x, cells->x_from, cells->x_to, ticks);
        else
            at_scale_init(&c->x, cells->x_from, cells->x_to, ticks, false);
        at_canvas_x_axis(c, chart->x_label, false);
    }
    put_cells(c, chart, &s, wide, tall);
    if (cells->written)
        put_values(c, chart, &s, wide, tall);
    c->right = right;
    at_canvas_close(c);
}
