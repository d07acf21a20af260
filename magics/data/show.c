/* %show: rows of a dataset; pictures where it has them. */
#include "magics/data/filter.h"
#include "magics/data/picture_show.h"
#include "magics/language/spec.h"
#include "magics/view/grid.h"
#include "magics/workspace/store_images.h"

struct show_options {
    const char *data, *where;
    int64_t rows, from;
    at_words columns;
    bool table;
};

static const at_param arguments[] = {
    {.name = "dataset",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_DATASET,
     .offset = offsetof(struct show_options, data),
     .required = true,
     .help = "the dataset to look at"},
};

static const at_param options[] = {
    {.name = "rows",
     .kind = AT_PARAM_INT,
     .offset = offsetof(struct show_options, rows),
     .fallback = "20",
     .min = 1,
     .max = 2000,
     .unit = "rows",
     .help = "how many rows to show"},
    {.name = "from",
     .kind = AT_PARAM_INT,
     .offset = offsetof(struct show_options, from),
     .fallback = "1",
     .min = 1,
     .max = 9e15,
     .help = "the first row to show, counted from 1"},
    {.name = "columns",
     .kind = AT_PARAM_LIST,
     .refers = AT_REFERS_COLUMN,
     .offset = offsetof(struct show_options, columns),
     .help = "only these columns, comma-separated"},
    {.name = "where",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_SQL,
     .offset = offsetof(struct show_options, where),
     .help = "only rows for which this SQL expression is true"},
    {.name = "table",
     .kind = AT_PARAM_FLAG,
     .offset = offsetof(struct show_options, table),
     .help = "the rows of a dataset of images as a table, not as pictures"},
};

static at_status keep_columns(at_words wanted, at_frame **frame, at_arena *arena,
                              at_error *err) {
    at_selector *selectors = at_arena_alloc(arena, wanted.count * sizeof *selectors);
    if (!selectors)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to select columns");
    for (size_t i = 0; i < wanted.count; i++)
        selectors[i].text = wanted.items[i];
    int *columns = NULL;
    size_t count = 0;
    AT_TRY(at_select_columns(*frame, selectors, wanted.count, NULL, arena, &columns,
                             &count, err));
    if (count == 0)
        return at_fail(err, AT_INVALID, "no column of that kind is in the dataset");
    at_frame *selected = NULL;
    AT_TRY(at_frame_select(*frame, columns, (int)count, &selected, err));
    at_frame_release(*frame);
    *frame = selected;
    return AT_OK;
}

static at_status show_rows(at_context *context, const struct show_options *o,
                           const at_frame *frame, at_error *err) {
    at_table_options table = {
        .first = o->from - 1, .rows = o->rows, .title = o->data, .types = true};
    at_bundle bundle;
    AT_TRY(at_view_table(frame, -1, &table, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

static at_status show(at_context *context, const struct show_options *o,
                      const at_entry *dataset, const at_frame *frame, at_error *err) {
    if (at_frame_rows(frame) > 0 && o->from > at_frame_rows(frame))
        return at_fail(err, AT_INVALID, "--from %lld is past the last row (%lld)",
                       (long long)o->from, (long long)at_frame_rows(frame));
    if (!at_store_images_behind(dataset) || o->table || o->columns.count ||
        !at_frame_rows(frame))
        return show_rows(context, o, frame, err);
    at_images *images;
    AT_TRY(at_store_images(context->workspace, dataset, &images, err));
    at_status status = at_picture_show(context, o->data, frame, images, o->from - 1,
                                       o->rows, 1, NULL, err);
    at_images_release(images);
    return status;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct show_options *o = given;
    at_entry dataset;
    at_frame *frame = NULL;
    AT_TRY(at_store_find(context->workspace, AT_KIND_DATASET, o->data, context->arena,
                         &dataset, err));
    at_status status = at_store_frame_by_id(context->workspace, dataset.id, &frame, err);
    if (status == AT_OK && o->where)
        status = at_filter_rows(context, o->where, &frame, err);
    if (status == AT_OK && o->columns.count)
        status = keep_columns(o->columns, &frame, context->arena, err);
    if (status == AT_OK)
        status = show(context, o, &dataset, frame, err);
    at_frame_release(frame);
    at_entry_fini(&dataset);
    return status;
}

static const char *const examples[] = {
    "%show bank",
    "%show bank --rows 5 --where \"age > 60 AND y = 'yes'\" --columns age,job,y", NULL};

const at_magic at_magic_show = {
    .name = "show",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_DATA,
    .summary = "Shows rows of a dataset, as pictures where it is one of images",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct show_options),
    .run = run,
};
