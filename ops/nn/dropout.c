/* Dropout (Srivastava et al., 2014), inverted: in training each value is dropped with
 * probability `rate` and the others are scaled by 1 / (1 - rate). Which ones follows from
 * the step's seed, the node and the value's place, so that no mask is kept and no order
 * of work matters. */
#include "ops/nn/layers.h"
#include "ops/nn/onnx.h"

static at_status shape(const at_layer_options *o, const at_dims *in, at_dims *out,
                       at_error *err) {
    *out = *in;
    if (!(o->rate >= 0 && o->rate < 1))
        return at_fail(err, AT_INVALID, "a dropout's rate must be in [0, 1), not %g",
                       (double)o->rate);
    return AT_OK;
}

static void plan(at_node *node) {
    node->needs.forward_phases = node->needs.backward_phases = 1;
}

/* splitmix64's finish: every bit depends on every bit. */
static uint64_t mix(uint64_t z) {
    z += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* to (+)= from, where kept. */
static void drop(const at_layer_call *call, const at_blocked *to, const at_blocked *from,
                 bool accumulate, int32_t n, int32_t block) {
    const at_node *node = call->node;
    float scale = node->training ? 1 / (1 - node->options.rate) : 1;
    uint64_t limit = (uint64_t)((double)node->options.rate * 9007199254740992.0); /* 53 */
    uint64_t plane = mix(mix(*call->seed + (uint64_t)node->out) ^
                         (uint64_t)(n * at_blocks(to->c) + block));
    for (int32_t i = 0; i < to->h; i++)
        for (int32_t j = 0; j < to->w * AT_BLOCK; j++) {
            int32_t c = block * AT_BLOCK + j % AT_BLOCK, x = j / AT_BLOCK;
            uint64_t at = (uint64_t)i * (uint64_t)to->w * AT_BLOCK + (uint64_t)j;
            bool kept = !node->training || mix(plane ^ at) >> 11 >= limit;
            float v = kept ? at_blocked_get(from, n, c, i, x) * scale : 0;
            at_blocked_set(to, n, c, i, x,
                           accumulate ? at_blocked_get(to, n, c, i, x) + v : v);
        }
}

static void plane(const at_layer_call *call, int32_t n, int32_t block) {
    drop(call, &call->out, &call->in[0], false, n, block);
}

static void forward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_each_plane(call, &call->out, part, plane);
}

static void plane_back(const at_layer_call *call, int32_t n, int32_t block) {
    drop(call, &call->d_in[0], &call->d_out, call->accumulate[0], n, block);
}

static void backward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_each_plane(call, &call->d_in[0], part, plane_back);
}

static void onnx(at_onnx *graph, const at_onnx_layer *layer) {
    at_onnx_node(graph, "Identity", layer); /* in inference it drops nothing */
    at_onnx_end(graph);
}

const at_layer at_layer_dropout = {
    .name = "dropout",
    .inputs = 1,
    .in_place = true,
    .shape = shape,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
