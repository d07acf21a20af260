/* Wakeup: lets one thread wake another that waits in poll. An eventfd. */
#ifndef ATELIER_KERNEL_WAKEUP_H
#define ATELIER_KERNEL_WAKEUP_H

#include "ops/base/error.h"

typedef struct at_wakeup {
    int fd;
} at_wakeup;

AT_MUST_USE at_status at_wakeup_init(at_wakeup *wakeup, at_error *err);
void at_wakeup_signal(const at_wakeup *wakeup); /* any thread; async-signal-safe */
void at_wakeup_clear(const at_wakeup *wakeup);  /* the waiting thread */
void at_wakeup_fini(at_wakeup *wakeup);

#endif
