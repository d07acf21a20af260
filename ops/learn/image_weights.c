#include "ops/learn/image_weights.h"
#include "ops/base/memory.h"

#include <inttypes.h>
#include <string.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory for the net's weights");
}

at_status at_image_weights_save(const at_net *net, const char *path, at_error *err) {
    const at_net_plan *plan = at_net_plan_of(net);
    size_t count = at_net_parameter_count(plan), total = 0;
    for (size_t i = 0; i < count; i++)
        total += at_net_parameter_values(plan, i);
    at_array *arrays = at_alloc_array(count, sizeof *arrays);
    float *values = at_alloc_array(total, sizeof *values);
    at_status status = arrays && values ? AT_OK : no_memory(err);
    size_t at = 0;
    for (size_t i = 0; status == AT_OK && i < count; i++) {
        const at_parameter *parameter = at_net_parameter(plan, i);
        arrays[i] = (at_array){.name = at_net_parameter_name(plan, i),
                               .dtype = AT_DTYPE_F32,
                               .rank = parameter->rank,
                               .data = values + at};
        memcpy(arrays[i].shape, parameter->shape, sizeof parameter->shape);
        at_net_get(net, i, values + at);
        at += at_net_parameter_values(plan, i);
    }
    if (status == AT_OK)
        status = at_safetensors_write(path, arrays, count, NULL, 0, err);
    at_free(arrays);
    at_free(values);
    return status;
}

static bool same_shape(const at_array *array, const at_parameter *parameter) {
    bool same = array->dtype == AT_DTYPE_F32 && array->rank == parameter->rank;
    for (int i = 0; same && i < array->rank; i++)
        same = array->shape[i] == parameter->shape[i];
    return same;
}

/* "conv1.weight" belongs to "conv1". */
static bool of_layer(const char *name, const char *layer) {
    size_t length = layer ? strlen(layer) : 0;
    return layer && strncmp(name, layer, length) == 0 && name[length] == '.';
}

at_status at_image_weights_load(at_net *net, const at_safetensors *file,
                                const char *except, at_error *err) {
    const at_net_plan *plan = at_net_plan_of(net);
    for (size_t i = 0; i < at_net_parameter_count(plan); i++) {
        const char *name = at_net_parameter_name(plan, i);
        if (of_layer(name, except))
            continue;
        const at_array *array = at_safetensors_find(file, name);
        if (!array)
            return at_fail(err, AT_INVALID, "the weights lack '%s'", name);
        if (!same_shape(array, at_net_parameter(plan, i)))
            return at_fail(err, AT_INVALID,
                           "'%s' of the weights has another shape or type (%s) than this "
                           "net's",
                           name, at_dtype_name(array->dtype));
        at_net_set(net, i, array->data);
    }
    return AT_OK;
}
