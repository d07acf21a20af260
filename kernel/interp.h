/* Interp: what the kernel asks of a language. The kernel knows nothing else of it, and is
 * tested against a fake one.
 *
 * Threads: execute, complete, inspect and is_complete of one interp are called from the
 * runner's thread, one at a time; cancel (in the call) is raised from another. */
#ifndef ATELIER_KERNEL_INTERP_H
#define ATELIER_KERNEL_INTERP_H

#include "kernel/display.h"
#include "ops/base/cancel.h"
#include "ops/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a cell asks its user something. NULL in a call where the frontend allows no stdin.
 */
typedef struct at_input at_input;
struct at_input {
    /* Prompts and waits; *answer is the caller's to free. AT_CANCELLED on interrupt,
     * AT_UNSUPPORTED at end of input. */
    at_status (*ask)(at_input *input, const char *prompt, bool password, char **answer,
                     at_error *err);
};

/* One request, as the language sees it: everything comes in here, there are no globals.
 * It and its display, input and cancel are valid until the call returns. The cancel is
 * raised while the call runs and never carries over to the next one. */
typedef struct at_call {
    at_display *display;
    at_input *input; /* may be NULL */
    const at_cancel *cancel;
    int64_t execution_count;
    bool silent;
    bool store_history;
} at_call;

/* The kernel's own language_info, banner and names. All strings static. */
typedef struct at_interp_info {
    const char *implementation, *implementation_version;
    const char *language, *language_version, *mimetype, *file_extension;
    const char *codemirror_mode, *pygments_lexer;
    const char *banner;
    const char *const (*help_links)[2]; /* {text, url} pairs ending with {NULL, NULL} */
} at_interp_info;

typedef enum at_completeness {
    AT_COMPLETE,
    AT_INCOMPLETE,
    AT_INVALID_CODE,
    AT_UNKNOWN_CODE
} at_completeness;

/* What completion found. Cursor places are BYTE offsets into the code; the kernel
 * converts from and to Jupyter's code points. */
typedef struct at_completion {
    json_t *matches; /* array of strings */
    json_t *types; /* array of {"start","end" (bytes), "text","type","signature"}: becomes
                      _jupyter_types_experimental; may be NULL */
    size_t start, end; /* bytes: the range that a match replaces */
} at_completion;

typedef struct at_inspection {
    bool found;
    at_bundle bundle; /* text/plain, and text/html or text/markdown */
} at_inspection;

typedef struct at_interp at_interp;

typedef struct at_interp_vtable {
    const at_interp_info *(*info)(at_interp *interp);
    /* Runs a cell. A failure comes back as status + err; err->context may hold several
     * lines with a caret. Output goes to call->display. */
    at_status (*execute)(at_interp *interp, const at_call *call, const char *code,
                         size_t length, at_error *err);
    /* One user expression -> bundle (caller's to finish). */
    at_status (*evaluate)(at_interp *interp, const at_call *call, const char *expression,
                          at_bundle *out, at_error *err);
    at_status (*complete)(at_interp *interp, const char *code, size_t length,
                          size_t cursor, at_completion *out, at_error *err);
    at_status (*inspect)(at_interp *interp, const char *code, size_t length,
                         size_t cursor, int detail, at_inspection *out, at_error *err);
    /* `indent` (at least 32 bytes) is filled for AT_INCOMPLETE. */
    at_completeness (*is_complete)(at_interp *interp, const char *code, size_t length,
                                   char *indent);
    /* Called on the control thread when a shutdown was asked for, before the runner is
     * joined: a cell that waits for a job lets go of it and leaves it running. */
    void (*shutting_down)(at_interp *interp, bool restart);
    void (*release)(at_interp *interp);
} at_interp_vtable;

struct at_interp {
    const at_interp_vtable *vtable;
};

#endif
