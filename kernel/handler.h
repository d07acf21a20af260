/* Handler: one row a message type. To add a type, write on_TYPE.c and add its row to the
 * table in handler.c.
 *
 * A handler fills request->reply (the content; "status": "ok" is added) or fails, which
 * becomes an error reply. Around it come, in this order: busy, the handler, the reply,
 * what was printed, idle. */
#ifndef ATELIER_KERNEL_HANDLER_H
#define ATELIER_KERNEL_HANDLER_H

#include "kernel/core.h"

typedef struct at_request {
    at_kernel *kernel;
    at_runner *runner; /* NULL on control */
    const at_message *message;
    at_origin *origin;
    const json_t *content;
    json_t *reply; /* filled by the handler */
    bool aborts;   /* what is queued is to be aborted: the cell failed */
} at_request;

typedef at_status at_handle(at_request *request, at_error *err);

at_handle at_on_execute, at_on_inspect, at_on_complete, at_on_is_complete, at_on_history;
at_handle at_on_comm_open, at_on_comm_gone, at_on_comm_info;
at_handle at_on_kernel_info, at_on_connect, at_on_interrupt, at_on_shutdown, at_on_usage;

/* Handles one message of a channel (AT_SHELL or AT_CONTROL), from busy to idle. */
void at_handle_message(at_kernel *kernel, at_runner *runner, at_channel channel,
                       const at_message *message);

/* {"status": "error", "ename", "evalue", "traceback"}; new reference. */
json_t *at_error_content(const at_error *err);

#endif
