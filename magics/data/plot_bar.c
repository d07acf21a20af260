/* Bars: counts of names, means of numbers, shares of other names. */
#include "magics/data/plot.h"
#include "magics/view/grid.h"
#include "magics/view/style.h"

#include <math.h>

/* Values of (groups, slots) as series. */
static at_status send(at_plot *p, const at_axis *x, const at_axis *groups,
                      const double *values, bool stacked, bool percent, const char *title,
                      const char *label, at_error *err) {
    size_t count = groups ? (size_t)groups->count : 1;
    at_series *series = at_arena_alloc(p->context->arena, count * sizeof *series);
    if (!series)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for bars");
    for (size_t s = 0; s < count; s++)
        series[s] = (at_series){
            .name = groups ? groups->names[s] : NULL,
            .y = values + s * (size_t)x->count,
            .count = (size_t)x->count,
            .names = (const char *const *)x->names,
            .color = groups && groups->other && s + 1 == count ? AT_STYLE_GREY : NULL};
    if (x->missing)
        at_plot_note_axis(p, p->x, x);
    at_chart chart = {.kind = AT_CHART_BAR,
                      .x_label = label,
                      .series = series,
                      .series_count = count,
                      .width = AT_PLOT_WIDTH,
                      .stacked = stacked && count > 1,
                      .percent = percent,
                      .tall = true};
    return at_plot_send(p, title, &chart, 1, err);
}

/* How many rows: of each level, or of each level and group. */
static at_status counts(at_plot *p, const at_axis *x, const at_axis *groups, bool shares,
                        at_error *err) {
    at_arena *arena = p->context->arena;
    size_t slots = (size_t)x->count, parts = groups ? (size_t)groups->count : 1;
    double *values = at_arena_alloc(arena, slots * parts * sizeof *values);
    int64_t *cross = at_arena_alloc(arena, slots * parts * sizeof *cross);
    if (!values || !cross)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for bars");
    if (groups)
        at_axis_cross(x, groups, cross);
    for (size_t i = 0; i < slots; i++) {
        int64_t all = 0;
        for (size_t s = 0; groups && s < parts; s++)
            all += cross[i * parts + s];
        for (size_t s = 0; s < parts; s++)
            values[s * slots + i] = !groups
                                        ? (double)x->counts[i]
                                        : (double)cross[i * parts + s] /
                                              (shares ? (double)(all ? all : 1) : 1.0);
    }
    const at_column *other = shares ? p->y : p->by;
    const char *title =
        shares  ? at_arena_format(arena, "%s by %s", other->name, p->x->name)
        : other ? at_arena_format(arena, "%s by %s", p->x->name, other->name)
                : p->x->name;
    return send(p, x, groups, values, true, shares, title,
                shares ? "share of rows" : "rows", err);
}

/* The mean of y, of each level or of each level and group. */
static at_status means(at_plot *p, const at_axis *x, at_error *err) {
    at_arena *arena = p->context->arena;
    const at_axis *groups = p->groups.count ? &p->groups : NULL;
    size_t slots = (size_t)x->count, parts = groups ? (size_t)groups->count : 1;
    double *sums = at_arena_alloc(arena, slots * parts * sizeof *sums);
    int64_t *known = at_arena_alloc(arena, slots * parts * sizeof *known);
    if (!sums || !known)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for bars");
    int64_t missing = 0;
    for (int64_t r = 0; r < x->rows; r++) {
        int32_t s = groups ? groups->codes[r] : 0;
        double value = at_axis_value(p->y, r);
        missing += isnan(value);
        if (x->codes[r] < 0 || s < 0 || isnan(value))
            continue;
        size_t at = (size_t)s * slots + (size_t)x->codes[r];
        sums[at] += value;
        known[at]++;
    }
    for (size_t i = 0; i < slots * parts; i++)
        sums[i] = known[i] ? sums[i] / (double)known[i] : (double)NAN;
    if (missing)
        at_plot_note(p, "%s without %s", at_view_plural(arena, missing, "row"),
                     p->y->name);
    return send(p, x, groups, sums, false, false,
                at_arena_format(arena, "%s by %s%s%s", p->y->name, p->x->name,
                                groups ? " and " : "", groups ? p->by->name : ""),
                at_arena_format(arena, "mean of %s", p->y->name), err);
}

static at_status shares(at_plot *p, const at_axis *x, at_error *err) {
    if (p->by)
        return at_fail(err, AT_INVALID,
                       "bars of %s by %s have no room for --by %s: leave one out",
                       p->y->name, p->x->name, p->by->name);
    at_axis y;
    AT_TRY(at_plot_levels(p, p->y, AT_PLOT_GROUPS, &y, err));
    at_status status = counts(p, x, &y, true, err);
    at_axis_fini(&y);
    return status;
}

at_status at_plot_bar(at_plot *p, at_error *err) {
    at_axis x;
    if (p->y && at_plot_role_of(p->y) == AT_ROLE_TIME)
        return at_fail(err, AT_INVALID, "bars show numbers or names: %s holds dates",
                       p->y->name);
    AT_TRY(at_plot_levels(p, p->x, AT_PLOT_LEVELS, &x, err));
    at_status status;
    if (!p->y)
        status = counts(p, &x, p->groups.count ? &p->groups : NULL, false, err);
    else if (at_plot_role_of(p->y) == AT_ROLE_NAMES)
        status = shares(p, &x, err);
    else
        status = means(p, &x, err);
    at_axis_fini(&x);
    return status;
}
