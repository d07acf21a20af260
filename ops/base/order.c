#include "ops/base/order.h"

#include "ops/base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DIGIT = 11, DIGITS = 1 << DIGIT, FEW = 1024 };

/* A double as a key whose unsigned order is its own, and back (IEEE 754: the sign bit,
 * then magnitudes in order). */
static uint64_t key_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | 1ull << 63;
}

static double value_of(uint64_t key) {
    uint64_t bits = key >> 63 ? key & ~(1ull << 63) : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Least digit first; a digit that all keys share costs a count. `from` and `to` change
 * places; gives the one that holds the result. */
static uint64_t *sort_keys(uint64_t *from, uint64_t *to, size_t count) {
    size_t start[DIGITS];
    for (int shift = 0; shift < 64; shift += DIGIT) {
        memset(start, 0, sizeof start);
        for (size_t i = 0; i < count; i++)
            start[from[i] >> shift & (DIGITS - 1)]++;
        if (start[from[0] >> shift & (DIGITS - 1)] == count)
            continue;
        size_t sum = 0;
        for (size_t d = 0; d < DIGITS; d++) {
            size_t n = start[d];
            start[d] = sum;
            sum += n;
        }
        for (size_t i = 0; i < count; i++)
            to[start[from[i] >> shift & (DIGITS - 1)]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

void at_sort_doubles(double *values, size_t count) {
    uint64_t *keys = count > FEW ? at_alloc_array(count, 2 * sizeof *keys) : NULL;
    if (!keys) {
        qsort(values, count, sizeof *values, at_order_doubles);
        return;
    }
    for (size_t i = 0; i < count; i++)
        keys[i] = key_of(values[i]);
    const uint64_t *sorted = sort_keys(keys, keys + count, count);
    for (size_t i = 0; i < count; i++)
        values[i] = value_of(sorted[i]);
    at_free(keys);
}
