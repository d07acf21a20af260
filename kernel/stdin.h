/* Stdin: asks the user of a running cell. One thread owns the ROUTER; a runner that asks
 * waits for the answer, an interrupt or the end. */
#ifndef ATELIER_KERNEL_STDIN_H
#define ATELIER_KERNEL_STDIN_H

#include "kernel/interp.h"
#include "kernel/message.h"
#include "kernel/wire.h"

typedef struct at_stdin at_stdin;

/* Takes the socket. */
AT_MUST_USE at_status at_stdin_new(at_wire *wire, at_socket *socket, at_stdin **out,
                                   at_error *err);
void at_stdin_release(at_stdin *channel);

/* Asks the client whose request `origin` is, and waits. *answer is the caller's to free.
 * AT_CANCELLED when `cancel` is raised (and at_stdin_wake called), AT_UNSUPPORTED at end
 * of input. */
AT_MUST_USE at_status at_stdin_ask(at_stdin *channel, at_origin *origin,
                                   const char *prompt, bool password,
                                   const at_cancel *cancel, char **answer, at_error *err);
/* Lets those who wait look at their cancel. */
void at_stdin_wake(at_stdin *channel);

#endif
