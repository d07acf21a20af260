/* Capture: what any library prints to descriptors 1 and 2 lands in the cell that runs.
 * The descriptors become pipes; a thread reads them into iopub. */
#ifndef ATELIER_KERNEL_CAPTURE_H
#define ATELIER_KERNEL_CAPTURE_H

#include "ops/base/error.h"

struct at_kernel;
typedef struct at_capture at_capture;

/* From now on the log goes to the old descriptor 2. */
AT_MUST_USE at_status at_capture_new(struct at_kernel *kernel, at_capture **out,
                                     at_error *err);
/* Gives the descriptors back. */
void at_capture_release(at_capture *capture);
/* Publishes all that was printed before the call. Any thread. */
void at_capture_flush(at_capture *capture);

#endif
