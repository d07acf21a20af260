/* Average pooling. A window that reaches past the edge is averaged over the pixels it
 * has (MXNet's and PyTorch's count_include_pad = false). */
#include "ops/nn/layers.h"
#include "ops/nn/onnx.h"

static at_status shape(const at_layer_options *o, const at_dims *in, at_dims *out,
                       at_error *err) {
    return at_layer_max_pool.shape(o, in, out, err);
}

static void plan(at_node *node) {
    node->needs.forward_phases = node->needs.backward_phases = 1;
}

static int32_t least(int32_t a, int32_t b) {
    return a < b ? a : b;
}

/* The pixels under window i of one dimension. */
static void window(const at_layer_options *o, int32_t i, int32_t size, int32_t *from,
                   int32_t *to) {
    int32_t first = i * (o->stride ? o->stride : 1) - o->pad;
    *from = first < 0 ? 0 : first;
    *to = least(first + o->kernel, size);
}

/* A window of a map as a view of its own. */
static at_view part_of(const at_blocked *map, int32_t n, int32_t block, int32_t top,
                       int32_t left) {
    at_view plane = at_plane(map, n, block);
    plane.data += (size_t)top * plane.row + (size_t)left * map->pixel;
    return plane;
}

static void plane(const at_layer_call *call, int32_t n, int32_t block) {
    const at_node *node = call->node;
    for (int32_t i = 0; i < call->out.h; i++)
        for (int32_t j = 0; j < call->out.w; j++) {
            int32_t top, bottom, left, right;
            window(&node->options, i, call->in[0].h, &top, &bottom);
            window(&node->options, j, call->in[0].w, &left, &right);
            _Alignas(AT_ALIGN) float sum[AT_BLOCK];
            node->isa->pointwise->total(part_of(&call->in[0], n, block, top, left),
                                        bottom - top, right - left, sum);
            float share = 1.0F / (float)((bottom - top) * (right - left));
            for (int k = 0; k < AT_BLOCK; k++)
                at_blocked_set(&call->out, n, block * AT_BLOCK + k, i, j, sum[k] * share);
        }
}

static void forward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_each_plane(call, &call->out, part, plane);
}

static void plane_back(const at_layer_call *call, int32_t n, int32_t block) {
    const at_node *node = call->node;
    if (!call->accumulate[0])
        at_clear_plane(&call->d_in[0], n, block);
    for (int32_t i = 0; i < call->out.h; i++)
        for (int32_t j = 0; j < call->out.w; j++) {
            int32_t top, bottom, left, right;
            window(&node->options, i, call->in[0].h, &top, &bottom);
            window(&node->options, j, call->in[0].w, &left, &right);
            float share = 1.0F / (float)((bottom - top) * (right - left));
            float value[AT_BLOCK];
            for (int k = 0; k < AT_BLOCK; k++)
                value[k] =
                    at_blocked_get(&call->d_out, n, block * AT_BLOCK + k, i, j) * share;
            node->isa->pointwise->spread(part_of(&call->d_in[0], n, block, top, left),
                                         bottom - top, right - left, value, true);
        }
}

static void backward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_each_plane(call, &call->d_in[0], part, plane_back);
}

static void onnx(at_onnx *graph, const at_onnx_layer *layer) {
    at_onnx_node(graph, "AveragePool", layer);
    at_onnx_window(graph, layer->options);
    at_onnx_end(graph);
}

const at_layer at_layer_average_pool = {
    .name = "average_pool",
    .inputs = 1,
    .shape = shape,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
