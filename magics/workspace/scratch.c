/* Scratch: files for the length of a cell, in cache/. Each is held by an flock for as
 * long as its owner lives, so that what a killed process leaves is known by that nobody
 * holds it. */
#include "magics/workspace/workspace.h"
#include "ops/base/file.h"
#include "ops/base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "unpacked-"

enum { TRIES = 100 }; /* each lost to a collector that came between making and holding */

at_status at_scratch_open(at_workspace *workspace, at_scratch *out, at_arena *arena,
                          at_error *err) {
    *out = (at_scratch){.fd = -1};
    const char *cache = at_arena_format(arena, "%s/cache", workspace->folder);
    char *path = at_arena_format(arena, "%s/" PREFIX "XXXXXX", cache ? cache : "");
    if (!cache || !path)
        return at_fail(err, AT_NO_MEMORY, "no memory left to unpack");
    AT_TRY(at_folder_make(cache, err)); /* %cleanup may have removed it */
    size_t blank = strlen(path) - 6;
    for (int i = 0; i < TRIES; i++) {
        memset(path + blank, 'X', 6);
        int fd = mkostemp(path, O_CLOEXEC);
        struct stat about;
        if (fd < 0)
            return at_fail_errno(err, "cannot write to the cache");
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &about) == 0 &&
            about.st_nlink > 0) {
            *out = (at_scratch){.fd = fd, .path = path};
            return AT_OK;
        }
        close(fd);
    }
    return at_fail(err, AT_BUSY, "the cache is being tidied by somebody else");
}

void at_scratch_close(at_scratch *scratch) {
    if (!scratch->path)
        return;
    unlink(scratch->path);
    close(scratch->fd);
    *scratch = (at_scratch){.fd = -1};
}

/* Removes it unless somebody holds it. */
static void collect(int folder, const char *name) {
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && unlinkat(folder, name, 0) != 0 &&
        errno != ENOENT)
        at_log(AT_LOG_WARN, "workspace: cannot remove %s from the cache: %s", name,
               strerror(errno));
    close(fd);
}

void at_scratch_collect(at_workspace *workspace) {
    at_arena arena = {0};
    const char *cache = at_arena_format(&arena, "%s/cache", workspace->folder);
    DIR *entries = cache ? opendir(cache) : NULL;
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0)
            collect(dirfd(entries), entry->d_name);
    if (entries)
        closedir(entries);
    at_arena_fini(&arena);
}
