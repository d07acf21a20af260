/* Sigmoid with binary cross-entropy: any number of classes an image. The output is each
 * class's probability; the loss is the mean over images and classes of
 * -t log p - (1 - t) log(1 - p), each class times its weight where weights are given. */
#include "ops/nn/layers.h"
#include "ops/nn/onnx.h"

#include <math.h>

static at_status shape(const at_layer_options *o, const at_dims *in, at_dims *out,
                       at_error *err) {
    return at_layer_softmax.shape(o, in, out, err);
}

static void plan(at_node *node) {
    node->needs.forward_phases = node->needs.backward_phases = 1;
    node->needs.keeps_out = true;
}

static float *value(const at_blocked *map, int32_t n, int32_t c) {
    return at_plane(map, n, c / AT_BLOCK).data + c % AT_BLOCK;
}

static double weight_of(const at_batch *batch, int32_t c) {
    return batch->class_weights ? (double)batch->class_weights[c] : 1;
}

/* log(1 + exp(z)), without overflow. */
static double soft_plus(double z) {
    return (z > 0 ? z : 0) + log1p(exp(-fabs(z)));
}

/* Parts share the images. */
static void forward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    const at_batch *batch = call->batch;
    int parts = call->node->parts;
    int32_t classes = call->out.c;
    double loss = 0;
    int32_t from = (int32_t)at_share((size_t)batch->count, part, parts);
    int32_t end = (int32_t)at_share((size_t)batch->count, part + 1, parts);
    for (int32_t n = from; n < end; n++)
        for (int32_t c = 0; c < (int32_t)at_padded(classes); c++) {
            double z = (double)*value(&call->in[0], n, c);
            *value(&call->out, n, c) = c < classes ? (float)(1 / (1 + exp(-z))) : 0;
            if (!batch->targets || c >= classes)
                continue;
            double t = (double)batch->targets[(size_t)n * (size_t)classes + (size_t)c];
            loss += weight_of(batch, c) * (soft_plus(z) - t * z);
        }
    call->loss[2 * part] = loss;
    call->loss[2 * part + 1] = (double)(end - from) * classes;
}

static void backward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    const at_batch *batch = call->batch;
    int parts = call->node->parts;
    int32_t classes = call->out.c;
    double share = 1 / ((double)batch->count * classes);
    int32_t end = (int32_t)at_share((size_t)call->out.n, part + 1, parts);
    for (int32_t n = (int32_t)at_share((size_t)call->out.n, part, parts); n < end; n++)
        for (int32_t c = 0; c < (int32_t)at_padded(classes); c++) {
            double g = 0;
            if (n < batch->count && c < classes)
                g = weight_of(batch, c) * share *
                    ((double)*value(&call->out, n, c) -
                     (double)batch->targets[(size_t)n * (size_t)classes + (size_t)c]);
            *value(&call->d_in[0], n, c) = (float)g;
        }
}

static void onnx(at_onnx *graph, const at_onnx_layer *layer) {
    at_onnx_node(graph, "Sigmoid", layer);
    at_onnx_end(graph);
}

const at_layer at_layer_sigmoid = {
    .name = "sigmoid",
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
