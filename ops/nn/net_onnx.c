#include "ops/nn/net_onnx.h"
#include "ops/base/memory.h"
#include "ops/base/protobuf.h"
#include "ops/base/sink.h"
#include "ops/nn/net_inside.h"
#include "ops/nn/onnx.h"

#include <string.h>

#define INPUT      "image"
#define OUTPUT     "probabilities"
#define MEAN       "image.mean"
#define DEVIATION  "image.deviation"
#define NORMALIZED "image.normalized"

/* Field numbers of onnx.proto. */
enum {
    MODEL_IR = 1,
    MODEL_PRODUCER = 2,
    MODEL_VERSION = 3,
    MODEL_TEXT = 6,
    MODEL_GRAPH = 7
};
enum { MODEL_OPSET = 8, MODEL_META = 14, OPSET_DOMAIN = 1, OPSET_VERSION = 2 };
enum { GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW = 9 };
enum {
    VALUE_NAME = 1,
    VALUE_TYPE = 2,
    TYPE_TENSOR = 1,
    TENSOR_ELEMENT = 1,
    TENSOR_SHAPE = 2
};
enum { SHAPE_DIM = 1, DIM_VALUE = 1, DIM_NAME = 2, META_KEY = 1, META_VALUE = 2 };
enum { FLOAT = 1, UINT8 = 2 }; /* element types */

static const uint64_t LARGEST = INT32_MAX; /* bytes of a message, for every reader */

/* ---- the graph but for its weights ---- */

/* Name, type and (N, dims...) of an input or output. */
static void value(at_text *graph, int field, const char *name, int element,
                  const int32_t *dims, int rank) {
    at_text shape = {0}, tensor = {0}, type = {0}, info = {0};
    for (int i = -1; i < rank; i++) {
        at_text dim = {0};
        if (i < 0)
            at_protobuf_text(&dim, DIM_NAME, "N");
        else
            at_protobuf_int(&dim, DIM_VALUE, dims[i]);
        at_protobuf_message(&shape, SHAPE_DIM, &dim);
        at_text_fini(&dim);
    }
    at_protobuf_int(&tensor, TENSOR_ELEMENT, element);
    at_protobuf_message(&tensor, TENSOR_SHAPE, &shape);
    at_protobuf_message(&type, TYPE_TENSOR, &tensor);
    at_protobuf_text(&info, VALUE_NAME, name);
    at_protobuf_message(&info, VALUE_TYPE, &type);
    at_protobuf_message(graph, field, &info);
    at_text_fini(&shape);
    at_text_fini(&tensor);
    at_text_fini(&type);
    at_text_fini(&info);
}

static void node(at_onnx *graph, const char *operator, const char *in, const char *in2,
                 const char *out) {
    at_onnx_begin(graph, operator, out);
    at_onnx_input(graph, in);
    if (in2)
        at_onnx_input(graph, in2);
    at_onnx_output(graph, out);
}

/* Bytes as they are decoded to what the first layer takes. */
static void normalize(at_onnx *graph) {
    node(graph, "Cast", INPUT, NULL, "image.float");
    at_onnx_int(graph, "to", FLOAT);
    at_onnx_end(graph);
    node(graph, "Transpose", "image.float", NULL, "image.planes");
    at_onnx_ints(graph, "perm", (const int64_t[]){0, 3, 1, 2}, 4);
    at_onnx_end(graph);
    node(graph, "Sub", "image.planes", MEAN, "image.centred");
    at_onnx_end(graph);
    node(graph, "Div", "image.centred", DEVIATION, NORMALIZED);
    at_onnx_end(graph);
}

static const char *name_of(const at_net_spec *spec, int value_index) {
    if (value_index == 0)
        return NORMALIZED;
    return (size_t)value_index == spec->count ? OUTPUT
                                              : spec->layers[value_index - 1].name;
}

static at_status add_layers(const at_net_spec *spec, at_onnx *graph, at_error *err) {
    normalize(graph);
    for (size_t i = 0; i < spec->count; i++) {
        const at_spec_layer *it = &spec->layers[i];
        at_onnx_layer layer = {
            .name = it->name, .options = &it->options, .out = name_of(spec, (int)i + 1)};
        for (int k = 0; k < AT_LAYER_INPUTS; k++)
            layer.in[k] = it->in[k] >= 0 ? name_of(spec, it->in[k]) : NULL;
        if (!it->layer->onnx)
            return at_fail(err, AT_UNSUPPORTED,
                           "layer '%s': %s cannot be written as ONNX", it->name,
                           it->layer->name);
        it->layer->onnx(graph, &layer);
    }
    if (graph->error.code != AT_OK) {
        if (err)
            *err = graph->error;
        return graph->error.code;
    }
    return AT_OK;
}

/* ---- its weights ---- */

/* All of a TensorProto but its numbers, which follow in the file. */
static void tensor_head(at_text *out, const at_array *array) {
    for (int i = 0; i < array->rank; i++)
        at_protobuf_int(out, TENSOR_DIMS, array->shape[i]);
    at_protobuf_int(out, TENSOR_TYPE, FLOAT);
    at_protobuf_text(out, TENSOR_NAME, array->name);
    at_protobuf_head(out, TENSOR_RAW, array->bytes);
}

/* Bytes of an array as a field of the graph. */
static uint64_t tensor_size(const at_array *array, at_text *room) {
    at_text_clear(room);
    tensor_head(room, array);
    uint64_t size = room->length + array->bytes;
    return at_protobuf_head_size(GRAPH_INITIALIZER, size) + size;
}

static at_status write_tensor(at_sink *sink, const at_array *array, at_text *room,
                              at_error *err) {
    at_text_clear(room);
    tensor_head(room, array);
    at_protobuf_head(&sink->buffer, GRAPH_INITIALIZER, room->length + array->bytes);
    at_text_append(&sink->buffer, at_text_get(room), room->length);
    if (!at_text_ok(room))
        return at_fail(err, AT_NO_MEMORY, "not enough memory to write a net");
    return at_sink_write(sink, array->data, array->bytes, err);
}

/* ---- the file ---- */

typedef struct writing {
    const at_net_onnx_options *options;
    at_text head;  /* of the model: all but the graph */
    at_text graph; /* of the graph: all but the weights */
    at_text room;
    at_array scaling[2]; /* mean and deviation, (1, c, 1, 1) */
    at_onnx onnx;
} writing;

static void write_head(writing *w) {
    at_text part = {0};
    at_protobuf_int(&w->head, MODEL_IR, AT_ONNX_IR);
    at_protobuf_text(&w->head, MODEL_PRODUCER, "atelier");
    at_protobuf_text(&w->head, MODEL_VERSION, ATELIER_VERSION);
    at_protobuf_text(&w->head, MODEL_TEXT, w->options->text);
    at_protobuf_text(&part, OPSET_DOMAIN, "");
    at_protobuf_int(&part, OPSET_VERSION, AT_ONNX_OPSET);
    at_protobuf_message(&w->head, MODEL_OPSET, &part);
    for (size_t i = 0; i < w->options->meta_count; i++) {
        at_text_clear(&part);
        at_protobuf_text(&part, META_KEY, w->options->meta[i].key);
        at_protobuf_text(&part, META_VALUE, w->options->meta[i].value);
        at_protobuf_message(&w->head, MODEL_META, &part);
    }
    at_text_fini(&part);
}

static at_status build(writing *w, const at_net_spec *spec, at_error *err) {
    at_dims in = spec->input, out = spec->layers[spec->count - 1].out;
    const float *const numbers[2] = {w->options->mean, w->options->deviation};
    for (int i = 0; i < 2; i++)
        w->scaling[i] = (at_array){.name = i ? DEVIATION : MEAN,
                                   .dtype = AT_DTYPE_F32,
                                   .rank = 4,
                                   .shape = {1, in.c, 1, 1},
                                   .data = numbers[i],
                                   .bytes = (size_t)in.c * sizeof(float)};
    AT_TRY(add_layers(spec, &w->onnx, err));
    at_protobuf_text(&w->graph, GRAPH_NAME, w->options->name);
    value(&w->graph, GRAPH_INPUT, INPUT, UINT8, (const int32_t[]){in.h, in.w, in.c}, 3);
    value(&w->graph, GRAPH_OUTPUT, OUTPUT, FLOAT, &out.c, 1);
    write_head(w);
    return at_text_ok(&w->graph) && at_text_ok(&w->head) && at_text_ok(&w->onnx.nodes)
               ? AT_OK
               : at_fail(err, AT_NO_MEMORY, "not enough memory to write a net");
}

static at_status write_all(writing *w, at_sink *sink, at_error *err) {
    uint64_t size = w->graph.length + w->onnx.nodes.length;
    for (int i = 0; i < 2; i++)
        size += tensor_size(&w->scaling[i], &w->room);
    for (size_t i = 0; i < w->onnx.count; i++)
        size += tensor_size(w->onnx.used[i], &w->room);
    if (size + w->head.length > LARGEST)
        return at_fail(err, AT_LIMIT,
                       "the net has more than 2 GB, which ONNX files end at");
    at_text_append(&sink->buffer, at_text_get(&w->head), w->head.length);
    at_protobuf_head(&sink->buffer, MODEL_GRAPH, size);
    at_text_append(&sink->buffer, at_text_get(&w->onnx.nodes), w->onnx.nodes.length);
    at_text_append(&sink->buffer, at_text_get(&w->graph), w->graph.length);
    for (int i = 0; i < 2; i++)
        AT_TRY(write_tensor(sink, &w->scaling[i], &w->room, err));
    for (size_t i = 0; i < w->onnx.count; i++)
        AT_TRY(write_tensor(sink, w->onnx.used[i], &w->room, err));
    return AT_OK;
}

at_status at_net_onnx_write(const at_net_spec *spec, const at_safetensors *weights,
                            const at_net_onnx_options *options, const char *path,
                            at_error *err) {
    if (spec->error.code != AT_OK || spec->count == 0)
        return at_fail(err, AT_INVALID, "a net with a mistake in it cannot be written");
    writing w = {.options = options, .onnx.weights = weights};
    at_sink sink;
    at_status status = build(&w, spec, err);
    if (status == AT_OK)
        status = at_sink_open(&sink, path, err);
    if (status == AT_OK)
        status = at_sink_close(&sink, write_all(&w, &sink, err), err);
    at_onnx_fini(&w.onnx);
    at_text_fini(&w.head);
    at_text_fini(&w.graph);
    at_text_fini(&w.room);
    return status;
}
