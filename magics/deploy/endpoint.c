#include "magics/deploy/endpoint.h"

#include <string.h>

static at_status fill(at_endpoint *endpoint, const char *id, const char *name,
                      const json_t *card, at_error *err) {
    at_arena *arena = &endpoint->arena;
    const at_model *model = endpoint->model;
    endpoint->id = at_arena_text(arena, id, strlen(id));
    endpoint->name = at_arena_text(arena, name, strlen(name));
    int classes = at_model_classes(model);
    const char **labels = at_arena_alloc(arena, (size_t)(classes + 1) * sizeof *labels);
    if (!endpoint->id || !endpoint->name || !labels)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the endpoint");
    for (int i = 0; i < classes; i++)
        labels[i] = at_model_label(model, i);
    if (at_model_of_images(model))
        return AT_OK; /* a picture has neither columns nor response keys */
    AT_TRY(at_intake_init(&endpoint->intake, at_model_inputs(model),
                          at_model_ignored(model), at_model_target(model),
                          json_object_get(card, "missing"), arena, err));
    return at_response_init(&endpoint->response, json_object_get(card, "response"),
                            at_model_problem(model), labels, classes, arena, err);
}

at_status at_endpoint_new(const char *id, const char *name, const at_model *model,
                          const json_t *card, at_endpoint **out, at_error *err) {
    at_endpoint *endpoint = at_alloc_zero(sizeof *endpoint);
    if (!endpoint)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the endpoint");
    atomic_init(&endpoint->references, 1);
    endpoint->model = at_model_retain(model);
    at_status status = fill(endpoint, id, name, card, err);
    if (status) {
        at_endpoint_release(endpoint);
        return status;
    }
    *out = endpoint;
    return AT_OK;
}

at_endpoint *at_endpoint_retain(at_endpoint *endpoint) {
    atomic_fetch_add_explicit(&endpoint->references, 1, memory_order_relaxed);
    return endpoint;
}

void at_endpoint_release(at_endpoint *endpoint) {
    if (!endpoint ||
        atomic_fetch_sub_explicit(&endpoint->references, 1, memory_order_acq_rel) != 1)
        return;
    at_model_release(endpoint->model);
    at_arena_fini(&endpoint->arena);
    at_free(endpoint);
}

at_status at_endpoint_answer(const at_endpoint *endpoint, at_payload *payload,
                             at_media media, at_text *out, bool *fault, at_error *err) {
    at_frame *frame = NULL;
    at_predictions predictions = {0};
    *fault = false;
    AT_TRY(at_payload_frame(payload, &frame, err));
    at_status status =
        at_model_predict(endpoint->model, frame, AT_ROWS_SOURCE, NULL, &predictions, err);
    /* The rows passed every check of the intake: what is left is not the sender's. */
    *fault = status != AT_OK && status != AT_INVALID;
    if (!status) {
        at_response_begin(media, out);
        at_response_rows(&endpoint->response, media, &predictions, out);
        at_response_end(media, out);
    }
    at_predictions_fini(&predictions);
    at_frame_release(frame);
    return status;
}

void at_endpoints_init(at_endpoints *set) {
    *set = (at_endpoints){0};
    pthread_mutex_init(&set->lock, NULL);
}

static void release_all(at_endpoint **items, size_t count) {
    for (size_t i = 0; i < count; i++)
        at_endpoint_release(items[i]);
    at_free(items);
}

void at_endpoints_fini(at_endpoints *set) {
    release_all(set->items, set->count);
    pthread_mutex_destroy(&set->lock);
}

at_endpoint *at_endpoints_get(at_endpoints *set, const char *name) {
    at_endpoint *found = NULL;
    pthread_mutex_lock(&set->lock);
    for (size_t i = 0; i < set->count && !found; i++)
        if (at_equal_fold(set->items[i]->name, name))
            found = at_endpoint_retain(set->items[i]);
    pthread_mutex_unlock(&set->lock);
    return found;
}

at_endpoint *at_endpoints_only(at_endpoints *set) {
    pthread_mutex_lock(&set->lock);
    at_endpoint *only = set->count == 1 ? at_endpoint_retain(set->items[0]) : NULL;
    pthread_mutex_unlock(&set->lock);
    return only;
}

void at_endpoints_names(at_endpoints *set, at_text *out) {
    pthread_mutex_lock(&set->lock);
    for (size_t i = 0; i < set->count; i++)
        at_text_format(out, "%s%s", i ? ", " : "", set->items[i]->name);
    pthread_mutex_unlock(&set->lock);
}

void at_endpoints_take(at_endpoints *set, at_endpoint **items, size_t count) {
    pthread_mutex_lock(&set->lock);
    at_endpoint **old = set->items;
    size_t old_count = set->count;
    set->items = items;
    set->count = count;
    pthread_mutex_unlock(&set->lock);
    release_all(old, old_count);
}
