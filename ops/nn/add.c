/* The sum of two values of one shape, where nothing took it in. */
#include "ops/nn/layers.h"
#include "ops/nn/onnx.h"

static at_status shape(const at_layer_options *o, const at_dims *in, at_dims *out,
                       at_error *err) {
    (void)o;
    if (in[0].c != in[1].c || in[0].h != in[1].h || in[0].w != in[1].w)
        return at_fail(err, AT_INVALID, "a sum of (%d, %d, %d) and (%d, %d, %d)",
                       (int)in[0].c, (int)in[0].h, (int)in[0].w, (int)in[1].c,
                       (int)in[1].h, (int)in[1].w);
    *out = in[0];
    return AT_OK;
}

static void plan(at_node *node) {
    node->needs.forward_phases = node->needs.backward_phases = 1;
    node->needs.keeps_out = node->relu;
}

static void plane(const at_layer_call *call, int32_t n, int32_t block) {
    call->node->isa->pointwise->add(
        at_plane(&call->out, n, block), at_plane(&call->in[0], n, block),
        at_plane(&call->in[1], n, block), call->out.h, call->out.w, call->node->relu);
}

static void forward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_each_plane(call, &call->out, part, plane);
}

/* To the second input first: the first one's gradient may be d_out's memory. */
static void plane_back(const at_layer_call *call, int32_t n, int32_t block) {
    const at_pointwise *kernels = call->node->isa->pointwise;
    at_view dy = at_plane(&call->d_out, n, block);
    for (int i = AT_LAYER_INPUTS; i-- > 0;) {
        at_view dx = at_plane(&call->d_in[i], n, block);
        if (!dx.data)
            continue;
        if (call->node->relu)
            kernels->relu_back(dx, dy, at_plane(&call->out, n, block), call->out.h,
                               call->out.w, call->accumulate[i]);
        else if (call->accumulate[i])
            kernels->add(dx, dx, dy, call->out.h, call->out.w, false);
        else if (dx.data != dy.data)
            kernels->add(dx, dy, (at_view){0}, call->out.h, call->out.w, false);
    }
}

static void backward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    const at_blocked *first = call->d_in[0].data ? &call->d_in[0] : &call->d_in[1];
    at_each_plane(call, first, part, plane_back);
}

static void onnx(at_onnx *graph, const at_onnx_layer *layer) {
    at_onnx_node(graph, "Add", layer);
    at_onnx_end(graph);
}

const at_layer at_layer_add = {
    .name = "add",
    .inputs = 2,
    .in_place = true,
    .takes_relu = true,
    .sums = true,
    .shape = shape,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
