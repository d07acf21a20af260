/* Watching a training job: progress and loss curve while it runs, the model when it is
 * done. */
#ifndef ATELIER_MAGICS_TRAIN_WATCH_H
#define ATELIER_MAGICS_TRAIN_WATCH_H

#include "magics/language/context.h"

/* Waits for the job `id` (at_job_wait) and shows it; `name` is the model's. */
AT_MUST_USE at_status at_train_watch(at_context *context, const char *id,
                                     const char *name, at_error *err);

#endif
