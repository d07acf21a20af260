/* Process: is another one still running? */
#ifndef ATELIER_OPS_BASE_PROCESS_H
#define ATELIER_OPS_BASE_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* False once it has ended, also while nobody has collected it yet (a zombie): in a
 * container without an init that may be for ever. */
bool at_process_alive(pid_t pid);
/* When it started, in clock ticks since boot: with the pid, this names a process for
 * good. 0: it is not running. */
unsigned long long at_process_start(pid_t pid);
/* Waits until it has ended, `seconds` at most. True: it has. */
bool at_process_wait(pid_t pid, double seconds);

#endif
