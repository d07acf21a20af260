/* Flatten: an image's values as one pixel with c * h * w channels, in the order of NCHW.
 */
#include "ops/nn/layers.h"
#include "ops/nn/onnx.h"

static at_status shape(const at_layer_options *o, const at_dims *in, at_dims *out,
                       at_error *err) {
    (void)o;
    int64_t channels = (int64_t)in->c * in->h * in->w;
    if (channels > 1 << 24)
        return at_fail(err, AT_LIMIT, "flattened, an image has %lld values: at most %d",
                       (long long)channels, 1 << 24);
    *out = (at_dims){(int32_t)channels, 1, 1};
    return AT_OK;
}

static void plan(at_node *node) {
    node->needs.forward_phases = node->needs.backward_phases = 1;
}

/* Value `channel` of the flat image n, of the map that was. */
static float value(const at_blocked *map, int32_t n, int32_t channel) {
    int32_t area = map->h * map->w, pixel = channel % area;
    return at_blocked_get(map, n, channel / area, pixel / map->w, pixel % map->w);
}

static void plane(const at_layer_call *call, int32_t n, int32_t block) {
    float *to = at_plane(&call->out, n, block).data;
    for (int32_t k = 0; k < AT_BLOCK; k++) {
        int32_t channel = block * AT_BLOCK + k;
        to[k] = channel < call->out.c ? value(&call->in[0], n, channel) : 0;
    }
}

static void forward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_each_plane(call, &call->out, part, plane);
}

static void plane_back(const at_layer_call *call, int32_t n, int32_t block) {
    const at_blocked *dx = &call->d_in[0];
    for (int32_t i = 0; i < dx->h; i++)
        for (int32_t j = 0; j < dx->w; j++)
            for (int32_t k = 0; k < AT_BLOCK; k++) {
                int32_t c = block * AT_BLOCK + k;
                int32_t channel = (c * dx->h + i) * dx->w + j;
                float g = c < dx->c ? at_plane(&call->d_out, n, channel / AT_BLOCK)
                                          .data[channel % AT_BLOCK]
                                    : 0;
                if (call->accumulate[0])
                    g += at_blocked_get(dx, n, c, i, j);
                at_blocked_set(dx, n, c, i, j, g);
            }
}

static void backward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_each_plane(call, &call->d_in[0], part, plane_back);
}

static void onnx(at_onnx *graph, const at_onnx_layer *layer) {
    at_onnx_node(graph, "Flatten", layer);
    at_onnx_end(graph);
}

const at_layer at_layer_flatten = {
    .name = "flatten",
    .inputs = 1,
    .gives_floats = true,
    .shape = shape,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
