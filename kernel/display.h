/* Display: where a cell's output goes. A sink behind a vtable, injected into every call
 * of the language: iopub for a notebook, the terminal for `atelier run`, a fake in tests.
 *
 * A bundle maps MIME types to values, as in Jupyter's display_data. Every bundle has a
 * "text/plain". Thread-safe: one display may be used from several threads of a cell. */
#ifndef ATELIER_KERNEL_DISPLAY_H
#define ATELIER_KERNEL_DISPLAY_H

#include "ops/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum at_stream { AT_STDOUT, AT_STDERR } at_stream;

typedef struct at_bundle {
    json_t *data;     /* {"text/plain": "...", "text/html": "..."}; owned by the bundle */
    json_t *metadata; /* {} or NULL */
} at_bundle;

/* An empty bundle with this text/plain. Check at_bundle_ok once at the end. */
at_bundle at_bundle_new(const char *plain);
void at_bundle_put(at_bundle *bundle, const char *mime, const char *text);
bool at_bundle_ok(const at_bundle *bundle);
void at_bundle_fini(at_bundle *bundle);

typedef struct at_display at_display;

typedef struct at_display_vtable {
    /* Prints; need not end at a line. Coalesced by the sink. */
    void (*stream)(at_display *display, at_stream stream, const char *text,
                   size_t length);
    /* Shows a bundle. `id` (may be NULL) lets a later update replace it. */
    void (*show)(at_display *display, const at_bundle *bundle, const char *id);
    /* Replaces what was shown under `id`, wherever it stands. */
    void (*update)(at_display *display, const at_bundle *bundle, const char *id);
    /* The value of the cell: shown as Out[n]. At most one a cell. */
    void (*result)(at_display *display, const at_bundle *bundle);
    /* Text for the pager (help); joins the reply's payload. */
    void (*page)(at_display *display, const at_bundle *bundle);
    /* Removes the cell's output so far, streams that wait to be joined included; `wait`:
     * when the next output comes. */
    void (*clear)(at_display *display, bool wait);
} at_display_vtable;

struct at_display {
    const at_display_vtable *vtable;
    bool live; /* updates are seen as they come (a notebook, a terminal): progress makes
                  sense */
};

/* Calls through the vtable. A NULL display swallows everything. Bundles stay the
 * caller's. */
void at_display_stream(at_display *display, at_stream stream, const char *text,
                       size_t length);
void at_display_print(at_display *display, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* to AT_STDOUT */
void at_display_show(at_display *display, const at_bundle *bundle, const char *id);
void at_display_update(at_display *display, const at_bundle *bundle, const char *id);
void at_display_result(at_display *display, const at_bundle *bundle);
void at_display_page(at_display *display, const at_bundle *bundle);
void at_display_clear(at_display *display, bool wait);
/* A fresh display id, unique on this machine: 32 hex digits and a NUL into `out`. */
void at_display_id(char out[33]);

#endif
