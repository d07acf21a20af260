/* The server: one process a workspace, on one port, that serves its endpoints over HTTP
 * as DESIGN 3 says. It outlives the kernel, until %cleanup.
 *
 * Who runs is known by a lock (server_files.h), so that a server that was killed is seen
 * as such, and is started again on its port by the next at_server_ensure. Nothing here is
 * asked over HTTP but predictions: who may write the workspace's folder may steer its
 * server. */
#ifndef ATELIER_MAGICS_DEPLOY_SERVE_H
#define ATELIER_MAGICS_DEPLOY_SERVE_H

#include "magics/workspace/store.h"
#include "ops/base/cancel.h"

/* `atelier serve [--workspace DIR] [--port N] ...`; --help says the rest. A process exit
 * code. */
int at_serve_main(int argc, char **argv);

typedef struct at_server_info {
    bool running;
    int port; /* kept across restarts; 0: none yet */
    int pid;  /* 0: does not run */
} at_server_info;

AT_MUST_USE at_status at_server_find(at_workspace *workspace, at_server_info *out,
                                     at_error *err);
/* Whoever waits for the server lets go of it, with AT_CANCELLED, within 50 ms of a raised
 * `cancel` (may be NULL); what was asked of the server stays asked. */

/* Starts it where it does not run; returns when it answers. */
AT_MUST_USE at_status at_server_ensure(at_workspace *workspace, const at_cancel *cancel,
                                       at_server_info *out, at_error *err);
/* Makes the running server (if any) load the endpoints of the store anew; returns when
 * the change is live. */
AT_MUST_USE at_status at_server_reload(at_workspace *workspace, const at_cancel *cancel,
                                       at_error *err);
/* Is this endpoint in service? AT_OK; the reason why the server could not load it;
 * AT_BUSY where the server still starts; or AT_NOT_FOUND where it does not know it. */
AT_MUST_USE at_status at_server_check(at_workspace *workspace, const char *endpoint,
                                      at_error *err);
/* Stops it and waits until it is gone. Fine if none runs. */
AT_MUST_USE at_status at_server_stop(at_workspace *workspace, const at_cancel *cancel,
                                     at_error *err);
/* Sends a request to an endpoint of this workspace, whose server runs. Any status is
 * AT_OK. *body_out (at most 256 MB, NUL-terminated): caller frees with at_free.
 * content_type_out (may be NULL) gets the answer's. */
AT_MUST_USE at_status at_server_invoke(at_workspace *workspace, const char *endpoint,
                                       const char *content_type, const char *accept,
                                       const char *body, size_t length,
                                       const at_cancel *cancel, int *status_code,
                                       char content_type_out[128], char **body_out,
                                       size_t *length_out, at_error *err);

#endif
