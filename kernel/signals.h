/* Signals: SIGINT and SIGTERM become wakeups of the thread that waits for them. Handlers,
 * not a blocked mask, so that child processes start with the usual signals. */
#ifndef ATELIER_KERNEL_SIGNALS_H
#define ATELIER_KERNEL_SIGNALS_H

#include "ops/base/error.h"

#include <stdbool.h>

/* Installs the handlers; the process has one set of them. */
AT_MUST_USE at_status at_signals_init(at_error *err);
void at_signals_fini(void);
/* Readable when a signal has come. */
int at_signals_fd(void);
/* What has come since the last call. */
void at_signals_take(bool *interrupt, bool *terminate);

#endif
