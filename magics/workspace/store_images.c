#include "magics/workspace/store_images.h"
#include "magics/workspace/workspace.h"

#include <string.h>

/* ---- what is an image dataset -------------------------------------------------------
 */

/* The one dataset whose pictures the parents of `lineage` show: NULL where there is none,
 * or more than one. In the arena. */
static at_status shown_by(at_workspace *workspace, const json_t *lineage, at_arena *arena,
                          const char **out, int64_t *count, at_error *err) {
    const json_t *parents = json_object_get(lineage, "parents");
    *out = NULL;
    for (size_t i = 0; i < json_array_size(parents); i++) {
        const char *id = json_string_value(json_array_get(parents, i));
        at_entry parent;
        if (!id || at_store_by_id(workspace, AT_KIND_DATASET, id, arena, &parent, NULL))
            continue; /* replaced since */
        const char *images = json_string_value(json_object_get(parent.card, "images"));
        const char *copy = images ? at_arena_text(arena, images, strlen(images)) : NULL;
        at_entry_fini(&parent);
        if (images && !copy)
            return at_fail(err, AT_NO_MEMORY, "no memory left to store the dataset");
        if (copy && *out && strcmp(copy, *out) != 0) {
            *out = NULL;
            return AT_OK;
        }
        *out = copy ? copy : *out;
    }
    at_entry owner;
    if (*out &&
        at_store_by_id(workspace, AT_KIND_DATASET, *out, arena, &owner, NULL) == AT_OK) {
        *count = json_integer_value(json_object_get(owner.card, "rows"));
        at_entry_fini(&owner);
    } else
        *out = NULL;
    return AT_OK;
}

static bool names_pictures(const at_frame *frame, int64_t count) {
    int id = at_frame_find(frame, AT_IMAGES_ID);
    if (id < 0 || at_frame_find(frame, AT_IMAGES_LABEL) < 0)
        return false;
    const at_column *column = at_frame_column(frame, id);
    if (column->type != AT_TYPE_INT || column->missing)
        return false;
    for (int64_t r = 0; r < column->rows; r++)
        if (column->ints[r] < 0 || column->ints[r] >= count)
            return false;
    return true;
}

at_status at_store_images_of(at_workspace *workspace, const at_frame *frame,
                             const json_t *lineage, at_arena *arena, const char **out,
                             at_error *err) {
    int64_t count = 0;
    AT_TRY(shown_by(workspace, lineage, arena, out, &count, err));
    if (*out && !names_pictures(frame, count))
        *out = NULL;
    return AT_OK;
}

/* ---- the store ----------------------------------------------------------------------
 */

static at_status save(void *context, const at_frame *frame, const char *path,
                      at_error *err) {
    return at_gather_save(context, frame, path, err);
}

at_status at_store_images_put(at_workspace *workspace, const char *name,
                              at_gather *gather, const at_frame *frame,
                              const json_t *lineage, at_error *err) {
    return at_store_put_saved(workspace, name, frame, lineage, save, gather, err);
}

bool at_store_images_behind(const at_entry *dataset) {
    return json_is_string(json_object_get(dataset->card, "images"));
}

at_status at_store_images(at_workspace *workspace, const at_entry *dataset,
                          at_images **out, at_error *err) {
    const char *id = json_string_value(json_object_get(dataset->card, "images"));
    *out = NULL;
    if (!id) {
        at_fail(err, AT_INVALID, "'%s' is a table, not a dataset of images",
                dataset->name);
        return at_hint(err, "%%fetch and %%generate make datasets of images; what is "
                            "made of one stays one as long as it keeps its columns id "
                            "and label");
    }
    at_arena arena = {0};
    const char *path = at_store_path(workspace, AT_KIND_DATASET, id, &arena);
    at_status status =
        path ? at_images_open(path, out, err)
             : at_fail(err, AT_NO_MEMORY, "no memory left to open the images");
    at_arena_fini(&arena);
    return status;
}
