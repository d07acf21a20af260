/* %describe --target: the target itself, what each column alone says of it, and the leak
 * radar. */
#include "magics/data/describe.h"
#include "magics/view/chart.h"
#include "magics/view/grid.h"
#include "magics/view/style.h"
#include "ops/explore/quartiles.h"
#include "ops/explore/radar.h"
#include "ops/learn/target.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 15, CLASSES = 15 };

/* What is known about the target's predictors. */
typedef struct outlook {
    const at_describe *d;
    at_target target;
    const char *name;
    double *y;
    uint8_t *fold;
    double *powers;    /* (columns) */
    bool *identifiers; /* (columns) */
    at_slots *slots;   /* (columns) */
    at_goal goal;
} outlook;

static at_status show_classes(outlook *o, at_error *err) {
    at_arena *arena = o->d->context->arena;
    size_t classes = (size_t)o->target.classes;
    double *counts = at_arena_alloc(arena, classes * sizeof *counts);
    if (!counts)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe the target");
    double most = 0, least = INFINITY, n = (double)o->goal.rows;
    for (int64_t r = 0; r < o->goal.rows; r++)
        counts[(int)o->y[r]]++;
    size_t rarest = 0, commonest = 0;
    for (size_t c = 0; c < classes; c++) {
        commonest = counts[c] > most ? c : commonest;
        most = fmax(most, counts[c]);
        rarest = counts[c] < least ? c : rarest;
        least = fmin(least, counts[c]);
        counts[c] /= n;
    }
    at_series bars = {.y = counts,
                      .names = (const char *const *)o->target.labels,
                      .count = classes < CLASSES ? classes : CLASSES};
    at_chart chart = {.kind = AT_CHART_BAR,
                      .series = &bars,
                      .series_count = 1,
                      .width = 560,
                      .percent = true};
    const char *balance =
        least == 0 ? ""
        : most >= 4 * least
            ? at_arena_format(
                  arena,
                  " · %s is rare (%.1f times as many are %s): judge by AUC or "
                  "F1, not by accuracy",
                  o->target.labels[rarest], most / least, o->target.labels[commonest])
            : " · balanced enough";
    const char *title =
        at_arena_format(arena, "The target %s: %d classes", o->name, o->target.classes);
    const char *caption = at_arena_format(
        arena, "%s with a target%s%s%s", at_view_plural(arena, o->d->known, "row"),
        classes > CLASSES
            ? at_arena_format(arena, " · %d of %d classes shown", CLASSES, (int)classes)
            : "",
        balance, at_describe_sampled(o->d));
    at_bundle bundle;
    AT_TRY(at_view_figure(title, caption, &chart, 1, &bundle, err));
    at_view_send(o->d->context->call->display, &bundle);
    return AT_OK;
}

static at_status show_numbers(outlook *o, at_error *err) {
    at_arena *arena = o->d->context->arena;
    const at_column *column = at_frame_column(o->d->frame, o->d->target);
    at_quartiles q;
    at_axis bins;
    AT_TRY(at_quartiles_of(column, NULL, &q, err));
    AT_TRY(at_axis_bins(column, 0, 50, true, &bins, err));
    double *counts = at_arena_alloc(arena, (size_t)bins.count * sizeof *counts);
    const double range[2] = {bins.edges[0], bins.edges[bins.count]};
    for (int i = 0; counts && i < bins.count; i++)
        counts[i] = (double)bins.counts[i];
    at_series series = {.x = range, .y = counts, .count = (size_t)bins.count};
    at_chart chart = {.kind = AT_CHART_HIST,
                      .series = &series,
                      .series_count = 1,
                      .x_label = o->name,
                      .y_label = "rows",
                      .width = 560,
                      .tall = true};
    int64_t outside = q.below + q.above;
    const char *caption = at_arena_format(
        arena, "%s · median %s · %s", at_view_plural(arena, o->d->known, "row"),
        at_view_number(arena, q.median),
        outside
            ? at_arena_format(arena,
                              "%s outside %s to %s (1.5 times the distance of the "
                              "quartiles): they weigh much in a squared error",
                              at_view_plural(arena, outside, "value"),
                              at_view_number(arena, q.low), at_view_number(arena, q.high))
            : "no outliers");
    at_bundle bundle;
    at_status status =
        counts
            ? at_view_figure(at_arena_format(arena, "The target %s: a number", o->name),
                             caption, &chart, 1, &bundle, err)
            : at_fail(err, AT_NO_MEMORY, "not enough memory to describe the target");
    at_axis_fini(&bins);
    AT_TRY(status);
    at_view_send(o->d->context->call->display, &bundle);
    return AT_OK;
}

static at_status weigh(outlook *o, at_error *err) {
    const at_facets *facets = &o->d->facets;
    for (int i = 0; i < facets->count; i++) {
        o->powers[i] = (double)NAN;
        o->identifiers[i] = o->d->profiles[i].looks_like_id;
        if (at_cancelled(o->d->context->call->cancel))
            return at_fail(err, AT_CANCELLED, "interrupted while weighing the columns");
        if (i == o->d->target)
            continue;
        AT_TRY(at_slots_of(&facets->items[i], &o->slots[i], err));
        AT_TRY(at_power_of(&o->slots[i], &o->goal, &o->powers[i], err));
    }
    return AT_OK;
}

/* The columns by falling power. */
static size_t rank(const outlook *o, int *order) {
    size_t count = 0;
    for (int i = 0; i < o->d->facets.count; i++) {
        if (isnan(o->powers[i]))
            continue;
        size_t k = count++;
        for (; k > 0 && o->powers[order[k - 1]] < o->powers[i]; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
    return count;
}

static const char *explain(const outlook *o, const at_leak *leak) {
    at_arena *arena = o->d->context->arena;
    const char *name = o->d->facets.items[leak->column].column->name;
    double power = o->powers[leak->column];
    const char *class = o->goal.classes && leak->class < o->target.label_count
                            ? o->target.labels[leak->class]
                            : "";
    switch (leak->kind) {
    case AT_LEAK_NONE:
        return "";
    case AT_LEAK_COPY:
        return at_arena_format(
            arena,
            "alone it predicts %s almost perfectly (%s %.3f): a copy of the target, or "
            "made from it",
            o->name, o->goal.classes ? "AUC" : "R squared",
            o->goal.classes ? (power + 1) / 2 : power);
    case AT_LEAK_PRESENCE:
        return at_arena_format(
            arena,
            "it is %s in %s rows, and %s of them %s %s %s: it looks filled in once the "
            "outcome was known",
            leak->missing ? "missing" : "there", at_view_count(arena, leak->rows),
            leak->hits > 0 ? at_arena_format(arena, "all but %.0f", leak->hits) : "all",
            "have", o->name, class);
    case AT_LEAK_GATE:
        return at_arena_format(
            arena,
            "of the %s rows where it is below %s, %.0f have %s %s, where %.0f would be "
            "usual; above that their share grows with it, up to %.0f %%, and no other "
            "column explains it (closest: %s, %.2f): it looks measured while the outcome "
            "took shape, not before",
            at_view_count(arena, leak->rows), at_view_number(arena, leak->bound),
            leak->hits, o->name, class, leak->usual, 100 * leak->top,
            leak->closest >= 0 ? o->d->facets.items[leak->closest].column->name : "none",
            leak->relation);
    case AT_LEAK_IDENTIFIER:
        return at_arena_format(
            arena,
            "%s is an identifier, and yet it predicts (power %.2f): the rows lie in the "
            "order of the target, or it was given after the outcome",
            name, power);
    }
    return "";
}

static at_status show_powers(outlook *o, const int *order, size_t count,
                             const at_leak *leaks, at_error *err) {
    static const at_grid_column heads[] = {
        {.title = "column"}, {.title = "power"}, {.title = ""}};
    at_arena *arena = o->d->context->arena;
    size_t shown = count < SHOWN ? count : SHOWN;
    at_grid_cell *cells = at_arena_alloc(arena, (3 * shown + 1) * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe the target");
    for (size_t i = 0; i < shown; i++) {
        int column = order[i];
        bool leak = leaks[column].kind != AT_LEAK_NONE;
        at_text html = {0}, plain = {0};
        char label[32];
        snprintf(label, sizeof label, "%.3f", o->powers[column]);
        at_chart_meter(o->powers[column], leak ? AT_STYLE_BAD : at_style_color(0), label,
                       &html);
        at_chart_meter_plain(o->powers[column], label, &plain);
        at_grid_cell *row = &cells[3 * i];
        row[0].text = o->d->facets.items[column].column->name;
        row[1].html = at_arena_text(arena, at_text_get(&html), html.length);
        row[1].text = at_arena_text(arena, at_text_get(&plain), plain.length);
        row[2].text = leak ? "a leak?" : "";
        at_text_fini(&html);
        at_text_fini(&plain);
    }
    bool leaking = false;
    for (int i = 0; i < o->d->facets.count; i++)
        leaking |= leaks[i].kind != AT_LEAK_NONE;
    const char *caption = at_arena_format(
        arena, "%s, each column alone, out of fold (5 folds)%s%s%s",
        o->goal.classes ? "2 AUC − 1" : "R squared",
        shown < count
            ? at_arena_format(arena, " · the best %d of %d", (int)shown, (int)count)
            : "",
        at_describe_sampled(o->d),
        leaking ? ""
                : at_arena_format(arena,
                                  " · leak radar: no column looks as if it were only "
                                  "known after %s",
                                  o->name));
    at_grid grid = {.title = at_arena_format(arena, "What predicts %s", o->name),
                    .caption = caption,
                    .columns = heads,
                    .column_count = 3,
                    .cells = cells,
                    .row_count = shown};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(o->d->context->call->display, &bundle);
    return AT_OK;
}

static at_status show_leaks(outlook *o, const at_leak *leaks, at_error *err) {
    static const char word[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    static const at_grid_column heads[] = {
        {.title = "column"}, {.title = "step"}, {.title = "why"}};
    at_arena *arena = o->d->context->arena;
    int columns = o->d->facets.count;
    size_t found = 0;
    at_grid_cell *cells =
        at_arena_alloc(arena, ((size_t)columns * 3 + 1) * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe the target");
    for (int i = 0; i < columns; i++) {
        if (leaks[i].kind == AT_LEAK_NONE)
            continue;
        const char *name = o->d->facets.items[i].column->name;
        at_grid_cell *row = &cells[3 * found++];
        row[0].text = name;
        row[2].text = explain(o, &leaks[i]);
        row[1].text = at_arena_format(
            arena, name[strspn(name, word)] ? "drop column `%s`" : "drop column %s",
            name);
    }
    if (found == 0) /* the caption of the powers says so */
        return AT_OK;
    at_grid grid = {.title = at_arena_format(arena,
                                             "Leak radar: would %s be known "
                                             "before %s?",
                                             found == 1 ? "this" : "these", o->name),
                    .columns = heads,
                    .column_count = 3,
                    .cells = cells,
                    .row_count = found,
                    .wrap = 1u << 2};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(o->d->context->call->display, &bundle);
    return AT_OK;
}

static at_status look(outlook *o, at_error *err) {
    const at_describe *d = o->d;
    const at_column *column = d->facets.items[d->target].column;
    size_t columns = (size_t)d->facets.count;
    at_arena *arena = d->context->arena;
    at_leak *leaks = at_arena_alloc(arena, columns * sizeof *leaks);
    int *order = at_arena_alloc(arena, columns * sizeof *order);
    o->powers = at_arena_alloc(arena, columns * sizeof *o->powers);
    o->identifiers = at_arena_alloc(arena, columns * sizeof *o->identifiers);
    o->y = at_alloc_array((size_t)d->facets.rows + 1, sizeof *o->y);
    o->fold = at_alloc_array((size_t)d->facets.rows + 1, 1);
    if (!leaks || !order || !o->powers || !o->identifiers || !o->y || !o->fold)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe the target");
    AT_TRY(at_target_encode(&o->target, column, o->y, err));
    at_power_folds(d->facets.rows, o->fold);
    o->goal =
        (at_goal){.rows = d->facets.rows,
                  .classes = o->target.problem == AT_REGRESSION ? 0 : o->target.classes,
                  .y = o->y,
                  .fold = o->fold};
    AT_TRY(o->goal.classes ? show_classes(o, err) : show_numbers(o, err));
    AT_TRY(weigh(o, err));
    at_radar radar = {.facets = &d->facets,
                      .slots = o->slots,
                      .goal = &o->goal,
                      .target = d->target,
                      .powers = o->powers,
                      .identifiers = o->identifiers,
                      .relations = d->relations,
                      .relation_count = d->relation_count};
    for (size_t i = 0; i < columns; i++)
        leaks[i] = at_radar_column(&radar, (int)i);
    size_t count = rank(o, order);
    AT_TRY(show_powers(o, order, count, leaks, err));
    return show_leaks(o, leaks, err);
}

at_status at_describe_target(const at_describe *d, at_error *err) {
    outlook o = {.d = d, .name = at_frame_column(d->frame, d->target)->name};
    /* learned from the sample, so that its classes all occur there */
    AT_TRY(at_target_learn(d->facets.items[d->target].column, 0, &o.target, err));
    size_t columns = (size_t)d->facets.count;
    o.slots = at_alloc_array(columns + 1, sizeof *o.slots);
    at_status status =
        o.slots ? look(&o, err)
                : at_fail(err, AT_NO_MEMORY, "not enough memory to describe the target");
    for (size_t i = 0; o.slots && i < columns; i++)
        at_slots_fini(&o.slots[i]);
    at_free(o.slots);
    at_free(o.y);
    at_free(o.fold);
    at_target_fini(&o.target);
    return status;
}
