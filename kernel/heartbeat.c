#include "kernel/heartbeat.h"

#include "kernel/thread.h"
#include "kernel/wakeup.h"
#include "ops/base/memory.h"

#include <stdatomic.h>

struct at_heartbeat {
    at_sockets *sockets;
    at_socket *socket;
    at_wakeup wakeup;
    atomic_bool stopping;
    pthread_t thread;
};

static void *run(void *context) {
    at_heartbeat *heartbeat = context;
    at_frames frames;
    while (!atomic_load(&heartbeat->stopping)) {
        at_socket_wait(heartbeat->socket, true, heartbeat->wakeup.fd, -1);
        while (at_socket_receive(heartbeat->socket, &frames, NULL) == AT_OK) {
            /* A beat that cannot be sent is one that is missed: the client sees that. */
            at_status sent =
                at_socket_send(heartbeat->socket, frames.items, frames.count, NULL);
            (void)sent;
            at_frames_fini(&frames);
        }
    }
    return NULL;
}

at_status at_heartbeat_new(const at_connection *connection, at_heartbeat **out,
                           at_error *err) {
    at_heartbeat *heartbeat = at_alloc_zero(sizeof *heartbeat);
    if (!heartbeat)
        return at_fail(err, AT_NO_MEMORY, "no memory for the heartbeat");
    heartbeat->wakeup.fd = -1;
    at_status status = at_sockets_new(&heartbeat->sockets, err);
    if (status == AT_OK)
        status = at_connection_bind(connection, heartbeat->sockets, AT_HEARTBEAT,
                                    &heartbeat->socket, err);
    if (status == AT_OK)
        status = at_wakeup_init(&heartbeat->wakeup, err);
    if (status == AT_OK)
        status = at_thread_start(&heartbeat->thread, "heartbeat", AT_STACK_SMALL, run,
                                 heartbeat, err);
    if (status == AT_OK) {
        *out = heartbeat;
        return AT_OK;
    }
    at_wakeup_fini(&heartbeat->wakeup);
    at_socket_release(heartbeat->socket);
    at_sockets_release(heartbeat->sockets);
    at_free(heartbeat);
    return status;
}

void at_heartbeat_release(at_heartbeat *heartbeat) {
    if (!heartbeat)
        return;
    atomic_store(&heartbeat->stopping, true);
    at_wakeup_signal(&heartbeat->wakeup);
    pthread_join(heartbeat->thread, NULL);
    at_socket_release(heartbeat->socket);
    at_sockets_release(heartbeat->sockets);
    at_wakeup_fini(&heartbeat->wakeup);
    at_free(heartbeat);
}
