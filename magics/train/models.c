/* %models: what was learned, how good it is, and who serves it. */
#include "magics/language/spec.h"
#include "magics/train/model_facts.h"
#include "magics/workspace/job.h"
#include "magics/workspace/listing.h"

#include <string.h>

struct models_options {
    const char *name;
};

static const at_param arguments[] = {
    {.name = "model",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_MODEL,
     .offset = offsetof(struct models_options, name),
     .help = "show this one in full"},
};

/* The first of these metrics that %evaluate found: what one looks at first. */
static const char *score(at_context *context, const at_entry *model) {
    static const char *const keys[] = {"auc", "mean_average_precision", "accuracy",
                                       "rmse"};
    const json_t *evaluation = json_object_get(model->card, "evaluation");
    const json_t *metrics = json_object_get(evaluation, "metrics");
    for (size_t i = 0; i < AT_COUNT(keys); i++) {
        const json_t *value = json_object_get(metrics, keys[i]);
        if (json_is_number(value))
            return at_arena_format(
                context->arena, "%s %.4g on %s", keys[i], json_number_value(value),
                json_string_value(json_object_get(evaluation, "data")));
    }
    return NULL;
}

static const char *served_by(at_context *context, const at_entry *model,
                             const at_entry *endpoints, size_t count) {
    const char *names = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *id = at_card_text(&endpoints[i], "model");
        if (id && strcmp(id, model->id) == 0)
            names = names ? at_arena_format(context->arena, "%s, %s", names,
                                            endpoints[i].name)
                          : endpoints[i].name;
    }
    return names;
}

static at_status list(at_context *context, at_error *err) {
    static const at_grid_column heads[] = {
        {"model", NULL, false},      {"algorithm", NULL, false},
        {"predicts", NULL, false},   {"learned from", NULL, false},
        {"evaluation", NULL, false}, {"served by", NULL, false},
        {"made", NULL, false}};
    at_listing listing = {
        .context = context, .columns = heads, .column_count = AT_COUNT(heads)};
    at_entry *models, *endpoints;
    size_t count, served;
    AT_TRY(at_store_list(context->workspace, AT_KIND_MODEL, context->arena, &models,
                         &count, err));
    at_status status = at_store_list(context->workspace, AT_KIND_ENDPOINT, context->arena,
                                     &endpoints, &served, err);
    for (size_t i = 0; i < count && !status; i++) {
        const char *texts[] = {models[i].name, at_card_text(&models[i], "algorithm"),
                               at_card_text(&models[i], "target"),
                               at_card_text(&models[i], "data_name")};
        for (size_t t = 0; t < AT_COUNT(texts); t++)
            at_listing_format(&listing, "%s", texts[t] ? texts[t] : "");
        at_listing_put(&listing, score(context, &models[i]));
        at_listing_put(&listing, served_by(context, &models[i], endpoints, served));
        at_listing_put(&listing, at_listing_when(context->arena, models[i].created_us));
    }
    for (size_t i = 0; i < count; i++)
        at_entry_fini(&models[i]);
    for (size_t i = 0; i < served; i++)
        at_entry_fini(&endpoints[i]);
    if (status) {
        at_listing_fini(&listing);
        return status;
    }
    return at_listing_show(&listing, NULL, "%models NAME shows one in full",
                           "No models yet: %%train makes them.", err);
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct models_options *o = given;
    AT_TRY(at_jobs_reconcile(context->workspace, err)); /* one may just have been made */
    if (!o->name)
        return list(context, err);
    at_entry model;
    AT_TRY(at_store_find(context->workspace, AT_KIND_MODEL, o->name, context->arena,
                         &model, err));
    at_status status = at_model_facts_show(context, &model, err);
    at_entry_fini(&model);
    return status;
}

static const char *const examples[] = {"%models", "%models subscriber", NULL};

const at_magic at_magic_models = {
    .name = "models",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_TRAIN,
    .summary = "Lists the models of the workspace, or shows one in full",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .examples = examples,
    .options_size = sizeof(struct models_options),
    .run = run,
};
