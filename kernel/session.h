/* Session: the execution counter of one (sub)shell and its history. Used by one runner.
 */
#ifndef ATELIER_KERNEL_SESSION_H
#define ATELIER_KERNEL_SESSION_H

#include "kernel/history.h"

#include <stdint.h>

typedef struct at_session {
    int64_t count; /* of the last stored cell; 0 before the first */
    at_history *history;
} at_session;

AT_MUST_USE at_status at_session_init(at_session *session, const char *(*path)(void *),
                                      void *context, at_error *err);
void at_session_fini(at_session *session);

#endif
