/* Core: what the threads of one kernel share. Set up before they start; each part guards
 * itself. Private to the kernel's own files. */
#ifndef ATELIER_KERNEL_CORE_H
#define ATELIER_KERNEL_CORE_H

#include "kernel/capture.h"
#include "kernel/connection.h"
#include "kernel/control.h"
#include "kernel/heartbeat.h"
#include "kernel/iopub.h"
#include "kernel/kernel.h"
#include "kernel/runner.h"
#include "kernel/shell.h"
#include "kernel/stdin.h"
#include "kernel/wakeup.h"
#include "kernel/wire.h"

#include <stdatomic.h>

typedef struct at_kernel {
    at_kernel_config config;
    at_interp *interp; /* borrowed */
    at_connection connection;
    at_wire wire;
    at_sockets *sockets;
    at_iopub *iopub;
    at_shell *shell;
    at_control *control;
    at_stdin *input;
    at_heartbeat *heartbeat;
    at_capture *capture;
    at_runner *runner;          /* of the main shell */
    at_wakeup stop;             /* ends at_kernel_run */
    double usage_at, usage_cpu; /* of the last usage_request; the control thread's */
} at_kernel;

/* Stops whatever cell runs now; nothing when idle. Any thread. */
void at_kernel_interrupt(at_kernel *kernel);
/* Lets go of jobs, stops the running cell and ends at_kernel_run. Any thread. */
void at_kernel_shutdown(at_kernel *kernel, bool restart);
/* The request that a stray print belongs to now: that of the only running cell, else the
 * main shell's. New reference; NULL when nobody is to see it. */
at_origin *at_kernel_print_origin(at_kernel *kernel);

#endif
