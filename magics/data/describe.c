/* %describe: what each column holds. */
#include "magics/language/spec.h"
#include "magics/view/chart.h"
#include "magics/view/grid.h"
#include "ops/frame/profile.h"

#include <stdio.h>
#include <string.h>

struct describe_options {
    const char *data;
    at_words columns;
};

static const at_param arguments[] = {
    {.name = "dataset",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_DATASET,
     .offset = offsetof(struct describe_options, data),
     .required = true,
     .help = "the dataset to describe"},
};

static const at_param options[] = {
    {.name = "columns",
     .kind = AT_PARAM_LIST,
     .refers = AT_REFERS_COLUMN,
     .offset = offsetof(struct describe_options, columns),
     .help = "only these columns: names, globs or kinds, comma-separated"},
};

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

static at_status describe_column(const at_column *column, at_arena *arena,
                                 at_grid_cell *row, at_error *err) {
    at_profile *p = at_arena_alloc(arena, sizeof *p);
    if (!p)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe a column");
    AT_TRY(at_profile_column(column, arena, p, err));
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
    if (ordered && p->bin_count > 1) {
        at_text html = {0}, plain = {0};
        double values[AT_PROFILE_BINS];
        for (int i = 0; i < p->bin_count; i++)
            values[i] = (double)p->bins[i];
        at_chart_spark(p->bins, p->bin_count, false, &html);
        at_chart_blocks(values, (size_t)p->bin_count, &plain);
        row[SHAPE].html = at_arena_text(arena, at_text_get(&html), html.length);
        row[SHAPE].text = at_arena_text(arena, at_text_get(&plain), plain.length);
        at_text_fini(&html);
        at_text_fini(&plain);
    }
    row[TOP].text = ordered && p->distinct > AT_PROFILE_TOP && !p->looks_like_id
                        ? ""
                        : top_values(p, arena);
    return AT_OK;
}

static at_status describe(at_context *context, const struct describe_options *o,
                          const at_frame *frame, at_error *err) {
    at_arena *arena = context->arena;
    size_t count = o->columns.count ? o->columns.count : 1;
    at_selector *selectors = at_arena_alloc(arena, count * sizeof *selectors);
    if (!selectors)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe %s", o->data);
    selectors[0].text = "all";
    for (size_t i = 0; i < o->columns.count; i++)
        selectors[i].text = o->columns.items[i];
    int *which = NULL;
    size_t found = 0;
    AT_TRY(at_select_columns(frame, selectors, count, NULL, arena, &which, &found, err));
    at_grid_cell *cells = at_arena_alloc(arena, (found * COLUMNS + 1) * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe %s", o->data);
    for (size_t i = 0; i < found; i++) {
        if (at_cancelled(context->call->cancel))
            return at_fail(err, AT_CANCELLED, "interrupted while describing %s", o->data);
        AT_TRY(describe_column(at_frame_column(frame, which[i]), arena,
                               cells + i * COLUMNS, err));
    }
    const char *caption = at_arena_format(
        arena, "%s × %s", at_view_plural(arena, at_frame_rows(frame), "row"),
        at_view_plural(arena, at_frame_columns(frame), "column"));
    at_grid grid = {.title = o->data,
                    .caption = caption,
                    .columns = heads,
                    .column_count = COLUMNS,
                    .cells = cells,
                    .row_count = found};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct describe_options *o = given;
    at_frame *frame = NULL;
    AT_TRY(at_store_frame(context->workspace, o->data, &frame, err));
    at_status status = describe(context, o, frame, err);
    at_frame_release(frame);
    return status;
}

static const char *const examples[] = {"%describe bank",
                                       "%describe bank --columns numeric,job", NULL};

const at_magic at_magic_describe = {
    .name = "describe",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_DATA,
    .summary =
        "Describes each column: type, missing cells, quantiles, most frequent values, "
        "distribution",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct describe_options),
    .run = run,
};
