/* The end of a job: result.json, or what can be said of a process that left none, becomes
 * the state in the index. */
#include "magics/workspace/job_inside.h"
#include "ops/base/clock.h"
#include "ops/base/file.h"
#include "ops/base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LAST_LINES = 10 };

at_job_child *at_job_child_of(at_workspace *workspace, const char *id) {
    for (size_t i = 0; i < workspace->child_count; i++)
        if (strcmp(workspace->children[i].id, id) == 0)
            return &workspace->children[i];
    return NULL;
}

void at_job_reap(at_workspace *workspace) {
    for (size_t i = 0; i < workspace->child_count; i++) {
        at_job_child *child = &workspace->children[i];
        int status = 0;
        pid_t found = child->ended ? 0 : waitpid(child->pid, &status, WNOHANG);
        if (found == child->pid) {
            child->ended = true;
            child->status = status;
        } else if (found < 0 && errno == ECHILD) { /* somebody else collected it */
            child->ended = true;
            child->status = -1;
        }
    }
}

static void forget_child(at_workspace *workspace, const char *id) {
    at_job_child *child = at_job_child_of(workspace, id);
    if (child && child->ended)
        *child = workspace->children[--workspace->child_count];
}

/* Why a process ended that left no result. */
static void explain_death(at_workspace *workspace, const at_entry *job, at_error *err) {
    const at_job_child *child = at_job_child_of(workspace, job->id);
    /* A process lets go of its locks a moment before it can be waited for. */
    for (int i = 0; child && !child->ended && i < 1000; i++) {
        at_job_reap(workspace);
        if (!child->ended)
            at_sleep(0.001);
    }
    int status = child && child->ended ? child->status : -1;
    if (status >= 0 && WIFSIGNALED(status)) {
        int number = WTERMSIG(status);
        const char *name = sigabbrev_np(number), *what = sigdescr_np(number);
        if (number == SIGKILL)
            (void)at_fail(err, AT_INTERNAL,
                          "the job '%s' was killed (SIGKILL): probably out of memory",
                          job->name);
        else
            (void)at_fail(err, AT_INTERNAL, "the job '%s' crashed with SIG%s (%s)",
                          job->name, name ? name : "?", what ? what : "unknown signal");
    } else if (status >= 0) {
        (void)at_fail(err, AT_INTERNAL,
                      "the job '%s' ended with exit code %d and without a result",
                      job->name, WEXITSTATUS(status));
    } else {
        (void)at_fail(
            err, AT_INTERNAL,
            "the process of the job '%s' ended without a result: it was killed, or "
            "the machine was restarted",
            job->name);
    }
    (void)at_hint(err, "%%resume %s starts it again; the kernel and all else are fine",
                  job->name);
    at_arena arena = {0};
    at_text tail = {0};
    const char *folder = at_store_path(workspace, AT_KIND_JOB, job->id, &arena);
    if (folder)
        at_job_tail(folder, LAST_LINES, &tail);
    if (tail.length) {
        const char *shown =
            at_arena_format(&arena, "the last lines of its log:\n%s", at_text_get(&tail));
        if (shown)
            (void)at_show(err, shown);
    }
    at_text_fini(&tail);
    at_arena_fini(&arena);
}

/* Will it be the same the next time? Else (busy, a full disk, no memory) the job stays
 * as it is, and who comes next tries again: what it made is not lost. */
static bool is_final(at_status status) {
    return status == AT_CORRUPT || status == AT_LIMIT || status == AT_NOT_FOUND;
}

/* Indexes what the job made; fills `why` where it failed. The job's state in *out. An
 * error: it cannot be told yet. */
static at_status take_result(at_workspace *workspace, const at_entry *job,
                             const json_t *result, const char **out, at_error *why) {
    const char *state = json_string_value(json_object_get(result, "status"));
    const char *kind_name = json_string_value(json_object_get(job->card, "what"));
    const at_job_kind *kind = kind_name ? at_job_kind_find(kind_name) : NULL;
    if (!state || strcmp(state, "failed") == 0) {
        (void)at_job_error_read(json_object_get(result, "error"), why);
        *out = "failed";
        return AT_OK;
    }
    *out = strcmp(state, "stopped") == 0 ? "stopped" : "completed";
    at_status status =
        kind && kind->finished ? kind->finished(workspace, job, result, why) : AT_OK;
    if (!status)
        return AT_OK;
    (void)at_prefix(why, "the job '%s' ended well, but what it made cannot be stored",
                    job->name);
    *out = "failed";
    return is_final(status) ? AT_OK : status;
}

/* The state of a job that ended in *out, with `why` where it failed. */
static at_status judge(at_workspace *workspace, const at_entry *job, at_arena *arena,
                       const char **out, bool *died, at_error *why) {
    const char *path = at_job_path(workspace, job->id, "result.json", arena);
    json_t *result = NULL;
    at_status status = path ? at_job_read_json(path, AT_JOB_RESULT_MAX, &result, why)
                            : at_fail(why, AT_NO_MEMORY, "no memory left for the result");
    *died = status == AT_NOT_FOUND;
    *out = "failed";
    if (status == AT_OK)
        status = take_result(workspace, job, result, out, why);
    else if (is_final(status))
        status = AT_OK;
    if (*died)
        explain_death(workspace, job, why);
    json_decref(result);
    return status;
}

/* With the job's lock held. */
static at_status end_locked(at_workspace *workspace, const char *id, at_arena *arena,
                            at_error *err) {
    at_entry job;
    AT_TRY(at_store_by_id(workspace, AT_KIND_JOB, id, arena, &job, err));
    const char *state = json_string_value(json_object_get(job.card, "state"));
    if (!state || strcmp(state, "running") != 0) { /* another process was here before */
        at_entry_fini(&job);
        return AT_OK;
    }
    at_error why = {0};
    bool died;
    at_status status = judge(workspace, &job, arena, &state, &died, &why);
    if (status) { /* it stays "running" */
        if (err)
            *err = why;
        at_entry_fini(&job);
        return status;
    }
    json_t *card = json_copy(job.card);
    if (died)
        json_object_set_new(card, "died", json_true());
    json_object_set_new(card, "state", json_string(state));
    json_object_set_new(card, "ended_us", json_integer(at_wall_us()));
    if (why.code)
        json_object_set_new(card, "error", at_job_error_json(&why));
    status = card ? at_store_update(workspace, AT_KIND_JOB, id, card, err)
                  : at_fail(err, AT_NO_MEMORY, "no memory left for the job's end");
    if (!status && strcmp(state, "completed") == 0)
        status = at_store_drop_uses(workspace, id, err);
    json_decref(card);
    at_entry_fini(&job);
    return status;
}

at_status at_job_end(at_workspace *workspace, const char *id, at_error *err) {
    at_arena arena = {0};
    int lock = -1, writing = -1;
    const char *path = at_job_path(workspace, id, "lock", &arena);
    const char *folder = at_store_path(workspace, AT_KIND_JOB, id, &arena);
    at_status status =
        path && folder ? AT_OK
                       : at_fail(err, AT_NO_MEMORY, "no memory left for the job's end");
    if (!status && !at_folder_exists(folder)) /* removed by hand */
        status = at_folder_make(folder, err);
    if (!status)
        status = at_lock_take(path, true, false, &lock, err);
    if (!status)
        status = at_store_writing(workspace, &writing, err);
    if (!status)
        status = end_locked(workspace, id, &arena, err);
    if (writing >= 0)
        close(writing);
    if (lock >= 0)
        close(lock);
    at_job_reap(workspace);
    if (!status)
        forget_child(workspace, id);
    at_arena_fini(&arena);
    return status;
}

static at_status running_ids(at_workspace *workspace, at_arena *arena, const char ***out,
                             size_t *count, at_error *err) {
    at_query *query;
    size_t capacity = 0;
    *out = NULL;
    *count = 0;
    AT_TRY(at_store_ask(workspace, &query, err,
                        "SELECT id FROM entries WHERE kind = 'job'"
                        " AND json_extract(card, '$.state') = 'running'",
                        ""));
    bool row = false;
    at_status status;
    while (!(status = at_query_step(query, &row, err)) && row) {
        const char **more = at_grow(*out, &capacity, *count + 1, sizeof **out);
        const char *id = at_arena_format(arena, "%s", at_query_text(query, 0));
        if (more)
            *out = more;
        if (!more || !id) {
            status = at_fail(err, AT_NO_MEMORY, "no memory left to look at the jobs");
            break;
        }
        (*out)[(*count)++] = id;
    }
    at_query_release(query);
    return status;
}

at_status at_jobs_reconcile(at_workspace *workspace, at_error *err) {
    at_arena arena = {0};
    const char **ids;
    size_t count;
    at_job_reap(workspace);
    at_status status = running_ids(workspace, &arena, &ids, &count, err);
    for (size_t i = 0; !status && i < count; i++) {
        if (at_job_alive(workspace, ids[i]))
            continue;
        at_error why = {0};
        at_status ended = at_job_end(workspace, ids[i], &why);
        /* Busy, not found: another process is at it, or was. Nothing that is wrong with
         * one job keeps the others, or the workspace, from the user. */
        if (ended && ended != AT_BUSY && ended != AT_NOT_FOUND)
            at_log(AT_LOG_WARN, "job %s: its end cannot be stored yet: %s", ids[i],
                   why.text);
    }
    at_free(ids);
    at_arena_fini(&arena);
    return status;
}
