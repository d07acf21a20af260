#include "ops/image/reader.h"
#include "ops/base/text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* To add a format: its file, and its line here. A folder of pictures comes last: almost
 * any set could be one. */
static const at_image_reader *const readers[] = {
    &at_recordio_reader, &at_idx_reader, &at_cifar_reader,
    &at_manifest_reader, &at_lst_reader, &at_folder_reader,
};

const at_image_reader *at_image_reader_at(size_t index) {
    return index < sizeof readers / sizeof *readers ? readers[index] : NULL;
}

const at_image_reader *at_image_reader_named(const char *name) {
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (strcmp(readers[i]->name, name) == 0)
            return readers[i];
    return NULL;
}

const at_image_reader *at_image_reader_for(const at_image_files *files) {
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (readers[i]->recognise(files))
            return readers[i];
    return NULL;
}

size_t at_reader_head(const at_image_file *file, void *out, size_t length) {
    if (file->length < (int64_t)length)
        length = (size_t)(file->length > 0 ? file->length : 0);
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? pread(fd, out, length, (off_t)file->offset) : 0;
    if (fd >= 0)
        close(fd);
    return got > 0 ? (size_t)got : 0;
}

at_status at_reader_check(const at_image_sink *sink, at_error *err) {
    return at_cancelled(sink->cancel)
               ? at_fail(err, AT_CANCELLED, "interrupted while reading images")
               : AT_OK;
}

at_status at_reader_class_lines(const char *text, size_t length, const char *name,
                                const at_image_sink *sink, at_error *err) {
    at_arena arena = {0};
    const char **names = NULL;
    size_t count = 0, capacity = 0;
    at_status status = AT_OK;
    if (!at_utf8_valid(text, length) || memchr(text, 0, length))
        return at_fail(err, AT_CORRUPT, "%.200s is no text of class names", name);
    for (size_t at = 0; at < length && !status;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t next = end ? (size_t)(end - text) : length, stop = next;
        while (stop > at && strchr("\r\t ", text[stop - 1]))
            stop--;
        while (at < stop && strchr("\t ", text[at]))
            at++;
        if (stop > at) { /* blank lines name nothing */
            const char **more = at_grow(names, &capacity, count + 1, sizeof *names);
            char *copy = more ? at_arena_text(&arena, text + at, stop - at) : NULL;
            names = more ? more : names;
            if (!copy)
                status = at_fail(err, AT_NO_MEMORY, "not enough memory for class names");
            else if (count >= AT_READER_CLASSES)
                status = at_fail(err, AT_LIMIT, "%.200s names more than %d classes", name,
                                 AT_READER_CLASSES);
            else
                names[count++] = copy;
        }
        at = next + 1;
    }
    if (!status && count)
        status = sink->classes(sink->context, names, count, err);
    at_free(names);
    at_arena_fini(&arena);
    return status;
}

at_status at_reader_classes(at_image_files *files, const at_image_sink *sink, bool *found,
                            at_error *err) {
    static const char *const ends[] = {"classes.txt", "labels.txt", "batches.meta.txt",
                                       "fine_label_names.txt", "_categories.txt"};
    *found = false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        for (size_t f = 0; f < files->count; f++) {
            at_image_view view;
            if (!at_image_file_ends(&files->items[f], ends[i]) ||
                files->items[f].length > (16 << 20))
                continue;
            AT_TRY(at_image_view_open(&files->items[f], &view, err));
            at_status status = at_reader_class_lines(
                (const char *)view.bytes, view.length, files->items[f].name, sink, err);
            at_image_view_close(&view);
            *found = status == AT_OK;
            return status;
        }
    return AT_OK;
}
