/* Point: shows where in a cell an error is: line and column behind its text, and as
 * context the line with its number and a caret.
 *
 *     expected '->', found > (line 3, column 13)
 *       3 | replace "x" > "y" in job
 *         |             ^
 */
#ifndef ATELIER_MAGICS_LANGUAGE_POINT_H
#define ATELIER_MAGICS_LANGUAGE_POINT_H

#include "ops/base/error.h"

/* Fills err->context, and adds the place to err->text, with the line of `code` that holds
 * byte `from`, and carets under [from, to), at least one. A context that is already there
 * stays: who knew more spoke first. `err` may be NULL. */
void at_point(at_error *err, const char *code, size_t length, size_t from, size_t to);

/* Line and column (code points), both from 1, of byte `offset`. */
void at_point_place(const char *code, size_t length, size_t offset, int *line,
                    int *column);
/* The byte at a line and column, clamped to the text. */
size_t at_point_offset(const char *code, size_t length, int line, int column);

#endif
