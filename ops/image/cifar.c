#include "ops/image/cifar.h"
#include "ops/image/lst.h"
#include "ops/image/reader.h"

#include <stdio.h>
#include <string.h>

at_status at_cifar_parse(const uint8_t *bytes, size_t length, bool hundred, at_cifar *out,
                         at_error *err) {
    size_t labels = hundred ? 2 : 1, record = labels + AT_CIFAR_PIXELS;
    *out = (at_cifar){.count = length / record, .labels = labels, .bytes = bytes};
    if (length == 0 || length % record != 0)
        return at_fail(err, AT_CORRUPT,
                       "it is cut off or of another kind: %zu records of %zu bytes and "
                       "%zu bytes more",
                       length / record, record, length % record);
    for (size_t i = 0; i < out->count; i++) {
        const uint8_t *label = bytes + i * record;
        if (hundred ? label[0] >= 20 || label[1] >= 100 : label[0] >= 10)
            return at_fail(err, AT_CORRUPT, "no label can be at byte %zu: it is %d",
                           i * record, label[0]);
    }
    return AT_OK;
}

uint8_t at_cifar_get(const at_cifar *cifar, size_t i, uint8_t *rgb) {
    const uint8_t *record = cifar->bytes + i * (cifar->labels + AT_CIFAR_PIXELS);
    const uint8_t *plane = record + cifar->labels;
    enum { PLANE = AT_CIFAR_SIDE * AT_CIFAR_SIDE };
    for (size_t p = 0; p < PLANE; p++)
        for (size_t k = 0; k < 3; k++)
            rgb[3 * p + k] = plane[k * PLANE + p];
    return record[cifar->labels - 1];
}

/* ---- the reader ---------------------------------------------------------------------
 */

static bool has_records(const at_image_file *file, size_t labels) {
    return at_image_file_ends(file, ".bin") && file->length > 0 &&
           (size_t)file->length % (labels + AT_CIFAR_PIXELS) == 0;
}

static bool is_batch(const at_image_file *file) {
    const char *base = strrchr(file->name, '/');
    base = base ? base + 1 : file->name;
    return at_image_file_ends(file, ".bin") &&
           (has_records(file, 1) || has_records(file, 2) ||
            strncmp(base, "data_batch", 10) == 0 || strncmp(base, "cifar", 5) == 0);
}

static bool recognise(const at_image_files *files) {
    for (size_t i = 0; i < files->count; i++)
        if (is_batch(&files->items[i]))
            return true;
    return false;
}

static at_status read_records(const at_image_file *file, const at_cifar *cifar,
                              const at_lst *lst, const at_image_sink *sink,
                              at_error *err) {
    uint8_t image[32 + AT_CIFAR_PIXELS];
    size_t head = (size_t)snprintf((char *)image, 32, "P6\n32 32\n255\n");
    for (size_t i = 0; i < cifar->count; i++) {
        char number[AT_LST_PATH];
        const char *path = at_lst_path(lst, i);
        float label = at_cifar_get(cifar, i, image + head);
        if (!path)
            snprintf(number, sizeof number, "%.200s#%zu", file->name, i);
        path = path ? path : number;
        at_image_item item = {image, head + AT_CIFAR_PIXELS, &label, 1, path, path};
        if (i % 256 == 0)
            AT_TRY(at_reader_check(sink, err));
        AT_TRY(sink->image(sink->context, &item, err));
        if (sink->progress && i % 1024 == 0)
            sink->progress(sink->context, (int64_t)i, (int64_t)cifar->count);
    }
    return AT_OK;
}

static at_status read_file(at_image_files *files, const at_image_file *file,
                           const at_image_sink *sink, at_error *err) {
    at_lst lst = {0};
    at_image_view view;
    at_cifar cifar;
    AT_TRY(at_lst_beside(files, file, &lst, err));
    at_status status = at_image_view_open(file, &view, err);
    if (!status) {
        bool hundred = has_records(file, 2) && !has_records(file, 1);
        /* A size that fits both (3,073 x 3,074 bytes and so on): the labels decide. */
        if (has_records(file, 2) && has_records(file, 1))
            hundred = at_cifar_parse(view.bytes, view.length, false, &cifar, NULL) != 0;
        status = at_cifar_parse(view.bytes, view.length, hundred, &cifar, err);
        if (status)
            at_prefix(err, "%.200s", file->name);
        else
            status = read_records(file, &cifar, &lst, sink, err);
        at_image_view_close(&view);
    }
    at_lst_fini(&lst);
    return status;
}

static at_status read_set(at_image_files *files, const at_image_sink *sink,
                          at_error *err) {
    bool named;
    AT_TRY(at_reader_classes(files, sink, &named, err));
    for (size_t i = 0; i < files->count; i++)
        if (is_batch(&files->items[i]))
            AT_TRY(read_file(files, &files->items[i], sink, err));
    return AT_OK;
}

const at_image_reader at_cifar_reader = {
    .name = "cifar",
    .title = "CIFAR binary",
    .recognise = recognise,
    .read = read_set,
};
