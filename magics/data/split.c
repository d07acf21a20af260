/* %split: a dataset into parts for training, testing and perhaps validation, stratified
 * by a column, the same for the same seed. */
#include "ops/frame/split.h"
#include "magics/language/spec.h"
#include "magics/view/grid.h"

struct split_options {
    const char *data, *by;
    double train, validation;
    int64_t seed;
};

static const at_param arguments[] = {
    {.name = "dataset",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_DATASET,
     .offset = offsetof(struct split_options, data),
     .required = true,
     .help = "the dataset to split; D makes D_train and D_test"},
};

static const at_param options[] = {
    {.name = "train",
     .kind = AT_PARAM_REAL,
     .offset = offsetof(struct split_options, train),
     .fallback = "0.8",
     .min = 0.01,
     .max = 0.99,
     .help = "share of the rows for training"},
    {.name = "validation",
     .kind = AT_PARAM_REAL,
     .offset = offsetof(struct split_options, validation),
     .fallback = "0",
     .min = 0,
     .max = 0.9,
     .help = "share of the rows for D_validation; the rest of all is D_test"},
    {.name = "seed",
     .kind = AT_PARAM_INT,
     .offset = offsetof(struct split_options, seed),
     .fallback = "0",
     .min = 0,
     .max = 9e15,
     .help = "the same seed gives the same split"},
    {.name = "by",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_COLUMN,
     .offset = offsetof(struct split_options, by),
     .help = "column whose values keep their shares in every part (mostly the target)"},
};

enum { PARTS = 3 };

static at_status put_part(at_context *context, const at_entry *parent, const char *name,
                          const at_frame *frame, const int64_t *rows, int64_t count,
                          at_error *err) {
    at_frame *part = NULL;
    AT_TRY(at_frame_take_rows(frame, rows, count, &part, err));
    json_t *lineage = at_lineage_child(parent, "split", NULL, NULL);
    at_status status =
        lineage ? at_store_put_frame(context->workspace, name, part, lineage, err)
                : at_fail(err, AT_NO_MEMORY, "not enough memory to split");
    json_decref(lineage);
    at_frame_release(part);
    return status;
}

static at_status split(at_context *context, const struct split_options *o,
                       const at_entry *parent, const at_frame *frame, at_error *err) {
    int by = -1;
    if (o->by) {
        int *found = NULL;
        size_t count = 0;
        at_selector selector = {o->by, true};
        AT_TRY(at_select_columns(frame, &selector, 1, NULL, context->arena, &found,
                                 &count, err));
        by = found[0];
    }
    const char *const suffix[PARTS] = {"train", "validation", "test"};
    const double share[PARTS] = {o->train, o->validation, 1 - o->train - o->validation};
    if (share[2] < 1e-9)
        return at_fail(err, AT_INVALID,
                       "--train %g and --validation %g leave no rows for the test part",
                       o->train, o->validation);
    at_split parts;
    AT_TRY(at_split_rows(frame, by, share, PARTS, (uint64_t)o->seed, &parts, err));
    at_grid_cell cells[PARTS * 3];
    size_t shown = 0;
    at_status status = AT_OK;
    for (int i = 0; i < PARTS && status == AT_OK; i++) {
        if (share[i] < 1e-9)
            continue;
        const char *name = at_arena_format(context->arena, "%s_%s", o->data, suffix[i]);
        if (!name)
            status = at_fail(err, AT_NO_MEMORY, "not enough memory to split");
        else if (parts.count[i] == 0)
            status = at_fail(err, AT_INVALID,
                             "%s would be empty: the dataset has only %lld rows", name,
                             (long long)at_frame_rows(frame));
        else
            status = put_part(context, parent, name, frame, parts.rows[i], parts.count[i],
                              err);
        if (status == AT_OK) {
            at_grid_cell *row = &cells[3 * shown++];
            row[0] = (at_grid_cell){.text = name};
            row[1] =
                (at_grid_cell){.text = at_view_count(context->arena, parts.count[i])};
            row[2] =
                (at_grid_cell){.text = at_arena_format(context->arena, "%.1f %%",
                                                       100.0 * (double)parts.count[i] /
                                                           (double)at_frame_rows(frame))};
        }
    }
    at_split_fini(&parts);
    AT_TRY(status);
    static const at_grid_column heads[] = {
        {"dataset", NULL, false}, {"rows", NULL, true}, {"share", NULL, true}};
    at_grid grid = {
        .columns = heads,
        .column_count = 3,
        .cells = cells,
        .row_count = shown,
        .caption = o->by ? at_arena_format(context->arena,
                                           "every part keeps the shares of %s", o->by)
                         : NULL};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct split_options *o = given;
    at_entry parent;
    AT_TRY(at_store_find(context->workspace, AT_KIND_DATASET, o->data, context->arena,
                         &parent, err));
    at_frame *frame = NULL;
    at_status status = at_store_frame_by_id(context->workspace, parent.id, &frame, err);
    if (status == AT_OK)
        status = split(context, o, &parent, frame, err);
    at_frame_release(frame);
    at_entry_fini(&parent);
    return status;
}

static const char *const examples[] = {"%split bank_clean --train 0.8 --seed 200 --by y",
                                       "%split bank --train 0.7 --validation 0.15", NULL};

const at_magic at_magic_split = {
    .name = "split",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_CLEAN,
    .summary =
        "Splits a dataset D at random into D_train, D_test and perhaps D_validation",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct split_options),
    .run = run,
};
