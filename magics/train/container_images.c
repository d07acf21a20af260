/* Channels of pictures as one set: train's first, validation's after them, so that a
 * label's number means the same in both. */
#include "magics/train/container_parts.h"
#include "ops/base/file.h"
#include "ops/base/text.h"
#include "ops/image/gather.h"
#include "ops/image/images.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory for the channels");
}

/* The .lst of the channel NAME_lst, as if it lay in the channel NAME. */
static at_status add_list(at_container *c, const char *channel, at_image_files *out,
                          at_error *err) {
    const char *beside = at_arena_format(&c->arena, "%s_lst", channel);
    const char *folder = beside ? at_container_path(c, "input/data/%s", beside) : NULL;
    at_image_files lists = {0};
    if (!folder)
        return no_memory(err);
    if (!at_folder_exists(folder))
        return AT_OK;
    at_status status = at_image_files_walk(&lists, folder, err);
    for (size_t i = 0; i < lists.count && status == AT_OK; i++)
        status = at_image_files_add(out, at_path_base(lists.items[i].name),
                                    lists.items[i].path, 0, -1, err);
    at_image_files_fini(&lists);
    at_image_files_sort(out);
    return status;
}

at_status at_container_files(at_container *c, const char *channel, at_image_files *out,
                             at_error *err) {
    const char *folder = at_container_path(c, "input/data/%s", channel);
    if (!folder)
        return no_memory(err);
    AT_TRY(at_image_files_walk(out, folder, err));
    return add_list(c, channel, out, err);
}

/* Between a reader and the gather. */
typedef struct passing {
    at_image_sink to;
    bool first; /* the channel whose names count */
    int64_t images;
} passing;

/* An answer's places are the labels' numbers. Classes are put in order by their names
 * (ops/learn/target.h), so names are taken only where that is the same order. */
static at_status on_classes(void *context, const char *const *names, size_t count,
                            at_error *err) {
    passing *p = context;
    bool same = p->first && count > 2;
    for (size_t i = 1; i < count; i++)
        same = same && strcmp(names[i - 1], names[i]) < 0;
    return same ? p->to.classes(p->to.context, names, count, err) : AT_OK;
}

static at_status on_image(void *context, const at_image_item *item, at_error *err) {
    passing *p = context;
    p->images++;
    return p->to.image(p->to.context, item, err);
}

static at_status read_channel(at_container *c, const char *channel, at_gather *gather,
                              int64_t *images, at_error *err) {
    passing p = {.to = at_gather_sink(gather), .first = strcmp(channel, "train") == 0};
    at_image_sink sink = {
        .context = &p, .cancel = &c->cancel, .classes = on_classes, .image = on_image};
    at_image_files files = {0};
    at_status status = at_container_files(c, channel, &files, err);
    const at_image_reader *reader = status == AT_OK ? at_image_reader_for(&files) : NULL;
    if (status == AT_OK && !reader) {
        at_fail(err, AT_INVALID, "channel %s holds no pictures", channel);
        at_hint(err, "give RecordIO (.rec), a list (.lst) with its pictures, or folders "
                     "of them");
        status = AT_INVALID;
    }
    if (status == AT_OK)
        status = reader->read(&files, &sink, err);
    at_image_files_fini(&files);
    *images = p.images;
    if (status == AT_OK)
        at_container_say("[INFO] Channel %s: %lld pictures (%s)", channel,
                         (long long)p.images, reader->title);
    return status;
}

static at_status save_part(at_container *c, const at_frame *all, int64_t from,
                           int64_t count, const char *channel, const char *pictures,
                           at_error *err) {
    const char *path =
        at_arena_format(&c->arena, "%s/%s.safetensors", c->scratch, channel);
    const char *key = at_arena_format(&c->arena, "%s_images", channel);
    int64_t *rows = at_alloc_array((size_t)count + 1, sizeof *rows);
    at_frame *part = NULL;
    at_status status = path && key && rows ? AT_OK : no_memory(err);
    for (int64_t i = 0; status == AT_OK && i < count; i++)
        rows[i] = from + i;
    if (status == AT_OK)
        status = at_frame_take_rows(all, rows, count, &part, err);
    if (status == AT_OK)
        status = at_frame_save(part, path, err);
    if (status == AT_OK &&
        (json_object_set_new(c->channels, channel, json_string(path)) != 0 ||
         json_object_set_new(c->channels, key, json_string(pictures)) != 0))
        status = no_memory(err);
    at_frame_release(part);
    at_free(rows);
    return status;
}

static at_status gather_all(at_container *c, at_gather *gather, at_error *err) {
    int64_t train = 0, validation = 0;
    at_frame *frame = NULL;
    const char *pictures =
        at_arena_format(&c->arena, "%s/pictures.safetensors", c->scratch);
    AT_TRY(read_channel(c, "train", gather, &train, err));
    if (at_container_has(c, "validation"))
        AT_TRY(read_channel(c, "validation", gather, &validation, err));
    AT_TRY(at_gather_finish(gather, &frame, err));
    at_status status =
        pictures ? at_gather_save(gather, frame, pictures, err) : no_memory(err);
    if (status == AT_OK)
        status = save_part(c, frame, 0, train, "train", pictures, err);
    if (status == AT_OK && validation)
        status = save_part(c, frame, train, validation, "validation", pictures, err);
    at_frame_release(frame);
    return status;
}

at_status at_container_images(at_container *c, at_error *err) {
    const char *path = at_arena_format(&c->arena, "%s/gathered", c->scratch);
    if (!path ||
        json_object_set_new(c->spec, "target", json_string(AT_IMAGES_LABEL)) != 0)
        return no_memory(err);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return at_fail_errno(err, "cannot write to %s", path);
    at_gather *gather = NULL;
    at_status status = at_gather_new(fd, path, c->pool, false, &gather, err);
    if (status == AT_OK)
        status = gather_all(c, gather, err);
    at_gather_release(gather);
    close(fd);
    unlink(path);
    return status;
}
