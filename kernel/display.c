#include "kernel/display.h"

#include "kernel/sign.h"
#include "ops/base/memory.h"

#include <stdarg.h>
#include <stdio.h>

at_bundle at_bundle_new(const char *plain) {
    at_bundle bundle = {.data = json_object()};
    at_bundle_put(&bundle, "text/plain", plain);
    return bundle;
}

void at_bundle_put(at_bundle *bundle, const char *mime, const char *text) {
    if (!bundle->data)
        return;
    json_t *value = json_string(text);
    if (!value) /* not UTF-8, or no memory */
        value = json_string("(text that is not UTF-8)");
    if (!value || json_object_set_new(bundle->data, mime, value) != 0) {
        json_decref(bundle->data);
        bundle->data = NULL;
    }
}

bool at_bundle_ok(const at_bundle *bundle) {
    return bundle->data != NULL;
}

void at_bundle_fini(at_bundle *bundle) {
    json_decref(bundle->data);
    json_decref(bundle->metadata);
    *bundle = (at_bundle){0};
}

void at_display_stream(at_display *display, at_stream stream, const char *text,
                       size_t length) {
    if (display && length > 0)
        display->vtable->stream(display, stream, text, length);
}

void at_display_print(at_display *display, const char *format, ...) {
    if (!display)
        return;
    char small[512];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < sizeof small)
        at_display_stream(display, AT_STDOUT, small, (size_t)n);
    else if (n > 0) {
        char *large = at_alloc((size_t)n + 1);
        if (large) {
            vsnprintf(large, (size_t)n + 1, format, again);
            at_display_stream(display, AT_STDOUT, large, (size_t)n);
        }
        at_free(large);
    }
    va_end(again);
}

/* A bundle whose making ran out of memory is not shown. */
void at_display_show(at_display *display, const at_bundle *bundle, const char *id) {
    if (display && at_bundle_ok(bundle))
        display->vtable->show(display, bundle, id);
}

void at_display_update(at_display *display, const at_bundle *bundle, const char *id) {
    if (display && at_bundle_ok(bundle))
        display->vtable->update(display, bundle, id);
}

void at_display_result(at_display *display, const at_bundle *bundle) {
    if (display && at_bundle_ok(bundle))
        display->vtable->result(display, bundle);
}

void at_display_page(at_display *display, const at_bundle *bundle) {
    if (display && at_bundle_ok(bundle))
        display->vtable->page(display, bundle);
}

void at_display_clear(at_display *display, bool wait) {
    if (display)
        display->vtable->clear(display, wait);
}

void at_display_id(char out[33]) {
    char uuid[37];
    size_t n = 0;
    at_uuid(uuid);
    for (size_t i = 0; uuid[i]; i++)
        if (uuid[i] != '-')
            out[n++] = uuid[i];
    out[n] = '\0';
}
