#include "kernel/shell.h"

#include "kernel/core.h"
#include "kernel/json.h"
#include "kernel/thread.h"
#include "ops/base/clock.h"
#include "ops/base/log.h"
#include "ops/base/memory.h"

#include <string.h>

/* "Run all" sends cells one by one: those that follow the first so closely were sent
 * before the client could know of its error. A cell that fails later has no need to wait.
 */
#define SWEEP_SECONDS 0.03

typedef struct at_reply {
    struct at_reply *next;
    const char *type;
    at_origin *origin;
    at_text content;
    bool abort;
    double since;
} at_reply;

struct at_shell {
    at_kernel *kernel;
    at_socket *socket;
    at_wakeup wakeup;
    pthread_t thread;

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t swept;
    at_reply *first, *last;
    size_t sweeps; /* replies with `abort` that are not yet sent */
    bool stopping;
};

static void release_reply(at_reply *reply) {
    at_origin_release(reply->origin);
    at_text_fini(&reply->content);
    at_free(reply);
}

void at_shell_reply(at_shell *shell, const char *type, at_origin *origin,
                    const json_t *content, bool abort, double since) {
    at_reply *reply = at_alloc_zero(sizeof *reply);
    if (reply) {
        reply->type = type;
        reply->origin = at_origin_retain(origin);
        reply->abort = abort;
        reply->since = since;
        at_json_dump(&reply->content, content);
    }
    if (!reply || !at_text_ok(&reply->content)) {
        at_log(AT_LOG_ERROR, "no memory for the %s", type);
        if (reply)
            release_reply(reply);
        return;
    }
    pthread_mutex_lock(&shell->lock);
    if (shell->last)
        shell->last->next = reply;
    else
        shell->first = reply;
    shell->last = reply;
    shell->sweeps += abort;
    at_wakeup_signal(&shell->wakeup);
    while (abort && shell->sweeps && !shell->stopping)
        pthread_cond_wait(&shell->swept, &shell->lock);
    pthread_mutex_unlock(&shell->lock);
}

void at_shell_wake(at_shell *shell) {
    at_wakeup_signal(&shell->wakeup);
}

static at_reply *take(at_shell *shell, bool *stopping) {
    pthread_mutex_lock(&shell->lock);
    at_reply *reply = shell->first;
    if (reply) {
        shell->first = reply->next;
        if (!shell->first)
            shell->last = NULL;
    }
    *stopping = shell->stopping;
    pthread_mutex_unlock(&shell->lock);
    return reply;
}

/* Reads and routes one message. False when none is there. */
static bool receive(at_shell *shell, bool abort) {
    at_kernel *kernel = shell->kernel;
    at_frames frames;
    at_message *message;
    at_error err = {0};
    at_status status = at_socket_receive(shell->socket, &frames, &err);
    if (status == AT_BUSY)
        return false;
    if (status == AT_OK)
        status = at_wire_read(&kernel->wire, &frames, &message, &err);
    if (status != AT_OK) {
        at_log(AT_LOG_WARN, "shell: dropped %s", err.text);
        return true;
    }
    message->arrived = at_now();
    message->aborted = abort && strcmp(message->type, "execute_request") == 0;
    at_runner_post(kernel->runner, &message);
    return true;
}

static void sweep(at_shell *shell, double end) {
    at_runner_abort(shell->kernel->runner);
    while (!at_runner_full(shell->kernel->runner)) {
        if (receive(shell, true))
            continue;
        double now = at_now();
        if (now >= end)
            return;
        at_socket_wait(shell->socket, true, shell->wakeup.fd, end - now);
        at_wakeup_clear(&shell->wakeup);
    }
}

static void send_reply(at_shell *shell, at_reply *reply) {
    at_letter letter = {.type = reply->type,
                        .origin = reply->origin,
                        .when = at_wall_us(),
                        .content = at_text_get(&reply->content),
                        .content_size = reply->content.length};
    at_error err;
    if (reply->abort)
        sweep(shell, reply->since + SWEEP_SECONDS);
    if (at_wire_send(&shell->kernel->wire, shell->socket, &letter, &err) != AT_OK)
        at_log(AT_LOG_ERROR, "shell: %s", err.text);
    if (reply->abort) {
        pthread_mutex_lock(&shell->lock);
        shell->sweeps--;
        pthread_cond_broadcast(&shell->swept);
        pthread_mutex_unlock(&shell->lock);
    }
}

static void *run(void *context) {
    at_shell *shell = context;
    for (bool stopping = false; !stopping;) {
        bool full = at_runner_full(shell->kernel->runner);
        at_socket_wait(shell->socket, !full, shell->wakeup.fd, -1);
        at_wakeup_clear(&shell->wakeup);
        at_reply *reply;
        while ((reply = take(shell, &stopping)) != NULL) {
            send_reply(shell, reply);
            release_reply(reply);
        }
        while (!stopping && !at_runner_full(shell->kernel->runner) &&
               receive(shell, false))
            continue;
    }
    return NULL;
}

at_status at_shell_new(at_kernel *kernel, at_socket *sock, at_shell **out,
                       at_error *err) {
    at_shell *shell = at_alloc_zero(sizeof *shell);
    if (!shell) {
        at_socket_release(sock);
        return at_fail(err, AT_NO_MEMORY, "no memory for the shell");
    }
    shell->kernel = kernel;
    shell->socket = sock;
    pthread_mutex_init(&shell->lock, NULL);
    pthread_cond_init(&shell->swept, NULL);
    at_status status = at_wakeup_init(&shell->wakeup, err);
    /* Runners reply through *out: it is there before any message can come. */
    *out = shell;
    if (status == AT_OK)
        status =
            at_thread_start(&shell->thread, "shell", AT_STACK_SMALL, run, shell, err);
    if (status != AT_OK) {
        at_wakeup_fini(&shell->wakeup);
        at_socket_release(sock);
        at_free(shell);
        *out = NULL;
    }
    return status;
}

void at_shell_release(at_shell *shell) {
    if (!shell)
        return;
    pthread_mutex_lock(&shell->lock);
    shell->stopping = true;
    pthread_cond_broadcast(&shell->swept);
    at_wakeup_signal(&shell->wakeup);
    pthread_mutex_unlock(&shell->lock);
    pthread_join(shell->thread, NULL);
    at_socket_release(shell->socket);
    at_wakeup_fini(&shell->wakeup);
    pthread_mutex_destroy(&shell->lock);
    pthread_cond_destroy(&shell->swept);
    at_free(shell);
}
