/* Job: starting and stopping. Waiting is in job_wait.c, the end in job_end.c. */
#include "magics/workspace/job.h"
#include "magics/workspace/job_inside.h"
#include "ops/base/clock.h"
#include "ops/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STOP_SECONDS 5.0 /* for a job whose name is wanted again */
enum { KILL_SECONDS = 5 };

bool at_job_alive(at_workspace *workspace, const char *id) {
    at_arena arena = {0};
    const char *lock = at_job_path(workspace, id, "lock", &arena);
    bool alive = lock && at_lock_held(lock);
    at_arena_fini(&arena);
    at_job_reap(workspace);
    return alive;
}

/* stdin from nowhere, stdout and stderr to log.txt, the lock as descriptor 3, nothing
 * else; a session of its own; every signal as in a fresh process. */
static int prepare(posix_spawn_file_actions_t *files, posix_spawnattr_t *how,
                   const char *log, int lock) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int code = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
    if (!code)
        code = posix_spawn_file_actions_addopen(files, 1, log,
                                                O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (!code)
        code = posix_spawn_file_actions_adddup2(files, 1, 2);
    if (!code)
        code = posix_spawn_file_actions_adddup2(files, lock, AT_JOB_LOCK_FD);
    if (!code)
        code = posix_spawn_file_actions_addclosefrom_np(files, AT_JOB_LOCK_FD + 1);
    if (!code)
        code = posix_spawnattr_setsigdefault(how, &all);
    if (!code)
        code = posix_spawnattr_setsigmask(how, &none);
    if (!code)
        code = posix_spawnattr_setflags(how, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
                                                 POSIX_SPAWN_SETSIGMASK);
    return code;
}

static at_status spawn(const char *folder, const char *log, int lock, pid_t *pid,
                       at_error *err) {
    const char *given = getenv("ATELIER_BINARY");
    const char *binary = given && *given ? given : "/proc/self/exe";
    char *argv[] = {(char[]){"atelier"}, (char[]){"job"}, (char *)folder, (char[]){"3"},
                    NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    if (posix_spawn_file_actions_init(&files) != 0)
        return at_fail(err, AT_NO_MEMORY, "no memory left to start the job");
    if (posix_spawnattr_init(&how) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return at_fail(err, AT_NO_MEMORY, "no memory left to start the job");
    }
    int code = prepare(&files, &how, log, lock);
    if (!code)
        code = posix_spawn(pid, binary, &files, &how, argv, environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    errno = code;
    return code ? at_fail_errno(err, "cannot start the job's process (%s)", binary)
                : AT_OK;
}

/* Starts the child with `lock`, which goes over to it. */
static at_status start_child(at_workspace *workspace, const char *id, int lock,
                             at_arena *arena, at_error *err) {
    const char *folder = at_store_path(workspace, AT_KIND_JOB, id, arena);
    const char *log = at_job_path(workspace, id, "log.txt", arena);
    at_job_child *children = at_grow(workspace->children, &workspace->child_capacity,
                                     workspace->child_count + 1, sizeof *children);
    if (children)
        workspace->children = children;
    if (!folder || !log || !children)
        return at_fail(err, AT_NO_MEMORY, "no memory left to start the job");
    at_job_child child = {0};
    memcpy(child.id, id, sizeof child.id);
    AT_TRY(spawn(folder, log, lock, &child.pid, err));
    workspace->children[workspace->child_count++] = child;
    return AT_OK;
}

/* Brings the end of job `id` into the index, or waits for another process that is at it.
 */
static at_status settle(at_workspace *workspace, const char *id, at_error *err) {
    double until = at_now() + STOP_SECONDS;
    at_status status;
    while ((status = at_job_end(workspace, id, err)) == AT_BUSY && at_now() < until)
        at_sleep(0.005);
    return status == AT_NOT_FOUND ? AT_OK : status;
}

/* Makes room for a job called `name`: one that is being stopped is waited for. Two may
 * get this far at once: at_store_put lets one of them in. */
static at_status make_room(at_workspace *workspace, const char *name, at_arena *arena,
                           at_error *err) {
    at_entry old;
    at_status status = at_store_find(workspace, AT_KIND_JOB, name, arena, &old, err);
    if (status == AT_NOT_FOUND)
        return AT_OK;
    AT_TRY(status);
    const char *folder = at_store_path(workspace, AT_KIND_JOB, old.id, arena);
    if (at_job_alive(workspace, old.id)) {
        if (at_stopper_has(workspace->stopper, old.id) ||
            (folder && at_job_marked_stopping(folder))) {
            status = at_job_stop(workspace, old.id, STOP_SECONDS, NULL, err);
            if (!status)
                status = settle(workspace, old.id, err);
        } else {
            status = at_store_job_runs(name, err);
        }
    } else {
        status = settle(workspace, old.id, err);
    }
    at_entry_fini(&old);
    return status;
}

static at_status write_spec(at_workspace *workspace, const char *kind, const char *name,
                            const char *id, const json_t *spec, at_arena *arena,
                            at_error *err) {
    const char *folder = at_store_path(workspace, AT_KIND_JOB, id, arena);
    const char *path = at_job_path(workspace, id, "job.json", arena);
    json_t *job = json_copy((json_t *)spec);
    json_object_del(job, "card");
    json_object_set_new(job, "kind", json_string(kind));
    json_object_set_new(job, "name", json_string(name));
    json_object_set_new(job, "id", json_string(id));
    json_object_set_new(job, "format", json_integer(1));
    at_status status = folder && path && job ? at_folder_make(folder, err)
                                             : at_fail(err, AT_NO_MEMORY,
                                                       "no memory left to start the job");
    if (!status)
        status = at_job_write_json(path, job, err);
    json_decref(job);
    return status;
}

static at_status put_row(at_workspace *workspace, const char *kind, const char *name,
                         const char *id, const json_t *spec, const char *const *uses,
                         size_t use_count, at_error *err) {
    json_t *card = json_pack("{s:s, s:s}", "what", kind, "state", "running");
    if (card)
        json_object_update_missing(card, json_object_get(spec, "card"));
    at_status status =
        card ? at_store_put(workspace, AT_KIND_JOB, id, name, card, uses, use_count, err)
             : at_fail(err, AT_NO_MEMORY, "no memory left to start the job");
    json_decref(card);
    return status;
}

/* The lock is taken before the row is there, and the child inherits it: at no moment does
 * the job look dead. */
static at_status start(at_workspace *workspace, const char *kind, const char *name,
                       const json_t *spec, const char *const *uses, size_t use_count,
                       const char *id, at_arena *arena, at_error *err) {
    int lock = -1;
    AT_TRY(write_spec(workspace, kind, name, id, spec, arena, err));
    const char *path = at_job_path(workspace, id, "lock", arena);
    at_status status =
        path ? at_lock_take(path, true, false, &lock, err)
             : at_fail(err, AT_NO_MEMORY, "no memory left to start the job");
    if (!status)
        status = put_row(workspace, kind, name, id, spec, uses, use_count, err);
    at_status started = status ? status : start_child(workspace, id, lock, arena, err);
    if (lock >= 0)
        close(lock);
    if (!status && started &&
        at_job_end(workspace, id, NULL)) /* a row without a process */
        return started;
    return started;
}

at_status at_job_start(at_workspace *workspace, const char *kind, const char *name,
                       const json_t *spec, const char *const *uses, size_t use_count,
                       char id[33], at_error *err) {
    AT_TRY(at_store_check_name(AT_KIND_JOB, name, err));
    if (!at_job_kind_find(kind))
        return at_fail(err, AT_INTERNAL, "there are no jobs of the kind '%s'", kind);
    at_arena arena = {0};
    int writing = -1;
    at_store_new_id(id);
    at_status status = make_room(workspace, name, &arena, err);
    if (!status)
        status = at_store_writing(workspace, &writing, err);
    if (!status)
        status = start(workspace, kind, name, spec, uses, use_count, id, &arena, err);
    if (writing >= 0)
        close(writing);
    at_arena_fini(&arena);
    return status;
}

static at_status check_resume(const at_entry *job, at_error *err) {
    const char *state = json_string_value(json_object_get(job->card, "state"));
    const char *what = json_string_value(json_object_get(job->card, "what"));
    const at_job_kind *kind = what ? at_job_kind_find(what) : NULL;
    at_status status = AT_OK;
    if (!state || strcmp(state, "completed") == 0)
        status = at_fail(err, AT_UNSUPPORTED,
                         "the job '%s' is complete: nothing is left to do", job->name);
    else if (!kind || !kind->resumes)
        status = at_fail(err, AT_UNSUPPORTED,
                         "a job of the kind '%s' cannot be started again from its folder",
                         what ? what : "?");
    else if (strcmp(state, "failed") == 0 &&
             !json_is_true(json_object_get(job->card, "died"))) {
        (void)at_job_error_read(json_object_get(job->card, "error"), err);
        status = AT_UNSUPPORTED;
        if (err) {
            err->code = status;
            (void)at_prefix(err, "the job '%s' would fail in the same way again",
                            job->name);
        }
    }
    if (status && err && !err->hint[0])
        (void)at_hint(err, "run the cell that started it again");
    return status;
}

/* With the lock held: as before the first start, but for the row. */
static at_status start_again(at_workspace *workspace, const at_entry *job, int lock,
                             at_arena *arena, at_error *err) {
    static const char *const old[] = {"result.json", "events.jsonl", "log.txt", "pid",
                                      "stopping"};
    const char *state = json_string_value(json_object_get(job->card, "state"));
    if (state && strcmp(state, "running") == 0) /* its end is not in the index yet */
        return at_fail(err, AT_BUSY, "the job '%s' has ended, but its end is not stored",
                       job->name);
    AT_TRY(check_resume(job, err));
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
        const char *path = at_job_path(workspace, job->id, old[i], arena);
        if (!path)
            return at_fail(err, AT_NO_MEMORY, "no memory left to start the job");
        AT_TRY(at_file_remove(path, err));
    }
    json_object_del(job->card, "error");
    json_object_del(job->card, "died");
    json_object_del(job->card, "ended_us");
    json_object_set_new(job->card, "state", json_string("running"));
    json_object_set_new(job->card, "resumed_us", json_integer(at_wall_us()));
    AT_TRY(at_store_update(workspace, AT_KIND_JOB, job->id, job->card, err));
    return start_child(workspace, job->id, lock, arena, err);
}

at_status at_job_resume(at_workspace *workspace, const char *id, at_error *err) {
    at_arena arena = {0};
    at_entry job = {0};
    int lock = -1;
    const char *path = at_job_path(workspace, id, "lock", &arena);
    at_status status = at_jobs_reconcile(workspace, err);
    if (!status && !path)
        status = at_fail(err, AT_NO_MEMORY, "no memory left to start the job");
    if (!status)
        status = at_store_by_id(workspace, AT_KIND_JOB, id, &arena, &job, err);
    if (!status) {
        status = at_lock_take(path, true, false, &lock, err);
        if (status == AT_BUSY)
            status = at_fail(err, AT_EXISTS, "the job '%s' is running", job.name);
    }
    if (!status) { /* again: before the lock was ours, another may have resumed it */
        at_entry_fini(&job);
        status = at_store_by_id(workspace, AT_KIND_JOB, id, &arena, &job, err);
    }
    if (!status)
        status = start_again(workspace, &job, lock, &arena, err);
    if (lock >= 0)
        close(lock);
    at_entry_fini(&job);
    at_arena_fini(&arena);
    return status;
}

/* Waits until nobody holds the job's lock: AT_BUSY after `seconds`, without a message. */
static at_status gone_within(at_workspace *workspace, const char *id, double seconds,
                             const at_cancel *cancel, at_error *err) {
    double until = at_now() + seconds;
    while (at_job_alive(workspace, id)) {
        if (at_cancelled(cancel))
            return at_fail(err, AT_CANCELLED, "interrupted; the job was told to stop");
        if (at_now() > until)
            return AT_BUSY;
        at_sleep(0.01);
    }
    return AT_OK;
}

at_status at_job_stop(at_workspace *workspace, const char *id, double seconds,
                      const at_cancel *cancel, at_error *err) {
    at_arena arena = {0};
    const char *folder = at_store_path(workspace, AT_KIND_JOB, id, &arena);
    at_status status =
        folder ? AT_OK : at_fail(err, AT_NO_MEMORY, "no memory left to stop the job");
    if (!status && at_job_alive(workspace, id)) {
        at_job_signal(folder, SIGTERM);
        status = gone_within(workspace, id, seconds, cancel, err);
        if (status == AT_BUSY) {
            at_job_signal(folder, SIGKILL);
            status = gone_within(workspace, id, KILL_SECONDS, cancel, err);
            if (status == AT_BUSY)
                status = at_fail(err, AT_BUSY, "the job's process does not end");
        }
    }
    if (!status)
        status = at_jobs_reconcile(workspace, err);
    at_arena_fini(&arena);
    return status;
}
