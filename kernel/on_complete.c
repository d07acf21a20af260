/* complete_request: what can stand at the cursor. Jupyter counts code points, the
 * language bytes. */
#include "kernel/handler.h"
#include "kernel/json.h"
#include "ops/base/text.h"

static json_int_t points(const char *code, size_t length, int64_t offset) {
    size_t place = offset < 0 ? 0 : (size_t)offset;
    return (json_int_t)at_utf8_index(code, length, place > length ? length : place);
}

/* Turns the byte range of a typed match into code points. */
static void convert(const char *code, size_t length, json_t *types) {
    size_t i;
    json_t *entry;
    json_array_foreach(types, i, entry) {
        int64_t start = at_json_int(entry, "start", 0),
                end = at_json_int(entry, "end", 0);
        json_object_set_new(entry, "start", json_integer(points(code, length, start)));
        json_object_set_new(entry, "end", json_integer(points(code, length, end)));
    }
}

at_status at_on_complete(at_request *request, at_error *err) {
    at_interp *interp = request->kernel->interp;
    size_t length;
    const char *code = at_json_text(request->content, "code", "", &length);
    int64_t place = at_json_int(request->content, "cursor_pos", INT64_MAX);
    size_t cursor = at_utf8_offset(code, length, place < 0 ? 0 : (size_t)place);
    at_completion found = {.start = cursor, .end = cursor};
    at_status status =
        interp->vtable->complete(interp, code, length, cursor, &found, err);
    if (status == AT_OK) {
        json_t *metadata = json_object();
        if (found.types) {
            convert(code, length, found.types);
            json_object_set(metadata, "_jupyter_types_experimental", found.types);
        }
        request->reply = json_pack(
            "{s:o, s:I, s:I, s:o}", "matches",
            found.matches ? json_incref(found.matches) : json_array(), "cursor_start",
            points(code, length, (int64_t)found.start), "cursor_end",
            points(code, length, (int64_t)found.end), "metadata", metadata);
    }
    json_decref(found.matches);
    json_decref(found.types);
    return status;
}
