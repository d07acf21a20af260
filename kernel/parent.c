#include "kernel/parent.h"

#include "ops/base/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool exists(pid_t pid) {
    return kill(pid, 0) == 0 || errno == EPERM;
}

void at_parent_init(at_parent *parent) {
    const char *given = getenv("JPY_PARENT_PID");
    int64_t pid = 0;
    *parent = (at_parent){.fd = -1};
    /* A number that means nobody here comes from another pid namespace (a container): the
     * process that is our parent counts then. */
    if (!given || !at_parse_int(given, &pid) || pid < 2 || pid > INT32_MAX ||
        !exists((pid_t)pid))
        pid = getppid();
    if (pid < 2) /* init, or a container's first process, ends us itself */
        return;
    parent->pid = (pid_t)pid;
    parent->fd = (int)syscall(SYS_pidfd_open, parent->pid, 0);
}

void at_parent_fini(at_parent *parent) {
    if (parent->fd >= 0)
        close(parent->fd);
    *parent = (at_parent){.fd = -1};
}

bool at_parent_died(const at_parent *parent) {
    if (parent->pid == 0)
        return false;
    if (parent->fd < 0)
        return !exists(parent->pid);
    struct pollfd fd = {parent->fd, POLLIN, 0};
    return poll(&fd, 1, 0) == 1 && (fd.revents & POLLIN);
}
