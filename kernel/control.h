/* Control: the thread of the control channel. Owns its ROUTER and answers at once, also
 * while a cell runs: interrupt, shutdown, kernel_info. */
#ifndef ATELIER_KERNEL_CONTROL_H
#define ATELIER_KERNEL_CONTROL_H

#include "kernel/message.h"
#include "kernel/socket.h"

#include <jansson.h>

struct at_kernel;
typedef struct at_control at_control;

/* Takes the socket. */
AT_MUST_USE at_status at_control_new(struct at_kernel *kernel, at_socket *socket,
                                     at_control **out, at_error *err);
void at_control_release(at_control *control);

/* Sends a reply; on the control thread. Content is borrowed. */
void at_control_reply(at_control *control, const char *type, at_origin *origin,
                      const json_t *content);

#endif
