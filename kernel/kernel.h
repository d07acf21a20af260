/* Kernel: the process that speaks Jupyter. main.c gives it a connection file and a
 * language; it serves until a shutdown. */
#ifndef ATELIER_KERNEL_KERNEL_H
#define ATELIER_KERNEL_KERNEL_H

#include "kernel/interp.h"

typedef struct at_kernel_config {
    const char *connection_file;
    /* Asked for at the first stored cell; NULL or a NULL answer: history stays in memory.
     * Returns the path of the history database; valid for the life of the kernel. */
    const char *(*history_path)(void *context);
    void *context;
} at_kernel_config;

/* Binds the five channels, serves, and returns when a shutdown was replied to, on
 * SIGTERM, or when the process that launched the kernel has died. Borrows the interp. One
 * at a time in a process: it handles SIGINT, SIGTERM and SIGPIPE and captures descriptors
 * 1 and 2 meanwhile.
 *
 * AT_BUSY: a cell did not look at its cancel for a second and still runs, with everything
 * it uses; the caller leaves it all as it is and ends the process with _exit. */
AT_MUST_USE at_status at_kernel_run(const at_kernel_config *config, at_interp *interp,
                                    at_error *err);

#endif
