/* The child's side of a job: reads job.json, runs its kind, renames result.json into
 * place. */
#include "magics/workspace/job_inside.h"
#include "ops/base/clock.h"
#include "ops/base/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* SIGTERM and SIGINT become a raised cancel, in a thread that waits for them: no handler,
 * so nothing that must be safe in one. */
static void *wait_for_stop(void *context) {
    at_cancel *cancel = context;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    for (int number; sigwait(&set, &number) == 0;)
        at_cancel_raise(cancel);
    return NULL;
}

at_status at_job_listen(at_cancel *cancel, at_error *err) {
    sigset_t set;
    pthread_t thread;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* inherited by every thread from here on */
    signal(SIGPIPE, SIG_IGN);
    if (pthread_create(&thread, NULL, wait_for_stop, cancel) != 0)
        return at_fail(err, AT_NO_MEMORY, "cannot start a thread");
    pthread_detach(thread);
    return AT_OK;
}

/* When memory runs out, the system shall take the job and leave the kernel. */
static void volunteer_for_oom(void) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "500", 3) != 3)
        fprintf(stderr, "cannot set oom_score_adj\n");
    if (fd >= 0)
        close(fd);
}

/* The lock was inherited, or is taken now (a job started by hand). Held until the end. */
static at_status hold_lock(const char *folder, const char *inherited, at_error *err) {
    int64_t fd;
    if (inherited && at_parse_int(inherited, &fd) && fd > 2 && fd < 1024 &&
        fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0)
        return AT_OK;
    char *path = at_path_join(folder, "lock");
    int lock;
    at_status status =
        path ? at_lock_take(path, true, false, &lock, err)
             : at_fail(err, AT_NO_MEMORY, "no memory left to start the job");
    at_free(path);
    return status;
}

static at_status run_kind(const char *folder, at_event_writer *writer,
                          const at_cancel *cancel, json_t *result, at_error *err) {
    char *path = at_path_join(folder, "job.json");
    json_t *spec = NULL;
    at_status status =
        path ? at_job_read_json(path, AT_JOB_SPEC_MAX, &spec, err)
             : at_fail(err, AT_NO_MEMORY, "no memory left to start the job");
    at_free(path);
    AT_TRY(status);
    const char *name = json_string_value(json_object_get(spec, "kind"));
    const at_job_kind *kind = name ? at_job_kind_find(name) : NULL;
    at_fit_events events = at_event_writer_events(writer);
    if (kind)
        status = kind->run(spec, folder, &events, cancel, result, err);
    else
        status = at_fail(err, AT_UNSUPPORTED, "this Atelier has no jobs of the kind '%s'",
                         name ? name : "");
    json_decref(spec);
    return status;
}

static const char *word_for(at_status status, const at_cancel *cancel) {
    if (status == AT_CANCELLED || (status == AT_OK && at_cancelled(cancel)))
        return "stopped";
    return status == AT_OK ? "completed" : "failed";
}

/* Work and its result, whatever it is. The status is that of writing it down. */
static at_status work(const char *folder, at_cancel *cancel, bool *good, at_error *err) {
    at_event_writer writer;
    AT_TRY(at_job_write_pid(folder, err));
    if (at_job_marked_stopping(folder)) /* told so before there was a pid to signal */
        at_cancel_raise(cancel);
    AT_TRY(at_event_writer_open(&writer, folder, err));
    json_t *result = json_object();
    double started = at_now();
    at_error why = {0};
    at_status status = run_kind(folder, &writer, cancel, result, &why);
    at_event_writer_close(&writer);
    *good = status == AT_OK || status == AT_CANCELLED;
    json_object_set_new(result, "status", json_string(word_for(status, cancel)));
    json_object_set_new(result, "seconds", json_real(at_now() - started));
    if (status) {
        fprintf(stderr, "%s: %s\n", at_status_name(why.code), why.text);
        json_object_set_new(result, "error", at_job_error_json(&why));
    }
    char *path = at_path_join(folder, "result.json");
    at_status written = path && result
                            ? at_job_write_json(path, result, err)
                            : at_fail(err, AT_NO_MEMORY, "no memory left for the result");
    at_free(path);
    json_decref(result);
    return written;
}

int at_job_main(int argc, char **argv) {
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: atelier job FOLDER\n");
        return 2;
    }
    const char *folder = argv[1];
    at_cancel cancel = {0};
    at_error err = {0};
    bool good = false;
    at_status status = hold_lock(folder, argc == 3 ? argv[2] : NULL, &err);
    if (!status)
        status = at_job_listen(&cancel, &err);
    volunteer_for_oom();
    if (!status)
        status = work(folder, &cancel, &good, &err);
    if (status)
        fprintf(stderr, "atelier job: %s\n", err.text);
    fflush(NULL);
    /* The thread that waits for signals points at `cancel`: the process ends with it. */
    return status || !good;
}
