/* Archive: the one adapter of libarchive, loaded at first use. Reads zip, tar and single
 * compressed files (gzip, bzip2, xz), by content, never by name.
 *
 * Names in an archive are never used as paths: a member is read by its place in the list
 * and written where the caller says, so that nothing escapes. Bounded: AT_ARCHIVE_MEMBERS
 * members, `limit` bytes of a member, 256 GB of what is unpacked to list a compressed tar
 * or to get past members of it; and what grows more than 1000-fold past 64 MB is refused
 * as a bomb. A raised cancel ends listing and unpacking within a block. No helper program
 * is ever run. */
#ifndef ATELIER_MAGICS_ADAPTER_ARCHIVE_H
#define ATELIER_MAGICS_ADAPTER_ARCHIVE_H

#include "ops/base/cancel.h"
#include "ops/base/error.h"
#include "ops/base/memory.h"

#include <stdbool.h>
#include <stdint.h>

enum { AT_ARCHIVE_MEMBERS = 100000, AT_ARCHIVE_NAME = 1024 };

typedef struct at_archive_member {
    const char *name; /* as stored, made valid UTF-8; in the arena */
    int64_t size;     /* -1 if the archive does not say */
} at_archive_member;

typedef struct at_archive_list {
    bool archive; /* false: a plain file, or one single compressed file */
    bool compressed;
    at_archive_member
        *members; /* regular files in their order; 1 nameless for a single one */
    size_t count;
} at_archive_list;

/* What is in the file. A file that is neither an archive nor compressed is AT_OK with
 * archive = compressed = false and no members. */
AT_MUST_USE at_status at_archive_read_list(const char *path, const at_cancel *cancel,
                                           at_arena *arena, at_archive_list *out,
                                           at_error *err);

/* Called while a member is read: bytes of it so far, and its size or -1. */
typedef void at_archive_progress(void *context, int64_t done, int64_t total);

/* Writes member `index` of the list to the open descriptor `to`. */
AT_MUST_USE at_status at_archive_extract(const char *path, size_t index, int to,
                                         int64_t limit, const at_cancel *cancel,
                                         at_archive_progress *progress, void *context,
                                         at_error *err);

/* Told of each member that was written: its bytes stand at `offset`. */
typedef at_status at_archive_visit(void *context, const char *name, int64_t offset,
                                   int64_t length, at_error *err);

/* Writes all members, one after the other, to the open descriptor `to`; at most `limit`
 * bytes together. `context` goes to both calls. */
AT_MUST_USE at_status at_archive_extract_all(const char *path, int to, int64_t limit,
                                             const at_cancel *cancel,
                                             at_archive_visit *visit,
                                             at_archive_progress *progress, void *context,
                                             at_error *err);

/* The member that `want` means: its whole name, or the unique member whose name ends in
 * it after a '/'. want NULL: the only one that is data (not a README, a folder's
 * .DS_Store ...). Errors list the members. */
AT_MUST_USE at_status at_archive_choose(const at_archive_list *list, const char *want,
                                        const char *archive_name, size_t *index,
                                        at_error *err);

#endif
