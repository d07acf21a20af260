#include "kernel/session.h"

at_status at_session_init(at_session *session, const char *(*path)(void *), void *context,
                          at_error *err) {
    session->count = 0;
    return at_history_new(path, context, &session->history, err);
}

void at_session_fini(at_session *session) {
    at_history_release(session->history);
    session->history = NULL;
}
