/* %%train: a model from a dataset. The fit runs in a job; the cell shows its progress. */
#include "magics/language/spec.h"
#include "magics/train/start.h"
#include "magics/train/watch.h"
#include "magics/workspace/job.h"
#include "magics/workspace/store_images.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"
#include "ops/image/images.h"
#include "ops/learn/algorithm.h"

#include <string.h>
#include <strings.h>

struct train_options {
    const char *name, *data, *target, *validation, *algorithm, *recipe, *weight;
    at_train_start start;
    double holdout, max_runtime;
    bool balance;
    int64_t seed;
    at_settings settings;
};

static const at_param arguments[] = {
    {.name = "model",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_NEW_NAME,
     .offset = offsetof(struct train_options, name),
     .required = true,
     .help = "name of the model; one of that name is replaced when the new one is done"},
};

static const at_param options[] = {
    {.name = "data",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_DATASET,
     .offset = offsetof(struct train_options, data),
     .required = true,
     .help = "the dataset to learn from"},
    {.name = "target",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_COLUMN,
     .offset = offsetof(struct train_options, target),
     .help = "the column to predict; pictures: label when left out"},
    {.name = "algorithm",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_ALGORITHM,
     .offset = offsetof(struct train_options, algorithm),
     .fallback = "linear-learner",
     .help = "what learns; its hyperparameters are the settings of the body"},
    {.name = "recipe",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_RECIPE,
     .offset = offsetof(struct train_options, recipe),
     .fallback = "auto",
     .help = "a recipe of %%prepare, or auto: by the type of each column"},
    {.name = "validation",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_DATASET,
     .offset = offsetof(struct train_options, validation),
     .help =
         "the dataset to choose the best epoch on; without it --holdout is set apart"},
    {.name = "holdout",
     .kind = AT_PARAM_REAL,
     .offset = offsetof(struct train_options, holdout),
     .fallback = "0.1",
     .min = 0,
     .max = 0.5,
     .help = "share of the rows set apart for validation, with the shares of the target "
             "kept"},
    {.name = "weight",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_COLUMN,
     .offset = offsetof(struct train_options, weight),
     .help = "a column that says how much each row counts; it is no input"},
    {.name = "balance",
     .kind = AT_PARAM_FLAG,
     .offset = offsetof(struct train_options, balance),
     .help = "every class counts the same, however many rows it has"},
    {.name = "max-runtime",
     .kind = AT_PARAM_REAL,
     .offset = offsetof(struct train_options, max_runtime),
     .min = 0.1,
     .max = 1e7,
     .unit = "seconds",
     .help = "the longest that it may train; the best model so far is kept then"},
    {.name = "from",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_MODEL,
     .offset = offsetof(struct train_options, start.from),
     .help = "image-classification: a model of yours to go on from; the last layer is "
             "learned anew where the classes are others"},
    {.name = "weights",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_PATH,
     .offset = offsetof(struct train_options, start.weights),
     .help =
         "image-classification: a safetensors file to start from, by torchvision's or "
         "timm's names; the last layer is learned anew"},
    {.name = "freeze",
     .kind = AT_PARAM_FLAG,
     .offset = offsetof(struct train_options, start.freeze),
     .help = "with --from or --weights: only the last layer is learned, many times as "
             "fast"},
    {.name = "freeze-stages",
     .kind = AT_PARAM_INT,
     .offset = offsetof(struct train_options, start.freeze_stages),
     .fallback = "0",
     .min = 0,
     .max = 4,
     .unit = "stages",
     .help = "with --from or --weights: the stem and so many stages of the net stay as "
             "they are"},
    {.name = "seed",
     .kind = AT_PARAM_INT,
     .offset = offsetof(struct train_options, seed),
     .fallback = "0",
     .min = 0,
     .max = 9e15,
     .help = "the same seed gives the same model, bit for bit"},
};

static const at_param *hyperparameters(const void *given, size_t *count) {
    const struct train_options *o = given;
    at_algorithm algorithm;
    bool known = o->algorithm && at_algorithm_find(o->algorithm, &algorithm);
    *count = known ? algorithm.param_count : 0;
    return known ? algorithm.params : NULL;
}

static at_status find_algorithm(const char *name, at_arena *arena, at_algorithm *out,
                                at_error *err) {
    if (at_algorithm_find(name, out))
        return AT_OK;
    size_t count = 0;
    while (at_algorithm_at(count, out))
        count++;
    const char **names = at_arena_alloc(arena, (count + 1) * sizeof *names);
    at_text all = {0};
    for (size_t i = 0; at_algorithm_at(i, out); i++) {
        if (names)
            names[i] = out->name;
        at_text_format(&all, "%s%s", i ? ", " : "", out->name);
    }
    const char *nearest = names ? at_nearest(name, names, count) : NULL;
    at_fail(err, AT_INVALID, "there is no algorithm '%s'", name);
    if (nearest)
        at_hint(err, "did you mean %s?", nearest);
    else
        at_hint(err, "there is: %s", at_text_get(&all));
    at_text_fini(&all);
    return AT_INVALID;
}

/* What the job reads, as a plan (job.json) that is built piece by piece. */
typedef struct plan {
    at_context *context;
    const struct train_options *o;
    const at_algorithm *algorithm;
    const char *target;
    json_t *spec, *channels;
    const char *uses[6];
    size_t use_count;
} plan;

static at_status add_channel(plan *p, const char *channel, const char *name,
                             at_entry *entry, at_error *err) {
    at_workspace *workspace = p->context->workspace;
    AT_TRY(
        at_store_find(workspace, AT_KIND_DATASET, name, p->context->arena, entry, err));
    const char *path =
        at_store_path(workspace, AT_KIND_DATASET, entry->id, p->context->arena);
    p->uses[p->use_count++] = entry->id;
    if (!path || json_object_set_new(p->channels, channel, json_string(path)) != 0)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to start training");
    return AT_OK;
}

/* The pictures of a channel's rows: "train_images": path. */
static at_status add_images(plan *p, const char *channel, const at_entry *data,
                            at_error *err) {
    if (!at_store_images_behind(data)) {
        at_fail(err, AT_INVALID, "dataset %s has no pictures, and %s learns from them",
                data->name, p->algorithm->name);
        return at_hint(err,
                       "fetch a set of images (%%fetch), or make one: %%generate "
                       "digits %s",
                       data->name);
    }
    const char *id = json_string_value(json_object_get(data->card, "images"));
    const char *path =
        at_store_path(p->context->workspace, AT_KIND_DATASET, id, p->context->arena);
    const char *key = at_arena_format(p->context->arena, "%s_images", channel);
    const char *kept = at_arena_text(p->context->arena, id, strlen(id));
    if (!path || !key || !kept ||
        json_object_set_new(p->channels, key, json_string(path)) != 0)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to start training");
    p->uses[p->use_count++] = kept;
    return AT_OK;
}

/* The target must be a column now, in the cell, not a minute later in the job. */
static at_status check_target(plan *p, const char *id, at_error *err) {
    at_frame *frame = NULL;
    AT_TRY(at_store_frame_by_id(p->context->workspace, id, &frame, err));
    int *found = NULL;
    size_t count = 0;
    at_selector selector = {p->target, true};
    at_status status = at_select_columns(frame, &selector, 1, NULL, p->context->arena,
                                         &found, &count, err);
    if (status == AT_OK) /* in the spelling of the table */
        json_object_set_new(p->spec, "target",
                            json_string(at_frame_column(frame, found[0])->name));
    at_frame_release(frame);
    return status;
}

static at_status add_data(plan *p, at_error *err) {
    at_entry train = {0}, validation = {0};
    bool images = !p->algorithm->learner;
    at_status status = add_channel(p, "train", p->o->data, &train, err);
    if (status == AT_OK && images)
        status = add_images(p, "train", &train, err);
    if (status == AT_OK)
        status = check_target(p, train.id, err);
    if (status == AT_OK && p->o->validation)
        status = add_channel(p, "validation", p->o->validation, &validation, err);
    if (status == AT_OK && p->o->validation && images)
        status = add_images(p, "validation", &validation, err);
    if (status == AT_OK) {
        json_t *from = json_object_get(train.card, "from");
        json_t *source = json_object_get(from, "source_columns");
        json_t *cleaning = json_object_get(from, "steps");
        if (source)
            json_object_set(p->spec, "source", source);
        if (json_array_size(cleaning) > 0)
            json_object_set(p->spec, "cleaning", cleaning);
        json_object_set_new(p->spec, "data", json_string(train.id));
        json_object_set_new(p->spec, "data_name", json_string(train.name));
    }
    at_entry_fini(&train);
    at_entry_fini(&validation);
    return status;
}

static at_status add_recipe(plan *p, at_error *err) {
    if (strcasecmp(p->o->recipe, "auto") == 0)
        return AT_OK;
    at_entry recipe;
    AT_TRY(at_store_find(p->context->workspace, AT_KIND_RECIPE, p->o->recipe,
                         p->context->arena, &recipe, err));
    json_object_set(p->spec, "recipe", json_object_get(recipe.card, "steps"));
    json_object_set_new(p->spec, "recipe_name", json_string(recipe.name));
    at_entry_fini(&recipe);
    return AT_OK;
}

static at_status add_start(plan *p, at_error *err) {
    const char *used = NULL;
    AT_TRY(at_train_start_add(p->context, &p->o->start, p->algorithm, p->spec,
                              p->channels, &used, err));
    if (used)
        p->uses[p->use_count++] = used;
    return AT_OK;
}

/* What only tables know. */
static at_status add_limits(plan *p, at_error *err) {
    const struct train_options *o = p->o;
    const char *given = o->weight            ? "--weight"
                        : o->balance         ? "--balance"
                        : o->max_runtime > 0 ? "--max-runtime"
                                             : NULL;
    if (given && !p->algorithm->learner)
        return at_fail(err, AT_INVALID, "%s does not go with %s", given,
                       p->algorithm->name);
    if (p->algorithm->learner && p->algorithm->learner->ready)
        AT_TRY(p->algorithm->learner->ready(err));
    if (o->weight)
        json_object_set_new(p->spec, "weight", json_string(o->weight));
    if (o->balance)
        json_object_set_new(p->spec, "balance", json_true());
    if (o->max_runtime > 0)
        json_object_set_new(p->spec, "max_seconds", json_real(o->max_runtime));
    return AT_OK;
}

/* Pictures are labelled by a column of that name; rows say themselves what to predict. */
static at_status choose_target(plan *p, const char **out, at_error *err) {
    *out = p->o->target ? p->o->target : !p->algorithm->learner ? AT_IMAGES_LABEL : NULL;
    if (*out)
        return AT_OK;
    at_fail(err, AT_INVALID, "%%%%train needs --target: the column to predict");
    return at_hint(err, "for example: %%%%train %s --data %s --target ...", p->o->name,
                   p->o->data);
}

static at_status make_plan(plan *p, at_error *err) {
    const at_algorithm *algorithm = p->algorithm;
    AT_TRY(choose_target(p, &p->target, err));
    json_t *given = json_object();
    for (size_t i = 0; given && i < p->o->settings.count; i++) {
        const at_setting *setting = &p->o->settings.items[i];
        const at_param *param =
            at_param_find(algorithm->params, algorithm->param_count, setting->key);
        json_object_set_new(given, param ? param->name : setting->key,
                            json_string(setting->value));
    }
    p->spec = json_pack("{s:s, s:s, s:o?, s:I, s:f}", "algorithm", algorithm->name,
                        "target", p->target, "hyperparameters", given, "seed",
                        (json_int_t)p->o->seed, "holdout", p->o->holdout);
    p->channels = json_object();
    if (!p->spec || !given || json_object_set_new(p->spec, "channels", p->channels) != 0)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to start training");
    AT_TRY(add_data(p, err));
    AT_TRY(add_recipe(p, err));
    AT_TRY(add_start(p, err));
    AT_TRY(add_limits(p, err));
    json_object_set_new(p->spec, "card",
                        json_pack("{s:s, s:O?}", "model", p->o->name, "data_name",
                                  json_object_get(p->spec, "data_name")));
    return AT_OK;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct train_options *o = given;
    at_algorithm algorithm;
    AT_TRY(at_store_check_name(AT_KIND_MODEL, o->name, err));
    AT_TRY(find_algorithm(o->algorithm, context->arena, &algorithm, err));
    plan p = {.context = context, .o = o, .algorithm = &algorithm};
    char id[33];
    at_status status = make_plan(&p, err);
    if (status == AT_OK)
        status = at_job_start(context->workspace, "train", o->name, p.spec, p.uses,
                              p.use_count, id, err);
    json_decref(p.spec);
    return status == AT_OK ? at_train_watch(context, id, o->name, err) : status;
}

static const char *const examples[] = {
    "%%train subscriber --data bank_clean_train --target y --algorithm linear-learner "
    "--recipe "
    "calls\nepochs = 15",
    "%%train reader --data digits_train --validation digits_test --algorithm "
    "image-classification\nnum_layers = 20\nimage_shape = 1,28,28\nepochs = 3\n"
    "mini_batch_size = 64",
    "%%train letters --data letters_train --algorithm image-classification --from reader "
    "--freeze\nepochs = 5",
    "%%train price --data houses_train --target median_house_value\nloss = absolute_loss",
    NULL};

const at_magic at_magic_train = {
    .name = "train",
    .forms = AT_MAGIC_CELL | AT_MAGIC_LINE,
    .stage = AT_STAGE_TRAIN,
    .summary = "Trains a model",
    .details =
        "The fit runs as a job of its own: the kernel stays free of it, and it runs on "
        "if the "
        "kernel is restarted (`%jobs`). An interrupt stops it and keeps the best model "
        "so far; of a job that is killed nothing is kept. `%resume` starts either again, "
        "at the first epoch; a training of pictures goes on where it was. "
        "The preparation is fitted on the training rows and is part of the model, and so "
        "are "
        "the value steps of `%%clean`. The body holds hyperparameters, by the names that "
        "SageMaker gives them.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .body = {.kind = AT_BODY_SETTINGS,
             .optional = true,
             .offset = offsetof(struct train_options, settings),
             .settings = hyperparameters,
             .help = "hyperparameters, one a line"},
    .examples = examples,
    .options_size = sizeof(struct train_options),
    .run = run,
};
