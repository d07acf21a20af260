/* Points; of many rows their density, which a heap of points would hide. */
#include "magics/data/plot.h"
#include "magics/view/grid.h"

#include <math.h>

static int64_t known_pairs(const at_plot *p) {
    int64_t known = 0;
    for (int64_t r = 0; r < at_frame_rows(p->frame); r++)
        known += (!p->groups.count || p->groups.codes[r] >= 0) &&
                 !isnan(at_axis_value(p->x, r)) && !isnan(at_axis_value(p->y, r));
    return known;
}

static const char *title_of(const at_plot *p) {
    return at_arena_format(p->context->arena, "%s against %s%s%s", p->y->name, p->x->name,
                           p->by ? " by " : "", p->by ? p->by->name : "");
}

static at_chart chart_of(const at_plot *p, at_chart_kind kind) {
    return (at_chart){.kind = kind,
                      .x_label = p->x->name,
                      .y_label = p->y->name,
                      .width = AT_PLOT_WIDTH,
                      .height = 400,
                      .x_time = at_plot_role_of(p->x) == AT_ROLE_TIME,
                      .y_time = at_plot_role_of(p->y) == AT_ROLE_TIME,
                      .tall = true};
}

static at_status points(at_plot *p, int64_t known, at_error *err) {
    at_arena *arena = p->context->arena;
    size_t parts = p->groups.count ? (size_t)p->groups.count : 1;
    at_series *series = at_arena_alloc(arena, parts * sizeof *series);
    double *x = at_arena_alloc(arena, (size_t)known * 2 * sizeof *x), *y = x + known;
    if (!series || !x)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for points");
    size_t used = 0;
    for (size_t s = 0; s < parts; s++) {
        series[s] = (at_series){.name = p->by ? p->groups.names[s] : NULL,
                                .x = x + used,
                                .y = y + used,
                                .color = p->by ? at_plot_color(p, (int)s) : NULL};
        for (int64_t r = 0; r < at_frame_rows(p->frame); r++) {
            double u = at_axis_value(p->x, r), v = at_axis_value(p->y, r);
            if (isnan(u) || isnan(v) || (p->by && p->groups.codes[r] != (int32_t)s))
                continue;
            x[used] = u;
            y[used++] = v;
        }
        series[s].count = (size_t)(x + used - series[s].x);
    }
    at_chart chart = chart_of(p, AT_CHART_SCATTER);
    chart.series = series;
    chart.series_count = parts;
    return at_plot_send(p, title_of(p), &chart, 1, err);
}

/* A panel for each group. */
static at_status density(at_plot *p, const at_axis *x, const at_axis *y, at_error *err) {
    at_arena *arena = p->context->arena;
    size_t parts = p->groups.count ? (size_t)p->groups.count : 1;
    size_t cells = (size_t)x->count * (size_t)y->count;
    double *values = at_arena_alloc(arena, parts * cells * sizeof *values);
    at_cells *maps = at_arena_alloc(arena, parts * sizeof *maps);
    at_chart *charts = at_arena_alloc(arena, parts * sizeof *charts);
    if (!values || !maps || !charts)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for a density");
    for (int64_t r = 0; r < x->rows; r++) {
        int32_t s = p->by ? p->groups.codes[r] : 0;
        if (s >= 0 && x->codes[r] >= 0 && y->codes[r] >= 0)
            values[(size_t)s * cells + (size_t)y->codes[r] * (size_t)x->count +
                   (size_t)x->codes[r]]++;
    }
    for (size_t s = 0; s < parts; s++) {
        maps[s] = (at_cells){.values = values + s * cells,
                             .columns = (size_t)x->count,
                             .rows = (size_t)y->count,
                             .x_from = x->edges[0],
                             .x_to = x->edges[x->count],
                             .y_from = y->edges[0],
                             .y_to = y->edges[y->count],
                             .logarithmic = true,
                             .unit = "rows a cell"};
        charts[s] = chart_of(p, AT_CHART_CELLS);
        charts[s].cells = &maps[s];
        if (parts > 1) {
            charts[s].title = p->groups.names[s];
            charts[s].width = 360;
            charts[s].height = 300;
        }
    }
    at_plot_note_axis(p, p->x, x);
    at_plot_note_axis(p, p->y, y);
    return at_plot_send(p, title_of(p), charts, parts, err);
}

at_status at_plot_scatter(at_plot *p, at_error *err) {
    const at_column *names = at_plot_role_of(p->x) == AT_ROLE_NAMES           ? p->x
                             : p->y && at_plot_role_of(p->y) == AT_ROLE_NAMES ? p->y
                                                                              : NULL;
    if (!p->y || names) {
        at_fail(err, AT_INVALID,
                "a scatter plot needs two columns of numbers or dates%s%s",
                names ? ": " : "", names ? names->name : "");
        return at_hint(err,
                       names ? "%s is %s; --kind box, bar or heatmap draw names"
                             : "name the second after %s",
                       names ? names->name : p->x->name,
                       names ? at_type_name(names->type) : "");
    }
    int64_t known = known_pairs(p), rows = at_frame_rows(p->frame);
    if (known == 0)
        return at_fail(err, AT_INVALID, "no row has both %s and %s", p->x->name,
                       p->y->name);
    if (known <= AT_PLOT_POINTS) {
        if (known < rows)
            at_plot_note(p, "%s without both",
                         at_view_plural(p->context->arena, rows - known, "row"));
        return points(p, known, err);
    }
    at_axis x, y;
    int across = p->bins ? p->bins
                 : p->by ? 48
                         : 90,
        up = p->bins ? p->bins
             : p->by ? 36
                     : 54;
    AT_TRY(at_axis_bins(p->x, across, across, true, &x, err));
    at_status status = at_axis_bins(p->y, up, up, true, &y, err);
    if (status == AT_OK) {
        status = density(p, &x, &y, err);
        at_axis_fini(&y);
    }
    at_axis_fini(&x);
    return status;
}
