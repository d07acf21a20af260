/* The compute pool: one a process. Work is split into tasks whose number and order do not
 * depend on the number of threads, so that results keep their bits. */
#ifndef ATELIER_OPS_BASE_POOL_H
#define ATELIER_OPS_BASE_POOL_H

#include "ops/base/error.h"

#include <stddef.h>

typedef struct at_pool at_pool;

/* threads = 0: $ATELIER_THREADS, else the processors this process may run on. */
AT_MUST_USE at_status at_pool_new(size_t threads, at_pool **out, at_error *err);
void at_pool_release(at_pool *pool);
size_t at_pool_threads(const at_pool *pool); /* 1 for NULL */

/* Calls task(context, i) for i in [0, count) on the pool's threads and the caller's, and
 * returns when all are done. `pool` may be NULL: runs on the caller alone. Not reentrant.
 */
void at_pool_run(at_pool *pool, size_t count, void (*task)(void *context, size_t i),
                 void *context);

#endif
