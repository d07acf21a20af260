#include "ops/learn/image_weights.h"
#include "ops/base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
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
    bool same = array->rank == parameter->rank;
    for (int i = 0; same && i < array->rank; i++)
        same = array->shape[i] == parameter->shape[i];
    return same;
}

static const char *shape_text(int rank, const int64_t *shape, char out[96]) {
    size_t length = 0;
    out[0] = '\0';
    for (int i = 0; i < rank && length < 70; i++)
        length += (size_t)snprintf(out + length, 96 - length, "%s%" PRId64,
                                   i ? " x " : "", shape[i]);
    return rank ? out : "a single number";
}

static at_status other_shape(const at_array *array, const at_parameter *parameter,
                             at_error *err) {
    char theirs[96], ours[96];
    at_fail(err, AT_INVALID, "'%s' of the weights is %s; this net's is %s", array->name,
            shape_text(array->rank, array->shape, theirs),
            shape_text(parameter->rank, parameter->shape, ours));
    return at_hint(err, "num_layers must be the depth of the net that they are from");
}

static float from_half(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    int exponent = half >> 10 & 31;
    float fraction = (float)(half & 1023) / 1024, value;
    if (exponent == 31)
        value = fraction > 0 ? NAN : INFINITY;
    else
        value = exponent ? ldexpf(1 + fraction, exponent - 15) : ldexpf(fraction, -14);
    return sign ? -value : value;
}

static float from_brain(uint16_t brain) { /* bfloat16: the upper half of a float */
    uint32_t bits = (uint32_t)brain << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The array's numbers in single precision: its own, or in *room, which at_free frees.
 * NULL: no memory. */
static const float *singles(const at_array *array, size_t count, float **room) {
    *room = NULL;
    if (array->dtype == AT_DTYPE_F32)
        return array->data;
    float *values = *room = at_alloc_array(count, sizeof *values);
    for (size_t i = 0; values && i < count; i++) {
        if (array->dtype == AT_DTYPE_F64)
            values[i] = (float)((const double *)array->data)[i];
        else if (array->dtype == AT_DTYPE_F16)
            values[i] = from_half(((const uint16_t *)array->data)[i]);
        else
            values[i] = from_brain(((const uint16_t *)array->data)[i]);
    }
    return values;
}

static bool is_real(at_dtype dtype) {
    return dtype == AT_DTYPE_F32 || dtype == AT_DTYPE_F64 || dtype == AT_DTYPE_F16 ||
           dtype == AT_DTYPE_BF16;
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
        if (!is_real(array->dtype))
            return at_fail(err, AT_INVALID, "'%s' of the weights is of type %s", name,
                           at_dtype_name(array->dtype));
        if (!same_shape(array, at_net_parameter(plan, i)))
            return other_shape(array, at_net_parameter(plan, i), err);
        float *room;
        const float *values = singles(array, at_net_parameter_values(plan, i), &room);
        if (!values)
            return no_memory(err);
        at_net_set(net, i, values);
        at_free(room);
    }
    return AT_OK;
}
