/* Same rows: when two rows of a table are equal, and how many are repeated. Missing cells
 * are equal to missing cells, -0 to 0. */
#ifndef ATELIER_OPS_FRAME_SAME_ROWS_H
#define ATELIER_OPS_FRAME_SAME_ROWS_H

#include "ops/base/cancel.h"
#include "ops/base/pool.h"
#include "ops/frame/frame.h"

uint64_t at_row_hash(const at_column *const *columns, size_t count, int64_t row);
bool at_rows_equal(const at_column *const *columns, size_t count, int64_t a, int64_t b);

/* Rows that are equal to an earlier one, into *repeats. */
AT_MUST_USE at_status at_rows_repeated(const at_frame *frame, at_pool *pool,
                                       const at_cancel *cancel, int64_t *repeats,
                                       at_error *err);

#endif
