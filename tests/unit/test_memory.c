#include "ops/base/memory.h"
#include "tests/unit/unit.h"

static void test_overflow(void **state) {
    (void)state;
    assert_null(at_alloc_array(SIZE_MAX / 2, 3));
    assert_null(at_resize_array(NULL, SIZE_MAX, 2));
    at_arena arena = {0};
    assert_null(at_arena_alloc(&arena, SIZE_MAX - 4));
    assert_null(at_arena_text(&arena, "x", SIZE_MAX));
    at_arena_fini(&arena);
    size_t capacity = SIZE_MAX / 2 + 2;
    char *items = at_alloc(1);
    assert_null(at_grow(items, &capacity, SIZE_MAX, 1));
    at_free(items);
}

static void test_zero_sizes(void **state) {
    (void)state;
    void *p[] = {at_alloc(0), at_alloc_zero(0), at_alloc_array(0, 8),
                 at_resize_array(NULL, 0, 8), at_copy_bytes(NULL, 0)};
    for (size_t i = 0; i < COUNT(p); i++) {
        assert_non_null(p[i]);
        at_free(p[i]);
    }
    at_free(NULL);
}

static void test_grow(void **state) {
    (void)state;
    int *items = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 1000; i++) {
        int *grown = at_grow(items, &capacity, i + 1, sizeof *items);
        assert_non_null(grown);
        items = grown;
        assert_true(capacity >= i + 1);
        items[i] = (int)i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    assert_int_equal(capacity, 1024);
    at_free(items);
}

static void test_fail_after(void **state) {
    (void)state;
    at_memory_fail_after(2);
    void *first = at_alloc(1), *second = at_alloc(1), *third = at_alloc_zero(1);
    at_memory_fail_after(0);
    void *fourth = at_alloc(1);
    assert_non_null(first);
    assert_null(second);
    assert_null(third);
    assert_non_null(fourth);
    at_free(first);
    at_free(fourth);
}

static void test_arena(void **state) {
    (void)state;
    at_arena arena = {0};
    for (size_t i = 1; i < 2000; i++) {
        unsigned char *p = at_arena_alloc(&arena, i);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t k = 0; k < i; k++) {
            assert_int_equal(p[k], 0);
            p[k] = 0xFF; /* would show in a neighbour that overlaps */
        }
    }
    assert_string_equal(at_arena_text(&arena, "abcdef", 3), "abc");
    assert_string_equal(at_arena_format(&arena, "%s-%05d", "x", 42), "x-00042");
    at_arena_fini(&arena);
    assert_null(arena.first);
    assert_non_null(at_arena_alloc(&arena, 8)); /* may be used again */
    at_arena_fini(&arena);
}

/* What a cleared arena gives is zeroed as ever; it keeps one small block, never a large
 * one. */
static void test_arena_clear(void **state) {
    (void)state;
    at_arena arena = {0};
    at_arena_clear(&arena);
    assert_null(arena.first);
    void *kept = at_arena_alloc(&arena, 100);
    memset(kept, 0xFF, 100);
    assert_non_null(at_arena_alloc(&arena, 1 << 20));
    at_arena_clear(&arena);
    assert_non_null(arena.first);
    unsigned char *again = at_arena_alloc(&arena, 100);
    assert_ptr_equal(again, kept);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(again[i], 0);
    at_arena_fini(&arena);
    assert_non_null(at_arena_alloc(&arena, 1 << 20));
    at_arena_clear(&arena);
    assert_null(arena.first);
}

/* The caller's room first, blocks of its own after; only these are given back. */
static void test_arena_over(void **state) {
    (void)state;
    _Alignas(16) char room[1024];
    memset(room, 0xFF, sizeof room);
    at_arena arena = at_arena_over(room, sizeof room);
    for (int turn = 0; turn < 2; turn++) {
        unsigned char *inside = at_arena_alloc(&arena, 500);
        assert_true((char *)inside > room && (char *)inside + 500 <= room + sizeof room);
        for (size_t i = 0; i < 500; i++)
            assert_int_equal(inside[i], 0);
        memset(inside, 0xFF, 500);
        char *outside = at_arena_alloc(&arena, 800);
        assert_true(outside + 800 <= room || outside >= room + sizeof room);
        at_arena_clear(&arena);
    }
    at_arena_fini(&arena);
    arena = at_arena_over(room, 8); /* of no use, and no harm */
    assert_non_null(at_arena_alloc(&arena, 100));
    at_arena_fini(&arena);
}

static at_status fill(void *context) {
    (void)context;
    at_arena arena = {0};
    at_status status = AT_OK;
    for (int i = 0; i < 5 && !status; i++)
        if (!at_arena_format(&arena, "%3000d", i))
            status = AT_NO_MEMORY;
    at_arena_fini(&arena);
    return status;
}

static void test_arena_no_memory(void **state) {
    (void)state;
    assert_int_equal(at_test_sweep(fill, NULL), 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overflow),   cmocka_unit_test(test_zero_sizes),
        cmocka_unit_test(test_grow),       cmocka_unit_test(test_fail_after),
        cmocka_unit_test(test_arena),      cmocka_unit_test(test_arena_clear),
        cmocka_unit_test(test_arena_over), cmocka_unit_test(test_arena_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
