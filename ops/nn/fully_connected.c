/* Fully connected: y = W x + b for a value of one pixel. Weights are kept as
 * float[K/16][C padded][16 k], zeros past K and C. */
#include "ops/nn/layers.h"
#include "ops/nn/onnx.h"

#include <stdio.h>

static at_status shape(const at_layer_options *o, const at_dims *in, at_dims *out,
                       at_error *err) {
    if (o->filters < 1)
        return at_fail(err, AT_INVALID, "a fully connected layer needs 1 output or more");
    if (in->h != 1 || in->w != 1)
        return at_fail(err, AT_INVALID,
                       "a fully connected layer takes one pixel, not %d x %d: flatten or "
                       "pool before it",
                       (int)in->h, (int)in->w);
    *out = (at_dims){o->filters, 1, 1};
    return AT_OK;
}

static void parameters(at_node *node) {
    int32_t k = node->options.filters, c = node->in_dims[0].c;
    node->parameters[0] = (at_parameter){.name = "weight",
                                         .role = AT_ROLE_WEIGHT,
                                         .rank = 2,
                                         .shape = {k, c},
                                         .floats = at_padded(k) * at_padded(c),
                                         .learned = true,
                                         .fan_in = c,
                                         .fan_out = k};
    node->parameter_count = 1;
    if (node->options.bias)
        node->parameters[node->parameter_count++] =
            (at_parameter){.name = "bias",
                           .role = AT_ROLE_BIAS,
                           .rank = 1,
                           .shape = {k},
                           .learned = true,
                           .floats = at_padded(k)};
}

static void plan(at_node *node) {
    node->needs.forward_phases = 1;
    node->needs.backward_phases = 2;
    node->needs.keeps_in = true;
}

/* (K, C). */
static size_t place(const at_node *node, size_t i) {
    size_t c = (size_t)node->in_dims[0].c, k = i / c;
    return (k / AT_BLOCK * at_padded(node->in_dims[0].c) + i % c) * AT_BLOCK +
           k % AT_BLOCK;
}

static at_dense dense_of(const at_layer_call *call, const at_blocked *x,
                         const at_blocked *y, int32_t over, int part) {
    const at_node *node = call->node;
    at_dense dense = {.rows = call->batch->count,
                      .c = x->c,
                      .blocks = at_blocks(y->c),
                      .x = x->data,
                      .x_row = x->image,
                      .x_block = x->plane,
                      .y = y->data,
                      .y_row = y->image,
                      .y_block = y->plane};
    dense.from = (int32_t)at_share((size_t)over, part, node->parts);
    dense.to = (int32_t)at_share((size_t)over, part + 1, node->parts);
    return dense;
}

/* A map's images past the count, blocks [from, to). */
static void clear_rest(const at_layer_call *call, const at_blocked *map,
                       const at_dense *dense) {
    for (int32_t n = call->batch->count; call->node->training && n < map->n; n++)
        for (int32_t block = dense->from; block < dense->to; block++)
            at_clear_plane(map, n, block);
}

/* Parts share the blocks of outputs. */
static void forward(const at_layer_call *call, int phase, int part) {
    (void)phase;
    at_dense dense =
        dense_of(call, &call->in[0], &call->out, at_blocks(call->out.c), part);
    dense.w = call->parameters[0];
    dense.bias = call->node->options.bias ? call->parameters[1] : NULL;
    call->node->isa->pointwise->dense(&dense);
    clear_rest(call, &call->out, &dense);
}

static void backward(const at_layer_call *call, int phase, int part) {
    const at_node *node = call->node;
    if (phase == 0) {
        at_dense dense =
            dense_of(call, &call->in[0], &call->d_out, at_blocks(call->out.c), part);
        dense.w = call->gradients[0];
        dense.bias = node->options.bias ? call->gradients[1] : NULL;
        node->isa->pointwise->dense_weights(&dense);
    } else if (node->back[0]) {
        at_dense dense =
            dense_of(call, &call->d_in[0], &call->d_out, at_blocks(call->in[0].c), part);
        dense.w = call->parameters[0];
        dense.accumulate = call->accumulate[0];
        node->isa->pointwise->dense_data(&dense);
        clear_rest(call, &call->d_in[0], &dense);
    }
}

static void onnx(at_onnx *graph, const at_onnx_layer *layer) {
    char flat[AT_LAYER_NAME + 16];
    snprintf(flat, sizeof flat, "%s.flat", layer->name);
    at_onnx_begin(graph, "Flatten", flat);
    at_onnx_input(graph, layer->in[0]);
    at_onnx_output(graph, flat);
    at_onnx_end(graph);
    at_onnx_begin(graph, "Gemm", layer->name);
    at_onnx_input(graph, flat);
    at_onnx_parameter(graph, layer, "weight");
    if (layer->options->bias)
        at_onnx_parameter(graph, layer, "bias");
    at_onnx_output(graph, layer->out);
    at_onnx_int(graph, "transB", 1);
    at_onnx_end(graph);
}

const at_layer at_layer_fully_connected = {
    .name = "fully_connected",
    .inputs = 1,
    .wants_floats = true,
    .gives_floats = true,
    .shape = shape,
    .parameters = parameters,
    .plan = plan,
    .place = place,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
