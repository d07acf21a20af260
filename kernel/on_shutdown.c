/* shutdown_request: the end. On control, and (deprecated) on shell. */
#include "kernel/handler.h"
#include "kernel/json.h"

at_status at_on_shutdown(at_request *request, at_error *err) {
    (void)err;
    bool restart = at_json_bool(request->content, "restart", false);
    request->reply = json_pack("{s:s, s:b}", "status", "ok", "restart", restart);
    /* All clients are told. It must not wait for a cell that fills the queue: that cell
     * ends only below. */
    if (request->reply)
        at_iopub_post_now(request->kernel->iopub, "shutdown_reply", request->origin,
                          request->reply);
    at_kernel_shutdown(request->kernel, restart);
    return AT_OK;
}
