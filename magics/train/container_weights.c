/* The channel model: weights that a training of pictures starts from. */
#include "magics/adapter/archive.h"
#include "magics/train/container_parts.h"
#include "ops/base/text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const int64_t UNPACKED_MAX = (int64_t)8 << 30; /* bytes */

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory for the channel model");
}

static at_status unpack(at_container *c, const char *archive, const char **out,
                        at_error *err) {
    at_archive_list list = {0};
    AT_TRY(at_archive_read_list(archive, &c->cancel, &c->arena, &list, err));
    size_t found = list.count;
    for (size_t i = 0; i < list.count; i++)
        if (at_ends_fold(list.members[i].name, ".safetensors"))
            found = i;
    if (found == list.count)
        return at_fail(err, AT_INVALID, "%.300s holds no .safetensors file", archive);
    const char *path = at_arena_format(&c->arena, "%s/given.safetensors", c->scratch);
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return path ? at_fail_errno(err, "cannot write to %s", path) : no_memory(err);
    at_status status =
        at_archive_extract(archive, found, fd, UNPACKED_MAX, &c->cancel, NULL, NULL, err);
    close(fd);
    *out = path;
    return status;
}

static at_status find(at_container *c, const at_image_files *files, const char **out,
                      at_error *err) {
    for (size_t i = 0; i < files->count; i++)
        if (at_image_file_ends(&files->items[i], ".safetensors")) {
            *out = at_arena_format(&c->arena, "%s", files->items[i].path);
            return *out ? AT_OK : no_memory(err);
        }
    for (size_t i = 0; i < files->count; i++)
        if (at_image_file_ends(&files->items[i], ".tar.gz"))
            return unpack(c, files->items[i].path, out, err);
    at_fail(err, AT_INVALID, "channel model holds no weights");
    return at_hint(err,
                   "give a model's folder, its model.tar.gz, or a .safetensors file");
}

at_status at_container_weights(at_container *c, at_error *err) {
    if (!at_container_has(c, "model"))
        return AT_OK;
    if (c->algorithm.learner)
        return at_fail(err, AT_UNSUPPORTED, "%s does not start from a model",
                       c->algorithm.name);
    at_image_files files = {0};
    const char *path = NULL, *folder = at_container_path(c, "input/data/model");
    at_status status = folder ? at_image_files_walk(&files, folder, err) : no_memory(err);
    if (status == AT_OK)
        status = find(c, &files, &path, err);
    at_image_files_fini(&files);
    if (status == AT_OK &&
        json_object_set_new(c->channels, "weights", json_string(path)) != 0)
        status = no_memory(err);
    return status;
}
