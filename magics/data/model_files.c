#include "magics/data/model_files.h"

#include "magics/adapter/archive.h"
#include "magics/adapter/archive_write.h"
#include "magics/view/grid.h"
#include "magics/workspace/workspace.h"
#include "ops/base/file.h"
#include "ops/base/text.h"
#include "ops/learn/model.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A model's folder holds these. */
static const char *const parts[AT_MODEL_FILES] = {"model.json", "weights.safetensors"};
enum { PARTS = AT_MODEL_FILES };

static const int64_t PART_MAX = (int64_t)8 << 30; /* bytes of one */

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "no memory left for a model");
}

/* ---- out ---- */

static bool is_packed(const char *path) {
    return at_ends_fold(path, ".tar.gz") || at_ends_fold(path, ".tgz");
}

bool at_model_files_named(const char *path) {
    return is_packed(path) || at_model_exports_to(path);
}

static at_status pack(at_context *context, const char *folder, const char *path,
                      at_error *err) {
    at_archive_file files[PARTS];
    for (int i = 0; i < PARTS; i++) {
        files[i].name = parts[i];
        files[i].path = at_arena_format(context->arena, "%s/%s", folder, parts[i]);
        if (!files[i].path)
            return no_memory(err);
    }
    return at_archive_write(path, files, PARTS, context->call->cancel, err);
}

static at_status write_as(at_context *context, const char *folder, const char *path,
                          at_error *err) {
    at_model *model = NULL;
    if (is_packed(path))
        return pack(context, folder, path, err);
    AT_TRY(at_model_load(folder, &model, err));
    at_status status = at_model_export(model, path, err);
    if (status == AT_UNSUPPORTED)
        at_hint(err, "%%export it to a .tar.gz, which %%fetch takes; %%deploy serves it "
                     "over HTTP");
    at_model_release(model);
    return status;
}

at_status at_model_files_export(at_context *context, const char *model, const char *path,
                                at_error *err) {
    at_entry entry;
    AT_TRY(at_store_find(context->workspace, AT_KIND_MODEL, model, context->arena, &entry,
                         err));
    const char *folder =
        at_store_path(context->workspace, AT_KIND_MODEL, entry.id, context->arena);
    at_status status = folder ? write_as(context, folder, path, err) : no_memory(err);
    if (!status)
        at_display_print(context->call->display, "model %s written to %s, %s\n", model,
                         path, at_view_bytes(context->arena, at_file_size(path)));
    at_entry_fini(&entry);
    return status;
}

/* ---- in ---- */

/* The place of part `name` beside the card, in the list of an archive; -1: none. */
static int64_t place_of(const at_archive_list *list, const char *card, const char *name) {
    size_t folder = strlen(card) - strlen(parts[0]);
    for (size_t i = 0; i < list->count; i++) {
        const char *member = list->members[i].name;
        if (strncmp(member, card, folder) == 0 && strcmp(member + folder, name) == 0)
            return (int64_t)i;
    }
    return -1;
}

/* Where in an archive the parts are; false: it is no model. */
static bool find_members(const at_archive_list *list, int64_t places[PARTS]) {
    for (size_t i = 0; i < list->count; i++) {
        const char *card = list->members[i].name;
        if (strcmp(at_path_base(card), parts[0]) != 0)
            continue;
        bool all = true;
        for (int k = 0; k < PARTS; k++) {
            places[k] = place_of(list, card, parts[k]);
            all = all && places[k] >= 0;
        }
        if (all)
            return true;
    }
    return false;
}

static bool find_files(const char *folder, at_arena *arena) {
    for (int i = 0; i < PARTS; i++) {
        const char *path = at_arena_format(arena, "%s/%s", folder, parts[i]);
        if (!path || !at_file_exists(path))
            return false;
    }
    return true;
}

bool at_model_files_find(const char *path, const at_archive_list *list, at_arena *arena,
                         at_model_source *out) {
    *out = (at_model_source){.path = path, .places = {-1, -1}};
    return list ? list->archive && find_members(list, out->places)
                : find_files(path, arena);
}

static at_status copy_part(const at_model_source *source, int part, const char *folder,
                           const at_cancel *cancel, at_arena *arena, at_error *err) {
    const char *to = at_arena_format(arena, "%s/%s", folder, parts[part]);
    const char *from = at_arena_format(arena, "%s/%s", source->path, parts[part]);
    if (!to || !from)
        return no_memory(err);
    if (source->places[part] < 0)
        return at_file_copy(from, to, err);
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return at_fail_errno(err, "cannot write %s", to);
    at_status status = at_archive_extract(source->path, (size_t)source->places[part], fd,
                                          PART_MAX, cancel, NULL, NULL, err);
    if (close(fd) != 0 && !status)
        status = at_fail_errno(err, "cannot write %s", to);
    return status;
}

at_status at_model_files_copy(const at_model_source *source, const char *folder,
                              const at_cancel *cancel, at_arena *arena, at_error *err) {
    AT_TRY(at_folder_make(folder, err));
    for (int i = 0; i < PARTS; i++)
        AT_TRY(copy_part(source, i, folder, cancel, arena, err));
    return AT_OK;
}

static json_t *card_of(const at_model *model, const char *said) {
    return json_pack("{s:s, s:s, s:s, s:o?, s:s}", "algorithm", at_model_algorithm(model),
                     "target", at_model_target(model), "data_name", said, "describe",
                     at_model_describe(model), "fetched", said);
}

/* What is in `folder` is a model as any training leaves it, or is refused. */
static at_status keep(at_context *context, const char *name, const char *id,
                      const char *folder, const char *said, at_error *err) {
    at_model *model = NULL;
    const char *place =
        at_store_path(context->workspace, AT_KIND_MODEL, id, context->arena);
    if (!place)
        return no_memory(err);
    AT_TRY(at_model_load(folder, &model, err));
    json_t *card = card_of(model, said);
    at_status status = card ? at_file_commit(folder, place, err) : no_memory(err);
    if (!status)
        status =
            at_store_put(context->workspace, AT_KIND_MODEL, id, name, card, NULL, 0, err);
    if (!status)
        at_display_print(context->call->display,
                         "model %s: %s, predicts %s. %%models %s shows it, %%deploy %s "
                         "--endpoint NAME serves it\n",
                         name, at_model_algorithm(model), at_model_target(model), name,
                         name);
    json_decref(card);
    at_model_release(model);
    return status;
}

static at_status take(at_context *context, const char *name,
                      const at_model_source *source, const char *said, at_error *err) {
    char id[33];
    int writing = -1;
    at_store_new_id(id);
    const char *place =
        at_store_path(context->workspace, AT_KIND_MODEL, id, context->arena);
    const char *folder = place ? at_arena_format(context->arena, "%s.part", place) : NULL;
    if (!folder)
        return no_memory(err);
    AT_TRY(at_store_check_name(AT_KIND_MODEL, name, err));
    AT_TRY(at_store_writing(context->workspace, &writing, err));
    at_status status =
        at_model_files_copy(source, folder, context->call->cancel, context->arena, err);
    if (!status)
        status = keep(context, name, id, folder, said, err);
    if (status)
        (void)!at_file_remove(folder, NULL);
    close(writing);
    return status;
}

at_status at_model_files_fetch(at_context *context, const char *name, at_source *source,
                               const char *said, bool *taken, at_error *err) {
    const at_archive_list *list = NULL;
    at_model_source model;
    *taken = false;
    if (!source->folder)
        AT_TRY(at_source_list(context, source, &list, err));
    *taken = at_model_files_find(source->path, list, context->arena, &model);
    return *taken ? take(context, name, &model, said, err) : AT_OK;
}
