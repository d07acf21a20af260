#include "ops/base/memory.h"
#include "ops/base/safetensors.h"
#include "ops/base/sink.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static at_status array_bytes(const at_array *array, size_t *out, at_error *err) {
    if (array->rank < 0 || array->rank > AT_SAFETENSORS_RANK)
        return at_fail(err, AT_INVALID, "array '%s' has %d dimensions; %d are the most",
                       array->name, array->rank, AT_SAFETENSORS_RANK);
    *out = at_dtype_size(array->dtype);
    for (int i = 0; i < array->rank; i++) {
        if (array->shape[i] < 0 ||
            __builtin_mul_overflow(*out, (size_t)array->shape[i], out))
            return at_fail(err, AT_INVALID, "array '%s' has a bad shape", array->name);
    }
    return AT_OK;
}

static json_t *describe(const at_array *array, size_t begin, size_t bytes) {
    json_t *shape = json_array();
    for (int i = 0; shape && i < array->rank; i++) {
        if (json_array_append_new(shape, json_integer(array->shape[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", at_dtype_name(array->dtype),
                     "shape", shape, "data_offsets", (json_int_t)begin,
                     (json_int_t)(begin + bytes));
}

/* Widest elements first, else as given: every array is then aligned, without holes. */
static void lay_out(const at_array *arrays, size_t count, size_t *order) {
    size_t n = 0;
    for (size_t size = 8; size > 0; size /= 2) {
        for (size_t i = 0; i < count; i++) {
            if (at_dtype_size(arrays[i].dtype) == size)
                order[n++] = i;
        }
    }
}

static at_status make_header(const at_array *arrays, size_t count, const size_t *order,
                             const at_meta *meta, size_t meta_count, char **out,
                             at_error *err) {
    json_t *header = json_object(), *texts = json_object();
    int failed = !header || !texts;
    for (size_t i = 0; !failed && i < meta_count; i++)
        failed = json_object_set_new(texts, meta[i].key, json_string(meta[i].value));
    if (!failed && meta_count > 0)
        failed = json_object_set(header, "__metadata__", texts);
    at_status status = AT_OK;
    size_t at = 0;
    for (size_t i = 0; !failed && status == AT_OK && i < count; i++) {
        const at_array *array = &arrays[order[i]];
        size_t bytes = 0;
        status = array_bytes(array, &bytes, err);
        if (status == AT_OK && json_object_get(header, array->name))
            status = at_fail(err, AT_INVALID, "two arrays are named '%s'", array->name);
        if (status == AT_OK)
            failed = json_object_set_new(header, array->name, describe(array, at, bytes));
        at += bytes;
    }
    *out = status == AT_OK && !failed ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(texts);
    json_decref(header);
    if (status != AT_OK)
        return status;
    return *out ? AT_OK
                : at_fail(err, AT_NO_MEMORY, "out of memory or a name is not UTF-8");
}

static at_status write_parts(at_sink *sink, const char *header, const at_array *arrays,
                             size_t count, const size_t *order, at_error *err) {
    size_t length = strlen(header), padded = (8 + length + 63) / 64 * 64 - 8;
    if (padded > AT_SAFETENSORS_HEADER)
        return at_fail(err, AT_LIMIT, "the header of a safetensors file is too long");
    for (int i = 0; i < 8; i++)
        at_text_char(&sink->buffer, (char)((uint64_t)padded >> (8 * i)));
    at_text_put(&sink->buffer, header);
    for (size_t i = length; i < padded; i++)
        at_text_char(&sink->buffer, ' ');
    for (size_t i = 0; i < count; i++) {
        size_t bytes = 0;
        AT_TRY(array_bytes(&arrays[order[i]], &bytes, err));
        AT_TRY(at_sink_write(sink, arrays[order[i]].data, bytes, err));
    }
    return AT_OK;
}

at_status at_safetensors_write(const char *path, const at_array *arrays, size_t count,
                               const at_meta *meta, size_t meta_count, at_error *err) {
    if (count > AT_SAFETENSORS_COUNT)
        return at_fail(err, AT_LIMIT, "more than %d arrays", AT_SAFETENSORS_COUNT);
    size_t *order = at_alloc_array(count + 1, sizeof *order);
    if (!order)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    lay_out(arrays, count, order);
    char *header = NULL;
    at_sink sink;
    at_status status = make_header(arrays, count, order, meta, meta_count, &header, err);
    if (status == AT_OK)
        status = at_sink_open(&sink, path, err);
    if (status == AT_OK) {
        status = write_parts(&sink, header, arrays, count, order, err);
        status = at_sink_close(&sink, status, err);
    }
    free(header);
    at_free(order);
    return status;
}
