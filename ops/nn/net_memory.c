/* Where each buffer lies: the largest first, each at the lowest place where nothing lies
 * that is in use at the same time (greedy by size; Pisarchyk and Lee, 2020). */
#include "ops/base/memory.h"
#include "ops/nn/net_inside.h"

#include <stdlib.h>

enum { SLACK = 256 }; /* bytes behind each buffer: a kernel may read a little past it */

static int by_size(const void *a, const void *b) {
    const at_buffer *const *x = a, *const *y = b;
    if ((*x)->bytes != (*y)->bytes)
        return (*x)->bytes < (*y)->bytes ? 1 : -1;
    return *x < *y ? -1 : 1; /* the order they were made in */
}

static bool together(const at_buffer *a, const at_buffer *b) { /* in time */
    return a->first <= b->last && b->first <= a->last;
}

static size_t end_of(const at_buffer *b) {
    return b->offset + b->bytes + SLACK;
}

/* The lowest place for `b` among `placed`, which are sorted by offset. */
static size_t lowest(const at_buffer *b, at_buffer *const *placed, size_t count) {
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (!together(b, placed[i]))
            continue;
        if (placed[i]->offset >= at + b->bytes + SLACK)
            break;
        if (end_of(placed[i]) > at)
            at = end_of(placed[i]);
    }
    return at;
}

/* Is the memory of map b another's at other times? */
static bool shared(const at_net_plan *plan, const at_buffer *b) {
    for (size_t i = 0; i < plan->buffer_count; i++) {
        const at_buffer *other = &plan->buffers[i];
        if (other != b && other->bytes && other->offset < b->offset + b->bytes &&
            b->offset < other->offset + other->bytes)
            return true;
    }
    return false;
}

static bool has_border(const at_buffer *b) {
    return b->halo.top || b->halo.left || b->halo.bottom || b->halo.right ||
           b->map.c % AT_BLOCK;
}

at_status at_net_arrange(at_net_plan *plan, size_t *bytes, at_error *err) {
    size_t count = plan->buffer_count, done = 0;
    at_buffer **sorted = at_alloc_array(count, sizeof(at_buffer *));
    at_buffer **placed = at_alloc_array(count, sizeof(at_buffer *));
    if (!sorted || !placed) {
        at_free(sorted);
        at_free(placed);
        return at_fail(err, AT_NO_MEMORY, "no memory to plan a net");
    }
    for (size_t i = 0; i < count; i++)
        sorted[i] = &plan->buffers[i];
    qsort(sorted, count, sizeof(at_buffer *), by_size);
    *bytes = 0;
    for (size_t i = 0; i < count; i++) {
        at_buffer *b = sorted[i];
        b->offset = lowest(b, placed, done);
        size_t at = done++;
        for (; at > 0 && placed[at - 1]->offset > b->offset; at--)
            placed[at] = placed[at - 1];
        placed[at] = b;
        if (end_of(b) > *bytes)
            *bytes = end_of(b);
    }
    for (size_t i = 0; i < count; i++) {
        at_buffer *b = &plan->buffers[i];
        b->border = b->map.n && has_border(b);
        b->clear = b->border && shared(plan, b);
    }
    at_free(sorted);
    at_free(placed);
    return AT_OK;
}
