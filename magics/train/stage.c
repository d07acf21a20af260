#include "magics/train/stage.h"

#include "magics/workspace/store_images.h"
#include "ops/base/text.h"

#include <string.h>

/* The first names of `schema` ([{"name"}]) that the frame lacks, but `except`, as a list.
 */
static size_t lacking(const at_frame *frame, const json_t *schema, const char *except,
                      at_text *names) {
    size_t count = 0, i;
    json_t *column;
    json_array_foreach(schema, i, column) {
        const char *name = json_string_value(json_object_get(column, "name"));
        if (!name || (except && strcmp(name, except) == 0) ||
            at_frame_find(frame, name) >= 0)
            continue;
        if (count++ < 8)
            at_text_format(names, "%s%s", names->length ? ", " : "", name);
    }
    if (count > 8)
        at_text_format(names, " and %zu more", count - 8);
    return count;
}

static bool same(const json_t *a, const json_t *b) {
    return (json_array_size(a) == 0 && json_array_size(b) == 0) || json_equal(a, b);
}

/* A model from elsewhere (%fetch) takes the rows that its endpoint takes. */
static at_status as_endpoint(at_scoring *s, at_error *err) {
    at_text raw = {0};
    s->stage = AT_ROWS_SOURCE;
    size_t lack = lacking(s->frame, at_model_inputs(s->model), NULL, &raw);
    if (lack)
        at_fail(err, AT_INVALID, "dataset %s lacks columns that model %s needs: %s",
                s->data_entry.name, s->model_entry.name, at_text_get(&raw));
    at_text_fini(&raw);
    return lack ? AT_INVALID : AT_OK;
}

static at_status choose(at_workspace *workspace, at_scoring *s, at_arena *arena,
                        at_error *err) {
    at_entry trained;
    const char *id = json_string_value(json_object_get(s->model_entry.card, "data"));
    if (!id)
        return as_endpoint(s, err);
    AT_TRY(at_store_by_id(workspace, AT_KIND_DATASET, id, arena, &trained, err));
    const json_t *ours = json_object_get(s->data_entry.card, "from");
    const json_t *theirs = json_object_get(trained.card, "from");
    const json_t *scored = json_object_get(ours, "scored");
    if (scored &&
        !json_equal(json_object_get(ours, "source"), json_object_get(theirs, "source")))
        ours = scored; /* rows of %predict and SQL are at the stage of those they had */
    const json_t *steps = json_object_get(ours, "steps");
    bool same_steps = same(steps, json_object_get(theirs, "steps"));
    bool same_source =
        json_equal(json_object_get(ours, "source"), json_object_get(theirs, "source"));
    at_text raw = {0}, clean = {0};
    size_t raw_lack = lacking(s->frame, at_model_inputs(s->model), NULL, &raw);
    size_t clean_lack = lacking(s->frame, json_object_get(trained.card, "columns"),
                                at_model_target(s->model), &clean);
    at_status status = AT_OK;
    if (clean_lack == 0 && same_steps && (same_source || raw_lack > 0))
        s->stage = AT_ROWS_CLEAN;
    else if (raw_lack == 0 && json_array_size(steps) == 0)
        s->stage = AT_ROWS_SOURCE;
    else if (clean_lack == 0)
        s->stage = AT_ROWS_CLEAN;
    else if (raw_lack == 0)
        s->stage = AT_ROWS_SOURCE;
    else {
        status =
            at_fail(err, AT_INVALID, "dataset %s lacks columns that model %s needs: %s",
                    s->data_entry.name, s->model_entry.name,
                    at_text_get(raw_lack < clean_lack ? &raw : &clean));
        at_hint(err,
                "the model was trained on %s; it takes rows like those, or like the "
                "dataset that was made from",
                trained.name);
    }
    at_text_fini(&raw);
    at_text_fini(&clean);
    at_entry_fini(&trained);
    return status;
}

at_status at_scoring_open(at_workspace *workspace, const char *model, const char *data,
                          at_arena *arena, at_scoring *out, at_error *err) {
    memset(out, 0, sizeof *out);
    AT_TRY(at_store_find(workspace, AT_KIND_MODEL, model, arena, &out->model_entry, err));
    AT_TRY(at_store_find(workspace, AT_KIND_DATASET, data, arena, &out->data_entry, err));
    AT_TRY(at_store_frame_by_id(workspace, out->data_entry.id, &out->frame, err));
    const char *folder =
        at_store_path(workspace, AT_KIND_MODEL, out->model_entry.id, arena);
    if (!folder)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to open model %s", model);
    AT_TRY(at_model_load(folder, &out->model, err));
    if (!at_model_of_images(out->model))
        return choose(workspace, out, arena, err);
    out->stage = AT_ROWS_CLEAN; /* a picture is prepared by the model alone */
    if (at_store_images_behind(&out->data_entry))
        return at_store_images(workspace, &out->data_entry, &out->images, err);
    return at_fail(err, AT_INVALID, "model %s takes pictures, and dataset %s has none",
                   out->model_entry.name, out->data_entry.name);
}

at_status at_scoring_predict(const at_scoring *s, const at_cancel *cancel,
                             at_predictions *out, at_error *err) {
    return s->images
               ? at_model_predict_images(s->model, s->frame, s->images, cancel, out, err)
               : at_model_predict(s->model, s->frame, s->stage, cancel, out, err);
}

void at_scoring_close(at_scoring *scoring) {
    at_model_release(scoring->model);
    at_frame_release(scoring->frame);
    at_images_release(scoring->images);
    at_entry_fini(&scoring->model_entry);
    at_entry_fini(&scoring->data_entry);
    memset(scoring, 0, sizeof *scoring);
}
