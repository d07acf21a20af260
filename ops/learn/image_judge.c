/* How good the net is: the right answers of a batch, and the validation set. */
#include "ops/learn/image_parts.h"

at_batch at_image_batch(at_image_training *t, const at_image_data *data,
                        const at_pipeline_batch *images) {
    at_batch batch = {
        .count = images->count, .bytes = images->pixels, .labels = t->labels};
    for (int32_t n = 0; n < images->count; n++)
        t->labels[n] = data->labels[images->places[n]];
    for (int32_t c = 0; c < t->prep.c; c++) {
        batch.mean[c] = t->prep.mean[c];
        batch.scale[c] = 1 / t->prep.deviation[c];
    }
    return batch;
}

/* Is the label of image n the most probable, is it among the k most probable? Of equally
 * probable classes the first comes first. */
static void look(const at_image_training *t, const float *p, int32_t label,
                 at_image_sums *sums) {
    int64_t k = t->params.top_k == AT_AUTO_INT ? 1 : t->params.top_k, above = 0;
    for (int32_t c = 0; c < t->config.classes; c++)
        above += p[c] > p[label] || (p[c] == p[label] && c < label);
    sums->right += above == 0;
    sums->right_k += above < k;
}

void at_image_sum(const at_image_training *t, const at_net *net, int32_t count,
                  double loss, at_image_sums *sums) {
    sums->loss += loss * count;
    sums->images += count;
    for (int32_t n = 0; n < count; n++)
        look(t, at_net_output(net, n), t->labels[n], sums);
}

at_status at_image_validate(at_image_training *t, at_image_verdict *out, at_error *err) {
    at_pipeline_batch images;
    at_image_sums sums = {0};
    size_t batches = at_pipeline_batches(t->judging);
    at_net_prepare(t->judge); /* it reads the weights of t->net */
    for (size_t b = 0; b < batches; b++) {
        AT_TRY(at_pipeline_next(t->judging, &images, err));
        at_batch batch = at_image_batch(t, &t->validation, &images);
        double loss = at_net_forward(t->judge, &batch);
        at_image_sum(t, t->judge, images.count, loss, &sums);
    }
    double count = (double)t->validation.count;
    out->accuracy = sums.right / count;
    out->top_k = sums.right_k / count;
    out->loss = sums.loss / count;
    return AT_OK;
}
