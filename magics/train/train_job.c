/* The job behind %%train: in the child it fits and saves, in the kernel the model is put
 * into the store. Reads job.json:
 *
 *   {"algorithm", "target", "hyperparameters": {name: text}, "seed", "holdout",
 *    "channels": {"train": path, "validation"?: path}, "source"?: schema,
 *    "cleaning"?: [fitted steps], "recipe"?: [steps], "data": id, "data_name", ...}
 *
 * and writes model/ in its folder, "describe" and "model_id" into the result. The id is a
 * fresh one in each run: one that was resumed makes another model than before. */
#include "magics/train/watch.h"
#include "magics/workspace/job.h"
#include "ops/base/file.h"
#include "ops/learn/model.h"

#include <string.h>

static const char *text_of(const json_t *spec, const char *key) {
    return json_string_value(json_object_get(spec, key));
}

typedef struct inputs {
    at_frame *train, *validation;
    at_recipe *recipe;
    at_pool *pool;
} inputs;

static void inputs_fini(inputs *in) {
    at_frame_release(in->train);
    at_frame_release(in->validation);
    at_recipe_release(in->recipe);
    at_pool_release(in->pool);
}

static at_status open_inputs(const json_t *spec, inputs *in, at_error *err) {
    const json_t *channels = json_object_get(spec, "channels");
    const char *train = text_of(channels, "train"),
               *validation = text_of(channels, "validation");
    if (!train)
        return at_fail(err, AT_CORRUPT, "job.json has no channel 'train'");
    AT_TRY(at_frame_open(train, &in->train, err));
    if (validation)
        AT_TRY(at_frame_open(validation, &in->validation, err));
    if (json_object_get(spec, "recipe"))
        AT_TRY(at_recipe_from_json(json_object_get(spec, "recipe"), &in->recipe, err));
    return at_pool_new(0, &in->pool, err);
}

static at_status save(const at_model *model, const char *folder, json_t *result,
                      at_error *err) {
    char *place = at_path_join(folder, "model");
    if (!place)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to save the model");
    at_status status = at_file_remove(place, err); /* of a run before this one, resumed */
    if (status == AT_OK)
        status = at_model_save(model, place, err);
    char id[33];
    at_store_new_id(id);
    if (status == AT_OK &&
        (json_object_set_new(result, "model_id", json_string(id)) != 0 ||
         json_object_set_new(result, "describe", at_model_describe(model)) != 0))
        status = at_fail(err, AT_NO_MEMORY, "not enough memory to describe the model");
    at_free(place);
    return status;
}

static at_status run(const json_t *spec, const char *folder, const at_fit_events *events,
                     const at_cancel *cancel, json_t *result, at_error *err) {
    const char *algorithm = text_of(spec, "algorithm"), *target = text_of(spec, "target");
    const at_learner *learner = algorithm ? at_learner_find(algorithm) : NULL;
    if (!learner || !target)
        return at_fail(err, AT_CORRUPT, "job.json lacks an algorithm or a target");
    inputs in = {0};
    at_model *model = NULL;
    at_status status = open_inputs(spec, &in, err);
    if (status == AT_OK) {
        at_train_request request = {
            .learner = learner,
            .hyperparameters = json_object_get(spec, "hyperparameters"),
            .target = target,
            .train = in.train,
            .validation = in.validation,
            .holdout =
                in.validation ? 0 : json_number_value(json_object_get(spec, "holdout")),
            .source = json_object_get(spec, "source"),
            .cleaning = json_object_get(spec, "cleaning"),
            .recipe = in.recipe,
            .seed = (uint64_t)json_integer_value(json_object_get(spec, "seed")),
            .pool = in.pool,
            .cancel = cancel,
            .events = events,
        };
        status = at_model_train(&request, &model, err);
    }
    if (status == AT_OK)
        status = save(model, folder, result, err);
    at_model_release(model);
    inputs_fini(&in);
    return status;
}

/* The model's folder moves from the job to the store; done already after a crash between.
 */
static at_status move_model(const char *from, const char *to, at_error *err) {
    return at_folder_exists(to) ? AT_OK : at_file_commit(from, to, err);
}

static json_t *card_of(const json_t *spec, const at_entry *job, const json_t *result) {
    json_t *card = json_pack("{s:O?, s:O?, s:s, s:O?, s:O?, s:O?}", "algorithm",
                             json_object_get(spec, "algorithm"), "target",
                             json_object_get(spec, "target"), "job", job->id, "data",
                             json_object_get(spec, "data"), "data_name",
                             json_object_get(spec, "data_name"), "describe",
                             json_object_get(result, "describe"));
    const char *recipe = text_of(spec, "recipe_name");
    if (card)
        json_object_set_new(card, "recipe", json_string(recipe ? recipe : "auto"));
    return card;
}

static at_status index_model(at_workspace *workspace, const at_entry *job,
                             const json_t *spec, const json_t *result, const char *from,
                             at_arena *arena, at_error *err) {
    const char *id = text_of(result, "model_id"), *data = text_of(spec, "data");
    if (!id)
        return AT_OK; /* stopped before there was a model */
    const char *to = at_store_path(workspace, AT_KIND_MODEL, id, arena);
    if (!to || !data)
        return at_fail(err, AT_CORRUPT, "job %s does not say which model it made",
                       job->name);
    AT_TRY(move_model(from, to, err));
    json_t *card = card_of(spec, job, result);
    at_status status =
        card ? at_store_put(workspace, AT_KIND_MODEL, id, job->name, card, &data, 1, err)
             : at_fail(err, AT_NO_MEMORY, "not enough memory to keep the model");
    json_decref(card);
    return status;
}

static at_status finished(at_workspace *workspace, const at_entry *job,
                          const json_t *result, at_error *err) {
    at_arena arena = {0};
    const char *folder = at_store_path(workspace, AT_KIND_JOB, job->id, &arena);
    char *plan = folder ? at_path_join(folder, "job.json") : NULL;
    char *model = folder ? at_path_join(folder, "model") : NULL;
    json_t *spec = NULL;
    at_status status =
        plan && model ? at_job_read_json(plan, AT_JOB_SPEC_MAX, &spec, err)
                      : at_fail(err, AT_NO_MEMORY, "not enough memory to keep the model");
    if (status == AT_OK)
        status = index_model(workspace, job, spec, result, model, &arena, err);
    json_decref(spec);
    at_free(plan);
    at_free(model);
    at_arena_fini(&arena);
    return status;
}

const at_job_kind at_job_kind_train = {
    .name = "train",
    .resumes = "training starts again at the first epoch, with the same data and seed",
    .run = run,
    .finished = finished,
    .watch = at_train_watch,
};
