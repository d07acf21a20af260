/* Softmax with cross-entropy: one class an image. The output is the probabilities; the
 * loss is the mean over the images of -log p[label], weighted by class where weights are
 * given (divided by the sum of the weights, as in PyTorch). */
#include "ops/nn/layers.h"
#include "ops/nn/onnx.h"

#include <math.h>

static at_status shape(const at_layer_options *o, const at_dims *in, at_dims *out,
                       at_error *err) {
    (void)o;
    if (in->h != 1 || in->w != 1)
        return at_fail(err, AT_INVALID,
                       "a loss takes one pixel, not %d x %d: flatten or pool before it",
                       (int)in->h, (int)in->w);
    *out = *in;
    return AT_OK;
}

static void plan(at_node *node) {
    node->needs.forward_phases = node->needs.backward_phases = 1;
    node->needs.keeps_out = true;
}

static float *value(const at_blocked *map, int32_t n, int32_t c) {
    return at_plane(map, n, c / AT_BLOCK).data + c % AT_BLOCK;
}

static float weight_of(const at_batch *batch, int32_t label) {
    return batch->class_weights ? batch->class_weights[label] : 1;
}

/* Probabilities of image n; gives log(sum(exp)). */
static double softmax(const at_layer_call *call, int32_t n) {
    int32_t classes = call->out.c;
    float most = *value(&call->in[0], n, 0);
    for (int32_t c = 1; c < classes; c++) {
        float v = *value(&call->in[0], n, c);
        most = v > most || v != v ? v : most;
    }
    double sum = 0;
    for (int32_t c = 0; c < classes; c++)
        sum += exp((double)(*value(&call->in[0], n, c) - most));
    for (int32_t c = 0; c < classes; c++)
        *value(&call->out, n, c) =
            (float)(exp((double)(*value(&call->in[0], n, c) - most)) / sum);
    for (int32_t c = classes; c < (int32_t)at_padded(classes); c++)
        *value(&call->out, n, c) = 0;
    return (double)most + log(sum);
}

/* Parts share the images. */
static void forward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    const at_batch *batch = call->batch;
    int parts = call->node->parts;
    double loss = 0, weights = 0;
    int32_t end = (int32_t)at_share((size_t)batch->count, part + 1, parts);
    for (int32_t n = (int32_t)at_share((size_t)batch->count, part, parts); n < end; n++) {
        double all = softmax(call, n);
        if (!batch->labels)
            continue;
        double weight = (double)weight_of(batch, batch->labels[n]);
        loss += weight * (all - (double)*value(&call->in[0], n, batch->labels[n]));
        weights += weight;
    }
    call->loss[2 * part] = loss;
    call->loss[2 * part + 1] = weights;
}

static void backward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    const at_batch *batch = call->batch;
    int parts = call->node->parts;
    double weights = 0;
    for (int i = 0; i < parts; i++)
        weights += call->loss[2 * i + 1];
    int32_t end = (int32_t)at_share((size_t)call->out.n, part + 1, parts);
    for (int32_t n = (int32_t)at_share((size_t)call->out.n, part, parts); n < end; n++) {
        bool real = n < batch->count;
        float share =
            real ? (float)((double)weight_of(batch, batch->labels[n]) / weights) : 0;
        for (int32_t c = 0; c < (int32_t)at_padded(call->out.c); c++) {
            float p = real ? *value(&call->out, n, c) : 0;
            if (real && c == batch->labels[n])
                p -= 1;
            *value(&call->d_in[0], n, c) = p * share;
        }
    }
}

static void onnx(at_onnx *graph, const at_onnx_layer *layer) {
    at_onnx_node(graph, "Softmax", layer);
    at_onnx_int(graph, "axis", 1);
    at_onnx_end(graph);
}

const at_layer at_layer_softmax = {
    .name = "softmax",
    .inputs = 1,
    .wants_floats = true,
    .gives_floats = true,
    .loss = true,
    .shape = shape,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
