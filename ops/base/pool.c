/* A range of tasks for each thread, then help for the others: the scheme of pthreadpool
 * (M. Dukhan). Which thread runs a task varies; which tasks there are does not.
 *
 * Threads wait by spinning for some microseconds, then asleep on a futex: a net of fifty
 * layers passes hundreds of barriers a second, and between two cells nobody spins. */
#include "ops/base/pool.h"
#include "ops/base/memory.h"
#include "ops/base/text.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* A number that threads wait on. */
typedef struct at_pool_bell {
    _Alignas(64) atomic_uint value;
    atomic_uint sleepers;
} at_pool_bell;

struct at_pool {
    size_t threads;
    at_pool_range *ranges;
    void *ranges_memory;
    at_pool_worker *workers;
    void (*task)(void *context, size_t i);
    void *context;
    void (*team)(void *context, size_t thread);
    void *team_context;
    at_pool_bell *round;   /* a new number is a new run */
    at_pool_bell *working; /* workers that have not finished this round */
    at_pool_bell *turn;    /* barriers passed */
    atomic_size_t arrived; /* at the barrier */
    atomic_bool quit;
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

/* Returns the value once it differs from `old`. */
static unsigned await_change(at_pool_bell *bell, unsigned old) {
    for (int i = 0; i < SPINS; i++) {
        unsigned now = atomic_load_explicit(&bell->value, memory_order_acquire);
        if (now != old)
            return now;
        relax();
    }
    for (;;) {
        atomic_fetch_add(&bell->sleepers, 1);
        syscall(SYS_futex, &bell->value, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
        atomic_fetch_sub(&bell->sleepers, 1);
        unsigned now = atomic_load(&bell->value);
        if (now != old)
            return now;
    }
}

/* After a change. The sleepers were counted before they looked: none is missed. */
static void ring(at_pool_bell *bell) {
    if (atomic_load(&bell->sleepers))
        syscall(SYS_futex, &bell->value, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
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

/* With a processor for each thread, a worker keeps its own. The caller is not pinned: its
 * children and later threads would inherit that. */
static void pin(const at_pool *pool, size_t index) {
    cpu_set_t all;
    if (sched_getaffinity(0, sizeof all, &all) != 0 ||
        (size_t)CPU_COUNT(&all) != pool->threads)
        return;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &all) && index-- == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            pthread_setaffinity_np(pthread_self(), sizeof one, &one);
            return;
        }
}

static void *worker_main(void *argument) {
    at_pool_worker *worker = argument;
    at_pool *pool = worker->pool;
    pin(pool, worker->index);
    unsigned seen = 0;
    for (;;) {
        seen = await_change(pool->round, seen);
        if (atomic_load(&pool->quit))
            return NULL;
        pool->team(pool->team_context, worker->index);
        if (atomic_fetch_sub(&pool->working->value, 1) == 1)
            ring(pool->working);
    }
}

/* Ends and joins the first `started` workers; frees all. */
static void dismantle(at_pool *pool, size_t started) {
    atomic_store(&pool->quit, true);
    atomic_fetch_add(&pool->round->value, 1);
    ring(pool->round);
    for (size_t i = 0; i < started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    at_free(pool->ranges_memory);
    at_free(pool->workers);
    at_free(pool);
}

static at_pool *allocate(size_t threads) {
    at_pool *pool = at_alloc_zero(sizeof *pool);
    if (!pool)
        return NULL;
    pool->threads = threads;
    /* Ranges and bells, on cache lines of their own. */
    pool->ranges_memory = at_alloc_array(threads + 4, sizeof *pool->ranges);
    pool->workers = at_alloc_array(threads, sizeof *pool->workers);
    if (!pool->ranges_memory || !pool->workers) {
        at_free(pool->ranges_memory);
        at_free(pool->workers);
        at_free(pool);
        return NULL;
    }
    uintptr_t base = ((uintptr_t)pool->ranges_memory + 63) & ~(uintptr_t)63;
    pool->ranges = (at_pool_range *)base;
    at_pool_bell *bells = (at_pool_bell *)(base + threads * sizeof *pool->ranges);
    pool->round = &bells[0];
    pool->working = &bells[1];
    pool->turn = &bells[2];
    return pool;
}
_Static_assert(sizeof(at_pool_bell) == sizeof(at_pool_range), "both are a cache line");

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

void at_pool_team(at_pool *pool, void (*team)(void *context, size_t thread),
                  void *context) {
    if (!pool || pool->threads == 1) {
        team(context, 0);
        return;
    }
    pool->team = team;
    pool->team_context = context;
    atomic_store(&pool->working->value, (unsigned)(pool->threads - 1));
    atomic_fetch_add(&pool->round->value, 1);
    ring(pool->round);
    team(context, 0);
    unsigned left = atomic_load(&pool->working->value);
    while (left)
        left = await_change(pool->working, left);
}

void at_pool_barrier(at_pool *pool) {
    if (!pool || pool->threads == 1)
        return;
    unsigned turn = atomic_load(&pool->turn->value);
    if (atomic_fetch_add(&pool->arrived, 1) == pool->threads - 1) {
        atomic_store(&pool->arrived, 0);
        atomic_store(&pool->turn->value, turn + 1);
        ring(pool->turn);
    } else {
        await_change(pool->turn, turn);
    }
}

static void run_tasks(void *context, size_t thread) {
    work(context, thread);
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
    at_pool_team(pool, run_tasks, pool);
}
