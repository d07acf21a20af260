/* Context: what every run of a magic gets. No globals: display, cancel, workspace,
 * session and pool all come in here. What the language adds to it is in
 * magics/language/context.h. */
#ifndef ATELIER_MAGICS_WORKSPACE_CONTEXT_H
#define ATELIER_MAGICS_WORKSPACE_CONTEXT_H

#include "kernel/interp.h"
#include "magics/workspace/store.h"
#include "ops/base/memory.h"

typedef struct at_context {
    const at_call *call;        /* display, input, cancel of this request */
    at_workspace *workspace;    /* open; NULL for a magic whose spec says `detached` */
    struct at_session *session; /* magics/language/context.h; below it nobody looks in */
    /* Raised once a shutdown of the kernel was asked for: who waits for a job lets go of
     * it. Outlives the workspace; may be NULL. */
    const at_cancel *shutdown;
    at_arena *arena; /* released when the cell ends */
    int depth;       /* cells around this one (at_context_run) */
} at_context;

#endif
