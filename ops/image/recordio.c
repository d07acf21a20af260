#include "ops/image/recordio.h"
#include "ops/image/lst.h"
#include "ops/image/reader.h"

#include <stdio.h>
#include <string.h>

static const uint8_t magic_bytes[4] = {0x0a, 0x23, 0xd7, 0xce};
enum { LENGTH_MAX = (1 << 29) - 1, RECORD_MAX = 1 << 30 };

static uint32_t word(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

/* One piece; `kind` of it. */
static at_status next_piece(const uint8_t *bytes, size_t length, size_t *at,
                            const uint8_t **data, size_t *data_length, uint32_t *kind,
                            at_error *err) {
    size_t begin = *at;
    if (length - begin < 8)
        return at_fail(err, AT_CORRUPT,
                       "the file is cut off: half a record head at byte %zu", begin);
    if (word(bytes + begin) != AT_RECORDIO_MAGIC)
        return at_fail(err, AT_CORRUPT, "no record begins at byte %zu", begin);
    uint32_t head = word(bytes + begin + 4);
    *kind = head >> 29;
    *data_length = head & LENGTH_MAX;
    *data = bytes + begin + 8;
    if (*kind > 3)
        return at_fail(err, AT_CORRUPT, "a record of unknown kind %u at byte %zu", *kind,
                       begin);
    if (*data_length > length - begin - 8)
        return at_fail(err, AT_CORRUPT,
                       "the file is cut off: the record at byte %zu has %zu bytes, %zu "
                       "are left",
                       begin, *data_length, length - begin - 8);
    size_t padded = (*data_length + 3) / 4 * 4, left = length - begin - 8;
    *at = begin + 8 + (padded < left ? padded : left);
    return AT_OK;
}

at_status at_recordio_next(const uint8_t *bytes, size_t length, size_t *at,
                           at_text *joined, const uint8_t **data, size_t *data_length,
                           at_error *err) {
    uint32_t kind;
    size_t begin = *at;
    AT_TRY(next_piece(bytes, length, at, data, data_length, &kind, err));
    if (kind == 0)
        return AT_OK;
    if (kind != 1)
        return at_fail(err, AT_CORRUPT, "a record at byte %zu has no beginning", begin);
    at_text_clear(joined);
    while (kind != 3) {
        at_text_append(joined, (const char *)*data, *data_length);
        at_text_append(joined, (const char *)magic_bytes, 4);
        size_t piece = *at;
        if (piece >= length)
            return at_fail(err, AT_CORRUPT,
                           "the file is cut off within the record at byte %zu", begin);
        AT_TRY(next_piece(bytes, length, at, data, data_length, &kind, err));
        if (kind < 2)
            return at_fail(err, AT_CORRUPT,
                           "the record at byte %zu has no end: another begins at %zu",
                           begin, piece);
        if (joined->length + *data_length > RECORD_MAX)
            return at_fail(err, AT_LIMIT, "the record at byte %zu is larger than %d MB",
                           begin, RECORD_MAX >> 20);
    }
    at_text_append(joined, (const char *)*data, *data_length);
    if (!at_text_ok(joined))
        return at_fail(err, AT_NO_MEMORY, "not enough memory to join a record");
    *data = (const uint8_t *)at_text_get(joined);
    *data_length = joined->length;
    return AT_OK;
}

at_status at_recordio_image_of(const uint8_t *data, size_t length, at_recordio_image *out,
                               at_error *err) {
    if (length < 24)
        return at_fail(err, AT_CORRUPT, "it has %zu bytes, too few for its head", length);
    size_t flag = word(data);
    out->id = word(data + 8) | (uint64_t)word(data + 12) << 32;
    if (flag > AT_READER_LABELS)
        return at_fail(err, AT_LIMIT, "it says it has %zu labels; at most %d are read",
                       flag, AT_READER_LABELS);
    if (flag * 4 > length - 24)
        return at_fail(err, AT_CORRUPT, "it ends within its %zu labels", flag);
    out->label_count = flag ? flag : 1;
    for (size_t i = 0; i < out->label_count; i++) {
        uint32_t bits = word(flag ? data + 24 + 4 * i : data + 4);
        memcpy(&out->labels[i], &bits, sizeof bits);
    }
    out->bytes = data + 24 + 4 * flag;
    out->length = length - 24 - 4 * flag;
    return AT_OK;
}

static void put_word(at_text *out, uint32_t value) {
    const char bytes[4] = {(char)(value & 255), (char)(value >> 8 & 255),
                           (char)(value >> 16 & 255), (char)(value >> 24)};
    at_text_append(out, bytes, 4);
}

static void put_piece(at_text *out, uint32_t kind, const uint8_t *data, size_t length) {
    put_word(out, AT_RECORDIO_MAGIC);
    put_word(out, kind << 29 | (uint32_t)length);
    at_text_append(out, (const char *)data, length);
    at_text_append(out, "\0\0\0", (4 - length % 4) % 4);
}

at_status at_recordio_put(at_text *out, const uint8_t *data, size_t length,
                          at_error *err) {
    if (length > LENGTH_MAX)
        return at_fail(err, AT_LIMIT, "a record may have at most %d bytes", LENGTH_MAX);
    size_t begin = 0;
    for (size_t i = 0; i + 4 <= length; i += 4)
        if (memcmp(data + i, magic_bytes, 4) == 0) {
            put_piece(out, begin ? 2 : 1, data + begin, i - begin);
            begin = i + 4;
        }
    put_piece(out, begin ? 3 : 0, data + begin, length - begin);
    return at_text_ok(out) ? AT_OK
                           : at_fail(err, AT_NO_MEMORY, "not enough memory for a record");
}

/* ---- the reader ---------------------------------------------------------------------
 */

static bool recognise(const at_image_files *files) {
    for (size_t i = 0; i < files->count; i++)
        if (at_image_file_ends(&files->items[i], ".rec"))
            return true;
    return false;
}

static at_status next_image(const at_image_view *view, size_t *at, at_text *joined,
                            at_recordio_image *image, at_error *err) {
    const uint8_t *data;
    size_t length, begin = *at;
    AT_TRY(at_recordio_next(view->bytes, view->length, at, joined, &data, &length, err));
    at_status status = at_recordio_image_of(data, length, image, err);
    if (status)
        at_prefix(err, "the record at byte %zu", begin);
    return status;
}

static at_status read_records(const at_image_file *file, const at_image_view *view,
                              const at_lst *lst, int64_t done, int64_t total,
                              const at_image_sink *sink, size_t *count, at_error *err) {
    at_recordio_image *image = at_alloc(sizeof *image);
    at_text joined = {0};
    at_status status =
        image ? AT_OK : at_fail(err, AT_NO_MEMORY, "not enough memory for records");
    for (size_t at = 0; !status && at < view->length; ++*count) {
        size_t begin = at;
        char source[AT_LST_PATH + 64], where[320];
        status = at_reader_check(sink, err);
        if (!status) {
            status = next_image(view, &at, &joined, image, err);
            if (status)
                at_prefix(err, "%.200s", file->name);
        }
        if (status)
            break;
        const char *path = at_lst_path(lst, image->id);
        if (path)
            snprintf(source, sizeof source, "%s", path);
        else
            snprintf(source, sizeof source, "%.200s#%zu", file->name, *count);
        snprintf(where, sizeof where, "%.200s, the record at byte %zu", file->name,
                 begin);
        at_image_item item = {image->bytes,       image->length, image->labels,
                              image->label_count, source,        where};
        status = sink->image(sink->context, &item, err);
        if (!status && sink->progress)
            sink->progress(sink->context, done + (int64_t)at, total);
    }
    at_text_fini(&joined);
    at_free(image);
    return status;
}

/* A file that was cut between two records can only be told by its index. */
static at_status check_index(at_image_files *files, const at_image_file *file,
                             size_t records, at_error *err) {
    const char *name = at_image_file_swap(files, file->name, 4, ".idx");
    const at_image_file *index = name ? at_image_files_find(files, name) : NULL;
    at_image_view view;
    if (!index)
        return AT_OK;
    AT_TRY(at_image_view_open(index, &view, err));
    size_t lines = 0;
    for (size_t i = 0; i < view.length; i++)
        lines += view.bytes[i] == '\n' || (i + 1 == view.length && view.bytes[i] != '\n');
    at_image_view_close(&view);
    if (lines == records)
        return AT_OK;
    at_fail(err, AT_CORRUPT, "%.200s holds %zu records, but %.200s lists %zu", file->name,
            records, index->name, lines);
    return at_hint(err, "one of the two is cut off or of another set; without the .idx "
                        "the records are read as they are");
}

static at_status read_file(at_image_files *files, const at_image_file *file, int64_t done,
                           int64_t total, const at_image_sink *sink, at_error *err) {
    at_lst lst = {0};
    at_image_view view;
    size_t count = 0;
    AT_TRY(at_lst_beside(files, file, &lst, err));
    at_status status = at_image_view_open(file, &view, err);
    if (!status) {
        status = read_records(file, &view, &lst, done, total, sink, &count, err);
        at_image_view_close(&view);
    }
    at_lst_fini(&lst);
    return status ? status : check_index(files, file, count, err);
}

static at_status read_set(at_image_files *files, const at_image_sink *sink,
                          at_error *err) {
    int64_t total = 0, done = 0;
    bool named;
    for (size_t i = 0; i < files->count; i++)
        if (at_image_file_ends(&files->items[i], ".rec"))
            total += files->items[i].length;
    AT_TRY(at_reader_classes(files, sink, &named, err));
    if (!named)
        AT_TRY(at_lst_classes(files, sink, err));
    for (size_t i = 0; i < files->count; i++)
        if (at_image_file_ends(&files->items[i], ".rec")) {
            AT_TRY(read_file(files, &files->items[i], done, total, sink, err));
            done += files->items[i].length;
        }
    return AT_OK;
}

const at_image_reader at_recordio_reader = {
    .name = "recordio",
    .title = "RecordIO",
    .recognise = recognise,
    .read = read_set,
};
