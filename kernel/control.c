#include "kernel/control.h"

#include "kernel/core.h"
#include "kernel/handler.h"
#include "kernel/json.h"
#include "kernel/thread.h"
#include "ops/base/clock.h"
#include "ops/base/log.h"
#include "ops/base/memory.h"

struct at_control {
    at_kernel *kernel;
    at_socket *socket;
    at_wakeup wakeup;
    atomic_bool stopping;
    pthread_t thread;
};

void at_control_reply(at_control *control, const char *type, at_origin *origin,
                      const json_t *content) {
    at_text text = {0};
    at_error err = {0};
    at_json_dump(&text, content);
    at_letter letter = {.type = type,
                        .origin = origin,
                        .when = at_wall_us(),
                        .content = at_text_get(&text),
                        .content_size = text.length};
    if (!at_text_ok(&text))
        at_log(AT_LOG_ERROR, "no memory for the %s", type);
    else if (at_wire_send(&control->kernel->wire, control->socket, &letter, &err) !=
             AT_OK)
        at_log(AT_LOG_ERROR, "control: %s", err.text);
    at_text_fini(&text);
}

/* Reads and handles one message. False when none is there. */
static bool receive(at_control *control) {
    at_frames frames;
    at_message *message;
    at_error err = {0};
    at_status status = at_socket_receive(control->socket, &frames, &err);
    if (status == AT_BUSY)
        return false;
    if (status == AT_OK)
        status = at_wire_read(&control->kernel->wire, &frames, &message, &err);
    if (status != AT_OK) {
        at_log(AT_LOG_WARN, "control: dropped %s", err.text);
        return true;
    }
    at_handle_message(control->kernel, NULL, AT_CONTROL, message);
    at_message_release(message);
    return true;
}

static void *run(void *context) {
    at_control *control = context;
    while (!atomic_load(&control->stopping)) {
        at_socket_wait(control->socket, true, control->wakeup.fd, -1);
        at_wakeup_clear(&control->wakeup);
        while (!atomic_load(&control->stopping) && receive(control))
            continue;
    }
    return NULL;
}

at_status at_control_new(at_kernel *kernel, at_socket *sock, at_control **out,
                         at_error *err) {
    at_control *control = at_alloc_zero(sizeof *control);
    if (!control) {
        at_socket_release(sock);
        return at_fail(err, AT_NO_MEMORY, "no memory for the control channel");
    }
    control->kernel = kernel;
    control->socket = sock;
    atomic_init(&control->stopping, false);
    at_status status = at_wakeup_init(&control->wakeup, err);
    /* The handlers reply through *out: it is there before any message can come. */
    *out = control;
    if (status == AT_OK)
        status = at_thread_start(&control->thread, "control", AT_STACK_SMALL, run,
                                 control, err);
    if (status != AT_OK) {
        at_wakeup_fini(&control->wakeup);
        at_socket_release(sock);
        at_free(control);
        *out = NULL;
    }
    return status;
}

void at_control_release(at_control *control) {
    if (!control)
        return;
    atomic_store(&control->stopping, true);
    at_wakeup_signal(&control->wakeup);
    pthread_join(control->thread, NULL);
    at_socket_release(control->socket);
    at_wakeup_fini(&control->wakeup);
    at_free(control);
}
