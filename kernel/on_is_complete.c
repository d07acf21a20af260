/* is_complete_request: whether a console may run what was typed. */
#include "kernel/handler.h"
#include "kernel/json.h"

at_status at_on_is_complete(at_request *request, at_error *err) {
    static const char *const names[] = {[AT_COMPLETE] = "complete",
                                        [AT_INCOMPLETE] = "incomplete",
                                        [AT_INVALID_CODE] = "invalid",
                                        [AT_UNKNOWN_CODE] = "unknown"};
    (void)err;
    at_interp *interp = request->kernel->interp;
    size_t length;
    const char *code = at_json_text(request->content, "code", "", &length);
    char indent[64] = "";
    at_completeness answer = interp->vtable->is_complete(interp, code, length, indent);
    request->reply = json_pack("{s:s}", "status", names[answer]);
    if (answer == AT_INCOMPLETE && request->reply)
        json_object_set_new(request->reply, "indent", json_string(indent));
    return AT_OK;
}
