#include "ops/nn/onnx.h"
#include "ops/base/memory.h"
#include "ops/base/protobuf.h"

#include <stdio.h>
#include <string.h>

/* Field numbers of onnx.proto. */
enum { GRAPH_NODE = 1 };
enum {
    NODE_INPUT = 1,
    NODE_OUTPUT = 2,
    NODE_NAME = 3,
    NODE_OPERATOR = 4,
    NODE_ATTRIBUTE = 5
};
enum {
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_F = 2,
    ATTRIBUTE_I = 3,
    ATTRIBUTE_INTS = 8,
    ATTRIBUTE_TYPE = 20
};
enum { TYPE_FLOAT = 1, TYPE_INT = 2, TYPE_INTS = 7 };

void at_onnx_fini(at_onnx *graph) {
    at_text_fini(&graph->nodes);
    at_text_fini(&graph->node);
    at_free(graph->used);
    graph->used = NULL;
    graph->count = graph->room = 0;
}

void at_onnx_begin(at_onnx *graph, const char *operator, const char *name) {
    at_text_clear(&graph->node);
    at_protobuf_text(&graph->node, NODE_NAME, name);
    at_protobuf_text(&graph->node, NODE_OPERATOR, operator);
}

void at_onnx_node(at_onnx *graph, const char *operator, const at_onnx_layer *layer) {
    at_onnx_begin(graph, operator, layer->name);
    for (int i = 0; i < AT_LAYER_INPUTS && layer->in[i]; i++)
        at_onnx_input(graph, layer->in[i]);
    at_onnx_output(graph, layer->out);
}

void at_onnx_input(at_onnx *graph, const char *value) {
    at_protobuf_text(&graph->node, NODE_INPUT, value);
}

void at_onnx_output(at_onnx *graph, const char *value) {
    at_protobuf_text(&graph->node, NODE_OUTPUT, value);
}

void at_onnx_parameter(at_onnx *graph, const at_onnx_layer *layer, const char *name) {
    char full[AT_LAYER_NAME + 16];
    snprintf(full, sizeof full, "%s.%s", layer->name, name);
    const at_array *array = at_safetensors_find(graph->weights, full);
    if (!array || array->dtype != AT_DTYPE_F32) {
        if (graph->error.code == AT_OK)
            at_fail(&graph->error, AT_CORRUPT, "the weights lack '%s' in float32", full);
        return;
    }
    const at_array **used =
        at_grow(graph->used, &graph->room, graph->count + 1, sizeof(*used));
    if (!used) {
        if (graph->error.code == AT_OK)
            at_fail(&graph->error, AT_NO_MEMORY, "not enough memory to write a net");
        return;
    }
    graph->used = used;
    used[graph->count++] = array;
    at_onnx_input(graph, array->name);
}

static void attribute(at_onnx *graph, const at_text *attribute) {
    at_protobuf_message(&graph->node, NODE_ATTRIBUTE, attribute);
}

void at_onnx_int(at_onnx *graph, const char *name, int64_t value) {
    at_text text = {0};
    at_protobuf_text(&text, ATTRIBUTE_NAME, name);
    at_protobuf_int(&text, ATTRIBUTE_I, value);
    at_protobuf_int(&text, ATTRIBUTE_TYPE, TYPE_INT);
    attribute(graph, &text);
    at_text_fini(&text);
}

void at_onnx_ints(at_onnx *graph, const char *name, const int64_t *values, size_t count) {
    at_text text = {0};
    at_protobuf_text(&text, ATTRIBUTE_NAME, name);
    for (size_t i = 0; i < count; i++)
        at_protobuf_int(&text, ATTRIBUTE_INTS, values[i]);
    at_protobuf_int(&text, ATTRIBUTE_TYPE, TYPE_INTS);
    attribute(graph, &text);
    at_text_fini(&text);
}

void at_onnx_float(at_onnx *graph, const char *name, float value) {
    at_text text = {0};
    at_protobuf_text(&text, ATTRIBUTE_NAME, name);
    at_protobuf_float(&text, ATTRIBUTE_F, value);
    at_protobuf_int(&text, ATTRIBUTE_TYPE, TYPE_FLOAT);
    attribute(graph, &text);
    at_text_fini(&text);
}

void at_onnx_window(at_onnx *graph, const at_layer_options *o) {
    int64_t stride = o->stride ? o->stride : 1;
    at_onnx_ints(graph, "kernel_shape", (const int64_t[]){o->kernel, o->kernel}, 2);
    at_onnx_ints(graph, "strides", (const int64_t[]){stride, stride}, 2);
    at_onnx_ints(graph, "pads", (const int64_t[]){o->pad, o->pad, o->pad, o->pad}, 4);
}

void at_onnx_end(at_onnx *graph) {
    at_protobuf_message(&graph->nodes, GRAPH_NODE, &graph->node);
}
