#include "kernel/runner.h"

#include "kernel/core.h"
#include "kernel/handler.h"
#include "kernel/thread.h"
#include "ops/base/memory.h"

#include <string.h>

struct at_runner {
    at_kernel *kernel;
    pthread_t thread;
    at_history *history; /* the thread's own */
    at_cancel cancel;

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t arrived;
    at_message *first, *last;
    size_t count, bytes;
    at_origin *origin; /* of the last cell begun; NULL if it is silent */
    bool running, stopping;
};

static at_message *take(at_runner *runner) {
    pthread_mutex_lock(&runner->lock);
    while (!runner->first && !runner->stopping)
        pthread_cond_wait(&runner->arrived, &runner->lock);
    at_message *message = runner->stopping ? NULL : runner->first;
    bool was_full = false;
    if (message) {
        was_full = runner->count >= AT_QUEUE_MESSAGES || runner->bytes >= AT_QUEUE_BYTES;
        runner->first = message->next;
        if (!runner->first)
            runner->last = NULL;
        message->next = NULL;
        runner->count--;
        runner->bytes -= at_message_size(message);
    }
    pthread_mutex_unlock(&runner->lock);
    if (was_full)
        at_shell_wake(runner->kernel->shell);
    return message;
}

static void *run(void *context) {
    at_runner *runner = context;
    at_message *message;
    while ((message = take(runner)) != NULL) {
        at_handle_message(runner->kernel, runner, AT_SHELL, message);
        at_message_release(message);
    }
    return NULL;
}

at_status at_runner_new(at_kernel *kernel, at_runner **out, at_error *err) {
    at_runner *runner = at_alloc_zero(sizeof *runner);
    if (!runner)
        return at_fail(err, AT_NO_MEMORY, "no memory for a runner");
    runner->kernel = kernel;
    pthread_mutex_init(&runner->lock, NULL);
    pthread_cond_init(&runner->arrived, NULL);
    at_status status = at_history_new(kernel->config.history_path, kernel->config.context,
                                      &runner->history, err);
    if (status == AT_OK)
        status =
            at_thread_start(&runner->thread, "runner", AT_STACK_CELL, run, runner, err);
    if (status != AT_OK) {
        at_history_release(runner->history);
        at_free(runner);
        return status;
    }
    *out = runner;
    return AT_OK;
}

bool at_runner_stop(at_runner *runner, double seconds) {
    if (!runner)
        return true;
    pthread_mutex_lock(&runner->lock);
    runner->stopping = true;
    if (runner->running)
        at_cancel_raise(&runner->cancel);
    pthread_cond_broadcast(&runner->arrived);
    pthread_mutex_unlock(&runner->lock);
    return at_thread_join(runner->thread, seconds);
}

void at_runner_release(at_runner *runner) {
    if (!runner)
        return;
    while (runner->first) {
        at_message *message = runner->first;
        runner->first = message->next;
        at_message_release(message);
    }
    at_history_release(runner->history);
    at_origin_release(runner->origin);
    pthread_mutex_destroy(&runner->lock);
    pthread_cond_destroy(&runner->arrived);
    at_free(runner);
}

void at_runner_post(at_runner *runner, at_message **message) {
    pthread_mutex_lock(&runner->lock);
    if (runner->last)
        runner->last->next = *message;
    else
        runner->first = *message;
    runner->last = *message;
    runner->count++;
    runner->bytes += at_message_size(*message);
    *message = NULL;
    pthread_cond_signal(&runner->arrived);
    pthread_mutex_unlock(&runner->lock);
}

bool at_runner_full(at_runner *runner) {
    pthread_mutex_lock(&runner->lock);
    bool full = runner->count >= AT_QUEUE_MESSAGES || runner->bytes >= AT_QUEUE_BYTES;
    pthread_mutex_unlock(&runner->lock);
    return full;
}

void at_runner_abort(at_runner *runner) {
    pthread_mutex_lock(&runner->lock);
    for (at_message *message = runner->first; message; message = message->next)
        if (strcmp(message->type, "execute_request") == 0)
            message->aborted = true;
    pthread_mutex_unlock(&runner->lock);
}

void at_runner_interrupt(at_runner *runner) {
    pthread_mutex_lock(&runner->lock);
    if (runner->running)
        at_cancel_raise(&runner->cancel);
    pthread_mutex_unlock(&runner->lock);
}

at_history *at_runner_history(at_runner *runner) {
    return runner->history;
}

const at_cancel *at_runner_begin(at_runner *runner, at_origin *origin, bool silent) {
    pthread_mutex_lock(&runner->lock);
    at_cancel_reset(&runner->cancel);
    at_origin_release(runner->origin);
    runner->origin = silent ? NULL : at_origin_retain(origin);
    runner->running = true;
    /* A shutdown that came before the cell began stops it too. */
    if (runner->stopping)
        at_cancel_raise(&runner->cancel);
    pthread_mutex_unlock(&runner->lock);
    return &runner->cancel;
}

void at_runner_end(at_runner *runner) {
    pthread_mutex_lock(&runner->lock);
    runner->running = false;
    pthread_mutex_unlock(&runner->lock);
}

at_origin *at_runner_print_origin(at_runner *runner, bool *running) {
    pthread_mutex_lock(&runner->lock);
    at_origin *origin = at_origin_retain(runner->origin);
    *running = runner->running;
    pthread_mutex_unlock(&runner->lock);
    return origin;
}
