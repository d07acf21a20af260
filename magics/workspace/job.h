/* Job: long work in a child process of its own session, with a folder in the workspace.
 *
 *     jobs/ID/job.json      what to do: {"kind": "train", "name", ...}; read by the child
 *     jobs/ID/events.jsonl  what happens: one object a line, appended whole
 *     jobs/ID/log.txt       the child's stdout and stderr
 *     jobs/ID/pid           "PID STARTTIME": guards against a reused pid
 *     jobs/ID/result.json   the end, renamed into place. The truth.
 *     jobs/ID/lock          held by the child (flock) while it lives
 *
 * Result: {"status": "completed", "failed" or "stopped", "error"?:
 * {"code","text","hint"}, "seconds", and what the kind adds}. Events: {"t": seconds,
 * "log": line} · {"point": [series, metric, x, y]} ·
 * {"progress": [done, total, what]}.
 * The row's card: {"what": kind, "state", "error"?, "died"?: true, "ended_us"?, and the
 * spec's card}.
 *
 * A folder without a result and without a holder of its lock is a job that died. The
 * child reads only job.json and the paths in it, and writes only its folder, so that the
 * same job runs elsewhere. */
#ifndef ATELIER_MAGICS_WORKSPACE_JOB_H
#define ATELIER_MAGICS_WORKSPACE_JOB_H

#include "magics/workspace/context.h"
#include "ops/learn/learner.h"

/* What a kind of job does, in the child. Listed in job_kinds.c by one line. `folder` is
 * the job's own. `result` (an object) is merged into result.json. */
typedef struct at_job_kind {
    const char *name; /* "train" */
    /* What %resume does with one that died or was stopped: "it starts again at the first
     * epoch". NULL: it cannot be started again. */
    const char *resumes;
    at_status (*run)(const json_t *spec, const char *folder, const at_fit_events *events,
                     const at_cancel *cancel, json_t *result, at_error *err);
    /* In the kernel (or whoever opens the workspace) when the job completed or was
     * stopped: index what it made. Called before the job's state changes in the store, by
     * one process at a time; again after a crash in between, so it must be fine to
     * repeat. */
    at_status (*finished)(at_workspace *workspace, const at_entry *job,
                          const json_t *result, at_error *err);
    /* In a cell: waits for the job `id` (at_job_wait) and shows how it goes, then what it
     * made; `name` is the job's. NULL: it is waited for in silence. */
    at_status (*watch)(at_context *context, const char *id, const char *name,
                       at_error *err);
} at_job_kind;
const at_job_kind *at_job_kind_find(const char *name);

/* Reads one of a job's files, a JSON object of at most `limit` bytes: a new reference.
 * AT_CORRUPT only for what is not one: a read that fails may succeed the next time. */
enum { AT_JOB_SPEC_MAX = 64 << 20 }; /* bytes of job.json */
AT_MUST_USE at_status at_job_read_json(const char *path, size_t limit, json_t **out,
                                       at_error *err);

/* Makes the folder and the row and starts the child (`atelier job FOLDER`, of the binary
 * that runs or of $ATELIER_BINARY). `spec` becomes job.json with "kind", "name" and "id"
 * added; its member "card" (an object; may be absent) is merged into the row's card
 * instead. `uses`: ids of what it reads. AT_BUSY while a job of that name runs, unless it
 * is being stopped. */
AT_MUST_USE at_status at_job_start(at_workspace *workspace, const char *kind,
                                   const char *name, const json_t *spec,
                                   const char *const *uses, size_t use_count, char id[33],
                                   at_error *err);

/* Starts a job that died or was stopped again, in its folder, under its id.
 * AT_UNSUPPORTED, said plainly, where its kind cannot or the job ended by itself;
 * AT_EXISTS if it runs; AT_BUSY if it ended and that could not be stored yet. */
AT_MUST_USE at_status at_job_resume(at_workspace *workspace, const char *id,
                                    at_error *err);

/* Called for each event in order while waiting; `event` is borrowed. Also with NULL about
 * ten times a second, to animate. */
typedef void at_job_event_fn(void *context, const json_t *event);

/* Waits for the end and indexes the result. Interrupt: returns AT_CANCELLED at once, and
 * the job is told to stop one second later, unless a shutdown of the kernel follows. A
 * job that failed: its own error; one that died: AT_INTERNAL naming the signal (out of
 * memory said plainly). *result (new reference) on AT_OK. */
AT_MUST_USE at_status at_job_wait(at_context *context, const char *id,
                                  at_job_event_fn *event, void *event_context,
                                  json_t **result, at_error *err);
/* Asks it to stop (SIGTERM to its session), waits up to `seconds`, then kills, and
 * indexes the end. Fine if it does not run. AT_CANCELLED: told to stop, not waited for.
 */
AT_MUST_USE at_status at_job_stop(at_workspace *workspace, const char *id, double seconds,
                                  const at_cancel *cancel, at_error *err);
bool at_job_alive(at_workspace *workspace, const char *id);
/* The last lines (at most `lines`) of its log, in the arena; "" if there are none. */
const char *at_job_log_tail(at_workspace *workspace, const char *id, int lines,
                            at_arena *arena);
/* Brings states and results of ended jobs into the index. Called by at_workspace_open;
 * cheap enough for the start of every cell. */
AT_MUST_USE at_status at_jobs_reconcile(at_workspace *workspace, at_error *err);

/* From now on SIGTERM and SIGINT raise `cancel`, which must live until the process ends.
 */
AT_MUST_USE at_status at_job_listen(at_cancel *cancel, at_error *err);
/* `atelier job FOLDER [LOCK]`; LOCK: a descriptor that holds the folder's lock already.
 */
int at_job_main(int argc, char **argv);

#endif
