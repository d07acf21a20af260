/* Shell: the I/O thread of the shell channel. Owns its ROUTER; verifies, bounds and
 * routes what comes in to the runners, sends their replies, and never runs a cell. */
#ifndef ATELIER_KERNEL_SHELL_H
#define ATELIER_KERNEL_SHELL_H

#include "kernel/message.h"
#include "kernel/socket.h"

struct at_kernel;
typedef struct at_shell at_shell;

/* Takes the socket; begins to read when kernel->runner is there: start it last. */
AT_MUST_USE at_status at_shell_new(struct at_kernel *kernel, at_socket *socket,
                                   at_shell **out, at_error *err);
void at_shell_release(at_shell *shell); /* sends what is queued first */

/* Queues a reply; content is borrowed, `type` static. With `abort`, everything that
 * clients have sent by now, or send within 30 ms of `since` (at_now), is read first and
 * its execute_requests are aborted, then the reply goes out; returns when that is done.
 * So a client that has the reply can send anew. */
void at_shell_reply(at_shell *shell, const char *type, at_origin *origin,
                    const json_t *content, bool abort, double since);
/* Looks again whether the runner has room. */
void at_shell_wake(at_shell *shell);

#endif
