/* Files: bounded reads, atomic durable writes, paths. */
#ifndef ATELIER_OPS_BASE_FILE_H
#define ATELIER_OPS_BASE_FILE_H

#include "ops/base/error.h"
#include "ops/base/text.h"

#include <stdint.h>

/* Reads a whole file of at most `limit` bytes into *out (appends). AT_LIMIT if larger. */
AT_MUST_USE at_status at_file_read(const char *path, size_t limit, at_text *out,
                                   at_error *err);
/* Writes beside `path`, fsyncs, renames over it and fsyncs the folder: after a crash the
 * file is the old or the new one, whole. What a crash leaves beside it is named
 * PATH.*.tmp. */
AT_MUST_USE at_status at_file_write(const char *path, const void *bytes, size_t length,
                                    at_error *err);
/* The second half of an atomic write for those who wrote `temporary` themselves: fsyncs
 * it, renames it to `path`, fsyncs the folder. */
AT_MUST_USE at_status at_file_commit(const char *temporary, const char *path,
                                     at_error *err);
/* A copy of a file, as at_file_write leaves one; also from one file system to another. */
AT_MUST_USE at_status at_file_copy(const char *from, const char *to, at_error *err);
AT_MUST_USE at_status at_folder_make(const char *path,
                                     at_error *err); /* mkdir -p, mode 0777 & umask */
/* Removes a file or a folder with all in it; a missing one is fine. Never follows links.
 */
AT_MUST_USE at_status at_file_remove(const char *path, at_error *err);
bool at_file_exists(const char *path);
bool at_folder_exists(const char *path);
int64_t at_file_size(const char *path); /* -1 if missing */
/* "a/b" from "a" and "b"; "b" if b is absolute. Caller frees; NULL on no memory. */
char *at_path_join(const char *folder, const char *name);
const char *at_path_base(const char *path); /* after the last '/'; borrowed */

#endif
