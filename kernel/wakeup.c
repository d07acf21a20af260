#include "kernel/wakeup.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

at_status at_wakeup_init(at_wakeup *wakeup, at_error *err) {
    wakeup->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wakeup->fd < 0)
        return at_fail_errno(err, "cannot make an eventfd");
    return AT_OK;
}

void at_wakeup_signal(const at_wakeup *wakeup) {
    uint64_t one = 1;
    int saved = errno;
    /* A full counter is already a wakeup: nothing to do about a short write. */
    ssize_t n = write(wakeup->fd, &one, sizeof one);
    (void)n;
    errno = saved;
}

void at_wakeup_clear(const at_wakeup *wakeup) {
    uint64_t count;
    ssize_t n = read(wakeup->fd, &count, sizeof count);
    (void)n;
}

void at_wakeup_fini(at_wakeup *wakeup) {
    if (wakeup->fd >= 0)
        close(wakeup->fd);
    wakeup->fd = -1;
}
