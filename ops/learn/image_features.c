/* Only the last layer is learned, and the images do not vary: what goes into that layer
 * is the same in every epoch. So the net runs over each image once, and the epochs train
 * one layer on what is kept. */
#include "ops/base/memory.h"
#include "ops/learn/image_parts.h"
#include "ops/learn/image_weights.h"

#include <stdio.h>
#include <string.h>

static const size_t KEPT_BYTES = (size_t)1 << 30;

bool at_image_features_fit(const at_image_training *t) {
    size_t images = t->train.count + t->validation.count;
    size_t head = at_net_layers_before(t->spec, at_resnet_head(t->resnet.version));
    size_t features = (size_t)at_net_dims(t->spec, (int)head).c;
    return t->request->freeze && t->augment.kind == AT_AUGMENT_NONE &&
           images <= KEPT_BYTES / sizeof(float) / features;
}

static at_status head_spec(at_image_training *t, at_error *err) {
    const char *name = at_resnet_head(t->resnet.version);
    size_t head = at_net_layers_before(t->spec, name);
    at_dims dims = at_net_dims(t->spec, (int)head);
    t->features = (size_t)dims.c;
    AT_TRY(at_net_spec_new(dims, &t->head_spec, err));
    int x = at_net_layer(t->head_spec, "fully_connected", name, 0,
                         &(at_layer_options){.filters = t->resnet.classes, .bias = true});
    at_net_layer(t->head_spec, t->resnet.multi_label ? "sigmoid" : "softmax", "loss", x,
                 NULL);
    return AT_OK;
}

/* The last layer's parameters from one net to the other. */
static void copy_head(const at_image_training *t, at_net *to, const at_net *from) {
    const at_net_plan *of = at_net_plan_of(t->net);
    for (size_t i = 0; i < at_net_parameter_count(of); i++) {
        const char *name = at_net_parameter_name(of, i);
        float *values = t->head_values;
        at_net_get(from, (size_t)at_net_parameter_find(at_net_plan_of(from), name),
                   values);
        at_net_set(to, (size_t)at_net_parameter_find(at_net_plan_of(to), name), values);
    }
}

void at_image_join(at_image_training *t) {
    copy_head(t, t->trunk, t->net);
}

/* `options` are those of a training net; t->trunk holds the weights it starts from. */
at_status at_image_features_nets(at_image_training *t, const at_net_options *options,
                                 at_error *err) {
    at_net_plan *plan = NULL;
    AT_TRY(head_spec(t, err));
    t->head_values =
        at_alloc_array((size_t)t->resnet.classes * t->features, sizeof(float));
    if (!t->head_values)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to train");
    AT_TRY(at_net_plan_new(t->head_spec, options, &plan, err));
    at_status status = at_net_new(&plan, t->request->pool, NULL, &t->net, err);
    at_net_plan_release(plan);
    if (status != AT_OK)
        return status;
    at_net_initialize(t->net, t->request->seed);
    copy_head(t, t->net, t->trunk);
    return AT_OK;
}

static void tell(const at_image_training *t, const at_image_data *data, size_t done) {
    const at_fit_events *events = t->request->events;
    char what[96];
    if (!events || !events->progress)
        return;
    snprintf(what, sizeof what, "looking at the %s images once · %.0f %%",
             data == &t->train ? "training" : "validation",
             100 * (double)done / (double)data->count);
    events->progress(events->context, (double)t->progress.epoch, (double)t->params.epochs,
                     what);
}

static at_status run(at_image_training *t, at_image_data *data, at_pipeline *pipeline,
                     at_error *err) {
    at_pipeline_batch images;
    for (size_t done = 0; done < data->count; done += (size_t)images.count) {
        AT_TRY(at_pipeline_next(pipeline, &images, err));
        if (at_cancelled(t->request->cancel))
            return at_fail(err, AT_CANCELLED, "interrupted");
        at_batch batch = {.count = images.count, .bytes = images.pixels};
        for (int32_t c = 0; c < t->prep.c; c++) {
            batch.mean[c] = t->prep.mean[c];
            batch.scale[c] = 1 / t->prep.deviation[c];
        }
        (void)at_net_forward(t->trunk, &batch);
        for (int32_t n = 0; n < images.count; n++)
            memcpy(data->features + images.places[n] * t->features,
                   at_net_features(t->trunk, n), t->features * sizeof(float));
        tell(t, data, done + (size_t)images.count);
    }
    return AT_OK;
}

at_status at_image_features_make(at_image_training *t, at_image_data *data,
                                 at_error *err) {
    data->features = at_alloc_array(data->count * t->features, sizeof(float));
    if (!data->features)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for what %zu images give",
                       data->count);
    at_pipeline_options options = {.images = data->images,
                                   .ids = data->ids,
                                   .count = data->count,
                                   .prep = t->prep,
                                   .batch = (int32_t)t->params.mini_batch_size,
                                   .epochs = 1,
                                   .cancel = t->request->cancel};
    at_pipeline *pipeline = NULL;
    AT_TRY(at_pipeline_new(&options, &pipeline, err));
    at_status status = run(t, data, pipeline, err);
    at_pipeline_release(pipeline);
    return status;
}

at_status at_image_features_finish(at_image_training *t, at_error *err) {
    at_safetensors *best = NULL;
    AT_TRY(at_safetensors_open(t->best, &best, err));
    at_status status = at_image_weights_load(t->net, best, NULL, err);
    at_safetensors_release(best);
    if (status != AT_OK)
        return status;
    at_image_join(t);
    return at_image_weights_save(t->trunk, t->best, err);
}
