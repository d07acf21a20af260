/* %evaluate: how good is a model on rows it has not seen? */
#include "magics/language/spec.h"
#include "magics/train/mistakes.h"
#include "magics/train/quality.h"
#include "magics/train/stage.h"
#include "magics/view/grid.h"
#include "ops/base/text.h"

#include <math.h>
#include <string.h>

struct evaluate_options {
    const char *model, *data;
    int64_t resamples, seed, top_k;
};

static const at_param arguments[] = {
    {.name = "model",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_MODEL,
     .offset = offsetof(struct evaluate_options, model),
     .required = true,
     .help = "the model to evaluate"},
};

static const at_param options[] = {
    {.name = "data",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_DATASET,
     .offset = offsetof(struct evaluate_options, data),
     .required = true,
     .help = "rows with the truth in the target column, mostly D_test"},
    {.name = "resamples",
     .kind = AT_PARAM_INT,
     .offset = offsetof(struct evaluate_options, resamples),
     .fallback = "200",
     .min = 0,
     .max = 10000,
     .help = "bootstrap samples for the 95 % intervals; 0: none"},
    {.name = "top-k",
     .kind = AT_PARAM_INT,
     .offset = offsetof(struct evaluate_options, top_k),
     .fallback = "auto",
     .automatic = true,
     .min = 2,
     .max = 1000,
     .help = "three classes and more: also how often the truth is among the k most "
             "probable ones; auto: the top_k that the model was trained with"},
    {.name = "seed",
     .kind = AT_PARAM_INT,
     .offset = offsetof(struct evaluate_options, seed),
     .fallback = "0",
     .min = 0,
     .max = 9e15,
     .help = "the same seed gives the same intervals"},
};

at_status at_quality_table(at_context *context, const at_quality *quality,
                           const at_quality_line *lines, size_t count, json_t *kept,
                           at_error *err) {
    static const at_grid_column heads[] = {{"metric", NULL, false},
                                           {"value", NULL, true},
                                           {"95 % interval", NULL, false},
                                           {"meaning", NULL, false}};
    at_arena *arena = context->arena;
    at_grid_cell *cells = at_arena_alloc(arena, (4 * count + 1) * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to show the metrics");
    for (size_t i = 0; i < count; i++) {
        const at_interval *v = &lines[i].value;
        const char *format = fabs(v->value) < 10 ? "%.3f" : "%.5g";
        const char *range = fabs(v->value) < 10 ? "%.3f – %.3f" : "%.5g – %.5g";
        cells[4 * i].text = lines[i].name;
        if (!isnan(v->value)) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            cells[4 * i + 1].text = at_arena_format(arena, format, v->value);
            cells[4 * i + 2].text =
                isnan(v->low) ? "" : at_arena_format(arena, range, v->low, v->high);
#pragma GCC diagnostic pop
            if (json_object_set_new(kept, lines[i].key, json_real(v->value)) != 0)
                return at_fail(err, AT_NO_MEMORY,
                               "not enough memory to keep the metrics");
        }
        cells[4 * i + 3].text = lines[i].meaning;
    }
    const char *caption = at_view_plural(arena, quality->rows, "row");
    if (quality->left_out)
        caption =
            at_arena_format(arena,
                            "%s · %s left out: the target is missing or a label the "
                            "model never saw",
                            caption, at_view_count(arena, quality->left_out));
    at_grid grid = {.title = quality->title,
                    .caption = caption,
                    .columns = heads,
                    .column_count = 4,
                    .cells = cells,
                    .row_count = count};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

/* Moves the rows whose truth is known to the front. */
static void keep_known(at_quality *q, size_t width) {
    int64_t kept = 0;
    for (int64_t r = 0; r < q->rows; r++) {
        const double *y = q->y + (size_t)r * width;
        if (isnan(*y))
            continue;
        memmove(q->y + (size_t)kept * width, y, width * sizeof *y);
        memmove(q->scores + kept * q->outputs, q->scores + r * q->outputs,
                (size_t)q->outputs * sizeof *q->scores);
        if (q->labels)
            q->labels[kept] = q->labels[r];
        kept++;
    }
    q->left_out = q->rows - kept;
    q->rows = kept;
}

/* top_k as given, or as the model was trained with; 0: none. */
static at_status choose_top_k(const struct evaluate_options *o, const at_scoring *s,
                              int *out, at_error *err) {
    int classes = at_model_classes(s->model);
    *out = 0;
    if (o->top_k != AT_AUTO_INT) {
        if (at_model_problem(s->model) != AT_MULTICLASS || o->top_k >= classes)
            return at_fail(err, AT_INVALID,
                           "--top-k is %d; model %s has %d classes, one of which each "
                           "row is of",
                           (int)o->top_k, s->model_entry.name, classes);
        *out = (int)o->top_k;
        return AT_OK;
    }
    json_t *about = at_model_describe(s->model);
    const char *text = json_string_value(
        json_object_get(json_object_get(about, "hyperparameters"), "top_k"));
    int64_t k = 0;
    if (text && at_parse_int(text, &k) && k > 1 && k < classes)
        *out = (int)k;
    json_decref(about);
    return AT_OK;
}

static at_status measure(at_context *context, at_quality *q, json_t *kept,
                         at_error *err) {
    switch (at_model_problem(q->model)) {
    case AT_BINARY:
        return at_quality_binary(context, q, kept, err);
    case AT_MULTICLASS:
        return at_quality_multiclass(context, q, kept, err);
    case AT_MULTILABEL:
        return at_quality_multilabel(context, q, kept, err);
    case AT_REGRESSION:
        break;
    }
    return at_quality_regression(context, q, kept, err);
}

/* Notes the metrics in the model's card, so that %models can show them. */
static at_status note(at_context *context, const at_scoring *s, json_t *kept,
                      at_error *err) {
    json_t *card = json_deep_copy(s->model_entry.card);
    json_t *evaluation = json_pack("{s:s, s:s, s:O}", "data", s->data_entry.name,
                                   "data_id", s->data_entry.id, "metrics", kept);
    at_status status;
    if (card && evaluation && json_object_set(card, "evaluation", evaluation) == 0)
        status = at_store_update(context->workspace, AT_KIND_MODEL, s->model_entry.id,
                                 card, err);
    else
        status = at_fail(err, AT_NO_MEMORY, "not enough memory to keep the metrics");
    json_decref(evaluation);
    json_decref(card);
    return status;
}

static at_status evaluate(at_context *context, const struct evaluate_options *o,
                          const at_scoring *s, double *y, at_predictions *p,
                          at_error *err) {
    at_quality q = {.model = s->model,
                    .title = at_arena_format(context->arena, "%s on %s",
                                             s->model_entry.name, s->data_entry.name),
                    .rows = p->rows,
                    .y = y,
                    .scores = p->scores,
                    .labels = p->labels,
                    .outputs = p->outputs,
                    .resamples = (int)o->resamples,
                    .seed = (uint64_t)o->seed};
    at_mistakes mistakes = {0};
    AT_TRY(choose_top_k(o, s, &q.top_k, err));
    if (s->images) /* while rows and answers stand side by side */
        AT_TRY(at_mistakes_gather(context, s, y, p, &mistakes, err));
    keep_known(&q, at_model_problem(s->model) == AT_MULTILABEL ? (size_t)q.outputs : 1);
    json_t *kept = json_object();
    at_status status;
    if (!kept)
        status = at_fail(err, AT_NO_MEMORY, "not enough memory to evaluate");
    else if (q.rows == 0)
        status = at_fail(err, AT_INVALID,
                         "no row of %s has a known value in the target column %s",
                         s->data_entry.name, at_model_target(s->model));
    else
        status = measure(context, &q, kept, err);
    if (status == AT_OK)
        status = at_mistakes_show(context, &mistakes, err);
    if (status == AT_OK)
        status = note(context, s, kept, err);
    json_decref(kept);
    return status;
}

static at_status truth(const struct evaluate_options *o, const at_scoring *s, double **y,
                       at_error *err) {
    at_status status = at_model_truth(s->model, s->frame, s->stage, y, err);
    if (status != AT_NOT_FOUND)
        return status;
    (void)at_prefix(err, "dataset %s", o->data);
    return at_hint(
        err,
        "to predict rows whose truth is not known: %%predict %s --data %s --into ...",
        o->model, o->data);
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct evaluate_options *o = given;
    at_scoring s;
    at_predictions p = {0};
    double *y = NULL;
    at_status status =
        at_scoring_open(context->workspace, o->model, o->data, context->arena, &s, err);
    if (status == AT_OK)
        status = truth(o, &s, &y, err);
    if (status == AT_OK)
        status = at_scoring_predict(&s, context->call->cancel, &p, err);
    if (status == AT_OK)
        status = evaluate(context, o, &s, y, &p, err);
    at_free(y);
    at_predictions_fini(&p);
    at_scoring_close(&s);
    return status;
}

static const char *const examples[] = {"%evaluate subscriber --data bank_clean_test",
                                       NULL};

const at_magic at_magic_evaluate = {
    .name = "evaluate",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_TRAIN,
    .summary =
        "Shows how good a model is on a dataset: metrics with intervals, confusion "
        "matrix, curves",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct evaluate_options),
    .run = run,
};
