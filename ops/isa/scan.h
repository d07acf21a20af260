/* Scan: where the separators of a CSV text are. One pass, 64 bytes at a time, in the
 * widest form that the processor has; the scalar form is the reference. After Langdale
 * and Lemire, "Parsing gigabytes of JSON per second" (2019): a prefix-xor of the quote
 * bits tells what lies inside quotes. */
#ifndef ATELIER_OPS_ISA_SCAN_H
#define ATELIER_OPS_ISA_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct at_scan {
    char delimiter, newline;
    int quote; /* -1: none */
    /* State from one call to the next: */
    bool in_quote;    /* at the position reached */
    bool after_start; /* the byte before was a separator or a quote: a quote may open */
    /* Found so far: */
    bool odd;        /* a quote opened inside a field: the scan is not to be trusted */
    bool wide;       /* a byte above 127 was seen */
    bool quotes;     /* a quote was seen */
    size_t newlines; /* among the separators found */
} at_scan;

/* Appends the positions (relative to `text`) of separators outside of quotes within
 * [from, to) to `out`, and returns how many there are. `from` and `to` are multiples of
 * 64, and `text` is readable up to `to`; `out` has room for to - from entries + 64. */
typedef size_t at_scan_fn(at_scan *scan, const char *text, size_t from, size_t to,
                          uint32_t *out);

at_scan_fn at_scan_scalar;
#if defined(__x86_64__)
at_scan_fn at_scan_avx2;
at_scan_fn at_scan_avx512;
#endif

/* What the vector forms share: bit i of each mask is byte i of a block of 64. Returns the
 * separators outside of quotes and carries the state on. */
static inline uint64_t at_scan_block(at_scan *scan, uint64_t delimiters,
                                     uint64_t newlines, uint64_t quotes) {
    uint64_t marks = delimiters | newlines;
    if ((quotes | (uint64_t)scan->in_quote) == 0) {
        scan->after_start = marks >> 63;
        scan->newlines += (size_t)__builtin_popcountll(newlines);
        return marks;
    }
    uint64_t inside = quotes; /* prefix xor: bit i = parity of the quotes up to i */
    inside ^= inside << 1;
    inside ^= inside << 2;
    inside ^= inside << 4;
    inside ^= inside << 8;
    inside ^= inside << 16;
    inside ^= inside << 32;
    inside ^= scan->in_quote ? ~(uint64_t)0 : 0;
    marks &= ~inside;
    uint64_t starts = marks | quotes;
    uint64_t may_open = starts << 1 | (uint64_t)scan->after_start;
    scan->odd |= (quotes & inside & ~may_open) != 0;
    scan->quotes |= quotes != 0;
    scan->in_quote = inside >> 63;
    scan->after_start = starts >> 63;
    scan->newlines += (size_t)__builtin_popcountll(newlines & marks);
    return marks;
}

/* The best for this processor, or what $ATELIER_ISA (scalar, avx2, avx512) says. */
at_scan_fn *at_scan_pick(void);

#endif
