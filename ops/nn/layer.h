/* Layers: what a net is made of. A layer is a static table in a file of its own, with the
 * shape it gives, what it needs of memory, its parameters, and its forward and backward
 * pass; layers.h lists them all.
 *
 * Every value of a net is a batch of blocked maps (ops/tensor/blocked.h); a vector is a
 * map of one pixel. A pass runs in phases, each for every part in [0, parts), as with
 * convolutions (ops/nn/conv.h); passes neither allocate nor fail.
 *
 * Rows past the step's count: in training every pass leaves the images past `count` zero,
 * values and gradients alike. Zeros change no sum, so that the statistics of a batch norm
 * and every gradient are those of a batch of `count`. */
#ifndef ATELIER_OPS_NN_LAYER_H
#define ATELIER_OPS_NN_LAYER_H

#include "ops/base/error.h"
#include "ops/isa/pointwise.h"
#include "ops/nn/conv.h"

enum { AT_LAYER_INPUTS = 2, AT_LAYER_PARAMETERS = 4, AT_LAYER_NAME = 64 };

/* One image of a value. */
typedef struct at_dims {
    int32_t c, h, w;
} at_dims;

/* Each layer reads those that concern it; 0 is a default where one is named. */
typedef struct at_layer_options {
    int32_t filters;     /* convolution, fully_connected: outputs */
    int32_t kernel;      /* convolution, pools: rows and columns */
    int32_t stride, pad; /* convolution, pools; stride 0: 1 */
    bool bias;           /* convolution, fully_connected */
    float epsilon;       /* batch_norm; 0: 1e-5 */
    float momentum;      /* batch_norm: share of the old running value; 0: 0.9 */
    bool unbiased;       /* batch_norm: running variance by n - 1, as in PyTorch */
    bool fixed_scale;    /* batch_norm: scale stays 1 (MXNet's fix_gamma) */
    float rate;          /* dropout: share of values dropped */
} at_layer_options;

typedef enum at_role { /* of a parameter */
                       AT_ROLE_WEIGHT,
                       AT_ROLE_BIAS,
                       AT_ROLE_SCALE,
                       AT_ROLE_SHIFT,
                       AT_ROLE_MEAN,    /* running: not learned */
                       AT_ROLE_VARIANCE /* running: not learned */
} at_role;

typedef struct at_parameter {
    const char *name; /* "weight", "bias", "running_mean", "running_var" */
    at_role role;
    int rank;
    int64_t shape[4];        /* dense, row-major: (K, C, R, S), (K, C), (C) */
    size_t floats;           /* as the engine keeps it; padding is zero */
    bool learned;            /* has a gradient */
    int32_t fan_in, fan_out; /* weights: for the initialisation */
} at_parameter;

/* What a node needs, filled by its layer's `plan`. Bytes. */
typedef struct at_layer_needs {
    at_halo in, out;     /* of the values */
    at_halo d_in, d_out; /* of their gradients */
    bool keeps_in;       /* the backward pass reads the inputs' values */
    bool keeps_out;      /* ... the output's */
    size_t saved;        /* from forward to backward */
    size_t forward_scratch, backward_scratch;
    size_t prepared;        /* inference: from `prepare` for ever */
    size_t prepare_scratch; /* during `prepare` */
    int forward_phases, backward_phases, prepare_phases;
} at_layer_needs;

/* A layer of a net as planned. */
typedef struct at_node {
    const struct at_layer *layer;
    char name[AT_LAYER_NAME];
    at_layer_options options;
    int in[AT_LAYER_INPUTS], out; /* values */
    at_dims in_dims[AT_LAYER_INPUTS], out_dims;
    int32_t batch;
    int parts;
    const at_isa *isa; /* for the element of its input */
    bool training;
    /* Fused into this node: */
    bool relu;   /* the output's ReLU */
    int add;     /* a value added before it, or -1 */
    int norm;    /* inference: the node of a batch norm folded in, or -1 */
    bool counts; /* convolution: fills the sums for a batch norm that follows */
    int counted; /* batch norm: the node that fills its sums, or -1 */
    bool back[AT_LAYER_INPUTS]; /* training: which inputs' gradients are wanted */
    bool back_add;
    bool back_sums; /* convolution: the sums of its input's gradient are, and no more */
    int summed;     /* batch norm on the data: the convolution that gives them, or -1 */
    at_parameter parameters[AT_LAYER_PARAMETERS];
    int parameter_count;
    at_layer_needs needs;
    /* Convolutions: */
    at_conv_shape shape;
    const at_conv_algorithm *algorithm[3]; /* by pass */
    at_conv_needs pass[3];
} at_node;

/* One step's data: what the caller gives at_net_step and at_net_forward. */
typedef struct at_batch {
    int32_t count; /* images, 1 .. the plan's batch */
    /* Images, one of: (count, c, h, w) floats; (count, h, w, c) bytes, of which each
     * becomes (byte - mean[c]) * scale[c], at most 4 channels. */
    const float *nchw;
    const uint8_t *bytes;
    float mean[4], scale[4]; /* of bytes */
    const int32_t *labels;   /* [count], training, one class an image */
    const float *targets;    /* (count, classes) of 0 and 1, training, several classes */
    const float *class_weights; /* [classes], or NULL: all 1 */
} at_batch;

/* A node's memory, and the step it runs in. */
typedef struct at_layer_call {
    const at_node *node;
    at_blocked in[AT_LAYER_INPUTS], out, add;
    at_blocked d_in[AT_LAYER_INPUTS], d_out, d_add; /* data NULL: not wanted */
    /* There is a gradient already: add to it. d_in may be d_out's memory, where the layer
     * is in_place. d_add NULL with back_add: d_out becomes it, and must hold it after. */
    bool accumulate[AT_LAYER_INPUTS];
    float *parameters[AT_LAYER_PARAMETERS], *gradients[AT_LAYER_PARAMETERS];
    const struct at_layer_call *norm; /* of the batch norm folded in */
    float *input_sums; /* [channels padded]: written (back_sums) or read (summed) */
    double *sums;      /* [parts][2][channels padded]: filled or read; NULL: none */
    void *saved, *forward_scratch, *backward_scratch;
    void *prepared, *prepare_scratch;
    double *loss; /* loss layers: [parts][2], sum of weighted losses, of weights */
    const at_batch *batch;
    const uint64_t *seed; /* of this step: for dropout */
    bool stream;          /* maps are large: store past the caches */
} at_layer_call;

struct at_onnx;
struct at_onnx_layer;

/* One kind of layer. Static. */
typedef struct at_layer {
    const char *name;
    int inputs;
    bool in_place;          /* backward may write d_in over d_out */
    bool takes_relu;        /* a ReLU that follows can be fused */
    bool takes_add;         /* ... an add */
    bool takes_norm;        /* ... a batch norm, in inference */
    bool relu_in_inference; /* takes_relu (takes_norm) in inference only */
    bool back_sums;         /* can give the sums of its input's gradient alone */
    bool counts;            /* can fill the sums of a batch norm that follows */
    bool loss;              /* a net ends with one */
    /* What it is to a layer that takes it in: */
    bool norm, sums, rectifies;
    /* In a net of bfloat16: takes floats alone; gives floats. */
    bool wants_floats, gives_floats;
    at_status (*shape)(const at_layer_options *options, const at_dims *in, at_dims *out,
                       at_error *err);
    /* Fills node->parameters; NULL: none. */
    void (*parameters)(at_node *node);
    /* Fills node->needs; all of the node above it is known. */
    void (*plan)(at_node *node);
    /* Where value `i` of the dense weights (parameter 0) is kept; NULL: where it is. */
    size_t (*place)(const at_node *node, size_t i);
    /* Inference: after the parameters were set. NULL: nothing. */
    void (*prepare)(const at_layer_call *call, int phase, int part);
    void (*forward)(const at_layer_call *call, int phase, int part);
    void (*backward)(const at_layer_call *call, int phase, int part);
    /* Writes itself into a graph (ops/nn/onnx.h); NULL: it cannot be exported. */
    void (*onnx)(struct at_onnx *graph, const struct at_onnx_layer *layer);
} at_layer;

/* ---- for layers ---- */

/* Part `part` of [0, total): from, and to = the next part's from. */
static inline size_t at_share(size_t total, int part, int parts) {
    return total * (size_t)part / (size_t)parts;
}
static inline size_t at_aligned(size_t bytes) {
    return (bytes + AT_ALIGN - 1) / AT_ALIGN * AT_ALIGN;
}
static inline size_t at_padded(int32_t channels) {
    return (size_t)at_blocks(channels) * AT_BLOCK;
}
/* Plane (n, block) of a map. */
static inline at_view at_plane(const at_blocked *map, int32_t n, int32_t block) {
    if (!map->data)
        return (at_view){0};
    return (at_view){map->data + (size_t)n * map->image + (size_t)block * map->plane,
                     map->row};
}
/* Calls each(call, n, block) for this part's share of the planes of images below count,
 * and clears this part's share of those past it in `to` (training only). */
void at_each_plane(const at_layer_call *call, const at_blocked *to, int part,
                   void (*each)(const at_layer_call *call, int32_t n, int32_t block));
/* Zeroes plane (n, block), inside the halo. */
void at_clear_plane(const at_blocked *map, int32_t n, int32_t block);

#endif
