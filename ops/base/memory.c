#include "ops/base/memory.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local size_t fail_countdown;

void at_memory_fail_after(size_t n) {
    fail_countdown = n;
}

static int must_fail(void) {
    if (fail_countdown == 0)
        return 0;
    if (fail_countdown == 1)
        return 1;
    fail_countdown--;
    return 0;
}

void *at_alloc(size_t size) {
    return must_fail() ? NULL : malloc(size ? size : 1);
}

void *at_alloc_zero(size_t size) {
    return must_fail() ? NULL : calloc(1, size ? size : 1);
}

void *at_alloc_array(size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return at_alloc_zero(total);
}

void *at_resize_array(void *p, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total) || must_fail())
        return NULL;
    return realloc(p, total ? total : 1);
}

void at_free(void *p) {
    free(p);
}

char *at_copy_bytes(const char *bytes, size_t length) {
    char *copy = length + 1 ? at_alloc(length + 1) : NULL;
    if (copy) {
        if (length)
            memcpy(copy, bytes, length);
        copy[length] = '\0';
    }
    return copy;
}

char *at_copy_text(const char *text) {
    return at_copy_bytes(text, strlen(text));
}

void *at_grow(void *items, size_t *capacity, size_t need, size_t size) {
    if (need <= *capacity && items)
        return items;
    size_t next = *capacity ? *capacity : 8;
    while (next < need) {
        if (__builtin_mul_overflow(next, (size_t)2, &next))
            return NULL;
    }
    void *grown = at_resize_array(items, next, size);
    if (grown)
        *capacity = next;
    return grown;
}

enum { KEPT_MAX = 16 * 1024 }; /* bytes that a cleared arena may keep */

struct at_arena_block {
    struct at_arena_block *next;
    size_t used, size;
    bool lent; /* the caller's memory: never freed */
    _Alignas(16) char bytes[];
};

at_arena at_arena_over(void *room, size_t size) {
    struct at_arena_block *block = room;
    if (size < sizeof *block)
        return (at_arena){0};
    *block = (struct at_arena_block){.size = size - sizeof *block, .lent = true};
    return (at_arena){block};
}

void *at_arena_alloc(at_arena *arena, size_t size) {
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + 15) & ~(size_t)15;
    struct at_arena_block *block = arena->first;
    if (!block || block->size - block->used < size) {
        size_t room = size > 4096 ? size : 4096;
        block = at_alloc(sizeof *block + room);
        if (!block)
            return NULL;
        block->next = arena->first;
        block->lent = false;
        block->used = 0;
        block->size = room;
        arena->first = block;
    }
    void *p = block->bytes + block->used;
    block->used += size;
    memset(p, 0, size);
    return p;
}

char *at_arena_text(at_arena *arena, const char *bytes, size_t length) {
    char *copy = length < SIZE_MAX / 2 ? at_arena_alloc(arena, length + 1) : NULL;
    if (copy && length)
        memcpy(copy, bytes, length);
    return copy;
}

char *at_arena_format(at_arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = n < 0 ? NULL : at_arena_alloc(arena, (size_t)n + 1);
    if (text)
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}

void at_arena_clear(at_arena *arena) {
    struct at_arena_block *block = arena->first, *kept = NULL;
    while (block) {
        struct at_arena_block *next = block->next;
        if (block->lent || (!kept && block->size <= KEPT_MAX)) {
            if (kept)
                at_free(kept);
            kept = block;
        } else {
            at_free(block);
        }
        block = next;
    }
    arena->first = kept;
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
    }
}

void at_arena_fini(at_arena *arena) {
    struct at_arena_block *block = arena->first;
    while (block) {
        struct at_arena_block *next = block->next;
        if (!block->lent)
            at_free(block);
        block = next;
    }
    arena->first = NULL;
}
