/* What the kinds of %plot share. */
#include "magics/data/plot.h"

#include "magics/view/grid.h"
#include "magics/view/style.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

at_plot_role at_plot_role_of(const at_column *column) {
    if (at_type_numeric(column->type))
        return AT_ROLE_NUMBER;
    return column->type == AT_TYPE_DATE || column->type == AT_TYPE_TIMESTAMP
               ? AT_ROLE_TIME
               : AT_ROLE_NAMES;
}

bool at_plot_names(const at_column *column) {
    enum { FEW = 10 };
    at_plot_role role = at_plot_role_of(column);
    if (role != AT_ROLE_NUMBER)
        return role == AT_ROLE_NAMES;
    double seen[FEW];
    int count = 0;
    for (int64_t r = 0; r < column->rows; r++) {
        double value = at_axis_value(column, r);
        if (isnan(value))
            continue;
        int i = 0;
        while (i < count && (seen[i] < value || seen[i] > value))
            i++;
        if (i < count)
            continue;
        if (count == FEW || value != floor(value))
            return false;
        seen[count++] = value;
    }
    return count > 0;
}

/* "17 to 32", ...: quarters of the rows by a column of many numbers. */
static at_status quarter(at_plot *p, at_error *err) {
    AT_TRY(at_axis_quantiles(p->by, 4, &p->groups, err));
    at_axis *g = &p->groups;
    g->names = at_alloc_array((size_t)g->count + 1, sizeof *g->names);
    bool failed = !g->names;
    int known = g->count - (g->missing > 0);
    for (int i = 0; i < g->count && !failed; i++) {
        at_arena *arena = p->context->arena;
        const char *by = p->by->name;
        const char *low = at_view_number(arena, g->edges[i]);
        const char *high = at_view_number(arena, g->edges[i + 1]);
        const char *name = i >= known ? "(missing)"
                           : i + 1 == known
                               ? at_arena_format(arena, "%s from %s", by, low)
                           : i == 0 ? at_arena_format(arena, "%s below %s", by, high)
                                    : at_arena_format(arena, "%s to %s", low, high);
        g->names[i] = at_copy_text(name ? name : "");
        failed = !g->names[i];
    }
    return failed ? at_fail(err, AT_NO_MEMORY, "not enough memory to group the rows")
                  : AT_OK;
}

/* "0" and "true" say nothing in a legend: "survived 0" does. */
static at_status name_numbers(at_plot *p, at_error *err) {
    at_axis *g = &p->groups;
    for (int i = 0; i < g->count && !at_type_textual(p->by->type); i++) {
        at_text name = {0};
        at_text_format(&name, "%s %s", p->by->name, g->names[i]);
        char *copy = at_text_take(&name);
        at_text_fini(&name);
        if (!copy)
            return at_fail(err, AT_NO_MEMORY, "not enough memory to group the rows");
        at_free(g->names[i]);
        g->names[i] = copy;
    }
    return AT_OK;
}

at_status at_plot_group(at_plot *p, at_error *err) {
    if (!p->by)
        return AT_OK;
    if (at_plot_role_of(p->by) == AT_ROLE_TIME) {
        at_fail(err, AT_INVALID, "--by %s: rows are not grouped by dates", p->by->name);
        return at_hint(err, "make a column of years in SQL: strftime('%%Y', %s)",
                       p->by->name);
    }
    if (!at_plot_names(p->by) && at_plot_role_of(p->by) == AT_ROLE_NUMBER)
        return quarter(p, err);
    AT_TRY(at_axis_levels(p->by, AT_PLOT_GROUPS, &p->groups, err));
    if (p->groups.count == 0)
        return at_fail(err, AT_INVALID, "--by %s: the column holds no value",
                       p->by->name);
    AT_TRY(name_numbers(p, err));
    if (p->groups.other)
        at_plot_note(p, "the %d most frequent of %lld values of %s", p->groups.count - 1,
                     (long long)p->groups.distinct, p->by->name);
    return AT_OK;
}

at_status at_plot_levels(at_plot *p, const at_column *column, int most, at_axis *out,
                         at_error *err) {
    AT_TRY(at_axis_levels(column, most, out, err));
    if (out->count == 0) {
        at_axis_fini(out);
        return at_fail(err, AT_INVALID, "column %s holds no value", column->name);
    }
    if (out->other && at_plot_role_of(column) != AT_ROLE_NAMES) {
        int64_t distinct = out->distinct;
        at_axis_fini(out);
        at_fail(err, AT_INVALID, "%s holds %lld different values, too many for names",
                column->name, (long long)distinct);
        return at_hint(err, "--kind hist, line or scatter draw ranges of numbers");
    }
    at_axis_calendar(out);
    if (out->other)
        at_plot_note(p, "the %d most frequent of %s values of %s", out->count - 1,
                     at_view_count(p->context->arena, out->distinct), column->name);
    return AT_OK;
}

void at_plot_note(at_plot *p, const char *format, ...) {
    char note[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(note, sizeof note, format, arguments);
    va_end(arguments);
    at_text_put(&p->notes, " · ");
    at_text_put(&p->notes, note);
}

void at_plot_note_axis(at_plot *p, const at_column *column, const at_axis *axis) {
    at_arena *arena = p->context->arena;
    if (axis->missing)
        at_plot_note(p, "%s without %s", at_view_plural(arena, axis->missing, "row"),
                     column->name);
    if (axis->beyond)
        at_plot_note(p, "%s beyond %s to %s left out",
                     at_view_plural(arena, axis->beyond, "row"),
                     at_view_number(arena, axis->edges[0]),
                     at_view_number(arena, axis->edges[axis->count]));
}

at_status at_plot_send(at_plot *p, const char *title, const at_chart *charts,
                       size_t count, at_error *err) {
    at_arena *arena = p->context->arena;
    const char *caption = at_arena_format(
        arena, "%s: %s%s", p->data, at_view_plural(arena, at_frame_rows(p->frame), "row"),
        at_text_get(&p->notes));
    if (!caption || !at_text_ok(&p->notes))
        return at_fail(err, AT_NO_MEMORY, "not enough memory to draw a chart");
    at_bundle bundle;
    AT_TRY(at_view_figure(title, caption, charts, count, &bundle, err));
    at_view_send(p->context->call->display, &bundle);
    return AT_OK;
}

const char *at_plot_color(const at_plot *p, int group) {
    return p->groups.other && group == p->groups.count - 1
               ? AT_STYLE_GREY
               : at_style_color((size_t)group);
}
