/* Max pooling: the largest of each window; the gradient goes to the first that was. */
#include "ops/nn/layers.h"
#include "ops/nn/onnx.h"

static at_status shape(const at_layer_options *o, const at_dims *in, at_dims *out,
                       at_error *err) {
    int32_t stride = o->stride ? o->stride : 1;
    if (o->kernel < 1 || o->kernel > 15 || stride < 1 || o->pad < 0 ||
        o->pad >= o->kernel)
        return at_fail(err, AT_INVALID,
                       "a pool's kernel must be 1 to 15 and its pad less than that, not "
                       "%d and %d",
                       (int)o->kernel, (int)o->pad);
    if (in->h + 2 * o->pad < o->kernel || in->w + 2 * o->pad < o->kernel)
        return at_fail(err, AT_INVALID,
                       "an image of %d x %d is smaller than a pool of %d", (int)in->h,
                       (int)in->w, (int)o->kernel);
    *out = (at_dims){in->c, (in->h + 2 * o->pad - o->kernel) / stride + 1,
                     (in->w + 2 * o->pad - o->kernel) / stride + 1};
    return AT_OK;
}

/* A byte a value: the tap that it came from. */
static size_t taken_bytes(const at_node *node) {
    return (size_t)node->out_dims.h * (size_t)node->out_dims.w * AT_BLOCK;
}

static void plan(at_node *node) {
    node->needs.forward_phases = node->needs.backward_phases = 1;
    if (node->training)
        node->needs.saved =
            (size_t)node->batch * (size_t)at_blocks(node->out_dims.c) * taken_bytes(node);
}

static at_pool2d pool_of(const at_layer_call *call, int32_t n, int32_t block) {
    const at_node *node = call->node;
    at_pool2d pool = {.h = node->in_dims[0].h,
                      .w = node->in_dims[0].w,
                      .rows = node->out_dims.h,
                      .columns = node->out_dims.w,
                      .kernel = node->options.kernel,
                      .stride = node->options.stride ? node->options.stride : 1,
                      .pad = node->options.pad};
    if (node->training)
        pool.taken = (uint8_t *)call->saved +
                     ((size_t)n * (size_t)at_blocks(node->out_dims.c) + (size_t)block) *
                         taken_bytes(node);
    return pool;
}

static void plane(const at_layer_call *call, int32_t n, int32_t block) {
    at_pool2d pool = pool_of(call, n, block);
    pool.x = at_plane(&call->in[0], n, block);
    pool.y = at_plane(&call->out, n, block);
    call->node->isa->pointwise->max_pool(&pool);
}

static void forward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_each_plane(call, &call->out, part, plane);
}

static void plane_back(const at_layer_call *call, int32_t n, int32_t block) {
    at_pool2d pool = pool_of(call, n, block);
    pool.x = at_plane(&call->d_in[0], n, block);
    pool.y = at_plane(&call->d_out, n, block);
    pool.accumulate = call->accumulate[0];
    call->node->isa->pointwise->max_pool_back(&pool);
}

static void backward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_each_plane(call, &call->d_in[0], part, plane_back);
}

static void onnx(at_onnx *graph, const at_onnx_layer *layer) {
    at_onnx_node(graph, "MaxPool", layer);
    at_onnx_window(graph, layer->options);
    at_onnx_end(graph);
}

const at_layer at_layer_max_pool = {
    .name = "max_pool",
    .inputs = 1,
    .shape = shape,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
