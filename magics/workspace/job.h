/* Job: long work in a child process of its own session, with a folder in the workspace.
 *
 *     jobs/ID/job.json      what to do: {"kind": "train", "name", ...}; read by the child
 *     jobs/ID/events.jsonl  what happens: one object a line, appended whole
 *     jobs/ID/log.txt       the child's stdout and stderr
 *     jobs/ID/pid           "PID STARTTIME": guards against a reused pid
 *     jobs/ID/result.json   the end, renamed into place: {"status": "completed" | "failed" |
 *                           "stopped", "error"?: {"code","text","hint"}, ...}. The truth.
 *
 * Events: {"t": seconds, "log": line} · {"point": [series, metric, x, y]} ·
 * {"progress": [done, total, what]}.
 * The child holds a lock on its folder while it lives; a folder without a result and without
 * a holder is a job that died. It reads only job.json and the paths in it, and writes only
 * its folder, so that the same job runs elsewhere. */
#ifndef ATELIER_MAGICS_WORKSPACE_JOB_H
#define ATELIER_MAGICS_WORKSPACE_JOB_H

#include "magics/language/context.h"
#include "ops/learn/learner.h"

/* What a kind of job does, in the child. Listed in job_kinds.c by one line. `folder` is the
 * job's own. `result` (an object) is merged into result.json. */
typedef struct at_job_kind {
    const char *name; /* "train" */
    at_status (*run)(const json_t *spec, const char *folder, const at_fit_events *events,
                     const at_cancel *cancel, json_t *result, at_error *err);
    /* In the kernel (or whoever opens the workspace) when a result is there: index what it
     * made. Called once, before the job's state changes in the store. */
    at_status (*finished)(at_workspace *workspace, const at_entry *job, const json_t *result,
                          at_error *err);
} at_job_kind;
const at_job_kind *at_job_kind_find(const char *name);

/* Makes the folder and the row and starts the child (`atelier job FOLDER`). `uses`: ids of
 * what it reads. id (33 bytes) names it. */
AT_MUST_USE at_status at_job_start(at_workspace *workspace, const char *kind, const char *name,
                                   json_t *spec, const char *const *uses, size_t use_count,
                                   char id[33], at_error *err);

/* Called for each event in order while waiting; `event` is borrowed. Also with NULL about ten
 * times a second, to animate. */
typedef void at_job_event_fn(void *context, const json_t *event);

/* Waits for the end and indexes the result. Interrupt: returns AT_CANCELLED at once, and the
 * job is told to stop one second later, unless a shutdown of the kernel follows. A job that
 * failed: its own error; one that died: AT_INTERNAL naming the signal (out of memory said
 * plainly). *result (new reference) on AT_OK. */
AT_MUST_USE at_status at_job_wait(at_context *context, const char *id, at_job_event_fn *event,
                                  void *event_context, json_t **result, at_error *err);
/* Asks it to stop (SIGTERM to its session), waits up to `seconds`, then kills. */
AT_MUST_USE at_status at_job_stop(at_workspace *workspace, const char *id, double seconds,
                                  at_error *err);
bool at_job_alive(at_workspace *workspace, const char *id);
/* Brings states and results of ended jobs into the index. Called by at_workspace_open. */
AT_MUST_USE at_status at_jobs_reconcile(at_workspace *workspace, at_error *err);

int at_job_main(int argc, char **argv); /* `atelier job FOLDER` */

#endif
