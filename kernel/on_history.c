/* history_request: cells of this session and of earlier ones. */
#include "kernel/handler.h"
#include "kernel/json.h"

#include <string.h>

at_status at_on_history(at_request *request, at_error *err) {
    const json_t *content = request->content;
    at_history *history = at_runner_history(request->runner);
    const char *how = at_json_text(content, "hist_access_type", "tail", NULL);
    bool output = at_json_bool(content, "output", false);
    int64_t n = at_json_int(content, "n", 0);
    json_t *found = NULL;
    if (strcmp(how, "range") == 0)
        AT_TRY(at_history_range(history, at_json_int(content, "session", 0),
                                at_json_int(content, "start", 0),
                                at_json_int(content, "stop", -1), output, &found, err));
    else if (strcmp(how, "search") == 0)
        AT_TRY(at_history_search(history, at_json_text(content, "pattern", "*", NULL), n,
                                 at_json_bool(content, "unique", false), output, &found,
                                 err));
    else if (strcmp(how, "tail") == 0)
        AT_TRY(at_history_tail(history, n, output, &found, err));
    else {
        at_fail(err, AT_INVALID, "hist_access_type '%.32s' is not known", how);
        return at_hint(err, "use tail, range or search");
    }
    request->reply = json_pack("{s:o}", "history", found);
    return AT_OK;
}
