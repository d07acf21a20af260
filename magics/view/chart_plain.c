/* Charts as text, for consoles and for readers of diffs. */
#include "magics/view/chart_draw.h"
#include "magics/view/grid.h"
#include "ops/base/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDE = 60, TALL = 12, NAMES = 28 }; /* characters */

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

void at_chart_meter_plain(double share, const char *label, at_text *out) {
    int full = (int)lround(fmin(fmax(share, 0), 1) * 12);
    for (int i = 0; i < 12; i++)
        at_text_put(out, i < full ? "█" : "·");
    at_text_format(out, " %s", label);
}

static void put_many(at_text *out, const char *piece, int count) {
    while (count-- > 0)
        at_text_put(out, piece);
}

/* A name, padded to `width` columns of a console. */
static void put_name(at_text *out, const char *name, size_t width, bool right) {
    char cut[160];
    at_canvas_cut(name ? name : "", NAMES, cut, sizeof cut);
    size_t used = at_view_width(cut, strlen(cut));
    int blank = width > used ? (int)(width - used) : 0;
    if (right)
        put_many(out, " ", blank);
    at_text_put(out, cut);
    if (!right)
        put_many(out, " ", blank);
}

static size_t widest_of(const char *const *names, size_t count) {
    size_t widest = 0;
    for (size_t i = 0; i < count; i++) {
        char cut[160];
        if (!names[i])
            continue;
        at_canvas_cut(names[i], NAMES, cut, sizeof cut);
        size_t width = at_view_width(cut, strlen(cut));
        widest = width > widest ? width : widest;
    }
    return widest;
}

/* A position on the x axis, as its ticks are labelled. */
static void label_of(const at_chart *chart, double low, double high, double value,
                     bool time, char out[32]) {
    at_scale scale;
    if (time) {
        at_scale_time(&scale, low, high, 6);
        scale.tick_count = 1; /* so that the label says all */
        scale.ticks[0] = value;
        if (scale.unit > AT_TICK_DAYS)
            scale.unit = scale.unit == AT_TICK_YEARS ? AT_TICK_YEARS : AT_TICK_MONTHS;
        at_scale_label(&scale, value, out);
        return;
    }
    (void)chart;
    at_chart_number(value, false, out);
}

/* "low ........ high" under a drawing of `width` characters that begins at `indent`. */
static void put_range(const at_chart *chart, at_text *out, double low, double high,
                      bool time, size_t indent, size_t width) {
    char from[32], to[32];
    label_of(chart, low, high, low, time, from);
    label_of(chart, low, high, high, time, to);
    size_t used = at_view_width(from, strlen(from)) + at_view_width(to, strlen(to));
    at_text_char(out, '\n');
    put_many(out, " ", (int)indent);
    at_text_put(out, from);
    put_many(out, " ", width > used ? (int)(width - used) : 2);
    at_text_put(out, to);
}

/* One series of bars: name, bar, number. */
static void put_bars(const at_series *series, bool percent, at_text *out) {
    double top = 0;
    size_t widest = widest_of(series->names, series->count);
    for (size_t i = 0; i < series->count; i++)
        top = fmax(top, series->y[i]);
    for (size_t i = 0; i < series->count; i++) {
        put_name(out, series->names[i], widest, false);
        at_text_put(out, "  ");
        put_many(out, "█", top > 0 ? (int)lround(fmax(series->y[i], 0) / top * 30) : 0);
        char label[32];
        at_chart_number(series->y[i], percent, label);
        at_text_format(out, " %s%s", label, i + 1 < series->count ? "\n" : "");
    }
}

static const char *const fills[] = {"█", "░", "▓", "▒", "#", "+", "=", "-", "o"};
enum { FILLS = sizeof fills / sizeof *fills };

static void put_grouped_bars(const at_chart *chart, at_text *out) {
    const at_series *first = &chart->series[0];
    size_t widest = widest_of(first->names, first->count);
    double top = 0;
    for (size_t i = 0; i < first->count; i++) {
        double stack = 0;
        for (size_t s = 0; s < chart->series_count; s++) {
            double v = fmax(chart->series[s].y[i], 0);
            stack += v;
            top = fmax(top, chart->stacked ? stack : v);
        }
    }
    for (size_t s = 0; s < chart->series_count; s++)
        at_text_format(out, "%s%s %s", s ? "   " : "", fills[s % FILLS],
                       chart->series[s].name ? chart->series[s].name : "");
    char label[32];
    for (size_t i = 0; i < first->count; i++) {
        double stack = 0;
        int drawn = 0;
        for (size_t s = 0; s < chart->series_count; s++) {
            double value = fmax(chart->series[s].y[i], 0);
            if (s == 0 || !chart->stacked) {
                at_text_char(out, '\n');
                put_name(out, s ? "" : first->names[i], widest, false);
                at_text_put(out, "  ");
            }
            stack = chart->stacked ? stack + value : value;
            int end = top > 0 ? (int)lround(stack / top * 40) : 0;
            put_many(out, fills[s % FILLS], chart->stacked ? end - drawn : end);
            drawn = end;
            at_chart_number(chart->stacked && !chart->percent ? stack : value,
                            chart->percent, label);
            if (!chart->stacked || (!chart->percent && s + 1 == chart->series_count))
                at_text_format(out, " %s", label);
        }
        for (size_t s = 0; chart->stacked && chart->percent && s < chart->series_count;
             s++) {
            at_chart_number(chart->series[s].y[i], true, label);
            at_text_format(out, "%s%s", s ? " / " : "  ", label);
        }
    }
}

/* Upright bars, eighths of a line high. */
static void put_columns(const at_chart *chart, const at_series *series, at_text *out) {
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    enum { HIGH = 8 };
    double top = 0;
    char label[32];
    for (size_t i = 0; i < series->count; i++)
        top = fmax(top, series->y[i]);
    at_chart_number(top, chart->percent, label);
    size_t margin = at_view_width(label, strlen(label));
    int wide = series->count <= 20 ? 3 : series->count <= 32 ? 2 : 1;
    for (int row = HIGH - 1; row >= 0; row--) {
        put_name(out, row == HIGH - 1 ? label : row == 0 ? "0" : "", margin, true);
        at_text_put(out, row == HIGH - 1 || row == 0 ? " ┤" : " │");
        for (size_t i = 0; i < series->count; i++) {
            double eighths = top > 0 ? series->y[i] / top * HIGH * 8 - row * 8 : 0;
            int level = (int)lround(fmin(fmax(eighths, 0), 8));
            if (row == 0 && level == 0 && series->y[i] > 0)
                level = 1;
            put_many(out, blocks[level], wide);
        }
        at_text_put(out, row ? "\n" : "");
    }
    put_range(chart, out, series->x[0], series->x[1], chart->x_time, margin + 2,
              series->count * (size_t)wide);
}

/* Dots of a 2 x 4 raster in each character (Braille). */
static void put_dots(const at_chart *chart, at_text *out) {
    static const unsigned char bits[4][2] = {{1, 8}, {2, 16}, {4, 32}, {64, 128}};
    unsigned char raster[TALL][WIDE];
    memset(raster, 0, sizeof raster);
    double x0, x1, y0, y1;
    if (!at_chart_extent(chart, true, &x0, &x1) ||
        !at_chart_extent(chart, false, &y0, &y1))
        return;
    if (chart->from_zero)
        y0 = fmin(y0, 0);
    for (size_t s = 0; s < chart->series_count; s++) {
        const at_series *series = &chart->series[s];
        for (size_t i = 0; i < series->count; i++) {
            if (!isfinite(series->x[i]) || !isfinite(series->y[i]))
                continue;
            double u = x1 > x0 ? (series->x[i] - x0) / (x1 - x0) : 0.5;
            double v = y1 > y0 ? (series->y[i] - y0) / (y1 - y0) : 0.5;
            int px = (int)lround(u * (2 * WIDE - 1));
            int py = (int)lround((1 - v) * (4 * TALL - 1));
            raster[py / 4][px / 2] |= bits[py % 4][px % 2];
        }
    }
    char top[32], bottom[32];
    label_of(chart, y0, y1, y1, chart->y_time, top);
    label_of(chart, y0, y1, y0, chart->y_time, bottom);
    size_t margin = at_view_width(top, strlen(top));
    size_t other = at_view_width(bottom, strlen(bottom));
    margin = other > margin ? other : margin;
    for (int row = 0; row < TALL; row++) {
        put_name(out, row == 0 ? top : row == TALL - 1 ? bottom : "", margin, true);
        at_text_put(out, row == 0 || row == TALL - 1 ? " ┤" : " │");
        for (int x = 0; x < WIDE; x++) {
            unsigned dot = raster[row][x]; /* U+2800 + dot, as UTF-8 */
            char utf8[4] = {(char)0xE2, (char)(0xA0 | dot >> 6),
                            (char)(0x80 | (dot & 63)), '\0'};
            at_text_put(out, dot ? utf8 : " ");
        }
        at_text_char(out, '\n');
    }
    out->length -= out->length > 0; /* the range brings its own line end */
    put_range(chart, out, x0, x1, chart->x_time, margin + 2, WIDE);
}

static void put_boxes(const at_chart *chart, at_text *out) {
    double low = INFINITY, high = -INFINITY;
    size_t widest = 0, groups = 0;
    for (size_t i = 0; i < chart->box_count; i++) {
        const at_box *box = &chart->boxes[i];
        size_t width = widest_of(&box->name, 1);
        widest = width > widest ? width : widest;
        width = widest_of(&box->group, 1);
        groups = width > groups ? width : groups;

        if (isnan(box->median))
            continue;
        low = fmin(low, box->low);
        high = fmax(high, box->high);
    }
    double scale = high > low ? (WIDE - 1) / (high - low) : 0;
    for (size_t i = 0; i < chart->box_count; i++) {
        const at_box *box = &chart->boxes[i];
        put_name(out, box->name, widest, false);
        at_text_put(out, "  ");
        if (groups) {
            put_name(out, box->group, groups, false);
            at_text_put(out, "  ");
        }
        for (int x = 0; x < WIDE && !isnan(box->median); x++) {
            int from = (int)lround((box->low - low) * scale);
            int to = (int)lround((box->high - low) * scale);
            int q25 = (int)lround((box->q25 - low) * scale);
            int q75 = (int)lround((box->q75 - low) * scale);
            int median = (int)lround((box->median - low) * scale);
            at_text_put(out, x == median               ? "┃"
                             : x >= q25 && x <= q75    ? "▒"
                             : x == from && from < q25 ? "├"
                             : x == to && to > q75     ? "┤"
                             : x > from && x < to      ? "─"
                                                       : " ");
        }
        at_text_format(out, "  %s%s", box->note ? box->note : "",
                       i + 1 < chart->box_count ? "\n" : "");
    }
    put_range(chart, out, low, high, chart->x_time,
              widest + 2 + (groups ? groups + 2 : 0), WIDE);
}

static size_t longest_value(const at_chart *chart) {
    const at_cells *cells = chart->cells;
    size_t widest = 3;
    for (size_t i = 0; i < cells->rows * cells->columns; i++) {
        char label[32];
        at_chart_number(cells->values[i], chart->percent, label);
        size_t width = at_view_width(label, strlen(label));
        widest = width > widest ? width : widest;
    }
    return widest;
}

/* Names above, values below them. */
static void put_value_table(const at_chart *chart, at_text *out) {
    const at_cells *cells = chart->cells;
    size_t width = longest_value(chart) + 2, most = 10;
    size_t names = cells->y_names ? widest_of(cells->y_names, cells->rows) : 0;
    width = width < most ? most : width;
    put_many(out, " ", (int)names);
    for (size_t x = 0; x < cells->columns; x++) {
        char cut[64];
        at_canvas_cut(cells->x_names[x], width - 3, cut, sizeof cut);
        put_name(out, cut, width, true);
    }
    for (size_t r = 0; r < cells->rows; r++) {
        at_text_char(out, '\n');
        put_name(out, cells->y_names[r], names, false);
        for (size_t x = 0; x < cells->columns; x++) {
            char label[32];
            at_chart_number(cells->values[r * cells->columns + x], chart->percent, label);
            put_name(out, label, width, true);
        }
    }
}

static void put_shades(const at_chart *chart, at_text *out) {
    static const char *const shades[] = {" ", "·", "░", "▒", "▓", "█"};
    const at_cells *cells = chart->cells;
    double top = 0;
    char low[32] = "", high[32] = "";
    if (!cells->y_names) {
        label_of(chart, cells->y_from, cells->y_to, cells->y_from, chart->y_time, low);
        label_of(chart, cells->y_from, cells->y_to, cells->y_to, chart->y_time, high);
    }
    const char *ends[] = {low, high};
    size_t names =
        cells->y_names ? widest_of(cells->y_names, cells->rows) : widest_of(ends, 2);
    for (size_t i = 0; i < cells->rows * cells->columns; i++)
        top = fmax(top, isfinite(cells->values[i]) ? cells->values[i] : 0);
    size_t across = cells->columns / WIDE + 1, up = cells->y_names ? 1 : 2;
    for (size_t line = 0; line < cells->rows; line += up) {
        size_t r = cells->y_names ? line : cells->rows - 1 - line;
        if (line)
            at_text_char(out, '\n');
        if (cells->y_names)
            put_name(out, cells->y_names[r], names, false);
        else
            put_name(out,
                     line == 0                  ? high
                     : line + up >= cells->rows ? low
                                                : "",
                     names, true);
        at_text_put(out, " │");
        for (size_t x = 0; x < cells->columns; x += across) {
            double most = 0; /* of the cells that share a character */
            for (size_t dy = 0; dy < up && line + dy < cells->rows; dy++)
                for (size_t dx = 0; dx < across && x + dx < cells->columns; dx++) {
                    size_t row = cells->y_names ? r : r - dy;
                    double v = cells->values[row * cells->columns + x + dx];
                    most = isfinite(v) ? fmax(most, v) : most;
                }
            double share = cells->logarithmic ? log1p(most) / log1p(top) : most / top;
            at_text_put(out, shades[most > 0 ? 1 + (int)lround(share * 4) : 0]);
        }
    }
    if (!cells->x_names)
        put_range(chart, out, cells->x_from, cells->x_to, chart->x_time, names + 2,
                  (cells->columns + across - 1) / across);
}

/* A line a series: name, blocks, ends. */
static void put_sparks(const at_chart *chart, at_text *out) {
    size_t widest = 0;
    for (size_t s = 0; s < chart->series_count && chart->tall; s++) {
        size_t width = widest_of(&chart->series[s].name, 1);
        widest = width > widest ? width : widest;
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
        if (series->name && chart->tall) {
            put_name(out, series->name, widest, false);
            at_text_put(out, "  ");
        } else if (series->name) {
            at_text_format(out, "%s  ", series->name);
        }
        at_chart_blocks(series->y, series->count, out);
        if (chart->kind == AT_CHART_LINE && series->count > 0)
            at_text_format(out, "  %.4g → %.4g", series->y[0],
                           series->y[series->count - 1]);
        if (chart->kind == AT_CHART_HIST && series->x) {
            char from[32], to[32];
            label_of(chart, series->x[0], series->x[1], series->x[0], chart->x_time,
                     from);
            label_of(chart, series->x[0], series->x[1], series->x[1], chart->x_time, to);
            at_text_format(out, "  %s to %s", from, to);
        }
    }
}

void at_chart_plain(const at_chart *chart, at_text *out) {
    if (chart->title)
        at_text_format(out, "%s\n", chart->title);
    if (chart->kind == AT_CHART_BAR) {
        if (chart->series_count > 1)
            put_grouped_bars(chart, out);
        else if (chart->series_count)
            put_bars(&chart->series[0], chart->percent, out);
        return;
    }
    if (chart->kind == AT_CHART_BOX)
        put_boxes(chart, out);
    else if (chart->kind == AT_CHART_CELLS && chart->cells)
        (chart->cells->written && chart->cells->x_names && chart->cells->y_names
             ? put_value_table
             : put_shades)(chart, out);
    else if (chart->tall && chart->kind == AT_CHART_HIST && chart->series_count == 1)
        put_columns(chart, &chart->series[0], out);
    else if (chart->tall && (chart->kind == AT_CHART_SCATTER ||
                             (chart->kind == AT_CHART_LINE && chart->series_count == 1)))
        put_dots(chart, out);
    else
        put_sparks(chart, out);
}
