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

/* Calls team(context, thread) on every thread of the pool at the same time, thread in
 * [0, at_pool_threads), and returns when all are done. What needs many short phases runs
 * them all in one team, with a barrier (about a microsecond) between two. `pool` may be
 * NULL: thread 0 alone. Not reentrant. */
void at_pool_team(at_pool *pool, void (*team)(void *context, size_t thread),
                  void *context);
/* Within a team: returns when every thread has come here. */
void at_pool_barrier(at_pool *pool);

#endif
