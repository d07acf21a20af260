#include "ops/learn/image_net.h"
#include "ops/base/memory.h"
#include "ops/image/pipeline.h"
#include "ops/learn/image_weights.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { MANY = 32 }; /* images of a batch, where there are many */

struct at_image_net {
    atomic_size_t references;
    at_prep prep;
    int32_t classes;
    at_net_spec *spec;
    at_safetensors *weights;
    pthread_mutex_t lock; /* over what follows */
    at_pool *pool;
    at_net *one, *many; /* for a batch of 1, of MANY; made when asked for */
    float *input;       /* (c, h, w): one prepared picture */
};

at_status at_image_net_open(const at_resnet_options *options, const at_prep *prep,
                            const char *weights, at_image_net **out, at_error *err) {
    *out = NULL;
    at_image_net *net = at_alloc_zero(sizeof *net);
    if (!net)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for an image model");
    if (pthread_mutex_init(&net->lock, NULL) != 0) {
        at_free(net);
        return at_fail(err, AT_NO_MEMORY, "not enough memory for an image model");
    }
    atomic_init(&net->references, 1);
    net->prep = *prep;
    net->classes = options->classes;
    at_status status = at_prep_check(prep, err);
    if (status == AT_OK)
        status = at_resnet_new(options, &net->spec, err);
    if (status == AT_OK)
        status = at_safetensors_open(weights, &net->weights, err);
    if (status != AT_OK) {
        at_image_net_release(net);
        return status;
    }
    *out = net;
    return AT_OK;
}

at_image_net *at_image_net_retain(at_image_net *net) {
    atomic_fetch_add_explicit(&net->references, 1, memory_order_relaxed);
    return net;
}

void at_image_net_release(at_image_net *net) {
    if (!net || atomic_fetch_sub_explicit(&net->references, 1, memory_order_acq_rel) != 1)
        return;
    at_net_release(net->one);
    at_net_release(net->many);
    at_pool_release(net->pool);
    at_net_spec_release(net->spec);
    at_safetensors_release(net->weights);
    pthread_mutex_destroy(&net->lock);
    at_free(net->input);
    at_free(net);
}

int32_t at_image_net_classes(const at_image_net *net) {
    return net->classes;
}

const at_prep *at_image_net_prep(const at_image_net *net) {
    return &net->prep;
}

const at_net_spec *at_image_net_spec(const at_image_net *net) {
    return net->spec;
}

const at_safetensors *at_image_net_weights(const at_image_net *net) {
    return net->weights;
}

static at_status plan(at_image_net *net, int32_t batch, at_net **out, at_error *err) {
    if (*out)
        return AT_OK;
    if (!net->pool)
        AT_TRY(at_pool_new(0, &net->pool, err));
    at_net_options options = {.batch = batch, .parts = (int)at_pool_threads(net->pool)};
    at_net_plan *planned = NULL;
    AT_TRY(at_net_plan_new(net->spec, &options, &planned, err));
    at_status status = at_net_new(&planned, net->pool, NULL, out, err);
    at_net_plan_release(planned);
    if (status != AT_OK)
        return status;
    status = at_image_weights_load(*out, net->weights, NULL, err);
    if (status != AT_OK) {
        at_net_release(*out);
        *out = NULL;
        return status;
    }
    at_net_prepare(*out);
    return AT_OK;
}

static at_status ask(at_image_net *net, const void *bytes, size_t length,
                     float *probabilities, at_error *err) {
    const at_prep *prep = &net->prep;
    size_t floats = (size_t)prep->c * (size_t)prep->h * (size_t)prep->w;
    if (!net->input)
        net->input = at_alloc_array(floats, sizeof *net->input);
    if (!net->input)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for a picture");
    at_prep_target target = at_prep_nchw(prep, net->input);
    AT_TRY(at_prep_run(prep, bytes, length, &target, err));
    AT_TRY(plan(net, 1, &net->one, err));
    at_batch batch = {.count = 1, .nchw = net->input};
    (void)at_net_forward(net->one, &batch);
    memcpy(probabilities, at_net_output(net->one, 0),
           (size_t)net->classes * sizeof *probabilities);
    return AT_OK;
}

at_status at_image_net_ask(at_image_net *net, const void *bytes, size_t length,
                           float *probabilities, at_error *err) {
    pthread_mutex_lock(&net->lock);
    at_status status = ask(net, bytes, length, probabilities, err);
    pthread_mutex_unlock(&net->lock);
    return status;
}

static at_status predict(at_image_net *net, at_pipeline *pipeline,
                         const at_cancel *cancel, float *probabilities, at_error *err) {
    at_pipeline_batch images;
    for (;;) {
        if (at_cancelled(cancel))
            return at_fail(err, AT_CANCELLED, "interrupted");
        AT_TRY(at_pipeline_next(pipeline, &images, err));
        if (images.count == 0)
            return AT_OK;
        at_batch batch = {.count = images.count, .bytes = images.pixels};
        for (int32_t c = 0; c < net->prep.c; c++) {
            batch.mean[c] = net->prep.mean[c];
            batch.scale[c] = 1 / net->prep.deviation[c];
        }
        (void)at_net_forward(net->many, &batch);
        for (int32_t n = 0; n < images.count; n++)
            memcpy(probabilities + images.places[n] * (size_t)net->classes,
                   at_net_output(net->many, n), (size_t)net->classes * sizeof(float));
    }
}

at_status at_image_net_predict(at_image_net *net, at_images *images, const int64_t *ids,
                               size_t count, const at_cancel *cancel,
                               float *probabilities, at_error *err) {
    if (count == 0)
        return AT_OK;
    at_pipeline_options options = {.images = images,
                                   .ids = ids,
                                   .count = count,
                                   .prep = net->prep,
                                   .batch = MANY,
                                   .epochs = 1,
                                   .cancel = cancel};
    at_pipeline *pipeline = NULL;
    pthread_mutex_lock(&net->lock);
    at_status status = plan(net, MANY, &net->many, err);
    if (status == AT_OK)
        status = at_pipeline_new(&options, &pipeline, err);
    if (status == AT_OK)
        status = predict(net, pipeline, cancel, probabilities, err);
    at_pipeline_release(pipeline);
    pthread_mutex_unlock(&net->lock);
    return status;
}
