/* A range of tasks for each thread, then help for the others: the scheme of pthreadpool
 * (M. Dukhan). Which thread runs a task varies; which tasks there are does not. */
#include "ops/base/pool.h"
#include "ops/base/memory.h"
#include "ops/base/text.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS_MAX = 256, SPINS = 2000 };

typedef struct at_pool_range {
    _Alignas(64) atomic_size_t next; /* a cache line for each thread */
    size_t end;
} at_pool_range;

typedef struct at_pool_worker {
    at_pool *pool;
    size_t index; /* 1 .. threads - 1; the caller is 0 */
    pthread_t thread;
} at_pool_worker;

struct at_pool {
    size_t threads;
    at_pool_range *ranges;
    void *ranges_memory;
    at_pool_worker *workers;
    void (*task)(void *context, size_t i);
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    atomic_uint round;     /* a new number is a new run */
    atomic_size_t working; /* workers that have not finished this round */
    bool quit;             /* under lock */
};

static size_t default_threads(void) {
    const char *want = getenv("ATELIER_THREADS");
    int64_t n;
    if (want && at_parse_int(want, &n) && n >= 1)
        return n > THREADS_MAX ? THREADS_MAX : (size_t)n;
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (size_t)CPU_COUNT(&set) > THREADS_MAX ? THREADS_MAX
                                                     : (size_t)CPU_COUNT(&set);
    return 1;
}

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void work(at_pool *pool, size_t self) {
    for (size_t k = 0; k < pool->threads; k++) {
        at_pool_range *range = &pool->ranges[(self + k) % pool->threads];
        for (;;) {
            size_t i = atomic_fetch_add_explicit(&range->next, 1, memory_order_relaxed);
            if (i >= range->end)
                break;
            pool->task(pool->context, i);
        }
    }
}

static void *worker_main(void *argument) {
    at_pool_worker *worker = argument;
    at_pool *pool = worker->pool;
    unsigned seen = 0;
    for (;;) {
        /* Runs come in bursts: a short wait here saves the sleep and the wake. */
        for (int i = 0; i < SPINS && atomic_load(&pool->round) == seen; i++)
            relax();
        pthread_mutex_lock(&pool->lock);
        while (atomic_load(&pool->round) == seen && !pool->quit)
            pthread_cond_wait(&pool->wake, &pool->lock);
        bool quit = pool->quit;
        seen = atomic_load(&pool->round);
        pthread_mutex_unlock(&pool->lock);
        if (quit)
            return NULL;
        work(pool, worker->index);
        if (atomic_fetch_sub(&pool->working, 1) == 1) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

/* Ends and joins the first `started` workers; frees all. */
static void dismantle(at_pool *pool, size_t started) {
    pthread_mutex_lock(&pool->lock);
    pool->quit = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_cond_destroy(&pool->done);
    pthread_mutex_destroy(&pool->lock);
    at_free(pool->ranges_memory);
    at_free(pool->workers);
    at_free(pool);
}

static at_pool *allocate(size_t threads) {
    at_pool *pool = at_alloc_zero(sizeof *pool);
    if (!pool)
        return NULL;
    pool->threads = threads;
    pool->ranges_memory = at_alloc_array(threads + 1, sizeof *pool->ranges);
    pool->workers = at_alloc_array(threads, sizeof *pool->workers);
    if (!pool->ranges_memory || !pool->workers) {
        at_free(pool->ranges_memory);
        at_free(pool->workers);
        at_free(pool);
        return NULL;
    }
    uintptr_t base = ((uintptr_t)pool->ranges_memory + 63) & ~(uintptr_t)63;
    pool->ranges = (at_pool_range *)base;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    return pool;
}

at_status at_pool_new(size_t threads, at_pool **out, at_error *err) {
    *out = NULL;
    if (threads == 0)
        threads = default_threads();
    if (threads > THREADS_MAX)
        return at_fail(err, AT_LIMIT, "%zu threads asked for: at most %d", threads,
                       THREADS_MAX);
    at_pool *pool = allocate(threads);
    if (!pool)
        return at_fail(err, AT_NO_MEMORY, "no memory for a pool of %zu threads", threads);
    /* Signals are for the threads that expect them. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    size_t started = 0;
    int failed = 0;
    while (started + 1 < threads && !failed) {
        at_pool_worker *worker = &pool->workers[started];
        worker->pool = pool;
        worker->index = started + 1;
        failed = pthread_create(&worker->thread, NULL, worker_main, worker);
        started += !failed;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        dismantle(pool, started);
        return at_fail(err, AT_LIMIT, "the system gives no more than %zu of %zu threads",
                       started + 1, threads);
    }
    *out = pool;
    return AT_OK;
}

void at_pool_release(at_pool *pool) {
    if (pool)
        dismantle(pool, pool->threads - 1);
}

size_t at_pool_threads(const at_pool *pool) {
    return pool ? pool->threads : 1;
}

void at_pool_run(at_pool *pool, size_t count, void (*task)(void *context, size_t i),
                 void *context) {
    if (!pool || pool->threads == 1 || count < 2) {
        for (size_t i = 0; i < count; i++)
            task(context, i);
        return;
    }
    size_t share = count / pool->threads, rest = count % pool->threads, from = 0;
    for (size_t t = 0; t < pool->threads; t++) {
        size_t length = share + (t < rest);
        atomic_store_explicit(&pool->ranges[t].next, from, memory_order_relaxed);
        pool->ranges[t].end = from += length;
    }
    pool->task = task;
    pool->context = context;
    atomic_store(&pool->working, pool->threads - 1);
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->round, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    work(pool, 0);
    for (int i = 0; i < SPINS && atomic_load(&pool->working); i++)
        relax();
    pthread_mutex_lock(&pool->lock);
    while (atomic_load(&pool->working))
        pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}
