/* %predict: a model's answers as new columns of a dataset. */
#include "magics/language/spec.h"
#include "magics/train/stage.h"
#include "magics/view/grid.h"
#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/learn/metrics.h"

#include <stdio.h>
#include <string.h>

struct predict_options {
    const char *model, *data, *into;
};

static const at_param arguments[] = {
    {.name = "model",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_MODEL,
     .offset = offsetof(struct predict_options, model),
     .required = true,
     .help = "the model to ask"},
};

static const at_param options[] = {
    {.name = "data",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_DATASET,
     .offset = offsetof(struct predict_options, data),
     .required = true,
     .help = "the rows to predict"},
    {.name = "into",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_NEW_NAME,
     .offset = offsetof(struct predict_options, into),
     .required = true,
     .help =
         "name of the new dataset: the same rows with predicted_label (and probability)"},
};

/* predicted_label as the target was written, and probability: of the positive label where
 * there are two, of the predicted one where there are more (as Autopilot answers). */
static at_status answers(const at_model *model, const at_predictions *p,
                         at_frame_builder *b, at_error *err) {
    at_column_builder *label = NULL, *probability = NULL;
    bool regression = at_model_problem(model) == AT_REGRESSION;
    AT_TRY(at_column_builder_new(
        "predicted_label", regression ? AT_TYPE_FLOAT : AT_TYPE_CATEGORY, &label, err));
    for (int64_t r = 0; r < p->rows; r++) {
        if (regression) {
            at_column_builder_real(label, p->scores[r]);
        } else {
            const char *name = at_model_label(model, p->labels[r]);
            at_column_builder_text(label, name, (int64_t)strlen(name));
        }
    }
    AT_TRY(at_frame_builder_take(b, label, err));
    if (regression)
        return AT_OK;
    AT_TRY(at_column_builder_new("probability", AT_TYPE_FLOAT, &probability, err));
    for (int64_t r = 0; r < p->rows; r++)
        at_column_builder_real(
            probability,
            p->outputs == 1 ? p->scores[r] : p->scores[r * p->outputs + p->labels[r]]);
    return at_frame_builder_take(b, probability, err);
}

/* predicted_label as the target column writes its lists, and a probability a label. */
static at_status several_answers(const at_model *model, const at_predictions *p,
                                 at_frame_builder *b, at_error *err) {
    at_column_builder *column = NULL;
    at_text text = {0};
    uint8_t *labels = at_alloc_array((size_t)p->outputs, 1);
    at_status status =
        labels ? at_column_builder_new("predicted_label", AT_TYPE_TEXT, &column, err)
               : at_fail(err, AT_NO_MEMORY, "not enough memory to predict");
    for (int64_t r = 0; status == AT_OK && r < p->rows; r++) {
        for (int k = 0; k < p->outputs; k++)
            labels[k] = p->scores[r * p->outputs + k] >= AT_LABEL_THRESHOLD;
        at_text_clear(&text);
        at_model_write_labels(model, labels, &text);
        at_column_builder_text(column, at_text_get(&text), (int64_t)text.length);
    }
    if (status == AT_OK)
        status = at_frame_builder_take(b, column, err);
    at_text_fini(&text);
    at_free(labels);
    for (int k = 0; status == AT_OK && k < p->outputs; k++) {
        char name[160];
        snprintf(name, sizeof name, "probability_%s", at_model_label(model, k));
        status = at_column_builder_new(name, AT_TYPE_FLOAT, &column, err);
        for (int64_t r = 0; status == AT_OK && r < p->rows; r++)
            at_column_builder_real(column, p->scores[r * p->outputs + k]);
        if (status == AT_OK)
            status = at_frame_builder_take(b, column, err);
    }
    return status;
}

static at_status with_answers(const at_scoring *s, const at_predictions *p,
                              at_frame **out, at_error *err) {
    static const char *const taken[] = {"predicted_label", "probability"};
    for (size_t i = 0; i < AT_COUNT(taken); i++) {
        if (at_frame_find(s->frame, taken[i]) >= 0) {
            at_fail(err, AT_INVALID, "dataset %s has a column %s already",
                    s->data_entry.name, taken[i]);
            return at_hint(err,
                           "rename it first: %%%%clean with the step  rename %s -> ...",
                           taken[i]);
        }
    }
    at_frame_builder *b = NULL;
    AT_TRY(at_frame_builder_new(&b, err));
    at_status status = AT_OK;
    for (int c = 0; c < at_frame_columns(s->frame) && status == AT_OK; c++)
        status = at_frame_builder_share(b, s->frame, c, NULL, err);
    if (status == AT_OK)
        status = at_model_problem(s->model) == AT_MULTILABEL
                     ? several_answers(s->model, p, b, err)
                     : answers(s->model, p, b, err);
    if (status == AT_OK)
        return at_frame_builder_finish(b, out, err);
    at_frame_builder_release(b);
    return status;
}

/* The start of a chain: a model of these rows takes the answers with them, which no row
 * of the source has. What the rows were before is kept: %evaluate must know whether they
 * are clean already, an endpoint which cells were missing. */
static at_status keep(at_context *context, const struct predict_options *o,
                      const at_entry *data, const at_frame *frame, at_error *err) {
    json_t *lineage = at_lineage_origin("predict", o->model);
    json_t *parents = json_pack("[s]", data->id);
    at_status status =
        lineage && parents
            ? at_lineage_adopt(context->workspace, lineage, parents, err)
            : at_fail(err, AT_NO_MEMORY, "not enough memory to keep %s", o->into);
    if (status == AT_OK)
        status = at_store_put_frame(context->workspace, o->into, frame, lineage, err);
    json_decref(parents);
    json_decref(lineage);
    return status;
}

static at_status show(at_context *context, const char *name, const at_frame *frame,
                      at_error *err) {
    at_table_options table = {.rows = 5,
                              .title = name,
                              .types = true,
                              .more = at_arena_format(context->arena, "%%show %s", name)};
    at_bundle bundle;
    AT_TRY(at_view_table(frame, -1, &table, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct predict_options *o = given;
    AT_TRY(at_store_check_name(AT_KIND_DATASET, o->into, err));
    at_scoring s;
    at_predictions p = {0};
    at_frame *frame = NULL;
    at_status status =
        at_scoring_open(context->workspace, o->model, o->data, context->arena, &s, err);
    if (status == AT_OK)
        status = at_scoring_predict(&s, context->call->cancel, &p, err);
    if (status == AT_OK)
        status = with_answers(&s, &p, &frame, err);
    if (status == AT_OK)
        status = keep(context, o, &s.data_entry, frame, err);
    if (status == AT_OK)
        status = show(context, o->into, frame, err);
    at_frame_release(frame);
    at_predictions_fini(&p);
    at_scoring_close(&s);
    return status;
}

static const char *const examples[] = {
    "%predict subscriber --data bank_clean_test --into scored", NULL};

const at_magic at_magic_predict = {
    .name = "predict",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_TRAIN,
    .summary = "Predicts every row of a dataset into a new dataset",
    .details =
        "The new dataset has the columns of the old one and `predicted_label`; for "
        "classes also `probability`: of the positive label where there are two, of the "
        "predicted one where there are more. A model of several labels an image "
        "(`multi_label = 1`) gives `predicted_label` as a list, as [1,0,1], and a column "
        "`probability_LABEL` for each label.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct predict_options),
    .run = run,
};
