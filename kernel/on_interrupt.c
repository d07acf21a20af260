/* interrupt_request: stops the running cell. */
#include "kernel/handler.h"

at_status at_on_interrupt(at_request *request, at_error *err) {
    (void)err;
    at_kernel_interrupt(request->kernel);
    request->reply = json_object();
    return AT_OK;
}
