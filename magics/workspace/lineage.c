/* Lineage: from what a dataset was made, and how.
 *
 * Beside what store.h lists, a child keeps "source_columns", the schema of the dataset
 * that starts its chain, and "missing", the markers that one was read with: a model
 * trained on it needs both, and the source itself may have been replaced by then. A
 * dataset that starts a chain is its own source. */
#include "magics/workspace/workspace.h"

#include <string.h>

json_t *at_lineage_origin(const char *magic, const char *detail) {
    return json_pack("{s:s, s:[], s:[], s:s}", "magic", magic, "parents", "steps",
                     "detail", detail ? detail : "");
}

/* The parent's steps and these, in one new array. */
static json_t *all_steps(const json_t *before, const json_t *added) {
    json_t *steps = json_array();
    for (size_t i = 0; steps && i < json_array_size(before); i++)
        json_array_append(steps, json_array_get(before, i));
    for (size_t i = 0; steps && i < json_array_size(added); i++)
        json_array_append(steps, json_array_get(added, i));
    return steps;
}

json_t *at_lineage_child(const at_entry *parent, const char *magic, const json_t *steps,
                         const char *detail) {
    const json_t *from = json_object_get(parent->card, "from");
    const char *source = json_string_value(json_object_get(from, "source"));
    json_t *columns = json_object_get(from, "source_columns");
    if (!source || !columns) {
        source = parent->id;
        columns = json_object_get(parent->card, "columns");
    }
    return json_pack("{s:s, s:[s], s:s, s:O?, s:O*, s:o, s:s}", "magic", magic, "parents",
                     parent->id, "source", source, "source_columns", columns, "missing",
                     json_object_get(from, "missing"), "steps",
                     all_steps(json_object_get(from, "steps"), steps), "detail",
                     detail ? detail : "");
}

/* The ids of the parents of entry `id`: a new reference, NULL where there are none. */
static at_status parents_of(at_workspace *workspace, const char *id, json_t **out,
                            at_error *err) {
    at_arena arena = {0};
    const char *card;
    *out = NULL;
    at_status status = at_store_text(workspace, &arena, &card, err,
                                     "SELECT card FROM entries WHERE id = ?", "s", id);
    json_t *json = card ? json_loads(card, 0, NULL) : NULL;
    *out = json_incref(json_object_get(json_object_get(json, "from"), "parents"));
    json_decref(json);
    at_arena_fini(&arena);
    return status;
}

at_status at_lineage_has(at_workspace *workspace, const json_t *lineage, const char *id,
                         bool *out, at_error *err) {
    json_t *queue = json_deep_copy(json_object_get(lineage, "parents"));
    at_status status = AT_OK;
    *out = false;
    for (size_t i = 0; !status && i < json_array_size(queue) && i < AT_LINEAGE_DEPTH_MAX;
         i++) {
        const char *ancestor = json_string_value(json_array_get(queue, i));
        if (!ancestor)
            continue;
        *out = strcmp(ancestor, id) == 0;
        if (*out)
            break;
        json_t *more;
        status = parents_of(workspace, ancestor, &more, err);
        if (json_is_array(more))
            json_array_extend(queue, more);
        json_decref(more);
    }
    json_decref(queue);
    return status;
}
