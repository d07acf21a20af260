/* A model of pictures: the same labels and card as a model of rows, with a net. */
#include "ops/base/file.h"
#include "ops/base/memory.h"
#include "ops/learn/image_data.h"
#include "ops/learn/model_parts.h"

#include <string.h>

static at_status open_net(at_model *m, const char *folder, at_error *err) {
    const json_t *net = json_object_get(m->card, "resnet");
    at_prep prep;
    m->column = json_string_value(json_object_get(m->card, "column"));
    if (!m->column || !json_is_object(net))
        return at_fail(err, AT_CORRUPT, "the model is damaged: it has no net");
    AT_TRY(at_target_from_json(json_object_get(m->card, "target"), &m->target, err));
    AT_TRY(at_prep_from_json(json_object_get(m->card, "prep"), &prep, err));
    at_resnet_options options = {
        .version = (int)json_integer_value(json_object_get(net, "version")),
        .depth = (int)json_integer_value(json_object_get(net, "depth")),
        .image = {prep.c, prep.h, prep.w},
        .classes = (int32_t)json_integer_value(json_object_get(net, "classes")),
        .multi_label = json_is_true(json_object_get(net, "multi_label"))};
    const char *lists = json_string_value(json_object_get(m->card, "label_lists"));
    m->lists = (at_label_lists){.classes = m->target.classes,
                                .numbers = lists && strcmp(lists, "numbers") == 0};
    if (options.multi_label != (m->target.problem == AT_MULTILABEL))
        return at_fail(err, AT_CORRUPT,
                       "the model is damaged: its net and its labels do not agree");
    if (options.classes < m->target.classes)
        return at_fail(err, AT_CORRUPT,
                       "the model is damaged: it has fewer outputs than labels");
    char *weights = at_path_join(folder, "weights.safetensors");
    if (!weights)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for a model");
    at_status status = at_image_net_open(&options, &prep, weights, &m->images, err);
    at_free(weights);
    return status;
}

at_status at_model_make_images(json_t *card, const char *folder, at_model **out,
                               at_error *err) {
    *out = NULL;
    at_model *m = at_alloc_zero(sizeof *m);
    if (!m) {
        json_decref(card);
        return at_fail(err, AT_NO_MEMORY, "not enough memory for a model");
    }
    atomic_init(&m->references, 1);
    m->card = card;
    at_status status = open_net(m, folder, err);
    if (status != AT_OK) {
        at_prefix(err, "%s", folder);
        at_model_release(m);
        return status;
    }
    *out = m;
    return AT_OK;
}

bool at_model_of_images(const at_model *model) {
    return model->images != NULL;
}

at_image_net *at_model_image_net(const at_model *model) {
    return model->images;
}

/* Probabilities of all outputs to the scores of a learner: binary ones have one, and
 * outputs past the labels (num_classes above the data's) are no answer. */
static void to_scores(const at_model *m, const float *p, int outputs,
                      at_predictions *out) {
    for (int64_t r = 0; r < out->rows; r++, p += outputs) {
        double *scores = out->scores + r * out->outputs;
        if (m->target.problem != AT_BINARY)
            for (int c = 0; c < out->outputs; c++)
                scores[c] = (double)p[c];
        else
            scores[0] = (double)p[1];
        if (!out->labels)
            continue;
        int best = 0;
        for (int c = 1; c < m->target.classes; c++)
            best = p[c] > p[best] ? c : best;
        out->labels[r] = best;
    }
}

at_status at_model_predict_images(const at_model *m, const at_frame *frame,
                                  at_images *images, const at_cancel *cancel,
                                  at_predictions *out, at_error *err) {
    *out = (at_predictions){0};
    int outputs = at_image_net_classes(m->images);
    size_t rows = (size_t)at_frame_rows(frame);
    *out = (at_predictions){.rows = (int64_t)rows,
                            .outputs =
                                m->target.problem == AT_BINARY ? 1 : m->target.classes};
    int64_t *ids = NULL;
    float *p = at_alloc_array(rows * (size_t)outputs + 1, sizeof *p);
    out->scores = at_alloc_array(rows * (size_t)out->outputs + 1, sizeof *out->scores);
    bool several = m->target.problem == AT_MULTILABEL;
    if (!several)
        out->labels = at_alloc_array(rows + 1, sizeof *out->labels);
    at_status status =
        p && out->scores && (several || out->labels)
            ? AT_OK
            : at_fail(err, AT_NO_MEMORY, "not enough memory to predict %zu images", rows);
    if (status == AT_OK)
        status = at_image_ids(frame, images, &ids, err);
    if (status == AT_OK)
        status = at_image_net_predict(m->images, images, ids, rows, cancel, p, err);
    if (status == AT_OK)
        to_scores(m, p, outputs, out);
    else
        at_predictions_fini(out);
    at_free(ids);
    at_free(p);
    return status;
}

void at_model_write_labels(const at_model *model, const uint8_t *labels, at_text *out) {
    at_label_lists_write(&model->lists, labels, out);
}
