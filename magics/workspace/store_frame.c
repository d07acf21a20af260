/* Datasets: frames in files, with a small cache of those that are mapped. */
#include "magics/workspace/workspace.h"
#include "ops/base/file.h"
#include "ops/base/log.h"

#include <string.h>
#include <unistd.h>

void at_store_cache_fini(at_workspace *workspace) {
    for (int i = 0; i < AT_FRAME_CACHE; i++) {
        at_frame_release(workspace->cache[i].frame);
        workspace->cache[i].frame = NULL;
    }
}

void at_store_cache_drop(at_workspace *workspace, const char *path) {
    for (int i = 0; i < AT_FRAME_CACHE; i++)
        if (workspace->cache[i].frame && strstr(path, workspace->cache[i].id)) {
            at_frame_release(workspace->cache[i].frame);
            workspace->cache[i].frame = NULL;
        }
}

static at_frame *cached(at_workspace *workspace, const char *id) {
    for (int i = 0; i < AT_FRAME_CACHE; i++)
        if (workspace->cache[i].frame && strcmp(workspace->cache[i].id, id) == 0) {
            workspace->cache[i].used = ++workspace->tick;
            return at_frame_retain(workspace->cache[i].frame);
        }
    return NULL;
}

static void remember(at_workspace *workspace, const char *id, at_frame *frame) {
    int oldest = 0;
    for (int i = 0; i < AT_FRAME_CACHE && workspace->cache[oldest].frame; i++)
        if (!workspace->cache[i].frame ||
            workspace->cache[i].used < workspace->cache[oldest].used)
            oldest = i;
    at_frame_release(workspace->cache[oldest].frame);
    memcpy(workspace->cache[oldest].id, id, 33);
    workspace->cache[oldest].frame = at_frame_retain(frame);
    workspace->cache[oldest].used = ++workspace->tick;
}

/* {"rows", "columns", "bytes", "from", "images"?}; a dataset that starts a chain is its
 * own source. */
static json_t *make_card(const at_frame *frame, const char *id, const char *path,
                         const json_t *lineage, const char *images) {
    json_t *from = lineage ? json_deep_copy(lineage) : at_lineage_origin("", "");
    if (from && !json_object_get(from, "source"))
        json_object_set_new(from, "source", json_string(id));
    return json_pack("{s:I, s:o, s:I, s:o, s:s*}", "rows",
                     (json_int_t)at_frame_rows(frame), "columns", at_frame_schema(frame),
                     "bytes", (json_int_t)at_file_size(path), "from", from, "images",
                     images);
}

/* A file with pictures (`save`) is its own "images"; a table may show those of another.
 */
static at_status put_frame(at_workspace *workspace, const char *name,
                           const at_frame *frame, const json_t *lineage,
                           at_store_saver *save, void *context, at_arena *arena,
                           at_error *err) {
    char id[33];
    at_store_new_id(id);
    const char *path = at_store_path(workspace, AT_KIND_DATASET, id, arena);
    const char *images = save ? id : NULL;
    if (!path)
        return at_fail(err, AT_NO_MEMORY, "no memory left to store '%s'", name);
    if (!save)
        AT_TRY(at_store_images_of(workspace, frame, lineage, arena, &images, err));
    AT_TRY(save ? save(context, frame, path, err) : at_frame_save(frame, path, err));
    json_t *card = make_card(frame, id, path, lineage, images);
    at_status status =
        card ? at_store_put(workspace, AT_KIND_DATASET, id, name, card, &images,
                            images && !save, err)
             : at_fail(err, AT_NO_MEMORY, "no memory left to store '%s'", name);
    json_decref(card);
    if (status && at_file_remove(path, NULL))
        at_log(AT_LOG_WARN, "workspace: cannot remove %s", path);
    return status;
}

at_status at_store_put_saved(at_workspace *workspace, const char *name,
                             const at_frame *frame, const json_t *lineage,
                             at_store_saver *save, void *context, at_error *err) {
    AT_TRY(at_store_check_name(AT_KIND_DATASET, name, err)); /* before the long write */
    int lock;
    at_arena arena = {0};
    AT_TRY(at_store_writing(workspace, &lock, err));
    at_status status =
        put_frame(workspace, name, frame, lineage, save, context, &arena, err);
    close(lock);
    at_arena_fini(&arena);
    return status;
}

at_status at_store_put_frame(at_workspace *workspace, const char *name,
                             const at_frame *frame, const json_t *lineage,
                             at_error *err) {
    return at_store_put_saved(workspace, name, frame, lineage, NULL, NULL, err);
}

at_status at_store_frame_by_id(at_workspace *workspace, const char *id, at_frame **out,
                               at_error *err) {
    *out = cached(workspace, id);
    if (*out)
        return AT_OK;
    at_arena arena = {0};
    const char *path = at_store_path(workspace, AT_KIND_DATASET, id, &arena);
    at_status status = path && strlen(id) == 32
                           ? at_frame_open(path, out, err)
                           : at_fail(err, AT_INTERNAL, "'%s' is no id of a dataset", id);
    if (!status)
        remember(workspace, id, *out);
    at_arena_fini(&arena);
    return status;
}

at_status at_store_frame(at_workspace *workspace, const char *name, at_frame **out,
                         at_error *err) {
    *out = NULL;
    at_status status = AT_OK;
    /* Between the row and the file, another process may replace the dataset: look again.
     */
    for (int attempt = 0; attempt < 3; attempt++) {
        at_arena arena = {0};
        at_entry entry;
        status = at_store_find(workspace, AT_KIND_DATASET, name, &arena, &entry, err);
        bool found = status == AT_OK;
        if (found)
            status = at_store_frame_by_id(workspace, entry.id, out, err);
        at_entry_fini(&entry);
        at_arena_fini(&arena);
        if (!found || status != AT_NOT_FOUND)
            break;
    }
    return status;
}
