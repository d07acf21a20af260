#include "ops/base/memory.h"
#include "ops/nn/layers.h"
#include "ops/nn/net_inside.h"

#include <string.h>

at_status at_net_spec_new(at_dims input, at_net_spec **out, at_error *err) {
    *out = NULL;
    if (input.c < 1 || input.h < 1 || input.w < 1 || input.c > 1 << 16 ||
        input.h > 1 << 14 || input.w > 1 << 14)
        return at_fail(err, AT_INVALID, "a net cannot take images of (%d, %d, %d)",
                       (int)input.c, (int)input.h, (int)input.w);
    at_net_spec *spec = at_alloc_zero(sizeof *spec);
    if (!spec)
        return at_fail(err, AT_NO_MEMORY, "no memory for a net");
    spec->input = input;
    *out = spec;
    return AT_OK;
}

void at_net_spec_release(at_net_spec *spec) {
    if (!spec)
        return;
    at_free(spec->layers);
    at_free(spec);
}

at_dims at_net_dims(const at_net_spec *spec, int value) {
    if (value < 0 || (size_t)value > spec->count)
        return (at_dims){0};
    return value == 0 ? spec->input : spec->layers[value - 1].out;
}

static at_status check(at_net_spec *spec, const char *layer, const char *name,
                       const int *in, int inputs) {
    at_error *err = &spec->error;
    if (!at_layer_named(layer))
        return at_fail(err, AT_INVALID, "there is no layer '%s'", layer);
    if (at_layer_named(layer)->inputs != inputs)
        return at_fail(err, AT_INVALID, "%s takes %d inputs, not %d", layer,
                       at_layer_named(layer)->inputs, inputs);
    if (strlen(name) >= AT_LAYER_NAME)
        return at_fail(err, AT_LIMIT, "a layer's name has at most %d bytes: '%s'",
                       AT_LAYER_NAME - 1, name);
    if (spec->count >= AT_NET_LAYERS)
        return at_fail(err, AT_LIMIT, "a net has at most %d layers", AT_NET_LAYERS);
    for (int i = 0; i < inputs; i++)
        if (in[i] < 0 || (size_t)in[i] > spec->count)
            return at_fail(err, AT_INVALID, "%s '%s': there is no value %d", layer, name,
                           in[i]);
    for (size_t i = 0; i < spec->count; i++)
        if (strcmp(spec->layers[i].name, name) == 0)
            return at_fail(err, AT_EXISTS, "two layers are called '%s'", name);
    return AT_OK;
}

static int append(at_net_spec *spec, const char *layer, const char *name, const int *in,
                  int inputs, const at_layer_options *options) {
    if (spec->error.code != AT_OK || check(spec, layer, name, in, inputs) != AT_OK)
        return -1;
    at_spec_layer *grown =
        at_grow(spec->layers, &spec->room, spec->count + 1, sizeof *grown);
    if (!grown) {
        at_fail(&spec->error, AT_NO_MEMORY, "no memory for a net");
        return -1;
    }
    spec->layers = grown;
    at_spec_layer *added = &grown[spec->count];
    *added = (at_spec_layer){.layer = at_layer_named(layer)};
    memcpy(added->name, name, strlen(name) + 1);
    if (options)
        added->options = *options;
    at_dims dims[AT_LAYER_INPUTS] = {{0, 0, 0}, {0, 0, 0}};
    for (int i = 0; i < AT_LAYER_INPUTS; i++) {
        added->in[i] = i < inputs ? in[i] : -1;
        dims[i] = at_net_dims(spec, added->in[i]);
    }
    if (added->layer->shape(&added->options, dims, &added->out, &spec->error) != AT_OK) {
        at_prefix(&spec->error, "layer '%s'", name);
        return -1;
    }
    return (int)++spec->count;
}

int at_net_layer(at_net_spec *spec, const char *layer, const char *name, int input,
                 const at_layer_options *options) {
    return append(spec, layer, name, &input, 1, options);
}

int at_net_sum(at_net_spec *spec, const char *name, int a, int b) {
    return append(spec, "add", name, (const int[]){a, b}, 2, NULL);
}

size_t at_net_layers_before(const at_net_spec *spec, const char *prefix) {
    size_t i = 0;
    while (i < spec->count && strncmp(spec->layers[i].name, prefix, strlen(prefix)) != 0)
        i++;
    return i;
}
