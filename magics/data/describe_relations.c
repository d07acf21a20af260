/* The pairs of columns that go together most. */
#include "magics/data/describe.h"
#include "magics/view/chart.h"
#include "magics/view/grid.h"
#include "magics/view/style.h"

#include <math.h>

enum { SHOWN = 10 };
static const double worth_showing = 0.3;

static const char *details_of(const at_relation *r, at_arena *arena) {
    if (isnan(r->pearson))
        return "";
    return at_arena_format(arena, "Pearson %+.3f, Spearman %+.3f", r->pearson,
                           r->spearman);
}

static void put_row(const at_describe *d, const at_relation *r, at_grid_cell *row) {
    at_arena *arena = d->context->arena;
    at_text html = {0}, plain = {0};
    char label[32];
    snprintf(label, sizeof label, "%.3f", r->strength);
    at_chart_meter(r->strength, at_style_color(0), label, &html);
    at_chart_meter_plain(r->strength, label, &plain);
    row[0].text = d->facets.items[r->a].column->name;
    row[1].text = d->facets.items[r->b].column->name;
    row[2].html = at_arena_text(arena, at_text_get(&html), html.length);
    row[2].text = at_arena_text(arena, at_text_get(&plain), plain.length);
    row[3].text = at_measure_name(r->measure);
    row[4].text = details_of(r, arena);
    at_text_fini(&html);
    at_text_fini(&plain);
}

at_status at_describe_relations(const at_describe *d, at_error *err) {
    enum { WIDE = 5 };
    static const at_grid_column heads[WIDE] = {{.title = "column"},
                                               {.title = "and"},
                                               {.title = "strength"},
                                               {.title = "measure"},
                                               {.title = ""}};
    at_arena *arena = d->context->arena;
    size_t strong = 0, shown = 0;
    at_grid_cell *cells = at_arena_alloc(arena, SHOWN * WIDE * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe %s", d->data);
    for (size_t i = 0; i < d->relation_count; i++) {
        const at_relation *r = &d->relations[i];
        if (r->strength < worth_showing || r->a == d->target || r->b == d->target)
            continue;
        if (strong++ < SHOWN)
            put_row(d, r, &cells[WIDE * shown++]);
    }
    if (shown == 0)
        return AT_OK;
    const char *more =
        strong > shown
            ? at_arena_format(arena, "the %d strongest of %s above %.1f", (int)shown,
                              at_view_plural(arena, (int64_t)strong, "pair"),
                              worth_showing)
            : at_arena_format(arena, "%s above %.1f",
                              at_view_plural(arena, (int64_t)strong, "pair"),
                              worth_showing);
    at_grid grid = {.title = "What goes together",
                    .caption =
                        at_arena_format(arena, "%s%s", more, at_describe_sampled(d)),
                    .columns = heads,
                    .column_count = WIDE,
                    .cells = cells,
                    .row_count = shown};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(d->context->call->display, &bundle);
    return AT_OK;
}
