/* The files by which a server and the kernels of a workspace find each other:
 *
 *     WORKSPACE/server/lock        held (fcntl) by the server while it lives: the one
 * truth about whether it runs, and as which process WORKSPACE/server/port        the
 * port, kept for the next start WORKSPACE/server/state.json  what the server that holds
 * the lock serves WORKSPACE/server/log.txt     what it has to say
 *
 * A kernel asks for a reload by SIGHUP, for the end by SIGTERM, both to the lock's
 * holder. */
#ifndef ATELIER_MAGICS_DEPLOY_SERVER_FILES_H
#define ATELIER_MAGICS_DEPLOY_SERVER_FILES_H

#include "ops/base/error.h"

#include <jansson.h>

/* WORKSPACE/server/NAME; caller frees; NULL on no memory. */
char *at_server_path(const char *workspace, const char *name);

/* Takes the lock for this process; *fd holds it until the process ends (or closes any
 * descriptor of that file, so open it nowhere else). AT_BUSY: another server has it. */
AT_MUST_USE at_status at_server_lock(const char *workspace, int *fd, at_error *err);
/* The process that holds the lock, or 0. One that has died and is about to let go of it
 * is waited for. */
int at_server_holder(const char *workspace);

/* The port of the last start, or 0. */
int at_server_saved_port(const char *workspace);
AT_MUST_USE at_status at_server_save_port(const char *workspace, int port, at_error *err);

/* {"pid", "port", "loaded": at_now() at which the load began,
 *  "endpoints": {NAME: {"state": "InService"} or {"state": "Failed", "error", "hint"}}}
 */
AT_MUST_USE at_status at_server_write_state(const char *workspace, const json_t *state,
                                            at_error *err);
/* New reference; NULL: none that can be read. */
json_t *at_server_read_state(const char *workspace);

#endif
