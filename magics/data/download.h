/* Download: a web address into the cache. A transfer that breaks is continued where it
 * stopped, at once a few times, and again by the next call. */
#ifndef ATELIER_MAGICS_DATA_DOWNLOAD_H
#define ATELIER_MAGICS_DATA_DOWNLOAD_H

#include "magics/data/cache.h"
#include "ops/frame/csv.h" /* at_progress_fn */

typedef struct at_download {
    const char *url;
    const char *workspace; /* folder */
    bool fresh;            /* pass by what is in the cache */
    int64_t limit;         /* bytes; 0: 64 GB */
    const at_cancel *cancel;
    at_progress_fn *progress; /* may be NULL; total -1: unknown */
    void *context;
} at_download;

typedef struct at_downloaded {
    const char *path; /* in the cache; in the arena */
    bool cached;      /* nothing was transferred: the server says that it is the same */
    bool stale;       /* nothing was transferred: the server cannot be reached */
    bool resumed;     /* continued from an earlier call */
} at_downloaded;

AT_MUST_USE at_status at_download_run(const at_download *download, at_arena *arena,
                                      at_downloaded *out, at_error *err);

#endif
