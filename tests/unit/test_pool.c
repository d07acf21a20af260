#include "ops/base/pool.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { TASKS = 1000 };

struct work {
    atomic_int calls[TASKS];
    double results[TASKS];
};

static void add(void *context, size_t i) {
    struct work *w = context;
    atomic_fetch_add(&w->calls[i], 1);
    w->results[i] = 1.0 / (double)(i + 1);
}

static void test_each_task_once(void **state) {
    (void)state;
    at_error err;
    struct work *w = at_alloc(sizeof *w);
    for (size_t threads = 1; threads <= 5; threads++) {
        at_pool *pool;
        assert_ok(at_pool_new(threads, &pool, &err), &err);
        assert_int_equal(at_pool_threads(pool), threads);
        const size_t counts[] = {0, 1, 2, 3, 4, 7, TASKS};
        for (size_t c = 0; c < COUNT(counts); c++) {
            for (int round = 0; round < 50; round++) {
                memset(w, 0, sizeof *w);
                at_pool_run(pool, counts[c], add, w);
                for (size_t i = 0; i < TASKS; i++)
                    assert_int_equal(atomic_load(&w->calls[i]), i < counts[c]);
            }
        }
        at_pool_release(pool);
    }
    at_free(w);
}

static void test_no_pool(void **state) {
    (void)state;
    struct work *w = at_alloc_zero(sizeof *w);
    assert_int_equal(at_pool_threads(NULL), 1);
    at_pool_run(NULL, TASKS, add, w);
    for (size_t i = 0; i < TASKS; i++)
        assert_int_equal(atomic_load(&w->calls[i]), 1);
    at_free(w);
    at_pool_release(NULL);
}

static void meet(void *context, size_t i) {
    (void)i;
    atomic_int *present = context;
    atomic_fetch_add(present, 1);
    while (atomic_load(present) < 3)
        sched_yield(); /* ends only if three threads are here at once */
}

static void test_threads_run_together(void **state) {
    (void)state;
    at_error err;
    at_pool *pool;
    assert_ok(at_pool_new(3, &pool, &err), &err);
    atomic_int present = 0;
    at_pool_run(pool, 3, meet, &present);
    assert_int_equal(atomic_load(&present), 3);
    at_pool_release(pool);
}

static void test_environment(void **state) {
    (void)state;
    at_error err;
    at_pool *pool;
    setenv("ATELIER_THREADS", "3", 1);
    assert_ok(at_pool_new(0, &pool, &err), &err);
    assert_int_equal(at_pool_threads(pool), 3);
    at_pool_release(pool);
    setenv("ATELIER_THREADS", "many", 1); /* no number: as if it were not set */
    assert_ok(at_pool_new(0, &pool, &err), &err);
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    assert_int_equal(at_pool_threads(pool),
                     CPU_COUNT(&set) > 256 ? 256 : CPU_COUNT(&set));
    at_pool_release(pool);
    unsetenv("ATELIER_THREADS");
    assert_int_equal(at_pool_new(100000, &pool, &err), AT_LIMIT);
    assert_null(pool);
}

static at_status make(void *context) {
    (void)context;
    at_pool *pool;
    at_status status = at_pool_new(2, &pool, NULL);
    if (!status)
        at_pool_release(pool);
    return status;
}

static void test_no_memory(void **state) {
    (void)state;
    assert_int_equal(at_test_sweep(make, NULL), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_task_once),
        cmocka_unit_test(test_no_pool),
        cmocka_unit_test(test_threads_run_together),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
