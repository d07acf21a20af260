/* %deploy: a model behind an endpoint of the workspace's server. */
#include "magics/deploy/response.h"
#include "magics/deploy/sample.h"
#include "magics/deploy/serve.h"
#include "magics/language/spec.h"
#include "magics/view/grid.h"
#include "ops/base/clock.h"

#include <string.h>

struct deploy_options {
    const char *model, *endpoint;
    at_words response;
};

static const at_param arguments[] = {
    {.name = "model",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_MODEL,
     .offset = offsetof(struct deploy_options, model),
     .required = true,
     .help = "the model to serve"},
};

static const at_param options[] = {
    {.name = "endpoint",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_ENDPOINT,
     .offset = offsetof(struct deploy_options, endpoint),
     .required = true,
     .help = "name of the endpoint; one of that name is replaced without a gap"},
    {.name = "response",
     .kind = AT_PARAM_LIST,
     .offset = offsetof(struct deploy_options, response),
     .fallback = "predicted_label",
     .choices = at_response_key_names,
     .help = "what to answer a row with: predicted_label, probability (of that label), "
             "probabilities, labels"},
};

/* The keys as JSON; checked against what the model can say. */
static at_status read_response(const struct deploy_options *o, const at_model *model,
                               at_arena *arena, json_t **out, at_error *err) {
    int classes = at_model_classes(model);
    const char **labels = at_arena_alloc(arena, (size_t)(classes + 1) * sizeof *labels);
    json_t *keys = json_array();
    if (!labels || !keys) {
        json_decref(keys);
        return at_fail(err, AT_NO_MEMORY, "no memory left to deploy");
    }
    for (int i = 0; i < classes; i++)
        labels[i] = at_model_label(model, i);
    for (size_t i = 0; i < o->response.count; i++)
        json_array_append_new(keys, json_string(o->response.items[i]));
    at_response response;
    at_status status = at_response_init(&response, keys, at_model_problem(model), labels,
                                        classes, arena, err);
    if (status)
        json_decref(keys);
    else
        *out = keys;
    return status;
}

/* What stood for a missing cell when dataset `id` was read: a new reference; NULL: the
 * reader's default, or the dataset is gone. */
static at_status missing_of(at_workspace *workspace, const char *id, at_arena *arena,
                            json_t **out, at_error *err) {
    at_entry entry;
    *out = NULL;
    at_status status = at_store_by_id(workspace, AT_KIND_DATASET, id, arena, &entry, err);
    if (status)
        return status == AT_NOT_FOUND ? AT_OK : status;
    const json_t *from = json_object_get(entry.card, "from");
    *out = json_incref(json_object_get(from, "missing"));
    at_entry_fini(&entry);
    return AT_OK;
}

/* The dataset that the model was trained on knows, even when its source was replaced. */
static at_status missing_markers(at_workspace *workspace, const at_entry *model,
                                 const char *source, at_arena *arena, json_t **out,
                                 at_error *err) {
    const char *data = json_string_value(json_object_get(model->card, "data"));
    *out = NULL;
    if (data)
        AT_TRY(missing_of(workspace, data, arena, out, err));
    return *out || !source ? AT_OK : missing_of(workspace, source, arena, out, err);
}

static at_status put(at_context *context, const struct deploy_options *o,
                     const at_entry *model_entry, json_t *keys, const char *source,
                     at_error *err) {
    json_t *missing;
    AT_TRY(missing_markers(context->workspace, model_entry, source, context->arena,
                           &missing, err));
    json_t *card =
        json_pack("{s:s, s:s, s:O, s:o*}", "model", model_entry->id, "model_name",
                  model_entry->name, "response", keys, "missing", missing);
    char id[33];
    at_store_new_id(id);
    const char *uses[] = {model_entry->id};
    at_status status = card ? at_store_put(context->workspace, AT_KIND_ENDPOINT, id,
                                           o->endpoint, card, uses, 1, err)
                            : at_fail(err, AT_NO_MEMORY, "no memory left to deploy");
    json_decref(card);
    return status;
}

static void show_pictures(at_context *context, const struct deploy_options *o, int port,
                          double seconds) {
    at_arena *arena = context->arena;
    at_display_print(context->call->display,
                     "%s is in service after %s: model %s at "
                     "http://127.0.0.1:%d/endpoints/%s/invocations\n\nAsk it from a "
                     "shell:\n  curl -H 'Content-Type: image/jpeg' --data-binary "
                     "@picture.jpg http://127.0.0.1:%d/endpoints/%s/invocations\n\nor "
                     "here:\n  %%invoke %s --file picture.jpg\n",
                     o->endpoint, at_view_seconds(arena, seconds), o->model, port,
                     o->endpoint, port, o->endpoint, o->endpoint);
}

static void show(at_context *context, const struct deploy_options *o, int port,
                 const char *row, double seconds) {
    at_arena *arena = context->arena;
    const char *address = at_arena_format(arena, "http://127.0.0.1:%d", port);
    const char *path = at_arena_format(arena, "/endpoints/%s/invocations", o->endpoint);
    at_text quoted = {0}; /* for a shell: ' becomes '\'' */
    for (const char *p = row ? row : ""; *p; p++)
        if (*p == '\'')
            at_text_put(&quoted, "'\\''");
        else
            at_text_char(&quoted, *p);
    const char *curl =
        at_arena_format(arena, "curl -H 'Content-Type: text/csv' -d '%s' %s%s",
                        at_text_get(&quoted), address, path);
    at_text_fini(&quoted);
    at_display *display = context->call->display;
    at_display_print(display, "%s is in service after %s: model %s at %s%s\n",
                     o->endpoint, at_view_seconds(arena, seconds), o->model, address,
                     path);
    at_display_print(display, "\nAsk it from a shell:\n  %s\n", curl ? curl : "");
    at_display_print(display, "\nor from Python:\n" AT_BOTO_LINE "\n", address,
                     o->endpoint);
}

static at_status deploy(at_context *context, const struct deploy_options *o,
                        const at_entry *entry, const at_model *model, at_error *err) {
    double began = at_now();
    at_workspace *workspace = context->workspace;
    const at_cancel *cancel = context->call->cancel;
    json_t *keys = NULL;
    const char *source;
    AT_TRY(at_sample_source(workspace, entry->card, context->arena, &source, err));
    AT_TRY(read_response(o, model, context->arena, &keys, err));
    at_status status = put(context, o, entry, keys, source, err);
    json_decref(keys);
    AT_TRY(status);
    at_server_info server;
    AT_TRY(at_server_find(workspace, &server, err));
    if (server.running)
        AT_TRY(at_server_reload(workspace, cancel, err));
    AT_TRY(at_server_ensure(workspace, cancel, &server, err));
    AT_TRY(at_server_check(workspace, o->endpoint, err));
    if (at_model_of_images(model)) {
        show_pictures(context, o, server.port, at_now() - began);
        return AT_OK;
    }
    const char *row = at_sample_row(workspace, model, source, context->arena);
    show(context, o, server.port, row, at_now() - began);
    return AT_OK;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct deploy_options *o = given;
    at_entry entry;
    AT_TRY(at_store_check_name(AT_KIND_ENDPOINT, o->endpoint, err));
    AT_TRY(at_store_find(context->workspace, AT_KIND_MODEL, o->model, context->arena,
                         &entry, err));
    const char *folder =
        at_store_path(context->workspace, AT_KIND_MODEL, entry.id, context->arena);
    at_model *model = NULL;
    at_status status = folder ? at_model_load(folder, &model, err)
                              : at_fail(err, AT_NO_MEMORY, "no memory left to deploy");
    if (!status)
        status = deploy(context, o, &entry, model, err);
    at_model_release(model);
    at_entry_fini(&entry);
    return status;
}

static const char *const examples[] = {
    "%deploy subscriber --endpoint bank-ep",
    "%deploy subscriber --endpoint bank-ep --response predicted_label,probability", NULL};

const at_magic at_magic_deploy = {
    .name = "deploy",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_DEPLOY,
    .summary = "Serves a model over HTTP, on this machine",
    .details =
        "One server a workspace answers `POST /endpoints/NAME/invocations`, as boto3's "
        "`sagemaker-runtime` client asks it, and `GET /ping`. It listens on this machine "
        "only, keeps its port, and lives on when the kernel ends, until `%cleanup`. It "
        "takes the columns of the dataset that the model's chain began with, less the "
        "target and dropped columns: cleaning and preparation travel with the model.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct deploy_options),
    .run = run,
};
