/* Parsed: what the steps share that read a text column as numbers or dates: cells that do
 * not read become missing, and are reported. */
#ifndef ATELIER_OPS_RECIPE_PARSED_H
#define ATELIER_OPS_RECIPE_PARSED_H

#include "ops/recipe/level.h"
#include "ops/recipe/report.h"

/* Of the columns selected those that `takes`; others pass if they are `done` already,
 * else AT_INVALID: "'x' is bool: there are no numbers to read". */
AT_MUST_USE at_status at_parsed_resolve(at_step *step, const at_sheet *sheet,
                                        const at_step_context *context,
                                        bool (*takes)(at_type), bool (*done)(at_type),
                                        const char *things, at_error *err);

/* At least half of the cells must read, or the column was not meant: AT_INVALID, with a
 * cell that does not (row; -1: none). */
AT_MUST_USE at_status at_parsed_judge(const at_column *column, int64_t read,
                                      int64_t cells, int64_t bad_row, const char *things,
                                      at_error *err);

/* Notes that cell `row` became missing, or (`read`) what it means. */
void at_parsed_tell(at_tally *tally, const at_column *column, int64_t row, bool read);

#endif
