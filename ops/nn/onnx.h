/* ONNX: how a layer says what it is in a graph of ONNX operators (github.com/onnx/onnx,
 * docs/IR.md and docs/Operators.md). Operators are those of opset 13 in IR version 7,
 * which every onnxruntime since 1.6 reads. A layer writes itself by its `onnx`:
 *
 *     static void onnx(at_onnx *graph, const at_onnx_layer *layer) {
 *         at_onnx_node(graph, "Relu", layer);
 *         at_onnx_end(graph);
 *     }
 *
 * Values are (N, C, H, W), past a flatten or fully_connected (N, C). Failures stick to
 * the graph and are told by net_onnx.h, which writes the file. */
#ifndef ATELIER_OPS_NN_ONNX_H
#define ATELIER_OPS_NN_ONNX_H

#include "ops/base/safetensors.h"
#include "ops/base/text.h"
#include "ops/nn/layer.h"

enum { AT_ONNX_OPSET = 13, AT_ONNX_IR = 7 };

/* What a layer is told of itself. Borrowed. */
typedef struct at_onnx_layer {
    const char *name;
    const at_layer_options *options;
    const char *in[AT_LAYER_INPUTS]; /* values; NULL past the last */
    const char *out;
} at_onnx_layer;

typedef struct at_onnx {
    at_text nodes;                 /* of the GraphProto: its nodes so far */
    at_text node;                  /* the NodeProto at hand */
    const at_safetensors *weights; /* borrowed */
    const at_array **used;         /* those of them that nodes take in */
    size_t count, room;
    at_error error; /* the first failure; code AT_OK: none */
} at_onnx;          /* zero-initialise, but for the weights */

void at_onnx_fini(at_onnx *graph);

/* Begins a node with the inputs, the output and the name of its layer. */
void at_onnx_node(at_onnx *graph, const char *operator, const at_onnx_layer * layer);
/* Begins one without. */
void at_onnx_begin(at_onnx *graph, const char *operator, const char * name);
void at_onnx_input(at_onnx *graph, const char *value);
void at_onnx_output(at_onnx *graph, const char *value);
/* The layer's parameter "weight", "bias", ... as the next input. */
void at_onnx_parameter(at_onnx *graph, const at_onnx_layer *layer, const char *name);
/* Attributes. */
void at_onnx_int(at_onnx *graph, const char *name, int64_t value);
void at_onnx_ints(at_onnx *graph, const char *name, const int64_t *values, size_t count);
void at_onnx_float(at_onnx *graph, const char *name, float value);
/* kernel_shape, strides and pads of convolutions and pools. */
void at_onnx_window(at_onnx *graph, const at_layer_options *options);
void at_onnx_end(at_onnx *graph);

#endif
