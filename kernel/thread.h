/* Thread: starts the kernel's threads, with a name (as `top -H` shows it) and a stack of
 * a stated size, so that an idle kernel stays small. */
#ifndef ATELIER_KERNEL_THREAD_H
#define ATELIER_KERNEL_THREAD_H

#include "ops/base/error.h"

#include <pthread.h>
#include <stddef.h>

#define AT_STACK_SMALL ((size_t)512 * 1024)      /* a thread that moves messages */
#define AT_STACK_CELL  ((size_t)8 * 1024 * 1024) /* a thread that runs cells */

AT_MUST_USE at_status at_thread_start(pthread_t *out, const char *name, size_t stack,
                                      void *(*run)(void *), void *context, at_error *err);

/* Joins; false when the thread still runs after `seconds`. */
bool at_thread_join(pthread_t thread, double seconds);

#endif
