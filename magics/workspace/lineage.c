/* Lineage: from what a dataset was made, and how.
 *
 * Beside what store.h lists, a child keeps "source_columns", the schema of the dataset
 * that starts its chain, and "missing", the markers that one was read with: a model
 * trained on it needs both, and the source itself may have been replaced by then. A
 * dataset that starts a chain is its own source.
 *
 * %predict and SQL start a chain, since a model of their rows takes columns that no row
 * before had; but the rows are those of another chain still, and "scored" says where in
 * that one they stand. */
#include "magics/workspace/workspace.h"
#include "ops/frame/csv_cell.h"

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
    const json_t *scored = json_object_get(from, "scored");
    json_t *stands =
        scored ? json_pack("{s:O?, s:o}", "source", json_object_get(scored, "source"),
                           "steps", all_steps(json_object_get(scored, "steps"), steps))
               : NULL;
    return json_pack("{s:s, s:[s], s:s, s:O?, s:O*, s:o, s:s, s:o*}", "magic", magic,
                     "parents", parent->id, "source", source, "source_columns", columns,
                     "missing", json_object_get(from, "missing"), "steps",
                     all_steps(json_object_get(from, "steps"), steps), "detail",
                     detail ? detail : "", "scored", stands);
}

/* Where the rows of `entry` stand: {"source", "steps"}, a new reference. */
static json_t *standing(const at_entry *entry) {
    const json_t *from = json_object_get(entry->card, "from");
    json_t *scored = json_object_get(from, "scored");
    if (scored)
        return json_incref(scored);
    const char *source = json_string_value(json_object_get(from, "source"));
    return json_pack("{s:s, s:o}", "source", source ? source : entry->id, "steps",
                     all_steps(json_object_get(from, "steps"), NULL));
}

/* Adds the markers of one parent; NULL: the reader's own. A cell that is missing in any
 * of the tables is missing in what was made of them. */
static bool add_markers(json_t *all, const json_t *own) {
    for (size_t i = 0; own ? i < json_array_size(own) : at_missing_default[i] != NULL;
         i++) {
        json_t *word = own ? json_incref(json_array_get(own, i))
                           : json_string(at_missing_default[i]);
        bool there = false;
        for (size_t k = 0; k < json_array_size(all) && !there; k++)
            there = json_equal(json_array_get(all, k), word);
        if (there)
            json_decref(word);
        else if (json_array_append_new(all, word) != 0)
            return false;
    }
    return true;
}

/* What the parents seen so far agree on. */
typedef struct gathered {
    json_t *markers;
    json_t *stands; /* of all of them; NULL: they differ */
    bool own;       /* has any of them markers of its own? */
} gathered;

static at_status gather(const at_entry *parent, bool first, gathered *g, at_error *err) {
    const json_t *missing =
        json_object_get(json_object_get(parent->card, "from"), "missing");
    json_t *stands = standing(parent);
    bool good = stands && add_markers(g->markers, missing);
    g->own = g->own || missing;
    if (first) {
        g->stands = stands;
    } else {
        if (g->stands && !json_equal(g->stands, stands)) {
            json_decref(g->stands);
            g->stands = NULL;
        }
        json_decref(stands);
    }
    return good ? AT_OK : at_fail(err, AT_NO_MEMORY, "no memory left for the lineage");
}

at_status at_lineage_adopt(at_workspace *workspace, json_t *lineage,
                           const json_t *parents, at_error *err) {
    gathered g = {.markers = json_array()};
    at_status status = g.markers && json_object_set(lineage, "parents",
                                                    (json_t *)(uintptr_t)parents) == 0
                           ? AT_OK
                           : at_fail(err, AT_NO_MEMORY, "no memory left for the lineage");
    for (size_t i = 0; i < json_array_size(parents) && !status; i++) {
        at_arena arena = {0};
        at_entry parent;
        const char *id = json_string_value(json_array_get(parents, i));
        status = at_store_by_id(workspace, AT_KIND_DATASET, id, &arena, &parent, err);
        if (!status) {
            status = gather(&parent, i == 0, &g, err);
            at_entry_fini(&parent);
        }
        at_arena_fini(&arena);
    }
    if (status == AT_NOT_FOUND) { /* replaced while it was read: who knows what it was */
        at_error_clear(err);
        status = AT_OK;
    } else if (!status &&
               ((g.own && json_object_set(lineage, "missing", g.markers) != 0) ||
                (g.stands && json_object_set(lineage, "scored", g.stands) != 0)))
        status = at_fail(err, AT_NO_MEMORY, "no memory left for the lineage");
    json_decref(g.markers);
    json_decref(g.stands);
    return status;
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
