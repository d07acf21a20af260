#include "kernel/handler.h"

#include "kernel/json.h"
#include "ops/base/log.h"

#include <string.h>

enum { SHELL = 1 << AT_SHELL, CONTROL = 1 << AT_CONTROL };

typedef struct at_handler {
    const char *request;
    const char *reply; /* NULL: none is sent */
    unsigned channels;
    at_handle *handle;
} at_handler;

/* clang-format off */
static const at_handler HANDLERS[] = {
    {"execute_request",     "execute_reply",     SHELL,           at_on_execute},
    {"inspect_request",     "inspect_reply",     SHELL,           at_on_inspect},
    {"complete_request",    "complete_reply",    SHELL,           at_on_complete},
    {"is_complete_request", "is_complete_reply", SHELL,           at_on_is_complete},
    {"history_request",     "history_reply",     SHELL,           at_on_history},
    {"comm_open",           NULL,                SHELL,           at_on_comm_open},
    {"comm_msg",            NULL,                SHELL,           at_on_comm_gone},
    {"comm_close",          NULL,                SHELL,           at_on_comm_gone},
    {"comm_info_request",   "comm_info_reply",   SHELL,           at_on_comm_info},
    {"kernel_info_request", "kernel_info_reply", SHELL | CONTROL, at_on_kernel_info},
    {"connect_request",     "connect_reply",     SHELL | CONTROL, at_on_connect},
    {"shutdown_request",    "shutdown_reply",    SHELL | CONTROL, at_on_shutdown},
    {"interrupt_request",   "interrupt_reply",   CONTROL,         at_on_interrupt},
    {"usage_request",       "usage_reply",       CONTROL,         at_on_usage},
};
/* clang-format on */

static const at_handler *find_handler(const char *type, at_channel channel) {
    for (size_t i = 0; i < sizeof HANDLERS / sizeof *HANDLERS; i++)
        if (strcmp(HANDLERS[i].request, type) == 0)
            return HANDLERS[i].channels & (1u << channel) ? &HANDLERS[i] : NULL;
    return NULL;
}

static void add_line(json_t *lines, const char *text) {
    json_array_append_new(lines, json_string(text));
}

json_t *at_error_content(const at_error *err) {
    const char *name = at_status_name(err->code);
    json_t *lines = json_array();
    at_text head = {0};
    at_text_format(&head, "\x1b[1;31m%s\x1b[0m: %s", name, err->text);
    add_line(lines, at_text_get(&head));
    at_text_fini(&head);
    if (err->context[0])
        add_line(lines, err->context);
    if (err->hint[0]) {
        at_text hint = {0};
        at_text_format(&hint, "\x1b[1;34mhint\x1b[0m: %s", err->hint);
        add_line(lines, at_text_get(&hint));
        at_text_fini(&hint);
    }
    return json_pack("{s:s, s:s, s:s, s:o}", "status", "error", "ename", name, "evalue",
                     err->text, "traceback", lines);
}

/* Runs the handler on the parsed content. */
static at_status handle(const at_handler *handler, at_request *request, at_error *err) {
    json_t *content;
    at_status status = at_message_content(request->message, &content, err);
    if (status != AT_OK)
        return status;
    request->content = content;
    /* Subshells are not offered: an id can only be wrong. */
    if (request->runner && request->message->subshell)
        status = at_fail(err, AT_NOT_FOUND, "there is no subshell '%.80s'",
                         request->message->subshell);
    else
        status = handler->handle(request, err);
    request->content = NULL;
    json_decref(content);
    return status;
}

static void send_reply(const at_handler *handler, at_request *request) {
    if (!request->reply) {
        at_log(AT_LOG_ERROR, "no memory for the %s", handler->reply);
        return;
    }
    if (!json_object_get(request->reply, "status"))
        json_object_set_new(request->reply, "status", json_string("ok"));
    if (request->runner)
        at_shell_reply(request->kernel->shell, handler->reply, request->origin,
                       request->reply, request->aborts, request->message->arrived);
    else
        at_control_reply(request->kernel->control, handler->reply, request->origin,
                         request->reply);
}

void at_handle_message(at_kernel *kernel, at_runner *runner, at_channel channel,
                       const at_message *message) {
    at_request request = {.kernel = kernel,
                          .runner = runner,
                          .message = message,
                          .origin = at_message_origin(message)};
    if (!request.origin) {
        at_log(AT_LOG_ERROR, "no memory to answer a %s", message->type);
        return;
    }
    const at_handler *handler = find_handler(message->type, channel);
    at_iopub_status(kernel->iopub, request.origin, "busy");
    if (handler) {
        at_error err = {0};
        at_status status = handle(handler, &request, &err);
        if (status != AT_OK && !request.reply)
            request.reply = at_error_content(&err);
        if (handler->reply)
            send_reply(handler, &request);
        else if (status != AT_OK)
            at_log(AT_LOG_WARN, "%s: %s", message->type, err.text);
        if (runner)
            at_capture_flush(kernel->capture);
    } else
        at_log(AT_LOG_WARN, "a message of the unknown type '%.80s' was ignored",
               message->type);
    at_iopub_status(kernel->iopub, request.origin, "idle");
    json_decref(request.reply);
    at_origin_release(request.origin);
}
