/* inspect_request: what stands at the cursor. */
#include "kernel/handler.h"
#include "kernel/json.h"
#include "ops/base/text.h"

at_status at_on_inspect(at_request *request, at_error *err) {
    at_interp *interp = request->kernel->interp;
    size_t length;
    const char *code = at_json_text(request->content, "code", "", &length);
    int64_t points = at_json_int(request->content, "cursor_pos", INT64_MAX);
    size_t cursor = at_utf8_offset(code, length, points < 0 ? 0 : (size_t)points);
    int detail = at_json_int(request->content, "detail_level", 0) > 0;
    at_inspection found = {0};
    AT_TRY(interp->vtable->inspect(interp, code, length, cursor, detail, &found, err));
    const at_bundle *bundle = &found.bundle;
    bool any = found.found && bundle->data;
    request->reply = json_pack(
        "{s:b, s:o, s:o}", "found", any, "data",
        any ? json_incref(bundle->data) : json_object(), "metadata",
        any && bundle->metadata ? json_incref(bundle->metadata) : json_object());
    at_bundle_fini(&found.bundle);
    return AT_OK;
}
