/* Command: a shell line of a cell (!cmd), run by /bin/sh in a process group of its own.
 */
#ifndef ATELIER_MAGICS_LANGUAGE_COMMAND_H
#define ATELIER_MAGICS_LANGUAGE_COMMAND_H

#include "magics/language/context.h"

/* Runs `command` and streams what it prints, made valid UTF-8. stdin is empty. %set
 * variables are in its environment. A non-zero exit is AT_INVALID with the code in the
 * text; an interrupt sends SIGINT to the group, then SIGKILL after 2 s: AT_CANCELLED.
 * What a command left running in the background runs on, unheard. */
AT_MUST_USE at_status at_command_run(const at_call *call, const at_session *session,
                                     const char *command, at_error *err);

#endif
