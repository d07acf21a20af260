/* execute_request: runs a cell. */
#include "kernel/display_iopub.h"
#include "kernel/handler.h"
#include "kernel/json.h"
#include "ops/base/log.h"

#include <string.h>

typedef struct at_cell {
    const char *code;
    size_t length;
    bool silent, store, stop_on_error, allow_stdin;
    int64_t count;
} at_cell;

/* The input of a cell, over the stdin channel. */
typedef struct at_cell_input {
    at_input base;
    at_request *request;
    const at_cancel *cancel;
} at_cell_input;

static at_status ask(at_input *input, const char *prompt, bool password, char **answer,
                     at_error *err) {
    at_cell_input *self = (at_cell_input *)input;
    at_kernel *kernel = self->request->kernel;
    /* What was printed before the question is seen before it. */
    at_capture_flush(kernel->capture);
    at_iopub_hurry(kernel->iopub);
    return at_stdin_ask(kernel->input, self->request->origin, prompt, password,
                        self->cancel, answer, err);
}

static bool is_blank(const char *code, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!strchr(" \t\r\n", code[i]))
            return false;
    return true;
}

static at_cell read_cell(const at_request *request) {
    const json_t *content = request->content;
    at_cell cell;
    cell.code = at_json_text(content, "code", "", &cell.length);
    cell.silent = at_json_bool(content, "silent", false);
    cell.store = !cell.silent && at_json_bool(content, "store_history", true) &&
                 !is_blank(cell.code, cell.length);
    cell.stop_on_error = at_json_bool(content, "stop_on_error", true);
    cell.allow_stdin = at_json_bool(content, "allow_stdin", true);
    at_history *history = at_runner_history(request->runner);
    cell.count = cell.store ? at_history_next(history) : at_history_count(history);
    return cell;
}

/* {name: bundle or error} of every user expression; new reference. */
static json_t *evaluate_all(at_request *request, const at_call *call) {
    at_interp *interp = request->kernel->interp;
    json_t *answers = json_object(), *expression;
    json_t *asked = json_object_get(request->content, "user_expressions");
    const char *name;
    json_object_foreach(asked, name, expression) {
        at_error err = {0};
        at_bundle bundle = {0};
        json_t *answer;
        at_status status =
            json_is_string(expression)
                ? interp->vtable->evaluate(interp, call, json_string_value(expression),
                                           &bundle, &err)
                : at_fail(&err, AT_INVALID, "the expression '%s' is not a string", name);
        if (status == AT_OK)
            answer = json_pack(
                "{s:s, s:O, s:o}", "status", "ok", "data", bundle.data, "metadata",
                bundle.metadata ? json_incref(bundle.metadata) : json_object());
        else
            answer = at_error_content(&err);
        json_object_set_new(answers, name, answer);
        at_bundle_fini(&bundle);
    }
    return answers;
}

static void publish_input(at_request *request, const at_cell *cell) {
    json_t *content =
        json_pack("{s:O, s:I}", "code", json_object_get(request->content, "code"),
                  "execution_count", (json_int_t)cell->count);
    if (content)
        at_iopub_post(request->kernel->iopub, "execute_input", request->origin, content);
    json_decref(content);
}

static void publish_error(at_request *request, const at_error *err) {
    json_t *content = at_error_content(err);
    json_object_del(content, "status");
    at_iopub_post(request->kernel->iopub, "error", request->origin, content);
    json_decref(content);
}

/* The cell itself. */
static at_status run_cell(at_request *request, const at_cell *cell,
                          at_display_iopub *display, json_t **expressions,
                          at_error *err) {
    at_interp *interp = request->kernel->interp;
    const at_cancel *cancel =
        at_runner_begin(request->runner, request->origin, cell->silent);
    at_cell_input input = {.base = {ask}, .request = request, .cancel = cancel};
    at_call call = {.display = &display->base,
                    .input = cell->allow_stdin ? &input.base : NULL,
                    .cancel = cancel,
                    .execution_count = cell->count,
                    .silent = cell->silent,
                    .store_history = cell->store};
    at_status status =
        interp->vtable->execute(interp, &call, cell->code, cell->length, err);
    if (status == AT_OK)
        *expressions = evaluate_all(request, &call);
    at_runner_end(request->runner);
    return status;
}

static void remember(at_request *request, const at_cell *cell, const char *result) {
    at_error err;
    if (cell->store && at_history_add(at_runner_history(request->runner), cell->count,
                                      cell->code, result, &err) != AT_OK)
        at_log(AT_LOG_WARN, "history: %s", err.text);
}

at_status at_on_execute(at_request *request, at_error *err) {
    if (request->message->aborted) {
        request->reply =
            json_pack("{s:s, s:I}", "status", "aborted", "execution_count",
                      (json_int_t)at_history_count(at_runner_history(request->runner)));
        return AT_OK;
    }
    if (!json_is_string(json_object_get(request->content, "code")))
        return at_fail(err, AT_CORRUPT, "the execute_request has no code");
    at_cell cell = read_cell(request);
    if (!cell.silent)
        publish_input(request, &cell);
    at_display_iopub display;
    AT_TRY(at_display_iopub_init(&display, request->kernel->iopub, request->origin,
                                 cell.count, cell.silent, err));
    json_t *expressions = NULL;
    at_status status = run_cell(request, &cell, &display, &expressions, err);
    if (status == AT_OK) {
        request->reply =
            json_pack("{s:s, s:I, s:O, s:o}", "status", "ok", "execution_count",
                      (json_int_t)cell.count, "payload", display.payload,
                      "user_expressions", expressions ? expressions : json_object());
    } else {
        /* What the cell printed stands before its error. */
        at_capture_flush(request->kernel->capture);
        if (!cell.silent)
            publish_error(request, err);
        request->reply = at_error_content(err);
        json_object_set_new(request->reply, "execution_count", json_integer(cell.count));
        request->aborts = cell.stop_on_error && !cell.silent;
    }
    remember(request, &cell, display.result);
    at_display_iopub_fini(&display);
    return AT_OK;
}
