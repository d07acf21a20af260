/* Global average pooling: each channel's mean over the image, a map of one pixel. */
#include "ops/nn/layers.h"
#include "ops/nn/onnx.h"

static at_status shape(const at_layer_options *o, const at_dims *in, at_dims *out,
                       at_error *err) {
    (void)o, (void)err;
    *out = (at_dims){in->c, 1, 1};
    return AT_OK;
}

static void plan(at_node *node) {
    node->needs.forward_phases = node->needs.backward_phases = 1;
}

static void plane(const at_layer_call *call, int32_t n, int32_t block) {
    float *to = at_plane(&call->out, n, block).data;
    call->node->isa->pointwise->total(at_plane(&call->in[0], n, block), call->in[0].h,
                                      call->in[0].w, to);
    float share = 1.0F / (float)(call->in[0].h * call->in[0].w);
    for (int k = 0; k < AT_BLOCK; k++)
        to[k] *= share;
}

static void forward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_each_plane(call, &call->out, part, plane);
}

static void plane_back(const at_layer_call *call, int32_t n, int32_t block) {
    float share = 1.0F / (float)(call->in[0].h * call->in[0].w), value[AT_BLOCK];
    const float *from = at_plane(&call->d_out, n, block).data;
    for (int k = 0; k < AT_BLOCK; k++)
        value[k] = from[k] * share;
    call->node->isa->pointwise->spread(at_plane(&call->d_in[0], n, block), call->in[0].h,
                                       call->in[0].w, value, call->accumulate[0]);
}

static void backward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_each_plane(call, &call->d_in[0], part, plane_back);
}

static void onnx(at_onnx *graph, const at_onnx_layer *layer) {
    at_onnx_node(graph, "GlobalAveragePool", layer);
    at_onnx_end(graph);
}

const at_layer at_layer_global_pool = {
    .name = "global_pool",
    .inputs = 1,
    .gives_floats = true,
    .shape = shape,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
