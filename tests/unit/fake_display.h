/* A display that remembers what it was shown. */
#ifndef ATELIER_TESTS_FAKE_DISPLAY_H
#define ATELIER_TESTS_FAKE_DISPLAY_H

#include "kernel/display.h"
#include "kernel/interp.h"
#include "ops/base/text.h"

typedef struct fake_display {
    at_display base;
    at_text out, err, shown, result, page; /* text/plain of what came, newest last */
    int shows, results, pages;
} fake_display;

static void fake_stream(at_display *display, at_stream stream, const char *text,
                        size_t length) {
    fake_display *f = (fake_display *)display;
    at_text_append(stream == AT_STDOUT ? &f->out : &f->err, text, length);
}
static void fake_put(at_text *out, const at_bundle *bundle) {
    const char *text = json_string_value(json_object_get(bundle->data, "text/plain"));
    at_text_put(out, text ? text : "(none)");
}
static void fake_show(at_display *display, const at_bundle *bundle, const char *id) {
    (void)id;
    fake_put(&((fake_display *)display)->shown, bundle);
    ((fake_display *)display)->shows++;
}
static void fake_result(at_display *display, const at_bundle *bundle) {
    fake_put(&((fake_display *)display)->result, bundle);
    ((fake_display *)display)->results++;
}
static void fake_page(at_display *display, const at_bundle *bundle) {
    fake_put(&((fake_display *)display)->page, bundle);
    ((fake_display *)display)->pages++;
}
static void fake_clear(at_display *display, bool wait) {
    (void)display;
    (void)wait;
}

static inline void fake_display_init(fake_display *f) {
    static const at_display_vtable vtable = {.stream = fake_stream,
                                             .show = fake_show,
                                             .update = fake_show,
                                             .result = fake_result,
                                             .page = fake_page,
                                             .clear = fake_clear};
    *f = (fake_display){.base = {.vtable = &vtable}};
}
static inline void fake_display_fini(fake_display *f) {
    at_text_fini(&f->out);
    at_text_fini(&f->err);
    at_text_fini(&f->shown);
    at_text_fini(&f->result);
    at_text_fini(&f->page);
}

#endif
