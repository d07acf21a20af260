/* Numbers: the brief decimal numbers that most cells of a CSV hold, a column at a time,
 * with no branch that depends on the digits, so that mixed lengths and signs do not make
 * the loop stumble. What is longer, quoted, missing or no number stops the loop, and the
 * caller looks at that cell himself.
 *
 * A brief number is [-]digits, at most eight of them and no zero before another one; a
 * real one may go on with the decimal mark and at most eight digits. -0 is a brief real
 * number, but no brief whole one. Reals are the nearest double: their digits as an
 * integer below 2^53 and the power of ten are both exact, and the division rounds once
 * (Clinger, "How to read floating point numbers accurately", 1990). */
#ifndef ATELIER_OPS_ISA_NUMBERS_H
#define ATELIER_OPS_ISA_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One column of cells. The cell of a row ends at text + marks[row * stride]. It begins
 * at text + starts[row], or, where starts is NULL, behind the mark before (marks[-1] is
 * readable). 32 bytes from the beginning of each cell on are readable. */
typedef struct at_number_cells {
    const char *text;
    const uint32_t *marks, *starts;
    size_t stride;
    bool strip; /* a '\r' before the end is not of the cell */
    char decimal;
} at_number_cells;

/* Cells of the rows from .. to - 1 into out[row]; returns the first row whose cell is not
 * brief, or `to`. */
typedef size_t at_ints_fn(const at_number_cells *cells, size_t from, size_t to,
                          int64_t *out);
typedef size_t at_reals_fn(const at_number_cells *cells, size_t from, size_t to,
                           double *out);

typedef struct at_numbers {
    at_ints_fn *ints;
    at_reals_fn *reals;
} at_numbers;

extern const at_numbers at_numbers_scalar; /* the reference */
#if defined(__x86_64__)
extern const at_numbers at_numbers_avx2;
#endif

/* The best for this processor, or what $ATELIER_ISA (scalar, avx2, avx512) says. */
const at_numbers *at_numbers_pick(void);

static inline const char *at_number_cell(const at_number_cells *cells, size_t row,
                                         size_t *length) {
    const uint32_t *mark = cells->marks + row * cells->stride;
    size_t from = cells->starts ? cells->starts[row] : (size_t)mark[-1] + 1;
    const char *cell = cells->text + from;
    size_t n = *mark - from;
    *length = n - (cells->strip && n && cell[n - 1] == '\r');
    return cell;
}

#endif
