#include "ops/image/images.h"
#include "ops/base/memory.h"
#include "ops/base/safetensors.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct at_images {
    atomic_size_t references;
    at_safetensors *file;
    int64_t count;
    const uint8_t *bytes;
    const int64_t *offsets, *places;
    const float *labels;
    at_arena arena; /* holds the names */
    const char **classes;
    size_t class_count;
    size_t *by_name; /* indices of classes, by name */
    const char **left_out;
    size_t left_out_named, left_out_count;
};

static at_status damaged(const char *what, at_error *err) {
    return at_fail(err, AT_CORRUPT, "the file of the images is damaged: %s", what);
}

static const at_array *find(const at_images *images, const char *name, at_dtype dtype) {
    const at_array *array = at_safetensors_find(images->file, name);
    return array && array->dtype == dtype && array->rank == 1 ? array : NULL;
}

/* (count + 1) offsets that begin at 0, never fall, and end at `end`. */
static bool ascending(const int64_t *offsets, int64_t count, int64_t end) {
    bool good = offsets[0] == 0 && offsets[count] == end;
    for (int64_t i = 0; i < count; i++)
        good = good && offsets[i] <= offsets[i + 1];
    return good;
}

static at_status read_arrays(at_images *images, at_error *err) {
    const at_array *bytes = find(images, "images.bytes", AT_DTYPE_U8);
    const at_array *offsets = find(images, "images.offsets", AT_DTYPE_I64);
    const at_array *labels = find(images, "images.labels", AT_DTYPE_F32);
    const at_array *places = find(images, "images.places", AT_DTYPE_I64);
    if (!bytes || !offsets || !labels || !places || offsets->shape[0] < 1 ||
        places->shape[0] != offsets->shape[0])
        return damaged("an array is missing or of the wrong shape", err);
    images->count = offsets->shape[0] - 1;
    images->bytes = bytes->data;
    images->offsets = offsets->data;
    images->labels = labels->data;
    images->places = places->data;
    if (!ascending(images->offsets, images->count, bytes->shape[0]) ||
        !ascending(images->places, images->count, labels->shape[0]))
        return damaged("offsets are out of order", err);
    return AT_OK;
}

static int by_name(const void *a, const void *b, void *context) {
    const at_images *images = context;
    return strcmp(images->classes[*(const size_t *)a],
                  images->classes[*(const size_t *)b]);
}

static at_status read_classes(at_images *images, const json_t *names, at_error *err) {
    size_t count = json_array_size(names);
    images->classes =
        at_arena_alloc(&images->arena, (count + 1) * sizeof *images->classes);
    images->by_name =
        at_arena_alloc(&images->arena, (count + 1) * sizeof *images->by_name);
    if (!images->classes || !images->by_name)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to open the images");
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!name)
            return damaged("the names of the classes are unreadable", err);
        images->classes[i] = at_arena_text(&images->arena, name, strlen(name));
        images->by_name[i] = i;
        if (!images->classes[i])
            return at_fail(err, AT_NO_MEMORY, "not enough memory to open the images");
    }
    images->class_count = count;
    qsort_r(images->by_name, count, sizeof *images->by_name, by_name, images);
    return AT_OK;
}

/* Sets made before there was such a list have none. */
static at_status read_left_out(at_images *images, const json_t *about, at_error *err) {
    const json_t *list = json_object_get(about, "left_out");
    size_t count = json_array_size(list);
    json_int_t all = json_integer_value(json_object_get(about, "left_out_count"));
    count = count < AT_IMAGES_LEFT_OUT ? count : AT_IMAGES_LEFT_OUT;
    images->left_out =
        at_arena_alloc(&images->arena, (count + 1) * sizeof *images->left_out);
    for (size_t i = 0; images->left_out && i < count; i++) {
        const char *why = json_string_value(json_array_get(list, i));
        if (!why)
            return damaged("the list of what was left out is unreadable", err);
        images->left_out[i] = at_arena_text(&images->arena, why, strlen(why));
        if (!images->left_out[i])
            images->left_out = NULL;
    }
    if (!images->left_out)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to open the images");
    images->left_out_named = count;
    images->left_out_count = all > (json_int_t)count ? (size_t)all : count;
    return AT_OK;
}

static at_status read_all(at_images *images, const char *path, at_error *err) {
    AT_TRY(at_safetensors_open(path, &images->file, err));
    const char *about = at_safetensors_meta(images->file, "images");
    if (!about)
        return at_fail(err, AT_NOT_FOUND, "the dataset is a table without images");
    AT_TRY(read_arrays(images, err));
    json_t *json = json_loads(about, 0, NULL);
    at_status status = json ? read_classes(images, json_object_get(json, "classes"), err)
                            : damaged("its description is unreadable", err);
    if (!status)
        status = read_left_out(images, json, err);
    json_decref(json);
    return status;
}

at_status at_images_open(const char *path, at_images **out, at_error *err) {
    *out = NULL;
    at_images *images = at_alloc_zero(sizeof *images);
    if (!images)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to open the images");
    atomic_init(&images->references, 1);
    at_status status = read_all(images, path, err);
    if (status)
        at_images_release(images);
    else
        *out = images;
    return status;
}

at_images *at_images_retain(at_images *images) {
    atomic_fetch_add_explicit(&images->references, 1, memory_order_relaxed);
    return images;
}

void at_images_release(at_images *images) {
    if (!images ||
        atomic_fetch_sub_explicit(&images->references, 1, memory_order_acq_rel) != 1)
        return;
    at_safetensors_release(images->file);
    at_arena_fini(&images->arena);
    at_free(images);
}

int64_t at_images_count(const at_images *images) {
    return images->count;
}

const uint8_t *at_images_bytes(const at_images *images, int64_t id, size_t *length) {
    *length = (size_t)(images->offsets[id + 1] - images->offsets[id]);
    return images->bytes + images->offsets[id];
}

const float *at_images_labels(const at_images *images, int64_t id, size_t *count) {
    *count = (size_t)(images->places[id + 1] - images->places[id]);
    return images->labels + images->places[id];
}

size_t at_images_classes(const at_images *images) {
    return images->class_count;
}

const char *at_images_class(const at_images *images, size_t index) {
    return images->classes[index];
}

size_t at_images_left_out(const at_images *images, size_t *named) {
    *named = images->left_out_named;
    return images->left_out_count;
}

const char *at_images_left_out_why(const at_images *images, size_t index) {
    return images->left_out[index];
}

int64_t at_images_class_find(const at_images *images, const char *name, size_t length) {
    size_t low = 0, high = images->class_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const char *other = images->classes[images->by_name[middle]];
        int order = strncmp(other, name, length);
        if (order == 0 && other[length])
            order = 1;
        if (order == 0)
            return (int64_t)images->by_name[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}
