/* Waiting for a job: follows its events, and lets go at once when the cell is
 * interrupted. */
#include "magics/workspace/job_inside.h"
#include "ops/base/clock.h"
#include "ops/base/file.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
    POLL_MS = 50,
    SOON_MS = 1, /* a process that closed its files is about to let go of its lock */
    SOON_TIMES = 20
};
#define ANIMATE_EVERY 0.1 /* seconds */

typedef struct wait_state {
    at_context *context;
    const char *id, *folder, *events_path;
    at_event_reader reader;
    at_job_event_fn *event;
    void *event_context;
    int watch; /* inotify on the folder; -1: polling does */
    int soon;  /* short pauses that are left */
    double animated;
} wait_state;

static bool closes_lock(const char *bytes, ssize_t n) {
    bool found = false;
    for (const char *p = bytes; p < bytes + n;) {
        struct inotify_event event;
        memcpy(&event, p, sizeof event);
        found = found || (event.mask & IN_CLOSE_WRITE);
        p += sizeof event + event.len;
    }
    return found;
}

/* Sleeps until the folder changes, for 50 ms at most. */
static void pause_a_little(wait_state *w) {
    if (w->watch < 0) {
        at_sleep(POLL_MS / 1000.0);
        return;
    }
    struct pollfd ready = {.fd = w->watch, .events = POLLIN};
    char bytes[4096];
    ssize_t n;
    if (poll(&ready, 1, w->soon > 0 ? SOON_MS : POLL_MS) > 0)
        while ((n = read(w->watch, bytes, sizeof bytes)) > 0)
            if (closes_lock(bytes, n))
                w->soon = SOON_TIMES;
    w->soon -= w->soon > 0;
}

static at_status let_go(wait_state *w, const char *name, at_error *err) {
    if (at_cancelled(w->context->shutdown)) {
        (void)at_fail(err, AT_CANCELLED,
                      "the kernel is shutting down: the job '%s' runs on", name);
        return AT_CANCELLED;
    }
    AT_TRY(at_stopper_add(w->context->workspace, w->context->shutdown, w->id, err));
    (void)at_fail(err, AT_CANCELLED, "interrupted: the job '%s' is stopping", name);
    if (err)
        (void)at_hint(err,
                      "what it has learned so far is kept: see %%jobs %s; %%resume %s "
                      "starts it again",
                      name, name);
    return AT_CANCELLED;
}

/* What the index says of a job that has ended. */
static at_status outcome(wait_state *w, const at_entry *job, at_arena *arena,
                         json_t **result, at_error *err) {
    const char *state = json_string_value(json_object_get(job->card, "state"));
    if (state && strcmp(state, "completed") == 0) {
        const char *path =
            at_job_path(w->context->workspace, w->id, "result.json", arena);
        return path ? at_job_read_json(path, AT_JOB_RESULT_MAX, result, err)
                    : at_fail(err, AT_NO_MEMORY, "no memory left for the result");
    }
    if (state && strcmp(state, "stopped") == 0) {
        (void)at_fail(err, AT_CANCELLED, "the job '%s' was stopped", job->name);
        if (err)
            (void)at_hint(err, "%%resume %s starts it again", job->name);
        return AT_CANCELLED;
    }
    return at_job_error_read(json_object_get(job->card, "error"), err);
}

static at_status finish(wait_state *w, at_arena *arena, json_t **result, at_error *err) {
    while (at_event_reader_poll(&w->reader, w->events_path, w->event, w->event_context))
        if (at_cancelled(w->context->call->cancel))
            break; /* the rest is for eyes only */
    at_status status;
    while ((status = at_job_end(w->context->workspace, w->id, err)) == AT_BUSY) {
        if (at_cancelled(w->context->call->cancel)) /* another process is at it */
            return AT_CANCELLED;
        at_sleep(0.005);
    }
    AT_TRY(status);
    at_entry job;
    AT_TRY(at_store_by_id(w->context->workspace, AT_KIND_JOB, w->id, arena, &job, err));
    status = outcome(w, &job, arena, result, err);
    at_entry_fini(&job);
    return status;
}

static at_status follow(wait_state *w, const char *name, at_arena *arena, json_t **result,
                        at_error *err) {
    for (;;) {
        bool alive = at_job_alive(w->context->workspace, w->id);
        if (!alive)
            return finish(w, arena, result, err);
        bool more =
            at_event_reader_poll(&w->reader, w->events_path, w->event, w->event_context);
        if (at_cancelled(w->context->call->cancel) || at_cancelled(w->context->shutdown))
            return let_go(w, name, err);
        if (w->event && at_now() - w->animated >= ANIMATE_EVERY) {
            w->animated = at_now();
            w->event(w->event_context, NULL);
        }
        if (!more)
            pause_a_little(w);
    }
}

at_status at_job_wait(at_context *context, const char *id, at_job_event_fn *event,
                      void *event_context, json_t **result, at_error *err) {
    at_arena arena = {0};
    at_entry job;
    *result = NULL;
    AT_TRY(at_store_by_id(context->workspace, AT_KIND_JOB, id, &arena, &job, err));
    wait_state w = {.context = context,
                    .id = id,
                    .folder = at_store_path(context->workspace, AT_KIND_JOB, id, &arena),
                    .events_path =
                        at_job_path(context->workspace, id, "events.jsonl", &arena),
                    .event = event,
                    .event_context = event_context,
                    .watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    at_event_reader_init(&w.reader);
    at_status status =
        w.folder && w.events_path
            ? AT_OK
            : at_fail(err, AT_NO_MEMORY, "no memory left to wait for the job");
    if (!status && w.watch >= 0 &&
        inotify_add_watch(w.watch, w.folder,
                          IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE) < 0) {
        close(w.watch);
        w.watch = -1;
    }
    if (!status)
        status = follow(&w, job.name, &arena, result, err);
    if (w.watch >= 0)
        close(w.watch);
    at_event_reader_fini(&w.reader);
    at_entry_fini(&job);
    at_arena_fini(&arena);
    return status;
}
