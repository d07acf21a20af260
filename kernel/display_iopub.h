/* The display of a notebook: what one cell shows, published with the cell's request as
 * its parent. */
#ifndef ATELIER_KERNEL_DISPLAY_IOPUB_H
#define ATELIER_KERNEL_DISPLAY_IOPUB_H

#include "kernel/display.h"
#include "kernel/iopub.h"

#include <pthread.h>
#include <stdint.h>

typedef struct at_display_iopub {
    at_display base; /* first: the vtable's functions get this */
    at_iopub *iopub;
    at_origin *origin;
    int64_t count; /* the execution count of its result */
    bool silent;   /* nothing is shown */

    pthread_mutex_t lock; /* guards what follows */
    json_t *payload;      /* array: pages for the reply */
    char *result; /* text/plain of the result, for the history; NULL without one */
} at_display_iopub;

AT_MUST_USE at_status at_display_iopub_init(at_display_iopub *display, at_iopub *iopub,
                                            at_origin *origin, int64_t count, bool silent,
                                            at_error *err);
void at_display_iopub_fini(at_display_iopub *display);

#endif
