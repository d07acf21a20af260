/* Cancel: a flag that one thread (or a signal handler) raises and long work polls. */
#ifndef ATELIER_OPS_BASE_CANCEL_H
#define ATELIER_OPS_BASE_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct at_cancel {
    atomic_bool raised;
} at_cancel; /* zero-initialise */

static inline void at_cancel_raise(at_cancel *cancel) {
    atomic_store_explicit(&cancel->raised, true, memory_order_release);
}
static inline void at_cancel_reset(at_cancel *cancel) {
    atomic_store_explicit(&cancel->raised, false, memory_order_release);
}
/* NULL is never raised. */
static inline bool at_cancelled(const at_cancel *cancel) {
    return cancel && atomic_load_explicit(&cancel->raised, memory_order_acquire);
}

#endif
