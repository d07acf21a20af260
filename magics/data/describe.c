/* %describe: what a table holds, what is odd about it, what goes together, and what
 * predicts a target. */
#include "magics/data/describe.h"
#include "magics/data/describe_images.h"
#include "magics/language/spec.h"
#include "magics/view/grid.h"
#include "magics/workspace/store_images.h"
#include "ops/learn/target.h"

#include <math.h>

struct describe_options {
    const char *data, *target;
    at_words columns;
    bool table;
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
    {.name = "target",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_COLUMN,
     .offset = offsetof(struct describe_options, target),
     .help = "the column to predict: how well each other one does that alone, and which "
             "of them leak it"},
    {.name = "columns",
     .kind = AT_PARAM_LIST,
     .refers = AT_REFERS_COLUMN,
     .offset = offsetof(struct describe_options, columns),
     .help = "only these columns: names, globs or kinds, comma-separated"},
    {.name = "table",
     .kind = AT_PARAM_FLAG,
     .offset = offsetof(struct describe_options, table),
     .help = "the columns of a dataset of images, not its pictures"},
};

/* Profiles, a column a task; what they allocate lies in arenas of their own. */
typedef struct profiling {
    const at_frame *frame;
    at_profile *profiles;
    at_arena *arenas;
    at_status *states;
    const at_cancel *cancel;
} profiling;

static void profile(void *context, size_t i) {
    const profiling *w = context;
    w->states[i] = at_cancelled(w->cancel)
                       ? AT_CANCELLED
                       : at_profile_column(at_frame_column(w->frame, (int)i),
                                           &w->arenas[i], &w->profiles[i], NULL);
}

/* Pairs are compared over the rows that they can be compared in a second. */
static int64_t sample_rows(int columns) {
    double pairs = fmax((double)columns * (columns - 1) / 2, 1);
    return (int64_t)fmin(fmax(AT_DESCRIBE_CELLS / pairs, 2000), AT_DESCRIBE_ROWS);
}

/* The rows whose target is known; all without a target. */
static at_status known_rows(at_describe *d, at_frame **out, at_error *err) {
    int64_t rows = at_frame_rows(d->frame), known = 0;
    int64_t *which =
        d->target < 0 ? NULL : at_alloc_array((size_t)rows + 1, sizeof *which);
    d->known = rows;
    if (d->target < 0) {
        *out = at_frame_retain(d->frame);
        return AT_OK;
    }
    if (!which)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe %s", d->data);
    const at_column *target = at_frame_column(d->frame, d->target);
    for (int64_t r = 0; r < rows; r++)
        if (at_target_known(target, r))
            which[known++] = r;
    d->known = known;
    at_status status = AT_OK;
    if (known == rows)
        *out = at_frame_retain(d->frame);
    else
        status = at_frame_take_rows(d->frame, which, known, out, err);
    at_free(which);
    return status;
}

static at_status compare(at_describe *d, at_pool *pool, at_frame **sample,
                         at_error *err) {
    const at_cancel *cancel = d->context->call->cancel;
    at_frame *known = NULL;
    AT_TRY(known_rows(d, &known, err));
    at_status status = at_sample(known, sample_rows(at_frame_columns(known)),
                                 AT_DESCRIBE_SEED, sample, err);
    at_frame_release(known);
    AT_TRY(status);
    AT_TRY(at_facets_of(*sample, pool, cancel, &d->facets, err));
    return at_relations(&d->facets, -1, pool, cancel, &d->relations, &d->relation_count,
                        err);
}

static at_status describe_all(at_describe *d, at_profile *profiles, at_arena *arenas,
                              at_status *states, at_frame **sample, at_error *err) {
    at_pool *pool = at_session_pool(d->context->session);
    size_t count = (size_t)at_frame_columns(d->frame);
    profiling w = {d->frame, profiles, arenas, states, d->context->call->cancel};
    at_pool_run(pool, count, profile, &w);
    for (size_t i = 0; i < count; i++) {
        if (states[i] == AT_CANCELLED)
            return at_fail(err, AT_CANCELLED, "interrupted while describing %s", d->data);
        if (states[i] != AT_OK)
            return at_fail(err, states[i], "not enough memory to describe %s", d->data);
    }
    AT_TRY(at_describe_columns(d, err));
    if (at_frame_rows(d->frame) == 0)
        return AT_OK;
    if (count > AT_DESCRIBE_COLUMNS) {
        at_display_print(d->context->call->display,
                         "%d columns are too many to compare with each other; choose "
                         "some by --columns\n",
                         (int)count);
        return AT_OK;
    }
    AT_TRY(compare(d, pool, sample, err));
    if (d->target >= 0)
        AT_TRY(at_describe_target(d, err));
    AT_TRY(at_describe_findings(d, err));
    return at_describe_relations(d, err);
}

static at_status describe(at_describe *d, at_error *err) {
    size_t count = (size_t)at_frame_columns(d->frame);
    at_profile *profiles = at_alloc_array(count, sizeof *profiles);
    at_arena *arenas = at_alloc_array(count, sizeof *arenas);
    at_status *states = at_alloc_array(count, sizeof *states);
    at_frame *sample = NULL;
    at_status status = AT_NO_MEMORY;
    d->profiles = profiles;
    if (profiles && arenas && states)
        status = describe_all(d, profiles, arenas, states, &sample, err);
    else
        at_fail(err, AT_NO_MEMORY, "not enough memory to describe %s", d->data);
    for (size_t i = 0; arenas && i < count; i++)
        at_arena_fini(&arenas[i]);
    at_free(profiles);
    at_free(arenas);
    at_free(states);
    at_free(d->relations);
    at_facets_fini(&d->facets);
    at_frame_release(sample);
    return status;
}

/* The columns asked for, and the target; *target: its place among them, or -1. */
static at_status choose(const struct describe_options *o, at_arena *arena,
                        at_frame **frame, int *target, at_error *err) {
    size_t count = o->columns.count ? o->columns.count : 1;
    at_selector *selectors = at_arena_alloc(arena, (count + 1) * sizeof *selectors);
    if (!selectors)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe %s", o->data);
    selectors[0].text = "all";
    for (size_t i = 0; i < o->columns.count; i++)
        selectors[i].text = o->columns.items[i];
    if (o->target)
        selectors[count++] = (at_selector){.text = o->target, .literal = true};
    int *which = NULL;
    size_t found = 0;
    AT_TRY(at_select_columns(*frame, selectors, count, NULL, arena, &which, &found, err));
    if (found == 0)
        return at_fail(err, AT_INVALID, "no column of that kind is in %s", o->data);
    at_frame *chosen = NULL;
    AT_TRY(at_frame_select(*frame, which, (int)found, &chosen, err));
    at_frame_release(*frame);
    *frame = chosen;
    *target = o->target ? at_frame_find(chosen, o->target) : -1;
    return AT_OK;
}

/* *done: it was a dataset of images, described as such. */
static at_status pictures(at_context *context, const struct describe_options *o,
                          bool *done, at_error *err) {
    at_entry dataset;
    at_images *images;
    at_frame *frame = NULL;
    *done = false;
    if (o->table || o->target || o->columns.count)
        return AT_OK;
    AT_TRY(at_store_find(context->workspace, AT_KIND_DATASET, o->data, context->arena,
                         &dataset, err));
    at_status status = AT_OK;
    if (at_store_images_behind(&dataset) &&
        !(status = at_store_images(context->workspace, &dataset, &images, err))) {
        status = at_store_frame_by_id(context->workspace, dataset.id, &frame, err);
        if (!status && (*done = at_frame_rows(frame) > 0))
            status = at_describe_images(context, o->data, frame, images, err);
        at_frame_release(frame);
        at_images_release(images);
    }
    at_entry_fini(&dataset);
    return status;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct describe_options *o = given;
    bool done;
    AT_TRY(pictures(context, o, &done, err));
    if (done)
        return AT_OK;
    at_frame *frame = NULL;
    AT_TRY(at_store_frame(context->workspace, o->data, &frame, err));
    at_describe d = {.context = context, .data = o->data, .target = -1};
    at_status status = choose(o, context->arena, &frame, &d.target, err);
    d.frame = frame;
    if (status == AT_OK)
        status = describe(&d, err);
    at_frame_release(frame);
    return status;
}

const char *at_describe_sampled(const at_describe *d) {
    if (d->facets.rows == d->known)
        return "";
    at_arena *arena = d->context->arena;
    const char *text = at_arena_format(arena, " · from a sample of %s of %s rows",
                                       at_view_count(arena, d->facets.rows),
                                       at_view_count(arena, d->known));
    return text ? text : "";
}

static const char *const examples[] = {"%describe bank", "%describe bank --target y",
                                       "%describe bank --columns numeric,job", NULL};

const at_magic at_magic_describe = {
    .name = "describe",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_DATA,
    .summary = "Describes a dataset: its columns, what is odd about them, what goes "
               "together, and what predicts a target",
    .details =
        "The table of columns counts every row. Below it stand findings: repeated rows, "
        "constant columns and identifiers, spellings that mean the same, marks for "
        "missing values, numbers kept as text, far-out values (three times the distance "
        "of the quartiles beyond them), with the `%%clean` cell that mends them; then "
        "the strongest relations: Pearson and Spearman of numbers, Cramér's V of names "
        "(corrected for bias), the correlation ratio of a number by a name.\n\n"
        "With `--target`, the *power* of each column is how well it predicts the target "
        "alone, out of fold (5 folds): it is cut into its values or at most 64 bins of "
        "equal counts, and each predicts the mean of its rows in the other folds. Of "
        "classes it is 2 AUC - 1, of numbers R squared: 0 says nothing, 1 is a copy. "
        "The *leak radar* names columns that would not be known before the target, and "
        "why: copies, columns filled in only for one class, quantities that grow with "
        "the outcome and that nothing else explains, and identifiers that predict.\n\n"
        "Of a dataset of images it tells the sizes, kinds and classes of the pictures, "
        "shows one of each class, and names those that are there twice or could not be "
        "read; `--table`, `--columns` and `--target` describe its columns.\n\n"
        "Relations and powers of more than 100,000 rows are those of a sample, and the "
        "captions say so.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct describe_options),
    .run = run,
};
