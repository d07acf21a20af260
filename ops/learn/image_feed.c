/* Batches for a training of images: from the pipeline, or, where only the last layer is
 * learned, from what goes into that. */
#include "ops/base/memory.h"
#include "ops/base/rng.h"
#include "ops/learn/image_parts.h"

enum { KEPT_BYTES = 1 << 30 }; /* most memory for decoded pictures, each set */

static at_status open_pipeline(at_image_training *t, const at_image_data *data,
                               at_pipeline **out, at_error *err) {
    bool training = data == &t->train;
    at_pipeline_options options = {
        .images = data->images,
        .ids = data->ids,
        .count = data->count,
        .prep = t->prep,
        .augment = {.kind = training ? t->augment.kind : AT_AUGMENT_NONE,
                    .seed = t->augment.seed},
        .shuffle = training,
        .tail = training ? AT_TAIL_WRAP : AT_TAIL_SHORT,
        .batch = (int32_t)t->params.mini_batch_size,
        .budget = KEPT_BYTES,
        .first_epoch = training ? (uint64_t)t->progress.epoch : 0,
        .first_batch = training ? (size_t)t->progress.batch : 0,
        .epochs = training ? (uint64_t)t->params.epochs : 0,
        .cancel = t->request->cancel,
    };
    return at_pipeline_new(&options, out, err);
}

static at_status open_features(at_image_training *t, at_error *err) {
    size_t batch = (size_t)t->params.mini_batch_size;
    t->inputs = at_alloc_array(batch * t->features, sizeof *t->inputs);
    t->places = at_alloc_array(batch, sizeof *t->places);
    t->order = at_alloc_array(t->train.count, sizeof *t->order);
    t->ordered = -1;
    if (!t->inputs || !t->places || !t->order)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to train");
    AT_TRY(at_image_features_make(t, &t->train, err));
    return t->judge ? at_image_features_make(t, &t->validation, err) : AT_OK;
}

at_status at_image_feed_open(at_image_training *t, at_error *err) {
    if (t->trunk)
        return open_features(t, err);
    AT_TRY(open_pipeline(t, &t->train, &t->feed, err));
    return t->judge ? open_pipeline(t, &t->validation, &t->judging, err) : AT_OK;
}

size_t at_image_feed_batches(const at_image_training *t, const at_image_data *data) {
    size_t batch = (size_t)t->params.mini_batch_size;
    if (t->trunk)
        return (data->count + batch - 1) / batch;
    return at_pipeline_batches(data == &t->train ? t->feed : t->judging);
}

/* The order of an epoch comes from the seed and its number alone. */
static void shuffle(at_image_training *t) {
    if (t->ordered == t->progress.epoch)
        return;
    at_rng rng;
    at_rng_init(&rng, t->request->seed + ((uint64_t)t->progress.epoch << 32));
    for (size_t i = 0; i < t->train.count; i++)
        t->order[i] = (int64_t)i;
    at_rng_shuffle(&rng, t->order, t->train.count);
    t->ordered = t->progress.epoch;
}

/* A last batch that is not full is filled from the beginning in training; it is short in
 * validation. */
static at_status next_features(at_image_training *t, const at_image_data *data,
                               size_t index, at_pipeline_batch *out, at_error *err) {
    if (at_cancelled(t->request->cancel))
        return at_fail(err, AT_CANCELLED, "interrupted");
    bool training = data == &t->train;
    size_t batch = (size_t)t->params.mini_batch_size, first = index * batch, count = 0;
    if (training)
        shuffle(t);
    for (; count < batch && (training || first + count < data->count); count++) {
        size_t at = (first + count) % data->count;
        t->places[count] = training ? (size_t)t->order[at] : at;
    }
    *out =
        (at_pipeline_batch){.places = t->places, .count = (int32_t)count, .index = index};
    return AT_OK;
}

at_status at_image_feed_next(at_image_training *t, const at_image_data *data,
                             size_t index, at_pipeline_batch *out, at_error *err) {
    if (t->trunk)
        return next_features(t, data, index, out, err);
    return at_pipeline_next(data == &t->train ? t->feed : t->judging, out, err);
}
