/* How good the net is: the right answers of a batch, and the validation set. */
#include "ops/base/memory.h"
#include "ops/learn/image_parts.h"
#include "ops/learn/metrics.h"

#include <math.h>
#include <string.h>

at_batch at_image_batch(at_image_training *t, const at_image_data *data,
                        const at_pipeline_batch *images) {
    at_batch batch = {.count = images->count,
                      .bytes = images->pixels,
                      .labels = t->labels,
                      .targets = t->targets,
                      .class_weights = t->class_weights};
    size_t classes = (size_t)t->config.classes;
    for (int32_t n = 0; n < images->count; n++) {
        size_t place = images->places[n];
        if (data->labels)
            t->labels[n] = data->labels[place];
        for (size_t c = 0; data->targets && c < classes; c++)
            t->targets[(size_t)n * classes + c] = data->targets[place * classes + c];
        if (data->features)
            memcpy(t->inputs + (size_t)n * t->features,
                   data->features + place * t->features, t->features * sizeof *t->inputs);
    }
    if (data->features)
        batch.nchw = t->inputs;
    for (int32_t c = 0; c < t->prep.c; c++) {
        batch.mean[c] = t->prep.mean[c];
        batch.scale[c] = 1 / t->prep.deviation[c];
    }
    return batch;
}

/* Is the label the most probable, is it among the k most probable? Of equally probable
 * classes the first comes first. */
static void look(const at_image_training *t, const float *p, int32_t label,
                 at_image_sums *sums) {
    int64_t k = t->params.top_k == AT_AUTO_INT ? 1 : t->params.top_k, above = 0;
    for (int32_t c = 0; c < t->config.classes; c++)
        above += p[c] > p[label] || (p[c] == p[label] && c < label);
    sums->right += above == 0;
    sums->right_k += above < k;
}

/* The share of its labels that are right. */
static double share_right(const float *p, const float *targets, int32_t classes) {
    int32_t right = 0;
    for (int32_t c = 0; c < classes; c++)
        right += ((double)p[c] >= AT_LABEL_THRESHOLD) == (targets[c] > 0);
    return (double)right / classes;
}

void at_image_sum(const at_image_training *t, const at_net *net, int32_t count,
                  double loss, at_image_sums *sums) {
    size_t classes = (size_t)t->config.classes;
    sums->loss += loss * count;
    sums->images += count;
    for (int32_t n = 0; n < count; n++) {
        const float *p = at_net_output(net, n);
        if (t->params.multi_label)
            sums->right +=
                share_right(p, t->targets + (size_t)n * classes, t->config.classes);
        else
            look(t, p, t->labels[n], sums);
    }
}

/* The whole set's labels and probabilities, for what is no sum over images. */
typedef struct listed {
    double *y, *score; /* (validation.count, classes) */
} listed;

static at_status listed_init(const at_image_training *t, listed *out, at_error *err) {
    size_t cells = t->validation.count * (size_t)t->config.classes;
    *out = (listed){0};
    if (!t->params.multi_label)
        return AT_OK;
    out->y = at_alloc_array(cells, sizeof(double));
    out->score = at_alloc_array(cells, sizeof(double));
    return out->y && out->score
               ? AT_OK
               : at_fail(err, AT_NO_MEMORY, "not enough memory to validate %zu images",
                         t->validation.count);
}

static void listed_fini(listed *l) {
    at_free(l->y);
    at_free(l->score);
}

static void list(const at_image_training *t, const at_pipeline_batch *images, listed *l) {
    size_t classes = (size_t)t->config.classes;
    for (int32_t n = 0; l->y && n < images->count; n++) {
        const float *p = at_net_output(t->judge, n);
        size_t place = images->places[n] * classes;
        for (size_t c = 0; c < classes; c++) {
            l->y[place + c] = t->validation.targets[place + c];
            l->score[place + c] = (double)p[c];
        }
    }
}

static at_status run(at_image_training *t, at_image_sums *sums, listed *l,
                     at_error *err) {
    at_pipeline_batch images;
    size_t batches = at_image_feed_batches(t, &t->validation);
    at_net_prepare(t->judge); /* it reads the weights of t->net */
    for (size_t b = 0; b < batches; b++) {
        AT_TRY(at_image_feed_next(t, &t->validation, b, &images, err));
        at_batch batch = at_image_batch(t, &t->validation, &images);
        double loss = at_net_forward(t->judge, &batch);
        at_image_sum(t, t->judge, images.count, loss, sums);
        list(t, &images, l);
    }
    return AT_OK;
}

at_status at_image_validate(at_image_training *t, at_image_verdict *out, at_error *err) {
    at_image_sums sums = {0};
    listed l;
    at_status status = listed_init(t, &l, err);
    if (status == AT_OK)
        status = run(t, &sums, &l, err);
    double count = (double)t->validation.count;
    out->accuracy = sums.right / count;
    out->top_k = sums.right_k / count;
    out->loss = sums.loss / count;
    bool finite = isfinite(sums.loss); /* else it diverged, as the next step tells */
    if (status == AT_OK && l.y && finite) {
        at_multilabel_metrics m;
        status = at_metrics_multilabel(l.y, l.score, (int64_t)t->validation.count,
                                       t->config.classes, 0, 0, &m, err);
        out->mean_precision = m.mean_average_precision.value;
        out->f1 = m.f1_macro.value;
        at_multilabel_metrics_fini(&m);
    }
    listed_fini(&l);
    return status;
}
