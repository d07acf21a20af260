/* Memory: checked allocation and the arena. Every allocation of Atelier goes through
 * here, so that tests can make the n-th one fail. */
#ifndef ATELIER_OPS_BASE_MEMORY_H
#define ATELIER_OPS_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* All return NULL on failure or overflow. A size of 0 gives a valid pointer to free. */
void *at_alloc(size_t size);
void *at_alloc_zero(size_t size);
void *at_alloc_array(size_t count, size_t size); /* count * size, checked, zeroed */
void *at_resize_array(void *p, size_t count,
                      size_t size);   /* like realloc; old kept on NULL */
void at_free(void *p);                /* NULL is fine */
char *at_copy_text(const char *text); /* caller frees */
char *at_copy_bytes(const char *bytes, size_t length); /* copy + NUL; caller frees */

/* Grows an array of `size`-byte items to hold at least `need`: doubles *capacity.
 * Returns the (moved) array, or NULL with the old one still valid. */
void *at_grow(void *items, size_t *capacity, size_t need, size_t size);

/* Test hook: the n-th allocation from now on (1 = next) and all later ones on this thread
 * fail; 0 switches it off. */
void at_memory_fail_after(size_t n);

/* Arena: many small allocations released at once. Not thread-safe. */
typedef struct at_arena {
    struct at_arena_block *first;
} at_arena; /* zero-initialise: `at_arena arena = {0};` */

void *at_arena_alloc(at_arena *arena,
                     size_t size); /* zeroed, 16-byte aligned; NULL on failure */
char *at_arena_text(at_arena *arena, const char *bytes, size_t length); /* copy + NUL */
char *at_arena_format(at_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An arena that first uses `room`, memory of the caller's that outlives it (a local
 * array, aligned for any type), so that a small task allocates nothing. */
at_arena at_arena_over(void *room, size_t size);
void at_arena_fini(
    at_arena *arena); /* releases everything; the arena may be used again */
/* The same, but keeps a block for those who fill the arena again and again. */
void at_arena_clear(at_arena *arena);

#endif
