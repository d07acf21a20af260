/* A model for other programs: its net as ONNX, its weights as safetensors. */
#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/learn/model_parts.h"
#include "ops/nn/net_onnx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct format {
    const char *end;
    at_status (*write)(const at_model *model, const at_meta *meta, size_t count,
                       const char *path, at_error *err);
} format;

enum { METAS = 12 };

/* What the file says of itself, for those who prepare pictures for it. */
typedef struct facts {
    at_arena arena;
    at_meta items[METAS];
    size_t count;
    bool failed;
} facts;

static void add(facts *f, const char *key, char *value) {
    f->failed |= !value;
    f->items[f->count++] = (at_meta){key, value ? value : ""};
}

static char *numbers(facts *f, const float *values, int32_t count) {
    at_text text = {0};
    for (int32_t i = 0; i < count; i++)
        at_text_format(&text, "%s%g", i ? "," : "", (double)values[i]);
    char *out = at_text_ok(&text)
                    ? at_arena_text(&f->arena, at_text_get(&text), text.length)
                    : NULL;
    at_text_fini(&text);
    return out;
}

static char *labels(facts *f, const at_model *model) {
    json_t *list = json_array();
    for (int i = 0; i < model->target.label_count; i++)
        json_array_append_new(list, json_string(model->target.labels[i]));
    char *text = list ? json_dumps(list, JSON_COMPACT) : NULL;
    char *out = text ? at_arena_text(&f->arena, text, strlen(text)) : NULL;
    free(text);
    json_decref(list);
    return out;
}

static at_status collect(const at_model *model, facts *f, at_error *err) {
    const at_prep *prep = at_image_net_prep(model->images);
    const json_t *net = json_object_get(model->card, "resnet");
    at_arena *arena = &f->arena;
    add(f, "task", at_arena_format(arena, "image-classification"));
    add(f, "classes", labels(f, model));
    add(f, "resnet_version",
        at_arena_format(arena, "%d",
                        (int)json_integer_value(json_object_get(net, "version"))));
    add(f, "num_layers",
        at_arena_format(arena, "%d",
                        (int)json_integer_value(json_object_get(net, "depth"))));
    add(f, "image_shape",
        at_arena_format(arena, "%d,%d,%d", (int)prep->c, (int)prep->h, (int)prep->w));
    add(f, "channels", at_arena_format(arena, prep->c == 1 ? "grey" : "RGB"));
    add(f, "resize", at_arena_format(arena, "%d", (int)prep->resize));
    add(f, "mean", numbers(f, prep->mean, prep->c));
    add(f, "deviation", numbers(f, prep->deviation, prep->c));
    return f->failed ? at_fail(err, AT_NO_MEMORY, "not enough memory to export") : AT_OK;
}

static at_status write_onnx(const at_model *model, const at_meta *meta, size_t count,
                            const char *path, at_error *err) {
    const at_prep *prep = at_image_net_prep(model->images);
    char text[512];
    int length = snprintf(text, sizeof text, "Give it pictures as decoded: uint8, %s, ",
                          prep->c == 1 ? "grey" : "RGB");
    if (prep->resize)
        length += snprintf(text + length, sizeof text - (size_t)length,
                           "resized (bilinear, as Pillow's BILINEAR) so that the shorter "
                           "side has %d pixels, ",
                           (int)prep->resize);
    snprintf(text + length, sizeof text - (size_t)length,
             "then the central %d x %d (height x width), as (N, %d, %d, %d). The graph "
             "subtracts the mean and divides by the deviation itself. Names of the "
             "outputs: the property 'classes'.",
             (int)prep->h, (int)prep->w, (int)prep->h, (int)prep->w, (int)prep->c);
    at_net_onnx_options options = {.mean = prep->mean,
                                   .deviation = prep->deviation,
                                   .name = "resnet",
                                   .text = text,
                                   .meta = meta,
                                   .meta_count = count};
    return at_net_onnx_write(at_image_net_spec(model->images),
                             at_image_net_weights(model->images), &options, path, err);
}

static at_status write_safetensors(const at_model *model, const at_meta *meta,
                                   size_t count, const char *path, at_error *err) {
    const at_safetensors *file = at_image_net_weights(model->images);
    size_t arrays = at_safetensors_count(file);
    at_meta all[METAS + 1];
    at_array *copy = at_alloc_array(arrays + 1, sizeof *copy);
    if (!copy)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to export");
    for (size_t i = 0; i < arrays; i++)
        copy[i] = *at_safetensors_get(file, i);
    memcpy(all, meta, count * sizeof *meta);
    all[count] = (at_meta){"format", "pt"}; /* the layout of arrays that PyTorch has */
    at_status status = at_safetensors_write(path, copy, arrays, all, count + 1, err);
    at_free(copy);
    return status;
}

static const format formats[] = {{".onnx", write_onnx},
                                 {".safetensors", write_safetensors}};

static const format *format_of(const char *path) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (at_ends_fold(path, formats[i].end))
            return &formats[i];
    return NULL;
}

bool at_model_exports_to(const char *path) {
    return format_of(path) != NULL;
}

at_status at_model_export(const at_model *model, const char *path, at_error *err) {
    const format *as = format_of(path);
    if (!as)
        return at_fail(err, AT_INVALID, "a model is exported to .onnx or .safetensors");
    if (!model->images)
        return at_fail(err, AT_UNSUPPORTED,
                       "a model of rows (%s) cannot be written as %s: its preparation "
                       "of columns would be lost",
                       at_model_algorithm(model), as->end);
    facts f = {0};
    at_status status = collect(model, &f, err);
    if (status == AT_OK)
        status = as->write(model, f.items, f.count, path, err);
    at_arena_fini(&f.arena);
    return status;
}
