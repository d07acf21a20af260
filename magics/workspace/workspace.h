/* Workspace: the inside of at_workspace, for the files of this room alone.
 *
 * Locks, both flock: WORKSPACE/lock is held shared from the first byte of a new file to
 * the commit of its row, and exclusive by who collects; jobs/ID/lock is held by a job's
 * process for life, and by who brings its end into the index. */
#ifndef ATELIER_MAGICS_WORKSPACE_WORKSPACE_H
#define ATELIER_MAGICS_WORKSPACE_WORKSPACE_H

#include "magics/workspace/store.h"
#include "ops/base/database.h"

#include <sys/types.h>

enum {
    AT_STORE_FORMAT = 1,       /* PRAGMA user_version of atelier.db */
    AT_FRAME_CACHE = 8,        /* frames kept mapped */
    AT_CARD_MAX = 16 << 20,    /* bytes of a card */
    AT_COLLECT_AGE_S = 3600,   /* a stray file younger than this stays */
    AT_LINEAGE_DEPTH_MAX = 256 /* ancestors that are looked at */
};

/* A job that this process started and has not yet waited for. */
typedef struct at_job_child {
    char id[33];
    pid_t pid;
    bool ended;
    int status; /* of waitpid, once ended */
} at_job_child;

struct at_workspace {
    char *folder; /* absolute */
    at_database *db;
    bool notice_due;
    struct {
        char id[33];
        at_frame *frame;
        uint64_t used; /* tick of the last use */
    } cache[AT_FRAME_CACHE];
    uint64_t tick;
    at_job_child *children;
    size_t child_count, child_capacity;
    struct at_stopper
        *stopper; /* job_stopper.c; NULL until a job is told to stop later */
};

/* rows.c: prepares `sql` and binds: 's' const char *, 'i' int64_t. */
AT_MUST_USE at_status at_store_ask(at_workspace *workspace, at_query **out, at_error *err,
                                   const char *sql, const char *types, ...);
/* The same, run to its end; *changes (may be NULL): rows changed. */
AT_MUST_USE at_status at_store_do(at_workspace *workspace, int64_t *changes,
                                  at_error *err, const char *sql, const char *types, ...);
/* One text of the first row, in the arena; NULL: no row. */
AT_MUST_USE at_status at_store_text(at_workspace *workspace, at_arena *arena,
                                    const char **out, at_error *err, const char *sql,
                                    const char *types, ...);
AT_MUST_USE at_status at_store_begin(at_workspace *workspace, at_error *err);
/* COMMIT if status is AT_OK, else ROLLBACK; returns what the whole came to. */
AT_MUST_USE at_status at_store_end(at_workspace *workspace, at_status status,
                                   at_error *err);

/* lock.c: an flock on `path` (made on demand); *fd to close, -1 when nothing was taken.
 * AT_BUSY if another holds it and `wait` is false. */
AT_MUST_USE at_status at_lock_take(const char *path, bool exclusive, bool wait, int *fd,
                                   at_error *err);
/* Is it held by anyone? (A missing file is not.) */
bool at_lock_held(const char *path);
/* The shared lock of who writes files of this workspace. */
AT_MUST_USE at_status at_store_writing(at_workspace *workspace, int *fd, at_error *err);

/* collect.c. In a transaction: removes rows that have no name and no user; what they had
 * on disk is listed for at_sweep_files, to be called after the commit. */
typedef struct at_sweep {
    at_arena arena;
    const char **paths;
    size_t count, capacity;
} at_sweep;
AT_MUST_USE at_status at_sweep_rows(at_workspace *workspace, at_sweep *sweep,
                                    at_error *err);
/* Removes the files (a failure is logged: the next open tries again), finishes the sweep.
 */
void at_sweep_files(at_workspace *workspace, at_sweep *sweep);
void at_sweep_fini(at_sweep *sweep);
/* Stray files: what a crash left. Does nothing while another process writes or collects.
 */
AT_MUST_USE at_status at_store_collect(at_workspace *workspace, at_error *err);
/* scratch.c: removes the files of at_scratch_open that nobody holds. */
void at_scratch_collect(at_workspace *workspace);

/* store.c: the error of a job's name that a running job has. AT_BUSY. */
at_status at_store_job_runs(const char *name, at_error *err);

/* store_images.c: the id of the dataset that holds the pictures this frame names; NULL:
 * none. In the arena. */
AT_MUST_USE at_status at_store_images_of(at_workspace *workspace, const at_frame *frame,
                                         const json_t *lineage, at_arena *arena,
                                         const char **out, at_error *err);
/* store_frame.c: as at_store_put_frame, with the file written by `save`, pictures and
 * all. */
typedef at_status at_store_saver(void *context, const at_frame *frame, const char *path,
                                 at_error *err);
AT_MUST_USE at_status at_store_put_saved(at_workspace *workspace, const char *name,
                                         const at_frame *frame, const json_t *lineage,
                                         at_store_saver *save, void *context,
                                         at_error *err);
/* store_frame.c */
void at_store_cache_fini(at_workspace *workspace);
/* Unmaps the frame of that file, so that its space comes back. */
void at_store_cache_drop(at_workspace *workspace, const char *path);
/* lineage.c: is `id` among `lineage`'s ancestors? */
AT_MUST_USE at_status at_lineage_has(at_workspace *workspace, const json_t *lineage,
                                     const char *id, bool *out, at_error *err);
/* rows.c: completed jobs let go of what they read. */
AT_MUST_USE at_status at_store_drop_uses(at_workspace *workspace, const char *id,
                                         at_error *err);
bool at_kind_from_name(const char *name, at_kind *out);

#endif
