/* Locks between processes, by flock: they go with the process that held them, however it
 * ends. */
#include "magics/workspace/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

at_status at_lock_take(const char *path, bool exclusive, bool wait, int *fd,
                       at_error *err) {
    *fd = -1;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0)
        return at_fail_errno(err, "cannot open %s", path);
    int how = (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB);
    int code;
    do
        code = flock(file, how);
    while (code != 0 && errno == EINTR);
    if (code != 0) {
        at_status status =
            errno == EWOULDBLOCK
                ? at_fail(err, AT_BUSY, "%s is held by another process", path)
                : at_fail_errno(err, "cannot lock %s", path);
        close(file);
        return status;
    }
    *fd = file;
    return AT_OK;
}

bool at_lock_held(const char *path) {
    /* Read-only: closing it again must not look like the end of a writer to who watches
     * the folder (job_wait.c). */
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    bool held = flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(file);
    return held;
}

at_status at_store_writing(at_workspace *workspace, int *fd, at_error *err) {
    at_arena arena = {0};
    const char *path = at_arena_format(&arena, "%s/lock", workspace->folder);
    at_status status =
        path ? at_lock_take(path, false, true, fd, err)
             : at_fail(err, AT_NO_MEMORY, "no memory left to write to the workspace");
    at_arena_fini(&arena);
    return status;
}
