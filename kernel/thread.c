#include "kernel/thread.h"

#include <errno.h>
#include <time.h>

at_status at_thread_start(pthread_t *out, const char *name, size_t stack,
                          void *(*run)(void *), void *context, at_error *err) {
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0)
        return at_fail(err, AT_NO_MEMORY, "cannot start the thread %s", name);
    int rc = pthread_attr_setstacksize(&attr, stack);
    if (rc == 0)
        rc = pthread_create(out, &attr, run, context);
    pthread_attr_destroy(&attr);
    if (rc != 0) {
        errno = rc;
        return at_fail_errno(err, "cannot start the thread %s", name);
    }
    pthread_setname_np(*out, name);
    return AT_OK;
}

bool at_thread_join(pthread_t thread, double seconds) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    time_t whole = (time_t)seconds;
    until.tv_sec += whole;
    until.tv_nsec += (long)((seconds - (double)whole) * 1e9);
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    return pthread_timedjoin_np(thread, NULL, &until) == 0;
}
