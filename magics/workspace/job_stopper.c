/* Stopper: one thread that stops jobs a second after their cell was interrupted.
 *
 * Clients interrupt before they shut down; in that case the job shall run on. So the stop
 * waits for a second and is dropped when a shutdown came, or when the kernel's process
 * ended in the meantime, and this thread with it. */
#include "magics/workspace/job_inside.h"
#include "ops/base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define GRACE 1.0 /* seconds */
enum { PENDING_MAX = 64 };

typedef struct pending {
    char id[33];
    char *folder;
    const at_cancel *shutdown; /* outlives the workspace; NULL: none to look for */
    double due;                /* at_now() */
} pending;

struct at_stopper {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool closing;
    pending items[PENDING_MAX];
    size_t count;
};

/* With the mutex held. */
static void fire(at_stopper *stopper, size_t i) {
    pending *p = &stopper->items[i];
    if (!at_cancelled(p->shutdown))
        at_job_signal(p->folder, SIGTERM);
    at_free(p->folder);
    stopper->items[i] = stopper->items[--stopper->count];
}

static void *serve(void *context) {
    at_stopper *stopper = context;
    pthread_mutex_lock(&stopper->mutex);
    while (!stopper->closing) {
        double next = at_now() + 3600, now = at_now();
        for (size_t i = 0; i < stopper->count;) {
            if (stopper->items[i].due <= now) {
                fire(stopper, i);
                continue;
            }
            if (stopper->items[i].due < next)
                next = stopper->items[i].due;
            i++;
        }
        struct timespec until = {.tv_sec = (time_t)next,
                                 .tv_nsec = (long)((next - (double)(time_t)next) * 1e9)};
        pthread_cond_timedwait(&stopper->changed, &stopper->mutex, &until);
    }
    while (stopper->count)
        fire(stopper, 0);
    pthread_mutex_unlock(&stopper->mutex);
    return NULL;
}

static at_stopper *stopper_new(void) {
    at_stopper *stopper = at_alloc_zero(sizeof *stopper);
    if (!stopper)
        return NULL;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&stopper->mutex, NULL);
    pthread_cond_init(&stopper->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigset_t all, old;
    sigfillset(&all); /* signals of the kernel are not for this thread */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int code = pthread_create(&stopper->thread, NULL, serve, stopper);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (code == 0)
        return stopper;
    pthread_cond_destroy(&stopper->changed);
    pthread_mutex_destroy(&stopper->mutex);
    at_free(stopper);
    return NULL;
}

at_status at_stopper_add(at_workspace *workspace, const at_cancel *shutdown,
                         const char *id, at_error *err) {
    if (!workspace->stopper)
        workspace->stopper = stopper_new();
    at_stopper *stopper = workspace->stopper;
    at_arena arena = {0};
    const char *path = at_store_path(workspace, AT_KIND_JOB, id, &arena);
    char *folder = path ? at_copy_text(path) : NULL;
    at_arena_fini(&arena);
    if (!stopper || !folder) {
        at_free(folder);
        return at_fail(err, AT_NO_MEMORY, "no memory left to stop the job");
    }
    pthread_mutex_lock(&stopper->mutex);
    bool room = stopper->count < PENDING_MAX;
    if (room) {
        pending *p = &stopper->items[stopper->count++];
        *p = (pending){.folder = folder, .shutdown = shutdown, .due = at_now() + GRACE};
        memcpy(p->id, id, sizeof p->id);
        pthread_cond_signal(&stopper->changed);
    }
    pthread_mutex_unlock(&stopper->mutex);
    if (!room) { /* so many at once come from no person: stop this one now */
        at_job_signal(folder, SIGTERM);
        at_free(folder);
    }
    return AT_OK;
}

bool at_stopper_has(at_stopper *stopper, const char *id) {
    bool found = false;
    if (!stopper)
        return false;
    pthread_mutex_lock(&stopper->mutex);
    for (size_t i = 0; i < stopper->count; i++)
        found = found || strcmp(stopper->items[i].id, id) == 0;
    pthread_mutex_unlock(&stopper->mutex);
    return found;
}

void at_stopper_release(at_stopper *stopper) {
    if (!stopper)
        return;
    pthread_mutex_lock(&stopper->mutex);
    stopper->closing = true;
    pthread_cond_signal(&stopper->changed);
    pthread_mutex_unlock(&stopper->mutex);
    pthread_join(stopper->thread, NULL);
    pthread_cond_destroy(&stopper->changed);
    pthread_mutex_destroy(&stopper->mutex);
    at_free(stopper);
}
