/* The server: one process a workspace, on one port, that serves its endpoints over HTTP as
 * DESIGN 3 says. It outlives the kernel, until %cleanup. */
#ifndef ATELIER_MAGICS_DEPLOY_SERVE_H
#define ATELIER_MAGICS_DEPLOY_SERVE_H

#include "magics/workspace/store.h"
#include "ops/base/cancel.h"

int at_serve_main(int argc, char **argv); /* `atelier serve [--workspace DIR] [--port N]` */

typedef struct at_server_info {
    bool running;
    int port; /* kept across restarts */
    int pid;
} at_server_info;

AT_MUST_USE at_status at_server_find(at_workspace *workspace, at_server_info *out, at_error *err);
/* Starts it where it does not run; returns when it answers /ping. */
AT_MUST_USE at_status at_server_ensure(at_workspace *workspace, at_server_info *out,
                                       at_error *err);
/* Makes the running server (if any) load the endpoints of the store anew; returns when the
 * change is live. */
AT_MUST_USE at_status at_server_reload(at_workspace *workspace, at_error *err);
/* Stops it and waits until it is gone. Fine if none runs. */
AT_MUST_USE at_status at_server_stop(at_workspace *workspace, at_error *err);
/* Sends a request to an endpoint of this workspace. *body_out: caller frees. */
AT_MUST_USE at_status at_server_invoke(at_workspace *workspace, const char *endpoint,
                                       const char *content_type, const char *accept,
                                       const char *body, size_t length,
                                       const at_cancel *cancel, int *status_code,
                                       char **body_out, size_t *length_out, at_error *err);

#endif
