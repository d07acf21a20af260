/* ReLU on its own, where nothing took it in: y = max(x, 0). */
#include "ops/nn/layers.h"
#include "ops/nn/onnx.h"

static at_status shape(const at_layer_options *o, const at_dims *in, at_dims *out,
                       at_error *err) {
    (void)o, (void)err;
    *out = *in;
    return AT_OK;
}

static void plan(at_node *node) {
    node->needs.forward_phases = node->needs.backward_phases = 1;
    node->needs.keeps_out = true;
}

static void plane(const at_layer_call *call, int32_t n, int32_t block) {
    call->node->isa->pointwise->add(at_plane(&call->out, n, block),
                                    at_plane(&call->in[0], n, block), (at_view){0},
                                    call->out.h, call->out.w, true);
}

static void forward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_each_plane(call, &call->out, part, plane);
}

static void plane_back(const at_layer_call *call, int32_t n, int32_t block) {
    call->node->isa->pointwise->relu_back(
        at_plane(&call->d_in[0], n, block), at_plane(&call->d_out, n, block),
        at_plane(&call->out, n, block), call->out.h, call->out.w, call->accumulate[0]);
}

static void backward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_each_plane(call, &call->d_in[0], part, plane_back);
}

static void onnx(at_onnx *graph, const at_onnx_layer *layer) {
    at_onnx_node(graph, "Relu", layer);
    at_onnx_end(graph);
}

const at_layer at_layer_relu = {
    .name = "relu",
    .inputs = 1,
    .in_place = true,
    .rectifies = true,
    .shape = shape,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
