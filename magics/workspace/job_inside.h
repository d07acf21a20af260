/* Jobs: what the files of the job runner share. */
#ifndef ATELIER_MAGICS_WORKSPACE_JOB_INSIDE_H
#define ATELIER_MAGICS_WORKSPACE_JOB_INSIDE_H

#include "magics/workspace/job.h"
#include "magics/workspace/workspace.h"
#include "ops/base/text.h"

enum {
    AT_JOB_RESULT_MAX = 64 << 20, /* bytes of result.json */
    AT_JOB_LINE_MAX = 64 << 10,   /* of one event; a longer one is passed over */
    AT_JOB_EVENTS_MAX = 64 << 20, /* of events.jsonl; points beyond it are not written */
    AT_JOB_TAIL_MAX = 64 << 10,   /* bytes of log.txt that a tail looks at */
    AT_JOB_LOCK_FD = 3            /* where the child finds its folder's lock */
};

/* job_folder.c. jobs/ID/NAME in the arena; NULL: no memory. */
const char *at_job_path(at_workspace *workspace, const char *id, const char *name,
                        at_arena *arena);
AT_MUST_USE at_status at_job_write_json(const char *path, const json_t *json,
                                        at_error *err);
AT_MUST_USE at_status at_job_write_pid(const char *folder, at_error *err);
/* The job's process, 0 if it is gone or was never there (a reused pid does not count). */
pid_t at_job_pid(const char *folder);
/* jobs/ID/stopping says that the job was told to stop: a child that was not yet there for
 * the signal finds it, and so does who wants to start the next job of that name. */
void at_job_mark_stopping(const char *folder);
bool at_job_marked_stopping(const char *folder);
/* Signals the session of the job (SIGTERM: and marks it); false if there is none. */
bool at_job_signal(const char *folder, int signal_number);
/* {"code", "text", "hint"} and back. */
json_t *at_job_error_json(const at_error *err);
at_status at_job_error_read(const json_t *json, at_error *err);
/* The last lines of FOLDER/log.txt. */
void at_job_tail(const char *folder, int lines, at_text *out);

/* job_events.c, reading: follows events.jsonl as it grows. */
typedef struct at_event_reader {
    int fd;
    at_text line; /* the beginning of a line whose end has not been written yet */
    bool skip;    /* within a line that is too long */
} at_event_reader;
void at_event_reader_init(at_event_reader *reader);
/* Calls `event` for each whole line there is by now, for a few hundredths of a second at
 * most; true: there is more. */
bool at_event_reader_poll(at_event_reader *reader, const char *path,
                          at_job_event_fn *event, void *context);
void at_event_reader_fini(at_event_reader *reader);

/* job_events.c, writing. */
typedef struct at_event_writer {
    int fd;
    double started, last_progress; /* at_now() */
    size_t written;
} at_event_writer;
AT_MUST_USE at_status at_event_writer_open(at_event_writer *writer, const char *folder,
                                           at_error *err);
at_fit_events at_event_writer_events(at_event_writer *writer);
void at_event_writer_close(at_event_writer *writer);

/* job_end.c. Brings the end of a job that no process holds any more into the index;
 * nothing happens where that was done before. AT_BUSY: somebody holds its lock. After any
 * error the job is still "running" in the index, and the next call tries again. */
AT_MUST_USE at_status at_job_end(at_workspace *workspace, const char *id, at_error *err);
/* Collects the ends of children of this process, without blocking. */
void at_job_reap(at_workspace *workspace);
/* NULL: not a child of this process. */
at_job_child *at_job_child_of(at_workspace *workspace, const char *id);

/* job_stopper.c: stops jobs one second after an interrupt, unless a shutdown follows. */
typedef struct at_stopper at_stopper;
AT_MUST_USE at_status at_stopper_add(at_workspace *workspace, const at_cancel *shutdown,
                                     const char *id, at_error *err);
/* Was this job told to stop by now or soon? */
bool at_stopper_has(at_stopper *stopper, const char *id);
/* Stops now what was to be stopped soon, unless a shutdown came; NULL is fine. */
void at_stopper_release(at_stopper *stopper);

#endif
