#include "ops/image/idx.h"
#include "ops/image/image.h"
#include "ops/image/reader.h"

#include <stdio.h>
#include <string.h>

at_status at_idx_parse(const uint8_t *bytes, size_t length, at_idx *out, at_error *err) {
    if (length < 4 || bytes[0] || bytes[1])
        return at_fail(err, AT_CORRUPT, "it does not begin as an IDX file does");
    if (bytes[2] != 8)
        return at_fail(err, AT_UNSUPPORTED,
                       "its elements are of IDX type 0x%02x; bytes (0x08) are read here",
                       bytes[2]);
    out->rank = bytes[3];
    if (out->rank < 1 || out->rank > 4)
        return at_fail(err, AT_UNSUPPORTED, "it has %d dimensions; 1 to 4 are read here",
                       out->rank);
    size_t head = 4 + 4 * (size_t)out->rank;
    if (length < head)
        return at_fail(err, AT_CORRUPT, "it is cut off: its head ends at byte %zu",
                       length);
    uint64_t want = 1;
    for (int i = 0; i < out->rank; i++) {
        const uint8_t *p = bytes + 4 + 4 * i;
        out->shape[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
                        (uint32_t)p[2] << 8 | (uint32_t)p[3];
        if (out->shape[i] && want > SIZE_MAX / 2 / out->shape[i])
            return at_fail(err, AT_CORRUPT, "its dimensions are impossible");
        want *= out->shape[i];
    }
    out->data = bytes + head;
    if (want == length - head)
        return AT_OK;
    return at_fail(err, AT_CORRUPT,
                   want > length - head
                       ? "it is cut off: it says %llu bytes follow byte "
                         "%zu, and %zu do"
                       : "it says %llu bytes follow byte %zu, and %zu do",
                   (unsigned long long)want, head, length - head);
}

/* The rank of an IDX file of bytes; 0: it is none. */
static int rank_of(const at_image_file *file) {
    uint8_t head[4];
    if (at_image_file_ends(file, ".txt") || at_reader_head(file, head, 4) < 4 ||
        head[0] || head[1] || head[2] != 8 || head[3] > 4)
        return 0;
    return head[3];
}

static bool is_images(const at_image_file *file) {
    return rank_of(file) >= 3;
}

static bool recognise(const at_image_files *files) {
    for (size_t i = 0; i < files->count; i++)
        if (is_images(&files->items[i]))
            return true;
    return false;
}

/* "train-labels-idx1-ubyte" for "train-images-idx3-ubyte"; else the only IDX file of rank
 * 1; else none. */
static const at_image_file *labels_of(at_image_files *files, const at_image_file *file) {
    const char *images = strstr(file->name, "images");
    if (images) {
        size_t begin = (size_t)(images - file->name);
        for (size_t i = 0; i < files->count; i++)
            if (strncmp(files->items[i].name, file->name, begin) == 0 &&
                strncmp(files->items[i].name + begin, "labels", 6) == 0 &&
                rank_of(&files->items[i]) == 1)
                return &files->items[i];
    }
    const at_image_file *only = NULL;
    size_t images_count = 0;
    for (size_t i = 0; i < files->count; i++) {
        int rank = rank_of(&files->items[i]);
        images_count += rank >= 3;
        if (rank != 1)
            continue;
        if (only)
            return NULL;
        only = &files->items[i];
    }
    return images_count == 1 ? only : NULL;
}

static at_status open_labels(const at_image_file *file, uint32_t count,
                             at_image_view *view, at_idx *labels, at_error *err) {
    AT_TRY(at_image_view_open(file, view, err));
    at_status status = at_idx_parse(view->bytes, view->length, labels, err);
    if (!status && labels->shape[0] != count)
        status = at_fail(err, AT_CORRUPT, "it holds %u labels for %u images",
                         labels->shape[0], count);
    if (status) {
        at_prefix(err, "%.200s", file->name);
        at_image_view_close(view);
    }
    return status;
}

static at_status read_images(const at_image_file *file, const at_idx *idx,
                             const at_idx *labels, const at_image_sink *sink,
                             at_error *err) {
    uint32_t n = idx->shape[0], h = idx->shape[1], w = idx->shape[2];
    uint32_t c = idx->rank == 4 ? idx->shape[3] : 1;
    if (c != 1 && c != 3)
        return at_fail(err, AT_UNSUPPORTED,
                       "%.200s: its images have %u channels; 1 or 3 can be", file->name,
                       c);
    if (n == 0)
        return AT_OK;
    if (h < 1 || w < 1 || h > AT_IMAGE_SIDE || w > AT_IMAGE_SIDE ||
        (uint64_t)h * w > AT_IMAGE_PIXELS)
        return at_fail(err, AT_LIMIT, "%.200s: its images are of %u x %u pixels",
                       file->name, w, h);
    size_t pixels = (size_t)h * w * c;
    char *image = at_alloc(pixels + 64);
    if (!image)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for an image");
    size_t head =
        (size_t)snprintf(image, 64, "P%c\n%u %u\n255\n", c == 1 ? '5' : '6', w, h);
    at_status status = AT_OK;
    for (uint32_t i = 0; i < n && !status; i++) {
        char source[256];
        snprintf(source, sizeof source, "%.200s#%u", file->name, i);
        memcpy(image + head, idx->data + i * pixels, pixels);
        float label = labels ? labels->data[i] : 0;
        at_image_item item = {image,          head + pixels, &label,
                              labels ? 1 : 0, source,        source};
        if (i % 256 == 0)
            status = at_reader_check(sink, err);
        if (!status)
            status = sink->image(sink->context, &item, err);
        if (!status && sink->progress && i % 1024 == 0)
            sink->progress(sink->context, i, n);
    }
    at_free(image);
    return status;
}

static at_status read_file(at_image_files *files, const at_image_file *file,
                           const at_image_sink *sink, at_error *err) {
    const at_image_file *label_file = labels_of(files, file);
    at_image_view view, label_view = {0};
    at_idx idx, labels;
    AT_TRY(at_image_view_open(file, &view, err));
    at_status status = at_idx_parse(view.bytes, view.length, &idx, err);
    if (!status && label_file)
        status = open_labels(label_file, idx.shape[0], &label_view, &labels, err);
    else if (status)
        at_prefix(err, "%.200s", file->name);
    if (!status)
        status = read_images(file, &idx, label_file ? &labels : NULL, sink, err);
    at_image_view_close(&label_view);
    at_image_view_close(&view);
    return status;
}

static at_status read_set(at_image_files *files, const at_image_sink *sink,
                          at_error *err) {
    bool named;
    AT_TRY(at_reader_classes(files, sink, &named, err));
    for (size_t i = 0; i < files->count; i++)
        if (is_images(&files->items[i]))
            AT_TRY(read_file(files, &files->items[i], sink, err));
    return AT_OK;
}

const at_image_reader at_idx_reader = {
    .name = "idx",
    .title = "IDX",
    .recognise = recognise,
    .read = read_set,
};
