/* Lines: how many rows, or the mean of a column, along another. */
#include "magics/data/plot.h"
#include "magics/view/grid.h"

#include <math.h>

/* "day", "month", ...: what a bin of time is. */
static const char *step_name(const at_axis *x, at_arena *arena) {
    static const struct {
        double seconds;
        const char *name;
    } steps[] = {{1, "second"},
                 {60, "minute"},
                 {3600, "hour"},
                 {86400, "day"},
                 {7 * 86400, "week"},
                 {31 * 86400, "month"},
                 {92 * 86400, "quarter of a year"},
                 {366 * 86400, "year"}};
    double step = x->count > 1 ? x->edges[2] - x->edges[1] : x->edges[1] - x->edges[0];
    if (!x->time)
        return at_arena_format(arena, "%s", at_view_number(arena, step));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (step <= steps[i].seconds && step > steps[i].seconds * 0.9)
            return steps[i].name;
    return step < 3600    ? at_arena_format(arena, "%g minutes", step / 60)
           : step < 86400 ? at_arena_format(arena, "%g hours", step / 3600)
                          : at_arena_format(arena, "%.0f years", step / 86400 / 365.2);
}

/* Sums and counts of (groups, slots) become the points of a series each. */
static at_status send(at_plot *p, const at_axis *x, const double *sums,
                      const int64_t *known, at_error *err) {
    at_arena *arena = p->context->arena;
    size_t slots = (size_t)x->count, parts = p->by ? (size_t)p->groups.count : 1;
    double *u = at_arena_alloc(arena, 2 * parts * slots * sizeof *u);
    at_series *series = at_arena_alloc(arena, parts * sizeof *series);
    if (!u || !series)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for lines");
    double *v = u + parts * slots;
    size_t used = 0;
    for (size_t s = 0; s < parts; s++) {
        series[s] = (at_series){.name = p->by ? p->groups.names[s] : NULL,
                                .x = u + used,
                                .y = v + used,
                                .color = p->by ? at_plot_color(p, (int)s) : NULL};
        for (size_t i = 0; i < slots; i++) {
            int64_t n = known[s * slots + i];
            if (p->y && n == 0) /* the line goes on to the next */
                continue;
            double width = x->edges[i + 1] - x->edges[i];
            u[used] = x->time && width <= 86400 ? x->edges[i] : x->edges[i] + width / 2;
            v[used++] = p->y ? sums[s * slots + i] / (double)n : (double)n;
        }
        series[s].count = (size_t)(v + used - series[s].y);
    }
    const char *step = step_name(x, arena);
    const char *label = p->y ? at_arena_format(arena, "mean of %s", p->y->name) : "rows";
    at_plot_note(p, x->time ? "%s in each %s" : "%s in steps of %s", label, step);
    at_plot_note_axis(p, p->x, x);
    at_chart chart = {.kind = AT_CHART_LINE,
                      .x_label = p->x->name,
                      .y_label = label,
                      .series = series,
                      .series_count = parts,
                      .width = 720,
                      .height = AT_PLOT_HEIGHT,
                      .x_time = x->time,
                      .from_zero = !p->y,
                      .tall = true};
    const char *title =
        at_arena_format(arena, "%s over %s%s%s", p->y ? p->y->name : "rows", p->x->name,
                        p->by ? " by " : "", p->by ? p->by->name : "");
    return at_plot_send(p, title, &chart, 1, err);
}

static at_status gather(at_plot *p, const at_axis *x, at_error *err) {
    size_t slots = (size_t)x->count, parts = p->by ? (size_t)p->groups.count : 1;
    at_arena *arena = p->context->arena;
    double *sums = at_arena_alloc(arena, slots * parts * sizeof *sums);
    int64_t *known = at_arena_alloc(arena, slots * parts * sizeof *known);
    if (!sums || !known)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for lines");
    int64_t missing = 0;
    for (int64_t r = 0; r < x->rows; r++) {
        int32_t s = p->by ? p->groups.codes[r] : 0;
        double value = p->y ? at_axis_value(p->y, r) : 0;
        missing += isnan(value);
        if (s < 0 || x->codes[r] < 0 || isnan(value))
            continue;
        sums[(size_t)s * slots + (size_t)x->codes[r]] += value;
        known[(size_t)s * slots + (size_t)x->codes[r]]++;
    }
    if (missing == x->rows)
        return at_fail(err, AT_INVALID, "column %s holds no value", p->y->name);
    if (missing)
        at_plot_note(p, "%s without %s", at_view_plural(arena, missing, "row"),
                     p->y->name);
    return send(p, x, sums, known, err);
}

at_status at_plot_line(at_plot *p, at_error *err) {
    if (at_plot_role_of(p->x) == AT_ROLE_NAMES) {
        at_fail(err, AT_INVALID, "a line runs along numbers or dates: %s holds %s",
                p->x->name, at_type_name(p->x->type));
        return at_hint(err,
                       "--kind bar draws names; in %%%%clean, cast %s -> date makes "
                       "dates of texts like 2026-01-31",
                       p->x->name);
    }
    if (p->y && at_plot_role_of(p->y) != AT_ROLE_NUMBER) {
        at_fail(err, AT_INVALID, "a line shows the mean of numbers: %s holds %s",
                p->y->name, at_type_name(p->y->type));
        return at_hint(err, "--by %s draws a line for each of its values", p->y->name);
    }
    at_axis x;
    int most = p->bins                                 ? p->bins
               : p->by                                 ? 120
               : at_plot_role_of(p->x) == AT_ROLE_TIME ? 400
                                                       : 120;
    AT_TRY(at_axis_bins(p->x, most, most, true, &x, err));
    at_status status = gather(p, &x, err);
    at_axis_fini(&x);
    return status;
}
