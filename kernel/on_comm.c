/* comm_open, comm_msg, comm_close, comm_info_request. The language offers no target: what
 * a frontend opens is closed at once, so that it does not wait for an answer. */
#include "kernel/handler.h"
#include "kernel/json.h"
#include "ops/base/log.h"

at_status at_on_comm_open(at_request *request, at_error *err) {
    const char *id = at_json_text(request->content, "comm_id", NULL, NULL);
    const char *target = at_json_text(request->content, "target_name", "", NULL);
    if (!id)
        return at_fail(err, AT_CORRUPT, "a comm_open without comm_id");
    at_log(AT_LOG_INFO, "there is no comm target '%.80s'", target);
    json_t *content = json_pack("{s:s, s:{}}", "comm_id", id, "data");
    if (content)
        at_iopub_post(request->kernel->iopub, "comm_close", request->origin, content);
    json_decref(content);
    return AT_OK;
}

at_status at_on_comm_gone(at_request *request, at_error *err) {
    (void)err;
    at_log(AT_LOG_DEBUG, "%s to the comm '%.80s', which is not open",
           request->message->type, at_json_text(request->content, "comm_id", "", NULL));
    return AT_OK;
}

at_status at_on_comm_info(at_request *request, at_error *err) {
    (void)err;
    request->reply = json_pack("{s:{}}", "comms");
    return AT_OK;
}
