/* Convolution as a layer: chooses an algorithm for each pass, lays their memory out and
 * runs them one after another; in inference it takes a batch norm, a sum and a ReLU in.
 */
#include "ops/nn/conv_algorithms.h"
#include "ops/nn/input_sums.h"
#include "ops/nn/layers.h"
#include "ops/nn/onnx.h"

#include <math.h>

static at_status shape(const at_layer_options *o, const at_dims *in, at_dims *out,
                       at_error *err) {
    int32_t stride = o->stride ? o->stride : 1;
    if (o->filters < 1 || o->kernel < 1 || stride < 1 || o->pad < 0)
        return at_fail(err, AT_INVALID,
                       "a convolution needs filters and a kernel of 1 or more, not %d "
                       "and %d (stride %d, pad %d)",
                       (int)o->filters, (int)o->kernel, (int)stride, (int)o->pad);
    if (in->h + 2 * o->pad < o->kernel || in->w + 2 * o->pad < o->kernel)
        return at_fail(err, AT_INVALID, "an image of %d x %d is smaller than a kernel %d",
                       (int)in->h, (int)in->w, (int)o->kernel);
    out->c = o->filters;
    out->h = (in->h + 2 * o->pad - o->kernel) / stride + 1;
    out->w = (in->w + 2 * o->pad - o->kernel) / stride + 1;
    return AT_OK;
}

static at_conv_shape shape_of(const at_node *node) {
    const at_layer_options *o = &node->options;
    return (at_conv_shape){.n = node->batch,
                           .c = node->in_dims[0].c,
                           .h = node->in_dims[0].h,
                           .w = node->in_dims[0].w,
                           .k = o->filters,
                           .r = o->kernel,
                           .s = o->kernel,
                           .stride = o->stride ? o->stride : 1,
                           .pad = o->pad};
}

static void parameters(at_node *node) {
    at_conv_shape s = shape_of(node);
    node->parameters[0] = (at_parameter){.name = "weight",
                                         .role = AT_ROLE_WEIGHT,
                                         .rank = 4,
                                         .shape = {s.k, s.c, s.r, s.s},
                                         .floats = at_conv_weights(&s),
                                         .learned = true,
                                         .fan_in = s.c * s.r * s.s,
                                         .fan_out = s.k * s.r * s.s};
    node->parameter_count = 1;
    if (node->options.bias)
        node->parameters[node->parameter_count++] =
            (at_parameter){.name = "bias",
                           .role = AT_ROLE_BIAS,
                           .rank = 1,
                           .shape = {s.k},
                           .learned = true,
                           .floats = at_padded(s.k)};
}

static void choose(at_node *node, at_conv_pass pass) {
    node->algorithm[pass] = at_conv_choose(&node->shape, pass, node->isa, node->parts);
    node->algorithm[pass]->needs(&node->shape, node->isa, node->parts, &node->pass[pass]);
    /* Sizes come to be laid out one after another. */
    at_conv_needs *needs = &node->pass[pass];
    needs->prepared = at_aligned(needs->prepared);
    needs->scratch = at_aligned(needs->scratch);
}

/* Phases of a pass: the weights' prepared form, where there is one, then its own. */
static int phases(const at_node *node, at_conv_pass pass) {
    return node->pass[pass].phases + (node->pass[pass].prepared ? 1 : 0);
}

static size_t weight_bytes(const at_node *node) {
    return at_aligned(at_conv_weights(&node->shape) * sizeof(float));
}

static size_t bias_bytes(const at_node *node) {
    return at_aligned(at_padded(node->shape.k) * sizeof(float));
}

static void plan_inference(at_node *node) {
    at_layer_needs *needs = &node->needs;
    const at_conv_needs *pass = &node->pass[AT_CONV_FORWARD];
    bool folds = node->norm >= 0;
    needs->forward_phases = pass->phases;
    needs->forward_scratch = pass->scratch;
    needs->prepare_phases = (folds ? 1 : 0) + (pass->prepared ? 1 : 0);
    needs->prepared = pass->prepared + (folds ? bias_bytes(node) : 0);
    if (folds && pass->prepared)
        needs->prepare_scratch = weight_bytes(node);
    else if (folds)
        needs->prepared += weight_bytes(node);
}

static void plan_training(at_node *node) {
    at_layer_needs *needs = &node->needs;
    choose(node, AT_CONV_WEIGHTS);
    const at_conv_needs *weights = &node->pass[AT_CONV_WEIGHTS];
    needs->forward_phases = phases(node, AT_CONV_FORWARD) + (node->options.bias ? 1 : 0);
    needs->forward_scratch =
        node->pass[AT_CONV_FORWARD].scratch + node->pass[AT_CONV_FORWARD].prepared;
    needs->backward_phases = weights->phases + (node->options.bias ? 1 : 0);
    needs->backward_scratch = weights->scratch;
    needs->in = at_halo_join(needs->in, weights->x);
    needs->d_out = weights->y;
    needs->keeps_in = true;
    if (node->back[0]) {
        choose(node, AT_CONV_DATA);
        const at_conv_needs *data = &node->pass[AT_CONV_DATA];
        needs->backward_phases += phases(node, AT_CONV_DATA);
        needs->d_in = data->x;
        needs->d_out = at_halo_join(needs->d_out, data->y);
        size_t bytes = data->scratch + data->prepared;
        if (bytes > needs->backward_scratch)
            needs->backward_scratch = bytes;
    }
    if (node->back_sums) {
        needs->backward_phases += 2;
        size_t bytes = at_input_sums_scratch(&node->shape, node->parts);
        if (bytes > needs->backward_scratch)
            needs->backward_scratch = bytes;
    }
    if (node->back_add) /* where the sum's other side has a gradient already */
        needs->backward_phases++;
}

static void plan(at_node *node) {
    node->shape = shape_of(node);
    choose(node, AT_CONV_FORWARD);
    node->needs.in = node->pass[AT_CONV_FORWARD].x;
    node->needs.out = node->pass[AT_CONV_FORWARD].y;
    node->counts =
        node->counts && node->pass[AT_CONV_FORWARD].statistics && !node->options.bias;
    if (node->training)
        plan_training(node);
    else
        plan_inference(node);
}

/* (K, C, R, S). */
static size_t place(const at_node *node, size_t i) {
    at_conv_shape s = shape_of(node);
    size_t c = (size_t)s.c, taps = (size_t)s.r * (size_t)s.s;
    size_t tap = i % taps, k = i / taps / c;
    return at_conv_weight_place(&s, (int32_t)k, (int32_t)(i / taps % c),
                                (int32_t)(tap / (size_t)s.s),
                                (int32_t)(tap % (size_t)s.s));
}

/* Where the folded bias, the folded weights and their prepared form lie. */
static float *folded_bias(const at_layer_call *call) {
    return call->prepared;
}

static float *folded_weights(const at_layer_call *call) {
    if (call->node->pass[AT_CONV_FORWARD].prepared)
        return call->prepare_scratch;
    return (float *)((char *)call->prepared + bias_bytes(call->node));
}

static void *prepared_form(const at_layer_call *call) {
    return (char *)call->prepared + (call->node->norm >= 0 ? bias_bytes(call->node) : 0);
}

/* The batch norm into weights and bias: parts share the blocks of outputs. */
static void fold(const at_layer_call *call, int part) {
    const at_node *node = call->node, *norm = call->norm->node;
    float *const *from = call->norm->parameters; /* scale, shift, mean, variance */
    float epsilon = norm->options.epsilon;
    float *bias = folded_bias(call), *weights = folded_weights(call);
    size_t blocks = (size_t)at_blocks(node->shape.k);
    size_t floats = at_conv_weights(&node->shape) / blocks;
    size_t end = at_share(blocks, part + 1, node->parts);
    for (size_t block = at_share(blocks, part, node->parts); block < end; block++) {
        float scale[AT_BLOCK];
        for (size_t k = 0; k < AT_BLOCK; k++) {
            size_t at = block * AT_BLOCK + k;
            scale[k] = from[0][at] / sqrtf(from[3][at] + epsilon);
            float own = node->options.bias ? call->parameters[1][at] : 0;
            bias[at] = from[1][at] + (own - from[2][at]) * scale[k];
        }
        for (size_t i = 0; i < floats; i++)
            weights[block * floats + i] =
                call->parameters[0][block * floats + i] * scale[i % AT_BLOCK];
    }
}

static void prepare(const at_layer_call *call, int phase, int part) {
    const at_node *node = call->node;
    bool folds = node->norm >= 0;
    if (folds && phase == 0)
        fold(call, part);
    else
        node->algorithm[AT_CONV_FORWARD]->prepare(
            &node->shape, node->isa, folds ? folded_weights(call) : call->parameters[0],
            prepared_form(call), part, node->parts);
}

static void forward_inference(const at_layer_call *call, at_conv_call *conv) {
    const at_node *node = call->node;
    bool folds = node->norm >= 0, prepared = node->pass[AT_CONV_FORWARD].prepared != 0;
    conv->weights = folds && !prepared ? folded_weights(call) : call->parameters[0];
    conv->prepared = prepared ? prepared_form(call) : NULL;
    conv->scratch = call->forward_scratch;
    if (folds)
        conv->store.bias = folded_bias(call);
    conv->store.relu = node->relu;
}

/* One phase of a pass over weights that may have changed. */
static void run_trained(const at_layer_call *call, at_conv_call *conv, at_conv_pass pass,
                        void *scratch, int phase, int part) {
    const at_node *node = call->node;
    conv->weights = call->parameters[0];
    conv->prepared = scratch;
    conv->scratch = (char *)scratch + node->pass[pass].prepared;
    if (node->pass[pass].prepared && phase-- == 0)
        node->algorithm[pass]->prepare(conv->shape, node->isa, conv->weights, scratch,
                                       part, node->parts);
    else
        node->algorithm[pass]->run(conv, phase, part);
}

static void nothing(const at_layer_call *call, int32_t n, int32_t block) {
    (void)call, (void)n, (void)block;
}

static void forward(const at_layer_call *call, int phase, int part) {
    const at_node *node = call->node;
    at_conv_call conv = {.shape = &node->shape,
                         .isa = node->isa,
                         .x = call->in[0],
                         .y = call->out,
                         .parts = node->parts};
    if (node->options.bias)
        conv.store.bias = call->parameters[1];
    if (node->add >= 0)
        conv.store.add = &call->add;
    if (!node->training) {
        forward_inference(call, &conv);
        node->algorithm[AT_CONV_FORWARD]->run(&conv, phase, part);
        return;
    }
    conv.store.statistics = call->sums;
    if (phase == phases(node, AT_CONV_FORWARD)) /* images past the count hold the bias */
        at_each_plane(call, &call->out, part, nothing);
    else
        run_trained(call, &conv, AT_CONV_FORWARD, call->forward_scratch, phase, part);
}

/* Sums of dy: parts share the blocks. */
static void bias_gradient(const at_layer_call *call, int part) {
    const at_node *node = call->node;
    size_t blocks = (size_t)at_blocks(node->shape.k);
    size_t end = at_share(blocks, part + 1, node->parts);
    for (size_t block = at_share(blocks, part, node->parts); block < end; block++) {
        double sums[2 * AT_BLOCK] = {0};
        for (int32_t n = 0; n < call->batch->count; n++)
            node->isa->pointwise->sums(at_plane(&call->d_out, n, (int32_t)block),
                                       call->d_out.h, call->d_out.w, sums);
        for (size_t k = 0; k < AT_BLOCK; k++)
            call->gradients[1][block * AT_BLOCK + k] = (float)sums[k];
    }
}

static void add_gradient(const at_layer_call *call, int32_t n, int32_t block) {
    at_view to = at_plane(&call->d_add, n, block);
    call->node->isa->pointwise->add(to, to, at_plane(&call->d_out, n, block),
                                    call->d_out.h, call->d_out.w, false);
}

static void backward(const at_layer_call *call, int phase, int part) {
    const at_node *node = call->node;
    at_conv_call conv = {.shape = &node->shape,
                         .isa = node->isa,
                         .x = call->in[0],
                         .y = call->d_out,
                         .gradient = call->gradients[0],
                         .scratch = call->backward_scratch,
                         .parts = node->parts};
    int weights = node->pass[AT_CONV_WEIGHTS].phases;
    if (phase < weights) {
        node->algorithm[AT_CONV_WEIGHTS]->run(&conv, phase, part);
        return;
    }
    phase -= weights;
    if (node->options.bias && phase-- == 0) {
        bias_gradient(call, part);
        return;
    }
    if (node->back[0] && phase < phases(node, AT_CONV_DATA)) {
        conv.x = call->d_in[0];
        conv.accumulate = call->accumulate[0];
        run_trained(call, &conv, AT_CONV_DATA, call->backward_scratch, phase, part);
    } else if (node->back_sums && phase == 0) {
        at_input_sums_collect(&node->shape, node->isa->pointwise, &call->d_out,
                              call->batch->count, call->backward_scratch, part,
                              node->parts);
    } else if (node->back_sums && phase == 1) {
        if (part == 0)
            at_input_sums_finish(&node->shape, call->parameters[0],
                                 call->backward_scratch, node->parts, call->input_sums);
    } else if (call->d_add.data) {
        at_each_plane(call, &call->d_add, part, add_gradient);
    }
}

static void onnx(at_onnx *graph, const at_onnx_layer *layer) {
    at_onnx_node(graph, "Conv", layer);
    at_onnx_parameter(graph, layer, "weight");
    if (layer->options->bias)
        at_onnx_parameter(graph, layer, "bias");
    at_onnx_window(graph, layer->options);
    at_onnx_end(graph);
}

const at_layer at_layer_convolution = {
    .name = "convolution",
    .inputs = 1,
    .takes_add = true,
    .takes_relu = true,
    .takes_norm = true,
    .relu_in_inference = true,
    .counts = true,
    .back_sums = true,
    .shape = shape,
    .parameters = parameters,
    .plan = plan,
    .place = place,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
