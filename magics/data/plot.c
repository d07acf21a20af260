/* %plot: charts without thinking. */
#include "magics/data/plot.h"

#include "magics/data/filter.h"
#include "magics/language/spec.h"
#include "magics/view/grid.h"

#include <string.h>

struct plot_options {
    const char *data, *x, *y, *by, *kind, *where;
    int64_t bins;
};

static const at_param arguments[] = {
    {.name = "dataset",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_DATASET,
     .offset = offsetof(struct plot_options, data),
     .required = true,
     .help = "the dataset to draw"},
    {.name = "x",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_COLUMN,
     .offset = offsetof(struct plot_options, x),
     .required = true,
     .help = "the column along the chart"},
    {.name = "y",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_COLUMN,
     .offset = offsetof(struct plot_options, y),
     .help = "the column that is measured against it"},
};

typedef struct kind {
    const char *name;
    at_status (*draw)(at_plot *plot, at_error *err);
} kind;

static const kind kinds[] = {
    {"hist", at_plot_hist},       {"bar", at_plot_bar},   {"box", at_plot_box},
    {"scatter", at_plot_scatter}, {"line", at_plot_line}, {"heatmap", at_plot_heatmap},
};

static const char *const choices[] = {"auto",    "hist", "bar",     "box",
                                      "scatter", "line", "heatmap", NULL};

static const at_param options[] = {
    {.name = "by",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_COLUMN,
     .offset = offsetof(struct plot_options, by),
     .help = "a column whose values part the rows: a colour each, or a panel"},
    {.name = "kind",
     .kind = AT_PARAM_CHOICE,
     .offset = offsetof(struct plot_options, kind),
     .choices = choices,
     .fallback = "auto",
     .help = "the kind of chart; auto chooses by what the columns hold"},
    {.name = "where",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_SQL,
     .offset = offsetof(struct plot_options, where),
     .help = "only rows for which this SQL expression is true"},
    {.name = "bins",
     .kind = AT_PARAM_INT,
     .offset = offsetof(struct plot_options, bins),
     .min = 1,
     .max = 400,
     .fallback = "auto",
     .automatic = true,
     .help = "how many bins a range of numbers is cut into"},
};

/* What suits the columns. */
static const char *choose(const at_plot *p) {
    bool x_names = at_plot_names(p->x), x_time = at_plot_role_of(p->x) == AT_ROLE_TIME;
    if (!p->y)
        return x_names ? "bar" : x_time ? "line" : "hist";
    bool y_names = at_plot_names(p->y);
    if (x_names && y_names)
        return p->by ? "heatmap" : "bar";
    if (x_names)
        return "box";
    if (y_names)
        return p->by ? "box" : "hist";
    return x_time ? "line" : "scatter";
}

static at_status find(const at_plot *p, const char *name, const at_column **out,
                      at_error *err) {
    *out = NULL;
    if (!name)
        return AT_OK;
    at_selector selector = {.text = name, .literal = true};
    int *which = NULL;
    size_t found = 0;
    AT_TRY(at_select_columns(p->frame, &selector, 1, NULL, p->context->arena, &which,
                             &found, err));
    *out = at_frame_column(p->frame, which[0]);
    return AT_OK;
}

static at_status draw(at_plot *p, const struct plot_options *o, at_error *err) {
    if (at_frame_rows(p->frame) == 0)
        return at_fail(err, AT_INVALID,
                       o->where ? "no row of %s passes --where" : "%s has no rows",
                       o->data);
    AT_TRY(find(p, o->x, &p->x, err));
    AT_TRY(find(p, o->y, &p->y, err));
    AT_TRY(find(p, o->by, &p->by, err));
    AT_TRY(at_plot_group(p, err));
    const char *name = strcmp(o->kind, "auto") == 0 ? choose(p) : o->kind;
    size_t k = 0;
    while (strcmp(kinds[k].name, name) != 0)
        k++;
    return kinds[k].draw(p, err);
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct plot_options *o = given;
    at_frame *frame = NULL;
    AT_TRY(at_store_frame(context->workspace, o->data, &frame, err));
    at_status status = o->where ? at_filter_rows(context, o->where, &frame, err) : AT_OK;
    at_plot plot = {.context = context,
                    .data = o->data,
                    .frame = frame,
                    .bins = o->bins == AT_AUTO_INT ? 0 : (int)o->bins};
    if (status == AT_OK)
        status = draw(&plot, o, err);
    at_axis_fini(&plot.groups);
    at_text_fini(&plot.notes);
    at_frame_release(frame);
    return status;
}

static const char *const examples[] = {
    "%plot bank age", "%plot bank age --by y",
    "%plot bank euribor3m cons.price.idx --where \"age < 60\"",
    "%plot bank job y --kind heatmap", NULL};

const at_magic at_magic_plot = {
    .name = "plot",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_DATA,
    .summary = "Draws one or two columns of a dataset",
    .details =
        "One column: a histogram of numbers, bars of names, a line of counts over time. "
        "Two: points (a density of many), the mean over time, boxes of numbers by name, "
        "shares of names by name.\n\n"
        "Rows are gathered into bins before they are drawn, so that a million of them "
        "draw at once. The chart follows the notebook's theme; in a console it is "
        "text.\n\n"
        "| kind | x | y | --by |\n|---|---|---|---|\n"
        "| hist | numbers or dates | | shares of each group, overlaid |\n"
        "| bar | names | none: counts; numbers: their mean; names: their shares | "
        "stacked counts; means side by side |\n"
        "| box | names (or the numbers alone) | numbers | a box for each group |\n"
        "| scatter | numbers or dates | numbers or dates | colours; panels of a "
        "density |\n"
        "| line | numbers or dates | none: counts; numbers: their mean | a line each |\n"
        "| heatmap | anything | anything | |\n\n"
        "Boxes hold the quartiles; whiskers reach to the last value within 1.5 times "
        "their distance; the dark dot is the mean, faint dots are values outside.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct plot_options),
    .run = run,
};
