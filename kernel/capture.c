#include "kernel/capture.h"

#include "kernel/core.h"
#include "kernel/thread.h"
#include "ops/base/log.h"
#include "ops/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { STREAMS = 2, READ_SIZE = 64 * 1024, READS_A_TURN = 64 };

struct at_capture {
    at_kernel *kernel;
    at_wakeup wakeup;
    atomic_bool stopping;
    pthread_t thread;
    pthread_mutex_t lock; /* held while pipes are read, so that order is kept */
    int pipes[STREAMS];   /* reading ends of what were descriptors 1 and 2 */
    int saved[STREAMS];
    char *buffer;
};

/* With the lock held. Bounded, so that a writer that never stops cannot hold a flush. */
static void drain(at_capture *capture) {
    for (int i = 0; i < STREAMS; i++)
        for (int turn = 0; turn < READS_A_TURN; turn++) {
            ssize_t n = read(capture->pipes[i], capture->buffer, READ_SIZE);
            if (n <= 0)
                break;
            at_origin *origin = at_kernel_print_origin(capture->kernel);
            if (origin)
                at_iopub_stream(capture->kernel->iopub, origin,
                                i == 0 ? AT_STDOUT : AT_STDERR, capture->buffer,
                                (size_t)n);
            at_origin_release(origin);
        }
}

void at_capture_flush(at_capture *capture) {
    if (!capture)
        return;
    fflush(stdout);
    pthread_mutex_lock(&capture->lock);
    drain(capture);
    pthread_mutex_unlock(&capture->lock);
}

static void *run(void *context) {
    at_capture *capture = context;
    while (!atomic_load(&capture->stopping)) {
        struct pollfd fds[] = {{capture->wakeup.fd, POLLIN, 0},
                               {capture->pipes[0], POLLIN, 0},
                               {capture->pipes[1], POLLIN, 0}};
        if (poll(fds, 3, -1) < 0 && errno != EINTR)
            break;
        pthread_mutex_lock(&capture->lock);
        drain(capture);
        pthread_mutex_unlock(&capture->lock);
    }
    return NULL;
}

/* Puts a pipe in the place of descriptor i + 1. */
static at_status redirect(at_capture *capture, int i, at_error *err) {
    int ends[2];
    capture->saved[i] = fcntl(i + 1, F_DUPFD_CLOEXEC, 3);
    if (capture->saved[i] < 0 && errno == EBADF) /* it was closed: nobody reads the log */
        capture->saved[i] = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (capture->saved[i] < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return at_fail_errno(err, "cannot capture descriptor %d", i + 1);
    capture->pipes[i] = ends[0];
    int rc = fcntl(ends[0], F_SETFL, O_NONBLOCK);
    if (rc == 0)
        rc = dup2(ends[1], i + 1) < 0 ? -1 : 0;
    close(ends[1]);
    return rc == 0 ? AT_OK : at_fail_errno(err, "cannot capture descriptor %d", i + 1);
}

static void release(at_capture *capture) {
    for (int i = 0; i < STREAMS; i++) {
        if (capture->saved[i] >= 0) {
            dup2(capture->saved[i], i + 1);
            if (i == 1)
                at_log_to(2);
            close(capture->saved[i]);
        }
        if (capture->pipes[i] >= 0)
            close(capture->pipes[i]);
    }
    at_wakeup_fini(&capture->wakeup);
    pthread_mutex_destroy(&capture->lock);
    at_free(capture->buffer);
    at_free(capture);
}

at_status at_capture_new(at_kernel *kernel, at_capture **out, at_error *err) {
    at_capture *capture = at_alloc_zero(sizeof *capture);
    if (!capture)
        return at_fail(err, AT_NO_MEMORY, "no memory for the capture");
    *capture = (at_capture){.kernel = kernel,
                            .wakeup = {-1},
                            .lock = PTHREAD_MUTEX_INITIALIZER,
                            .pipes = {-1, -1},
                            .saved = {-1, -1},
                            .buffer = at_alloc(READ_SIZE)};
    at_status status = capture->buffer ? at_wakeup_init(&capture->wakeup, err)
                                       : at_fail(err, AT_NO_MEMORY, "no memory");
    for (int i = 0; i < STREAMS && status == AT_OK; i++)
        status = redirect(capture, i, err);
    if (status == AT_OK) {
        at_log_to(capture->saved[1]);
        setvbuf(stdout, NULL, _IOLBF, 0);
        status = at_thread_start(&capture->thread, "capture", AT_STACK_SMALL, run,
                                 capture, err);
    }
    if (status != AT_OK) {
        release(capture);
        return status;
    }
    *out = capture;
    return AT_OK;
}

void at_capture_release(at_capture *capture) {
    if (!capture)
        return;
    atomic_store(&capture->stopping, true);
    at_wakeup_signal(&capture->wakeup);
    pthread_join(capture->thread, NULL);
    at_capture_flush(capture);
    release(capture);
}
