/* Histograms: counts of bins, or the shares of each group, overlaid. */
#include "magics/data/plot.h"
#include "magics/view/grid.h"

static at_status draw(at_plot *p, const at_axis *x, at_error *err) {
    at_arena *arena = p->context->arena;
    bool grouped = p->groups.count > 0;
    size_t bins = (size_t)x->count, series_count = grouped ? (size_t)p->groups.count : 1;
    double *values = at_arena_alloc(arena, bins * series_count * sizeof *values);
    int64_t *cross = at_arena_alloc(arena, bins * series_count * sizeof *cross);
    at_series *series = at_arena_alloc(arena, series_count * sizeof *series);
    if (!values || !cross || !series)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for a histogram");
    const double range[2] = {x->edges[0], x->edges[x->count]};
    if (grouped)
        at_axis_cross(x, &p->groups, cross);
    for (size_t s = 0; s < series_count; s++) {
        int64_t all = 0;
        for (size_t i = 0; grouped && i < bins; i++)
            all += cross[i * series_count + s];
        for (size_t i = 0; i < bins; i++)
            values[s * bins + i] = !grouped ? (double)x->counts[i]
                                   : all
                                       ? (double)cross[i * series_count + s] / (double)all
                                       : 0;
        series[s] = (at_series){.name = grouped ? p->groups.names[s] : NULL,
                                .x = range,
                                .y = values + s * bins,
                                .count = bins,
                                .color = grouped ? at_plot_color(p, (int)s) : NULL};
    }
    at_plot_note_axis(p, p->x, x);
    if (p->groups.missing && grouped)
        at_plot_note(p, "%s without %s", at_view_plural(arena, p->groups.missing, "row"),
                     p->by->name);
    at_chart chart = {
        .kind = AT_CHART_HIST,
        .x_label = p->x->name,
        .y_label =
            grouped ? at_arena_format(arena, "share of each %s", p->by->name) : "rows",
        .series = series,
        .series_count = series_count,
        .width = AT_PLOT_WIDTH,
        .height = AT_PLOT_HEIGHT,
        .x_time = x->time,
        .percent = grouped,
        .tall = true};
    const char *title = grouped
                            ? at_arena_format(arena, "%s by %s", p->x->name, p->by->name)
                            : p->x->name;
    return at_plot_send(p, title, &chart, 1, err);
}

at_status at_plot_hist(at_plot *p, at_error *err) {
    if (p->y && !p->by && at_plot_names(p->y)) { /* age y: age by y */
        p->by = p->y;
        p->y = NULL;
        AT_TRY(at_plot_group(p, err));
    }
    if (p->y) {
        at_fail(err, AT_INVALID, "a histogram shows one column, not %s and %s",
                p->x->name, p->y->name);
        return at_hint(err, "leave %s out, or give --kind scatter or heatmap",
                       p->y->name);
    }
    if (at_plot_role_of(p->x) == AT_ROLE_NAMES) {
        at_fail(err, AT_INVALID, "a histogram needs numbers or dates: %s holds %s",
                p->x->name, at_type_name(p->x->type));
        return at_hint(err, "--kind bar counts its values");
    }
    at_axis x;
    AT_TRY(at_axis_bins(p->x, p->bins, p->bins ? p->bins : 60, true, &x, err));
    at_status status = draw(p, &x, err);
    at_axis_fini(&x);
    return status;
}
