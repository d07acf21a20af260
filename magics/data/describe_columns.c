/* The table of %describe: a row for each column. */
#include "magics/data/describe.h"
#include "magics/view/chart.h"
#include "magics/view/grid.h"

#include <string.h>

enum {
    NAME,
    TYPE,
    MISSING,
    DISTINCT,
    MEAN,
    LEAST,
    Q25,
    MEDIAN,
    Q75,
    MOST,
    SHAPE,
    TOP,
    COLUMNS
};

static const at_grid_column heads[COLUMNS] = {
    {"column", NULL, false},       {"type", NULL, false},
    {"missing", NULL, true},       {"distinct", NULL, true},
    {"mean", NULL, true},          {"min", NULL, true},
    {"25 %", NULL, true},          {"median", NULL, true},
    {"75 %", NULL, true},          {"max", NULL, true},
    {"distribution", NULL, false}, {"most frequent", NULL, false},
};

/* A quantile in the column's own terms: a number, or a day for dates. */
static const char *in_terms(const at_column *column, double value, at_arena *arena) {
    if (column->type != AT_TYPE_DATE && column->type != AT_TYPE_TIMESTAMP)
        return at_view_number(arena, value);
    int32_t day = (int32_t)value;
    int64_t stamp = (int64_t)value;
    at_column one = {.name = "",
                     .type = column->type,
                     .rows = 1,
                     .values = column->type == AT_TYPE_DATE ? (const void *)&day
                                                            : (const void *)&stamp};
    at_text text = {0};
    at_column_format(&one, 0, &text);
    const char *copy = at_arena_text(arena, at_text_get(&text), text.length);
    at_text_fini(&text);
    return copy;
}

static const char *top_values(const at_profile *profile, at_arena *arena) {
    int64_t valid = profile->rows - profile->missing;
    if (valid == 0)
        return "";
    if (profile->looks_like_id)
        return "every value differs: an identifier?";
    if (profile->distinct == 1 && profile->tops)
        return at_arena_format(arena, "always %s", profile->top[0]);
    at_text text = {0};
    for (int i = 0; i < profile->tops && i < 3; i++) {
        double share = 100.0 * (double)profile->top_count[i] / (double)valid;
        size_t length = strlen(profile->top[i]);
        size_t bytes = at_utf8_offset(profile->top[i], length, 24);
        at_text_put(&text, i ? ", " : "");
        at_text_append(&text, profile->top[i], bytes);
        at_text_put(&text, bytes < length ? "…" : "");
        at_text_format(&text, share < 1 ? " %.1f %%" : " %.0f %%", share);
    }
    const char *copy = at_arena_text(arena, at_text_get(&text), text.length);
    at_text_fini(&text);
    return copy;
}

/* Bars of the most frequent values, where there are not all different ones. */
static void put_shape(const at_column *column, const at_profile *p, at_arena *arena,
                      at_grid_cell *cell) {
    bool apart = at_type_textual(column->type);
    const int64_t *counts = apart ? p->top_count : p->bins;
    int count = apart ? p->tops : p->bin_count;
    if (count < 2 || (apart && 20 * counts[0] < p->rows - p->missing))
        return;
    at_text html = {0}, plain = {0};
    double values[AT_PROFILE_BINS + 1];
    for (int i = 0; i < count; i++)
        values[i] = (double)counts[i];
    values[count] = 0; /* blocks are drawn from zero */
    at_chart_spark(counts, count, apart, &html);
    at_chart_blocks(values, (size_t)count + apart, &plain);
    size_t length = plain.length - (apart ? strlen("▁") : 0);
    cell->html = at_arena_text(arena, at_text_get(&html), html.length);
    cell->text = at_arena_text(arena, at_text_get(&plain), length);
    at_text_fini(&html);
    at_text_fini(&plain);
}

static void describe_column(const at_column *column, const at_profile *p, at_arena *arena,
                            at_grid_cell *row) {
    row[NAME].text = column->name;
    row[TYPE].text = at_type_name(column->type);
    row[MISSING].text =
        p->missing == 0
            ? "0"
            : at_arena_format(arena, "%s (%.1f %%)", at_view_count(arena, p->missing),
                              100.0 * (double)p->missing / (double)p->rows);
    row[DISTINCT].text = at_view_count(arena, p->distinct);
    bool ordered = at_type_numeric(column->type) || column->type == AT_TYPE_DATE ||
                   column->type == AT_TYPE_TIMESTAMP;
    const double quantiles[] = {p->min, p->q25, p->median, p->q75, p->max};
    for (int i = 0; i < 5; i++)
        row[LEAST + i].text =
            ordered && p->missing < p->rows ? in_terms(column, quantiles[i], arena) : "";
    row[MEAN].text = at_type_numeric(column->type) ? at_view_number(arena, p->mean) : "";
    row[SHAPE].text = "";
    put_shape(column, p, arena, &row[SHAPE]);
    row[TOP].text = ordered && p->distinct > AT_PROFILE_TOP && !p->looks_like_id
                        ? ""
                        : top_values(p, arena);
}

at_status at_describe_columns(const at_describe *d, at_error *err) {
    at_arena *arena = d->context->arena;
    size_t count = (size_t)at_frame_columns(d->frame);
    at_grid_cell *cells = at_arena_alloc(arena, (count * COLUMNS + 1) * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe %s", d->data);
    for (size_t i = 0; i < count; i++)
        describe_column(at_frame_column(d->frame, (int)i), &d->profiles[i], arena,
                        cells + i * COLUMNS);
    const char *caption = at_arena_format(
        arena, "%s × %s", at_view_plural(arena, at_frame_rows(d->frame), "row"),
        at_view_plural(arena, (int64_t)count, "column"));
    at_grid grid = {.title = d->data,
                    .caption = caption,
                    .columns = heads,
                    .column_count = COLUMNS,
                    .cells = cells,
                    .row_count = count};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(d->context->call->display, &bundle);
    return AT_OK;
}
