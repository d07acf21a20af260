#include "kernel/display_iopub.h"

#include "kernel/json.h"
#include "ops/base/log.h"
#include "ops/base/memory.h"

/* Takes the content. */
static void post(at_display_iopub *self, const char *type, json_t *content) {
    if (!content) {
        at_log(AT_LOG_ERROR, "no memory for a %s", type);
        return;
    }
    if (!self->silent)
        at_iopub_post(self->iopub, type, self->origin, content);
    json_decref(content);
}

static json_t *metadata_of(const at_bundle *bundle) {
    return bundle->metadata ? json_incref(bundle->metadata) : json_object();
}

static json_t *display_content(const at_bundle *bundle, const char *id) {
    json_t *transient = id ? json_pack("{s:s}", "display_id", id) : json_object();
    return json_pack("{s:O, s:o, s:o}", "data", bundle->data, "metadata",
                     metadata_of(bundle), "transient", transient);
}

static void stream(at_display *display, at_stream channel, const char *text,
                   size_t length) {
    at_display_iopub *self = (at_display_iopub *)display;
    if (!self->silent)
        at_iopub_stream(self->iopub, self->origin, channel, text, length);
}

static void show(at_display *display, const at_bundle *bundle, const char *id) {
    post((at_display_iopub *)display, "display_data", display_content(bundle, id));
}

static void update(at_display *display, const at_bundle *bundle, const char *id) {
    post((at_display_iopub *)display, "update_display_data", display_content(bundle, id));
}

static void result(at_display *display, const at_bundle *bundle) {
    at_display_iopub *self = (at_display_iopub *)display;
    if (self->silent)
        return;
    post(self, "execute_result",
         json_pack("{s:I, s:O, s:o}", "execution_count", (json_int_t)self->count, "data",
                   bundle->data, "metadata", metadata_of(bundle)));
    pthread_mutex_lock(&self->lock);
    at_free(self->result);
    self->result = at_copy_text(at_json_text(bundle->data, "text/plain", "", NULL));
    pthread_mutex_unlock(&self->lock);
}

static void page(at_display *display, const at_bundle *bundle) {
    at_display_iopub *self = (at_display_iopub *)display;
    pthread_mutex_lock(&self->lock);
    json_array_append_new(self->payload, json_pack("{s:s, s:O, s:i}", "source", "page",
                                                   "data", bundle->data, "start", 0));
    pthread_mutex_unlock(&self->lock);
}

static void clear(at_display *display, bool wait) {
    post((at_display_iopub *)display, "clear_output", json_pack("{s:b}", "wait", wait));
}

at_status at_display_iopub_init(at_display_iopub *display, at_iopub *iopub,
                                at_origin *origin, int64_t count, bool silent,
                                at_error *err) {
    static const at_display_vtable vtable = {
        .stream = stream,
        .show = show,
        .update = update,
        .result = result,
        .page = page,
        .clear = clear,
    };
    *display = (at_display_iopub){.base = {.vtable = &vtable, .live = true},
                                  .iopub = iopub,
                                  .origin = at_origin_retain(origin),
                                  .count = count,
                                  .silent = silent,
                                  .lock = PTHREAD_MUTEX_INITIALIZER,
                                  .payload = json_array()};
    if (display->payload)
        return AT_OK;
    at_display_iopub_fini(display);
    return at_fail(err, AT_NO_MEMORY, "no memory for the cell's output");
}

void at_display_iopub_fini(at_display_iopub *display) {
    at_origin_release(display->origin);
    json_decref(display->payload);
    at_free(display->result);
    pthread_mutex_destroy(&display->lock);
}
