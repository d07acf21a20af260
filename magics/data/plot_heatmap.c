/* Heat maps: how many rows share a value, or a range, of two columns. */
#include "magics/data/plot.h"
#include "magics/view/grid.h"

enum { ACROSS = 24, DOWN = 20, WRITTEN = 12 };

static at_status axis_of(at_plot *p, const at_column *column, int most, at_axis *out,
                         at_error *err) {
    if (at_plot_names(column))
        return at_plot_levels(p, column, most, out, err);
    int bins = p->bins ? p->bins : at_plot_role_of(column) == AT_ROLE_TIME ? 36 : most;
    AT_TRY(at_axis_bins(column, p->bins ? bins : 0, bins, true, out, err));
    return AT_OK;
}

static at_status draw(at_plot *p, const at_axis *x, const at_axis *y, at_error *err) {
    at_arena *arena = p->context->arena;
    size_t count = (size_t)x->count * (size_t)y->count;
    int64_t *cross = at_arena_alloc(arena, count * sizeof *cross);
    double *values = at_arena_alloc(arena, count * sizeof *values);
    if (!cross || !values)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for a heat map");
    at_axis_cross(y, x, cross);
    for (size_t i = 0; i < count; i++)
        values[i] = (double)cross[i];
    at_cells cells = {.values = values,
                      .columns = (size_t)x->count,
                      .rows = (size_t)y->count,
                      .x_names = (const char *const *)x->names,
                      .y_names = (const char *const *)y->names,
                      .x_from = x->edges ? x->edges[0] : 0,
                      .x_to = x->edges ? x->edges[x->count] : 0,
                      .y_from = y->edges ? y->edges[0] : 0,
                      .y_to = y->edges ? y->edges[y->count] : 0,
                      .written = x->names && y->names && x->count <= WRITTEN,
                      .unit = "rows"};
    at_plot_note_axis(p, p->x, x);
    at_plot_note_axis(p, p->y, y);
    at_chart chart = {.kind = AT_CHART_CELLS,
                      .x_label = p->x->name,
                      .y_label = p->y->name,
                      .width = AT_PLOT_WIDTH,
                      .height = 380,
                      .x_time = x->time,
                      .y_time = y->time,
                      .tall = true,
                      .cells = &cells};
    const char *title = at_arena_format(arena, "%s and %s", p->x->name, p->y->name);
    return at_plot_send(p, title, &chart, 1, err);
}

at_status at_plot_heatmap(at_plot *p, at_error *err) {
    if (!p->y)
        return at_fail(err, AT_INVALID,
                       "a heat map needs two columns: name the second "
                       "after %s",
                       p->x->name);
    if (p->by) {
        at_fail(err, AT_INVALID, "a heat map has no room for --by %s", p->by->name);
        return at_hint(err, "--where \"%s = '...'\" draws one group", p->by->name);
    }
    at_axis x, y;
    AT_TRY(axis_of(p, p->x, ACROSS, &x, err));
    at_status status = axis_of(p, p->y, DOWN, &y, err);
    if (status == AT_OK) {
        status = draw(p, &x, &y, err);
        at_axis_fini(&y);
    }
    at_axis_fini(&x);
    return status;
}
