/* Writing archives: files into one tar, packed with gzip, by libarchive (archive.h). */
#ifndef ATELIER_MAGICS_ADAPTER_ARCHIVE_WRITE_H
#define ATELIER_MAGICS_ADAPTER_ARCHIVE_WRITE_H

#include "ops/base/cancel.h"
#include "ops/base/error.h"

typedef struct at_archive_file {
    const char *path, *name; /* to read; in the archive */
} at_archive_file;

/* `path` appears whole, or not at all. */
AT_MUST_USE at_status at_archive_write(const char *path, const at_archive_file *files,
                                       size_t count, const at_cancel *cancel,
                                       at_error *err);

#endif
