/* Runner: the thread of one (sub)shell. Takes messages from its queue and handles them
 * one after the other; holds the shell's history and what an interrupt needs. */
#ifndef ATELIER_KERNEL_RUNNER_H
#define ATELIER_KERNEL_RUNNER_H

#include "kernel/history.h"
#include "kernel/message.h"
#include "ops/base/cancel.h"

struct at_kernel;

#define AT_QUEUE_MESSAGES 4096
#define AT_QUEUE_BYTES    ((size_t)256 * 1024 * 1024)

typedef struct at_runner at_runner;

AT_MUST_USE at_status at_runner_new(struct at_kernel *kernel, at_runner **out,
                                    at_error *err);
/* Interrupts and waits `seconds` for the thread to end. False: a cell goes on regardless.
 */
bool at_runner_stop(at_runner *runner, double seconds);
/* Once it is stopped, and nobody posts to it or asks for its origin any more. */
void at_runner_release(at_runner *runner);

/* Takes the message. Never blocks; the shell stops reading while the runner is full. */
void at_runner_post(at_runner *runner, at_message **message);
bool at_runner_full(at_runner *runner);
/* Marks every execute_request that is queued as aborted. */
void at_runner_abort(at_runner *runner);
/* Raises the cancel of the running cell; nothing when idle. */
void at_runner_interrupt(at_runner *runner);

/* For the handlers, on the runner's thread. A cell runs between begin and end. */
at_history *at_runner_history(at_runner *runner);
const at_cancel *at_runner_begin(at_runner *runner, at_origin *origin, bool silent);
void at_runner_end(at_runner *runner);

/* The origin of the running cell or else of the last one; new reference, NULL for a
 * silent cell. *running says which. Any thread. */
at_origin *at_runner_print_origin(at_runner *runner, bool *running);

#endif
