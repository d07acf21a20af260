#include "ops/base/safetensors.h"

#include "ops/base/memory.h"
#include "ops/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct at_safetensors {
    atomic_size_t references;
    void *map; /* NULL: a view of the caller's bytes */
    size_t map_length;
    at_array *arrays; /* in the order of the header's JSON */
    size_t *by_name;  /* indices into arrays, sorted by name */
    size_t count;
    void **copies; /* arrays that lay unaligned in the file; NULL otherwise */
    json_t *header;
};

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [AT_DTYPE_BOOL] = {"BOOL", 1}, [AT_DTYPE_U8] = {"U8", 1},
    [AT_DTYPE_I8] = {"I8", 1},     [AT_DTYPE_U16] = {"U16", 2},
    [AT_DTYPE_I16] = {"I16", 2},   [AT_DTYPE_F16] = {"F16", 2},
    [AT_DTYPE_BF16] = {"BF16", 2}, [AT_DTYPE_U32] = {"U32", 4},
    [AT_DTYPE_I32] = {"I32", 4},   [AT_DTYPE_F32] = {"F32", 4},
    [AT_DTYPE_U64] = {"U64", 8},   [AT_DTYPE_I64] = {"I64", 8},
    [AT_DTYPE_F64] = {"F64", 8},
};

const char *at_dtype_name(at_dtype dtype) {
    return dtypes[dtype].name;
}

size_t at_dtype_size(at_dtype dtype) {
    return dtypes[dtype].size;
}

static bool find_dtype(const char *name, at_dtype *out) {
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(dtypes[i].name, name) == 0) {
            *out = (at_dtype)i;
            return true;
        }
    }
    return false;
}

static int compare_names(const void *a, const void *b, void *context) {
    const at_array *arrays = context;
    return strcmp(arrays[*(const size_t *)a].name, arrays[*(const size_t *)b].name);
}

/* [a, b, ...] of non-negative integers whose product with the element size fits. */
static at_status read_shape(const json_t *shape, at_array *array, at_error *err) {
    size_t rank = json_array_size(shape);
    if (!json_is_array(shape) || rank > AT_SAFETENSORS_RANK)
        return at_fail(err, AT_CORRUPT, "array '%s' has a bad shape", array->name);
    array->rank = (int)rank;
    array->bytes = at_dtype_size(array->dtype);
    for (size_t i = 0; i < rank; i++) {
        const json_t *extent = json_array_get(shape, i);
        json_int_t n = json_integer_value(extent);
        if (!json_is_integer(extent) || n < 0 ||
            __builtin_mul_overflow(array->bytes, (size_t)n, &array->bytes))
            return at_fail(err, AT_CORRUPT, "array '%s' has a bad shape", array->name);
        array->shape[i] = n;
    }
    return AT_OK;
}

/* Fills one array from its JSON; `data` and `length` are the part after the header. */
static at_status read_array(const char *name, const json_t *entry, const char *data,
                            size_t length, at_array *array, at_error *err) {
    array->name = name;
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    if (!dtype || !find_dtype(dtype, &array->dtype))
        return at_fail(err, dtype ? AT_UNSUPPORTED : AT_CORRUPT,
                       "array '%s' has the unknown element type '%s'", name,
                       dtype ? dtype : "");
    AT_TRY(read_shape(json_object_get(entry, "shape"), array, err));
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const json_t *from = json_array_get(offsets, 0), *to = json_array_get(offsets, 1);
    json_int_t begin = json_integer_value(from), end = json_integer_value(to);
    if (json_array_size(offsets) != 2 || !json_is_integer(from) || !json_is_integer(to) ||
        begin < 0 || end < begin || (size_t)end > length ||
        (size_t)(end - begin) != array->bytes)
        return at_fail(err, AT_CORRUPT, "array '%s' lies outside of the file", name);
    array->data = data + begin;
    return AT_OK;
}

/* Copies what lies unaligned: reading it in place would be undefined. */
static at_status align_arrays(at_safetensors *file, at_error *err) {
    for (size_t i = 0; i < file->count; i++) {
        at_array *array = &file->arrays[i];
        if ((uintptr_t)array->data % at_dtype_size(array->dtype) == 0)
            continue;
        if (!file->copies &&
            !(file->copies = at_alloc_array(file->count, sizeof(void *))))
            return at_fail(err, AT_NO_MEMORY, "out of memory");
        file->copies[i] = at_alloc(array->bytes);
        if (!file->copies[i])
            return at_fail(err, AT_NO_MEMORY, "out of memory");
        memcpy(file->copies[i], array->data, array->bytes);
        array->data = file->copies[i];
    }
    return AT_OK;
}

static int compare_places(const void *a, const void *b, void *context) {
    const at_array *arrays = context;
    const at_array *x = &arrays[*(const size_t *)a], *y = &arrays[*(const size_t *)b];
    const char *from = x->data, *other = y->data;
    if (from != other)
        return from < other ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* No byte belongs to two arrays, as the format has it: what is copied of a file is then
 * never more than the file. Sorts by_name by place. */
static at_status check_overlap(at_safetensors *file, at_error *err) {
    qsort_r(file->by_name, file->count, sizeof *file->by_name, compare_places,
            file->arrays);
    for (size_t i = 1; i < file->count; i++) {
        const at_array *before = &file->arrays[file->by_name[i - 1]];
        const at_array *array = &file->arrays[file->by_name[i]];
        if ((const char *)array->data < (const char *)before->data + before->bytes)
            return at_fail(err, AT_CORRUPT, "the arrays '%s' and '%s' overlap",
                           before->name, array->name);
    }
    return AT_OK;
}

/* The metadata is a map from text to text without bytes of value 0. */
static at_status check_meta(const json_t *meta, at_error *err) {
    const char *key;
    json_t *value;
    if (meta && !json_is_object(meta))
        return at_fail(err, AT_CORRUPT, "the metadata is not a map");
    json_object_foreach((json_t *)meta, key, value) {
        if (!json_is_string(value))
            return at_fail(err, AT_CORRUPT, "the metadata '%s' is not a text", key);
    }
    return AT_OK;
}

static at_status read_arrays(at_safetensors *file, const char *data, size_t length,
                             at_error *err) {
    size_t entries = json_object_size(file->header);
    if (entries > AT_SAFETENSORS_COUNT)
        return at_fail(err, AT_LIMIT, "more than %d arrays", AT_SAFETENSORS_COUNT);
    file->arrays = at_alloc_array(entries + 1, sizeof *file->arrays);
    file->by_name = at_alloc_array(entries + 1, sizeof *file->by_name);
    if (!file->arrays || !file->by_name)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    const char *name;
    json_t *entry;
    AT_TRY(check_meta(json_object_get(file->header, "__metadata__"), err));
    json_object_foreach(file->header, name, entry) {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        AT_TRY(read_array(name, entry, data, length, &file->arrays[file->count], err));
        file->by_name[file->count] = file->count;
        file->count++;
    }
    AT_TRY(check_overlap(file, err));
    qsort_r(file->by_name, file->count, sizeof *file->by_name, compare_names,
            file->arrays);
    return align_arrays(file, err);
}

static at_status parse(at_safetensors *file, const char *bytes, size_t length,
                       at_error *err) {
    if (length < 8)
        return at_fail(err, AT_CORRUPT, "too short for a safetensors file");
    uint64_t n = 0;
    for (int i = 7; i >= 0; i--)
        n = n << 8 | (unsigned char)bytes[i];
    if (n > AT_SAFETENSORS_HEADER || n > length - 8)
        return at_fail(err, AT_CORRUPT,
                       "the header of the safetensors file is cut short");
    json_error_t at;
    file->header = json_loadb(bytes + 8, (size_t)n, JSON_REJECT_DUPLICATES, &at);
    if (!json_is_object(file->header))
        return at_fail(err, AT_CORRUPT,
                       "the header of the safetensors file is damaged: %s",
                       file->header ? "not an object" : at.text);
    return read_arrays(file, bytes + 8 + n, length - 8 - (size_t)n, err);
}

at_status at_safetensors_view(const void *bytes, size_t length, at_safetensors **out,
                              at_error *err) {
    at_safetensors *file = at_alloc_zero(sizeof *file);
    if (!file)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    atomic_init(&file->references, 1);
    at_status status = parse(file, bytes, length, err);
    if (status != AT_OK) {
        at_safetensors_release(file);
        return status;
    }
    *out = file;
    return AT_OK;
}

at_status at_safetensors_open(const char *path, at_safetensors **out, at_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return at_fail_errno(err, "cannot open %s", path);
    struct stat info;
    void *map = MAP_FAILED;
    at_status status = AT_OK;
    if (fstat(fd, &info) != 0)
        status = at_fail_errno(err, "cannot open %s", path);
    else if (!S_ISREG(info.st_mode) || info.st_size < 8)
        status = at_fail(err, AT_CORRUPT, "%s is no safetensors file", path);
    else if ((map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) ==
             MAP_FAILED)
        status = at_fail_errno(err, "cannot map %s", path);
    close(fd);
    if (status != AT_OK)
        return status;
    status = at_safetensors_view(map, (size_t)info.st_size, out, err);
    if (status != AT_OK) {
        munmap(map, (size_t)info.st_size);
        if (err)
            at_prefix(err, "%s", path);
        return status;
    }
    (*out)->map = map;
    (*out)->map_length = (size_t)info.st_size;
    return AT_OK;
}

at_safetensors *at_safetensors_retain(at_safetensors *file) {
    atomic_fetch_add_explicit(&file->references, 1, memory_order_relaxed);
    return file;
}

void at_safetensors_release(at_safetensors *file) {
    if (!file ||
        atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; file->copies && i < file->count; i++)
        at_free(file->copies[i]);
    at_free(file->copies);
    at_free(file->arrays);
    at_free(file->by_name);
    json_decref(file->header);
    if (file->map)
        munmap(file->map, file->map_length);
    at_free(file);
}

size_t at_safetensors_count(const at_safetensors *file) {
    return file->count;
}

const at_array *at_safetensors_get(const at_safetensors *file, size_t index) {
    return index < file->count ? &file->arrays[index] : NULL;
}

const at_array *at_safetensors_find(const at_safetensors *file, const char *name) {
    size_t low = 0, high = file->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const at_array *array = &file->arrays[file->by_name[middle]];
        int order = strcmp(name, array->name);
        if (order == 0)
            return array;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *at_safetensors_meta(const at_safetensors *file, const char *key) {
    return json_string_value(
        json_object_get(json_object_get(file->header, "__metadata__"), key));
}
