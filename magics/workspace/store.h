/* Store: what exists in a workspace. An index in SQLite (atelier.db) over files:
 *
 *     WORKSPACE/atelier.db              the index, reconciled with the files at open
 *     WORKSPACE/frames/ID.safetensors   datasets, immutable
 *     WORKSPACE/models/ID/              model directories
 *     WORKSPACE/jobs/ID/                jobs (job.h)
 *     WORKSPACE/server/                 the server's port, pid and token (deploy/)
 *     WORKSPACE/cache/                  downloads, and what a cell unpacked
 *     WORKSPACE/history.db              the kernel's
 *
 * A name points to the newest entry of its kind; making it again replaces it atomically.
 * What a model, job or endpoint still uses stays on disk under its id until nothing does.
 * Files come first, the row last: a crash leaves at most an unused file, collected at the
 * next open. Several processes may hold one workspace; each at_workspace is used by one
 * thread at a time. Names are checked: datasets and recipes [A-Za-z_][A-Za-z0-9_]*,
 * case-insensitive; models, endpoints and jobs also '-'; at most 128 bytes. */
#ifndef ATELIER_MAGICS_WORKSPACE_STORE_H
#define ATELIER_MAGICS_WORKSPACE_STORE_H

#include "ops/base/memory.h"
#include "ops/frame/frame.h"

#include <jansson.h>

typedef enum at_kind {
    AT_KIND_DATASET,
    AT_KIND_RECIPE,
    AT_KIND_MODEL,
    AT_KIND_JOB,
    AT_KIND_ENDPOINT,
} at_kind;

const char *at_kind_name(at_kind kind); /* "dataset", ... */

typedef struct at_workspace at_workspace;

/* The folder as DESIGN 2 finds it, without making it; caller frees. NULL: no memory. */
char *at_workspace_locate(void);
/* Opens or makes the workspace in `folder`, reconciles, collects. */
AT_MUST_USE at_status at_workspace_open(const char *folder, at_workspace **out,
                                        at_error *err);
void at_workspace_close(at_workspace *workspace);
const char *at_workspace_folder(const at_workspace *workspace); /* absolute */
/* A notice for the user (network file system, ...), given once; NULL: none. */
const char *at_workspace_notice(at_workspace *workspace);

/* One thing that exists. In an arena; card is owned by the entry (released by
 * at_entry_fini). What a card holds, by kind:
 *   dataset   {"rows", "columns": schema, "bytes", "from": lineage, "images"?: id of
 *             the dataset whose pictures it shows (store_images.h)}
 *   recipe    {"steps": [...], "data": name, "target"?}
 *   model     {"algorithm", "target", "job", "data": id, "describe": {...}}
 *   job       {"what": "train", "state", "model"?, ...}: job.h
 *   endpoint  {"model": id, "model_name", "response": [...]}
 *
 * Lineage: {"magic": "clean", "parents": [ids], "source": id of the dataset that starts
 * the chain (its own, if it starts one), "source_columns": the schema of that one (absent
 * if its own), "missing"?: [markers that one was read with, if not the reader's own],
 * "steps": [fitted value steps since the source], "detail": "...", "scored"? (of
 * %predict, of SQL, and of what is made from those): {"source", "steps"} of the rows that
 * were predicted or selected}. */
typedef struct at_entry {
    at_kind kind;
    const char *id; /* 32 hex digits */
    const char *name;
    int64_t created_us;
    json_t *card;
} at_entry;
void at_entry_fini(at_entry *entry);

/* AT_NOT_FOUND names the nearest existing name, or what makes one ("%fetch makes
 * datasets"). */
AT_MUST_USE at_status at_store_find(at_workspace *workspace, at_kind kind,
                                    const char *name, at_arena *arena, at_entry *out,
                                    at_error *err);
AT_MUST_USE at_status at_store_by_id(at_workspace *workspace, at_kind kind,
                                     const char *id, at_arena *arena, at_entry *out,
                                     at_error *err);
/* Newest names first for jobs, by name otherwise. */
AT_MUST_USE at_status at_store_list(at_workspace *workspace, at_kind kind,
                                    at_arena *arena, at_entry **out, size_t *count,
                                    at_error *err);
/* Is `name` a valid one for this kind? AT_INVALID says what is allowed. */
AT_MUST_USE at_status at_store_check_name(at_kind kind, const char *name, at_error *err);

/* Writes the row, replacing an older one of that name; files under `id` must be in place.
 * `uses`: ids this entry keeps alive. AT_BUSY: a job of that name is running. */
AT_MUST_USE at_status at_store_put(at_workspace *workspace, at_kind kind, const char *id,
                                   const char *name, const json_t *card,
                                   const char *const *uses, size_t use_count,
                                   at_error *err);
/* Replaces the card of an existing id (a job's state). */
AT_MUST_USE at_status at_store_update(at_workspace *workspace, at_kind kind,
                                      const char *id, const json_t *card, at_error *err);
/* Forgets the name; files go when nothing uses them. Deleting what an endpoint serves or
 * a running job reads is AT_BUSY, naming it. */
AT_MUST_USE at_status at_store_delete(at_workspace *workspace, at_kind kind,
                                      const char *name, at_error *err);
void at_store_new_id(char out[33]);
/* Path of the files of an entry: frame file, model folder, job folder. In the arena. */
const char *at_store_path(at_workspace *workspace, at_kind kind, const char *id,
                          at_arena *arena);

/* Datasets. Makes dataset `name` from a frame: file, then row. `lineage` as above
 * (borrowed); what it was made from is never replaced by it: such a name is AT_INVALID.
 */
AT_MUST_USE at_status at_store_put_frame(at_workspace *workspace, const char *name,
                                         const at_frame *frame, const json_t *lineage,
                                         at_error *err);
/* The frame of a dataset, mapped; kept open in a small cache. Caller releases. */
AT_MUST_USE at_status at_store_frame(at_workspace *workspace, const char *name,
                                     at_frame **out, at_error *err);
AT_MUST_USE at_status at_store_frame_by_id(at_workspace *workspace, const char *id,
                                           at_frame **out, at_error *err);
/* Lineage helpers. New references. Start of a chain ("fetch", "generate", "sql"): */
json_t *at_lineage_origin(const char *magic, const char *detail);
/* A child of `parent` by `magic`; `steps` (may be NULL) are fitted value steps added to
 * the parent's. */
json_t *at_lineage_child(const at_entry *parent, const char *magic, const json_t *steps,
                         const char *detail);
/* Makes an origin the child of `parents` (ids): "parents", "missing" (of all of them
 * together) and, where they are one chain's rows at one stage, "scored". */
AT_MUST_USE at_status at_lineage_adopt(at_workspace *workspace, json_t *lineage,
                                       const json_t *parents, at_error *err);

/* A file in cache/ for as long as a cell needs it (scratch.c). What a process that was
 * killed left is removed when the workspace is opened next. */
typedef struct at_scratch {
    int fd;           /* read and write; keep it open: it says that the file is in use */
    const char *path; /* in the arena; NULL: none */
} at_scratch;
AT_MUST_USE at_status at_scratch_open(at_workspace *workspace, at_scratch *out,
                                      at_arena *arena, at_error *err);
void at_scratch_close(at_scratch *scratch); /* removes the file; an empty one is fine */

#endif
