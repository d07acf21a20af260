/* Batch norm (Ioffe and Szegedy, 2015): each channel to mean 0 and variance 1 over the
 * batch, then scaled and shifted; with the ReLU, and the sum of a residual net, that
 * follow it. The running mean and variance serve in inference. */
#include "ops/nn/layers.h"
#include "ops/nn/onnx.h"

#include <math.h>
#include <string.h>

enum { SCALE, SHIFT, MEAN, VARIANCE };

static at_status shape(const at_layer_options *o, const at_dims *in, at_dims *out,
                       at_error *err) {
    *out = *in;
    if (o->epsilon < 0 || o->momentum < 0 || o->momentum >= 1)
        return at_fail(err, AT_INVALID,
                       "a batch norm's epsilon must not be negative and its momentum in "
                       "[0, 1)");
    return AT_OK;
}

static void parameters(at_node *node) {
    static const char *const names[] = {"weight", "bias", "running_mean", "running_var"};
    static const at_role roles[] = {AT_ROLE_SCALE, AT_ROLE_SHIFT, AT_ROLE_MEAN,
                                    AT_ROLE_VARIANCE};
    for (int i = 0; i < 4; i++)
        node->parameters[i] = (at_parameter){
            .name = names[i],
            .role = roles[i],
            .rank = 1,
            .shape = {node->in_dims[0].c},
            .floats = at_padded(node->in_dims[0].c),
            .learned = i == SHIFT || (i == SCALE && !node->options.fixed_scale)};
    node->parameter_count = 4;
    if (node->options.epsilon <= 0)
        node->options.epsilon = 1e-5F;
    if (node->options.momentum <= 0)
        node->options.momentum = 0.9F;
}

/* Vectors over the channels, kept from forward to backward (inference: the first two). */
typedef struct vectors {
    float *scale, *shift, *mean, *inverse, *slope, *offset; /* inverse: 1 / deviation */
} vectors;

static vectors vectors_at(void *memory, int32_t channels) {
    size_t c = at_padded(channels);
    float *at = memory;
    return (vectors){at, at + c, at + 2 * c, at + 3 * c, at + 4 * c, at + 5 * c};
}

static size_t sums_bytes(const at_node *node) {
    return at_aligned((size_t)node->parts * 2 * at_padded(node->out_dims.c) *
                      sizeof(double));
}

static void plan(at_node *node) {
    at_layer_needs *needs = &node->needs;
    size_t vector = at_padded(node->out_dims.c) * sizeof(float);
    if (!node->training) {
        needs->forward_phases = 1;
        needs->prepared = at_aligned(2 * vector);
        needs->prepare_phases = 1;
        return;
    }
    needs->saved = at_aligned(6 * vector);
    if (node->summed >= 0) { /* what its gradient needs comes as sums */
        needs->forward_phases = 3;
        needs->forward_scratch = sums_bytes(node);
        needs->backward_phases = 1;
        return;
    }
    needs->forward_phases = node->counted >= 0 ? 2 : 3;
    needs->forward_scratch = node->counted >= 0 ? 0 : sums_bytes(node);
    needs->backward_phases = 3;
    needs->backward_scratch = sums_bytes(node);
    needs->keeps_in = true;
    needs->keeps_out = node->relu && node->add >= 0;
}

/* This part's slice of the sums. */
static double *slice(const at_layer_call *call, double *sums, int part) {
    return sums + (size_t)part * 2 * at_padded(call->node->out_dims.c);
}

/* Adds a plane's sums to a slice. */
static void gather(const at_layer_call *call, double *into, int32_t block,
                   const double *sums) {
    size_t padded = at_padded(call->node->out_dims.c);
    for (size_t k = 0; k < AT_BLOCK; k++) {
        into[(size_t)block * AT_BLOCK + k] += sums[k];
        into[padded + (size_t)block * AT_BLOCK + k] += sums[AT_BLOCK + k];
    }
}

/* The sums over all parts of one channel. */
static void over_parts(const at_layer_call *call, const double *sums, size_t channel,
                       double out[2]) {
    size_t padded = at_padded(call->node->out_dims.c);
    out[0] = out[1] = 0;
    for (int part = 0; part < call->node->parts; part++) {
        out[0] += sums[(size_t)part * 2 * padded + channel];
        out[1] += sums[(size_t)part * 2 * padded + padded + channel];
    }
}

/* This part's planes, in at_each_plane's order, to its slice of the sums. */
static void sum_planes(const at_layer_call *call, int part, double *sums,
                       void (*each)(const at_layer_call *call, int32_t n, int32_t block,
                                    double *sums)) {
    const at_node *node = call->node;
    size_t blocks = (size_t)at_blocks(node->out_dims.c);
    size_t planes = (size_t)call->batch->count * blocks;
    double *own = slice(call, sums, part);
    memset(own, 0, 2 * at_padded(node->out_dims.c) * sizeof *own);
    size_t end = at_share(planes, part + 1, node->parts);
    for (size_t i = at_share(planes, part, node->parts); i < end; i++) {
        double plane[2 * AT_BLOCK] = {0};
        each(call, (int32_t)(i / blocks), (int32_t)(i % blocks), plane);
        gather(call, own, (int32_t)(i % blocks), plane);
    }
}

static void plane_sums(const at_layer_call *call, int32_t n, int32_t block,
                       double *sums) {
    call->node->isa->pointwise->sums(at_plane(&call->in[0], n, block), call->in[0].h,
                                     call->in[0].w, sums);
}

static double values_of(const at_layer_call *call) { /* of a channel in the batch */
    return (double)call->batch->count * call->in[0].h * call->in[0].w;
}

/* Mean and variance; scale and shift; the running values. Parts share the channels. */
static void settle(const at_layer_call *call, const double *sums, int part) {
    const at_node *node = call->node;
    vectors v = vectors_at(call->saved, node->out_dims.c);
    size_t channels = (size_t)node->out_dims.c, padded = at_padded(node->out_dims.c);
    double count = values_of(call), keep = (double)node->options.momentum;
    size_t end = at_share(padded, part + 1, node->parts);
    for (size_t c = at_share(padded, part, node->parts); c < end; c++) {
        v.scale[c] = v.shift[c] = v.mean[c] = v.inverse[c] = 0;
        if (c >= channels)
            continue;
        double sum[2];
        over_parts(call, sums, c, sum);
        double mean = sum[0] / count;
        double variance = sum[1] / count - mean * mean;
        if (variance < 0)
            variance = 0;
        double inverse = 1 / sqrt(variance + (double)node->options.epsilon);
        v.mean[c] = (float)mean;
        v.inverse[c] = (float)inverse;
        v.scale[c] = (float)(inverse * (double)call->parameters[SCALE][c]);
        v.shift[c] =
            (float)((double)call->parameters[SHIFT][c] - mean * (double)v.scale[c]);
        if (node->options.unbiased && count > 1)
            variance *= count / (count - 1);
        float *running = call->parameters[MEAN] + c;
        *running = (float)(keep * (double)*running + (1 - keep) * mean);
        running = call->parameters[VARIANCE] + c;
        *running = (float)(keep * (double)*running + (1 - keep) * variance);
    }
}

/* Inference: from the running values, once. */
static void prepare(const at_layer_call *call, int phase, int part) {
    (void)phase;
    const at_node *node = call->node;
    vectors v = vectors_at(call->prepared, node->out_dims.c);
    size_t padded = at_padded(node->out_dims.c);
    size_t end = at_share(padded, part + 1, node->parts);
    for (size_t c = at_share(padded, part, node->parts); c < end; c++) {
        v.scale[c] = call->parameters[SCALE][c] /
                     sqrtf(call->parameters[VARIANCE][c] + node->options.epsilon);
        v.shift[c] = call->parameters[SHIFT][c] - call->parameters[MEAN][c] * v.scale[c];
    }
}

static at_norm norm_of(const at_layer_call *call, vectors v, int32_t n, int32_t block) {
    size_t at = (size_t)block * AT_BLOCK;
    return (at_norm){.h = call->in[0].h,
                     .w = call->in[0].w,
                     .x = at_plane(&call->in[0], n, block),
                     .scale = v.scale + at,
                     .shift = v.shift + at,
                     .mean = v.mean + at,
                     .slope = v.slope + at,
                     .offset = v.offset + at,
                     .relu = call->node->relu,
                     .stream = call->stream};
}

static void apply(const at_layer_call *call, int32_t n, int32_t block) {
    void *memory = call->node->training ? call->saved : call->prepared;
    at_norm norm = norm_of(call, vectors_at(memory, call->node->out_dims.c), n, block);
    norm.y = at_plane(&call->out, n, block);
    norm.add = at_plane(&call->add, n, block);
    call->node->isa->pointwise->norm(&norm);
}

static void forward(const at_layer_call *call, int phase, int part) {
    const at_node *node = call->node;
    if (!node->training) {
        at_each_plane(call, &call->out, part, apply);
        return;
    }
    double *sums = node->counted >= 0 ? call->sums : call->forward_scratch;
    if (node->counted >= 0)
        phase++;
    if (phase == 0)
        sum_planes(call, part, sums, plane_sums);
    else if (phase == 1)
        settle(call, sums, part);
    else
        at_each_plane(call, &call->out, part, apply);
}

static void gradient_sums(const at_layer_call *call, int32_t n, int32_t block,
                          double *sums) {
    const at_node *node = call->node;
    at_norm norm = norm_of(call, vectors_at(call->saved, node->out_dims.c), n, block);
    norm.dy = at_plane(&call->d_out, n, block);
    if (node->needs.keeps_out)
        norm.y = at_plane(&call->out, n, block);
    norm.mask = !node->relu      ? AT_MASK_NONE
                : node->add >= 0 ? AT_MASK_OUTPUT
                                 : AT_MASK_INPUT;
    norm.sums = sums;
    node->isa->pointwise->norm_sums(&norm);
}

/* With s = gamma / deviation, g the gradient and m the values of a channel:
 *     dx = s g - (x - mean) s sum(g (x - mean)) / (m deviation^2) - s sum(g) / m */
static void settle_gradient(const at_layer_call *call, const double *sums, int part) {
    const at_node *node = call->node;
    vectors v = vectors_at(call->saved, node->out_dims.c);
    size_t channels = (size_t)node->out_dims.c, padded = at_padded(node->out_dims.c);
    double count = values_of(call);
    size_t end = at_share(padded, part + 1, node->parts);
    for (size_t c = at_share(padded, part, node->parts); c < end; c++) {
        double sum[2] = {0, 0};
        if (c < channels)
            over_parts(call, sums, c, sum);
        double scale = (double)v.scale[c], inverse = (double)v.inverse[c];
        v.slope[c] = (float)(scale * inverse * inverse * sum[1] / count);
        v.offset[c] = (float)(scale * sum[0] / count);
        call->gradients[SHIFT][c] = (float)sum[0];
        if (!node->options.fixed_scale)
            call->gradients[SCALE][c] = (float)(sum[1] * inverse);
    }
}

static void apply_gradient(const at_layer_call *call, int32_t n, int32_t block) {
    const at_node *node = call->node;
    const at_pointwise *kernels = node->isa->pointwise;
    at_norm norm = norm_of(call, vectors_at(call->saved, node->out_dims.c), n, block);
    norm.dy = at_plane(&call->d_out, n, block);
    if (call->d_add.data) { /* before dx may be written over dy */
        at_view to = at_plane(&call->d_add, n, block);
        kernels->add(to, to, norm.dy, norm.h, norm.w, false);
    }
    if (!node->back[0])
        return;
    norm.dx = at_plane(&call->d_in[0], n, block);
    norm.mask = node->relu && node->add < 0 ? AT_MASK_INPUT : AT_MASK_NONE;
    norm.accumulate = call->accumulate[0];
    kernels->norm_back(&norm);
}

static void backward(const at_layer_call *call, int phase, int part) {
    if (call->node->summed >= 0) {
        if (part == 0)
            memcpy(call->gradients[SHIFT], call->input_sums,
                   at_padded(call->node->out_dims.c) * sizeof(float));
    } else if (phase == 0)
        sum_planes(call, part, call->backward_scratch, gradient_sums);
    else if (phase == 1)
        settle_gradient(call, call->backward_scratch, part);
    else
        at_each_plane(call, &call->d_in[0], part, apply_gradient);
}

static void onnx(at_onnx *graph, const at_onnx_layer *layer) {
    float epsilon = layer->options->epsilon;
    at_onnx_node(graph, "BatchNormalization", layer);
    at_onnx_parameter(graph, layer, "weight");
    at_onnx_parameter(graph, layer, "bias");
    at_onnx_parameter(graph, layer, "running_mean");
    at_onnx_parameter(graph, layer, "running_var");
    at_onnx_float(graph, "epsilon", epsilon > 0 ? epsilon : 1e-5F);
    at_onnx_end(graph);
}

const at_layer at_layer_batch_norm = {
    .name = "batch_norm",
    .inputs = 1,
    .in_place = true,
    .takes_relu = true,
    .takes_add = true,
    .norm = true,
    .shape = shape,
    .parameters = parameters,
    .plan = plan,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .onnx = onnx,
};
