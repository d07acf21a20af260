/* Heartbeat: echoes what comes in, verbatim, on a thread and a ZeroMQ context of its own,
 * so that it answers whatever else goes on. */
#ifndef ATELIER_KERNEL_HEARTBEAT_H
#define ATELIER_KERNEL_HEARTBEAT_H

#include "kernel/connection.h"

typedef struct at_heartbeat at_heartbeat;

AT_MUST_USE at_status at_heartbeat_new(const at_connection *connection,
                                       at_heartbeat **out, at_error *err);
void at_heartbeat_release(at_heartbeat *heartbeat);

#endif
