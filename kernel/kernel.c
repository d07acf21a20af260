#include "kernel/kernel.h"

#include "kernel/core.h"
#include "kernel/parent.h"
#include "kernel/signals.h"
#include "ops/base/clock.h"
#include "ops/base/log.h"
#include "ops/base/memory.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>

enum { POLL_PARENT_MS = 500, ARENAS = 2 };

/* How long a cell that does not look at its cancel may hold up the end. */
#define END_SECONDS 1.0

void at_kernel_interrupt(at_kernel *kernel) {
    at_runner_interrupt(kernel->runner);
    at_stdin_wake(kernel->input);
}

void at_kernel_shutdown(at_kernel *kernel, bool restart) {
    kernel->interp->vtable->shutting_down(kernel->interp, restart);
    at_kernel_interrupt(kernel);
    at_wakeup_signal(&kernel->stop);
}

at_origin *at_kernel_print_origin(at_kernel *kernel) {
    bool running;
    return at_runner_print_origin(kernel->runner, &running);
}

static at_status bind_channel(at_kernel *kernel, at_channel channel, at_socket **out,
                              at_error *err) {
    return at_connection_bind(&kernel->connection, kernel->sockets, channel, out, err);
}

/* Starts the threads, those first that others need. */
static at_status start(at_kernel *kernel, at_error *err) {
    at_socket *sock;
    AT_TRY(at_wakeup_init(&kernel->stop, err));
    AT_TRY(at_connection_read(kernel->config.connection_file, &kernel->connection, err));
    AT_TRY(at_wire_init(&kernel->wire, kernel->connection.scheme, kernel->connection.key,
                        err));
    AT_TRY(at_sockets_new(&kernel->sockets, err));
    AT_TRY(bind_channel(kernel, AT_IOPUB, &sock, err));
    AT_TRY(at_iopub_new(&kernel->wire, sock, &kernel->iopub, err));
    AT_TRY(bind_channel(kernel, AT_STDIN, &sock, err));
    AT_TRY(at_stdin_new(&kernel->wire, sock, &kernel->input, err));
    AT_TRY(at_runner_new(kernel, &kernel->runner, err));
    AT_TRY(at_capture_new(kernel, &kernel->capture, err));
    AT_TRY(bind_channel(kernel, AT_CONTROL, &sock, err));
    AT_TRY(at_control_new(kernel, sock, &kernel->control, err));
    AT_TRY(bind_channel(kernel, AT_SHELL, &sock, err));
    AT_TRY(at_shell_new(kernel, sock, &kernel->shell, err));
    return at_heartbeat_new(&kernel->connection, &kernel->heartbeat, err);
}

/* The main thread's part: signals, the parent, the end. */
static void supervise(at_kernel *kernel) {
    at_parent parent;
    at_parent_init(&parent);
    for (;;) {
        struct pollfd fds[] = {{kernel->stop.fd, POLLIN, 0},
                               {at_signals_fd(), POLLIN, 0},
                               {parent.fd, POLLIN, 0}};
        bool blind = parent.pid != 0 && parent.fd < 0;
        if (poll(fds, 3, blind ? POLL_PARENT_MS : -1) < 0 && errno != EINTR)
            break;
        bool interrupt, terminate;
        at_signals_take(&interrupt, &terminate);
        if (interrupt)
            at_kernel_interrupt(kernel);
        if (fds[0].revents & POLLIN)
            break;
        if (terminate || at_parent_died(&parent)) {
            at_log(AT_LOG_INFO, terminate ? "terminated" : "the parent has died");
            at_kernel_shutdown(kernel, false);
            break;
        }
    }
    at_parent_fini(&parent);
}

/* In an order in which everybody who may still post has ended before what is posted to.
 * False when a cell goes on regardless: nothing it uses is released then. */
static bool finish(at_kernel *kernel) {
    at_control_release(kernel->control);
    if (!at_runner_stop(kernel->runner, END_SECONDS))
        return false;
    at_shell_release(kernel->shell);
    at_stdin_release(kernel->input);
    at_capture_release(kernel->capture);
    /* The shell posted to it, the capture asked for its origin: only now nobody does. */
    at_runner_release(kernel->runner);
    at_iopub_release(kernel->iopub);
    at_heartbeat_release(kernel->heartbeat);
    at_sockets_release(kernel->sockets);
    at_connection_unlink(&kernel->connection);
    at_wire_fini(&kernel->wire);
    at_connection_fini(&kernel->connection);
    at_wakeup_fini(&kernel->stop);
    return true;
}

at_status at_kernel_run(const at_kernel_config *config, at_interp *interp,
                        at_error *err) {
    /* Few threads allocate much; an arena for each would cost more than it saves. */
    mallopt(M_ARENA_MAX, ARENAS);
    at_kernel *kernel = at_alloc_zero(sizeof *kernel);
    if (!kernel)
        return at_fail(err, AT_NO_MEMORY, "no memory for the kernel");
    kernel->config = *config;
    kernel->interp = interp;
    kernel->usage_at = at_now();
    kernel->stop.fd = -1;
    at_status status = at_signals_init(err);
    if (status == AT_OK)
        status = start(kernel, err);
    if (status == AT_OK)
        supervise(kernel);
    if (!finish(kernel)) {
        /* Standard error is the capture's still: only the log reaches who started us. */
        at_log(AT_LOG_ERROR, "the running cell did not stop in time: it is abandoned");
        at_connection_unlink(&kernel->connection);
        return at_fail(err, AT_BUSY, "the running cell did not stop in time");
    }
    at_signals_fini();
    at_free(kernel);
    return status;
}
