/* The channel model: what a training of pictures starts from. A model of ours, whose last
 * layer is kept where the classes are the same, or the weights of another net. */
#include "magics/adapter/archive.h"
#include "magics/data/model_files.h"
#include "magics/train/container_parts.h"

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory for the channel model");
}

/* *folder: the model's, unpacked; NULL: the archive holds none. */
static at_status unpack(at_container *c, const char *archive, const char **folder,
                        at_error *err) {
    at_archive_list list = {0};
    at_model_source model;
    AT_TRY(at_archive_read_list(archive, &c->cancel, &c->arena, &list, err));
    if (!at_model_files_find(archive, &list, &c->arena, &model)) {
        at_fail(err, AT_INVALID, "%.300s holds no model of ours", archive);
        return at_hint(err, "it needs model.json and weights.safetensors");
    }
    const char *to = at_arena_format(&c->arena, "%s/given", c->scratch);
    if (!to)
        return no_memory(err);
    AT_TRY(at_model_files_copy(&model, to, &c->cancel, &c->arena, err));
    *folder = to;
    return AT_OK;
}

static const char *ends_in(at_container *c, const at_image_files *files,
                           const char *end) {
    for (size_t i = 0; i < files->count; i++)
        if (at_image_file_ends(&files->items[i], end))
            return at_arena_format(&c->arena, "%s", files->items[i].path);
    return NULL;
}

static at_status choose(at_container *c, const char *folder, const at_image_files *files,
                        at_error *err) {
    at_model_source model;
    const char *from = NULL, *archive = ends_in(c, files, ".tar.gz"),
               *weights = ends_in(c, files, ".safetensors");
    if (at_model_files_find(folder, NULL, &c->arena, &model))
        from = folder;
    else if (archive)
        AT_TRY(unpack(c, archive, &from, err));
    if (!from && !weights) {
        at_fail(err, AT_INVALID, "channel model holds no weights");
        return at_hint(err,
                       "give a model's folder, its model.tar.gz, or a .safetensors file");
    }
    json_t *named = json_pack("{s:s}", "model", "given in the channel");
    bool set = json_object_set_new(c->channels, from ? "from" : "weights",
                                   json_string(from ? from : weights)) == 0 &&
               (!from || json_object_set(c->spec, "from", named) == 0);
    json_decref(named);
    return set ? AT_OK : no_memory(err);
}

at_status at_container_weights(at_container *c, at_error *err) {
    if (!at_container_has(c, "model"))
        return AT_OK;
    if (c->algorithm.learner)
        return at_fail(err, AT_UNSUPPORTED, "%s does not start from a model",
                       c->algorithm.name);
    at_image_files files = {0};
    const char *folder = at_container_path(c, "input/data/model");
    at_status status = folder ? at_image_files_walk(&files, folder, err) : no_memory(err);
    if (status == AT_OK)
        status = choose(c, folder, &files, err);
    at_image_files_fini(&files);
    return status;
}
