/* The job behind %%train: in the child it fits and saves, in the kernel the model is put
 * into the store. Reads job.json:
 *
 *   {"algorithm", "target", "hyperparameters": {name: text}, "seed", "holdout",
 *    "channels": {"train": path, "validation"?: path, "train_images"?: path,
 *    "validation_images"?: path, "weights"?: path, "from"?: folder}, "from"?:
 *    {"model", "id"}, "freeze"?: true, "freeze_stages"?: n, "source"?: schema,
 *    "cleaning"?: [fitted steps], "recipe"?: [steps], "weight"?: column, "balance"?:
 * true, "max_seconds"?: number, "data": id, "data_name", ...}
 *
 * and writes model/ in its folder, "describe" and "model_id" into the result. The id is a
 * fresh one in each run: one that was resumed makes another model than before. */
#include "magics/train/watch.h"
#include "magics/workspace/job.h"
#include "ops/base/file.h"
#include "ops/learn/algorithm.h"
#include "ops/learn/image_train.h"
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

static at_status fit_rows(const json_t *spec, const at_train_request *request,
                          const char *place, at_error *err) {
    at_train_request full = *request;
    inputs in = {0};
    at_model *model = NULL;
    at_status status = open_inputs(spec, &in, err);
    if (status == AT_OK) {
        full.train = in.train;
        full.validation = in.validation;
        full.recipe = in.recipe;
        full.pool = in.pool;
        full.holdout = in.validation ? 0 : request->holdout;
        status = at_model_train(&full, &model, err);
    }
    if (status == AT_OK)
        status = at_model_save(model, place, err);
    at_model_release(model);
    inputs_fini(&in);
    return status;
}

/* Seconds after which a training of pictures can go on from where it was. */
static const double checkpoint_every = 30;

static at_status fit_images(const json_t *spec, const at_train_request *request,
                            const char *folder, const char *place, at_error *err) {
    const json_t *channels = json_object_get(spec, "channels");
    const char *images = text_of(channels, "train_images"),
               *judged = text_of(channels, "validation_images");
    const json_t *from = json_object_get(spec, "from");
    inputs in = {0};
    at_images *train = NULL, *validation = NULL;
    at_status status = open_inputs(spec, &in, err);
    if (status == AT_OK && !images)
        status = at_fail(err, AT_CORRUPT, "job.json has no channel 'train_images'");
    if (status == AT_OK)
        status = at_images_open(images, &train, err);
    if (status == AT_OK && judged)
        status = at_images_open(judged, &validation, err);
    if (status == AT_OK) {
        at_image_train_request full = {
            .hyperparameters = request->hyperparameters,
            .target = request->target,
            .train = in.train,
            .train_images = train,
            .validation = validation ? in.validation : NULL,
            .validation_images = validation,
            .holdout = request->holdout,
            .weights = text_of(channels, "weights"),
            .from = text_of(channels, "from"),
            .from_name = text_of(from, "model"),
            .from_id = text_of(from, "id"),
            .freeze = json_is_true(json_object_get(spec, "freeze")),
            .freeze_stages =
                (int)json_integer_value(json_object_get(spec, "freeze_stages")),
            .checkpoints = folder,
            .checkpoint_every = checkpoint_every,
            .seed = request->seed,
            .pool = in.pool,
            .cancel = request->cancel,
            .events = request->events};
        status = at_image_train(&full, place, err);
    }
    at_images_release(train);
    at_images_release(validation);
    inputs_fini(&in);
    return status;
}

/* What the cell and the store are told of the model at `place`. */
static at_status describe(const char *place, json_t *result, at_error *err) {
    at_model *model = NULL;
    AT_TRY(at_model_load(place, &model, err));
    char id[33];
    at_store_new_id(id);
    at_status status = AT_OK;
    if (json_object_set_new(result, "model_id", json_string(id)) != 0 ||
        json_object_set_new(result, "describe", at_model_describe(model)) != 0)
        status = at_fail(err, AT_NO_MEMORY, "not enough memory to describe the model");
    at_model_release(model);
    return status;
}

static at_status run(const json_t *spec, const char *folder, const at_fit_events *events,
                     const at_cancel *cancel, json_t *result, at_error *err) {
    const char *name = text_of(spec, "algorithm"), *target = text_of(spec, "target");
    at_algorithm algorithm;
    if (!name || !target || !at_algorithm_find(name, &algorithm))
        return at_fail(err, AT_CORRUPT, "job.json lacks an algorithm or a target");
    at_train_request request = {
        .learner = algorithm.learner,
        .hyperparameters = json_object_get(spec, "hyperparameters"),
        .target = target,
        .holdout = json_number_value(json_object_get(spec, "holdout")),
        .source = json_object_get(spec, "source"),
        .cleaning = json_object_get(spec, "cleaning"),
        .weight = text_of(spec, "weight"),
        .balance = json_is_true(json_object_get(spec, "balance")),
        .max_seconds = json_number_value(json_object_get(spec, "max_seconds")),
        .seed = (uint64_t)json_integer_value(json_object_get(spec, "seed")),
        .cancel = cancel,
        .events = events,
    };
    char *place = at_path_join(folder, "model");
    if (!place)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to train");
    at_status status = at_file_remove(place, err); /* of a run before this one, resumed */
    if (status == AT_OK)
        status = algorithm.learner ? fit_rows(spec, &request, place, err)
                                   : fit_images(spec, &request, folder, place, err);
    if (status == AT_OK)
        status = describe(place, result, err);
    at_free(place);
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
    .resumes =
        "training starts again at the first epoch, with the same data and seed; that "
        "of pictures goes on where it was",
    .run = run,
    .finished = finished,
    .watch = at_train_watch,
};
