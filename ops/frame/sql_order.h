/* Orders and combinations of rows by the ranks of columns, so that SQLite needs no sorter
 * for ORDER BY and GROUP BY: counting sort (LSD; Knuth, TAOCP 3, 5.2.5). Rows are
 * numbered by uint32_t: larger frames are only scanned. */
#ifndef ATELIER_OPS_FRAME_SQL_ORDER_H
#define ATELIER_OPS_FRAME_SQL_ORDER_H

#include "ops/frame/sql_rank.h"

typedef struct at_sql_key {
    const at_sql_ranks *ranks;
    bool descending;
} at_sql_key;

/* The rows in the order of the keys, stable: (rows) numbers, caller frees with at_free.
 */
AT_MUST_USE at_status at_sql_order(const at_sql_key *keys, int count, int64_t rows,
                                   const at_cancel *cancel, uint32_t **out);

/* One row for each combination of ranks that occurs, in the order of the keys, and how
 * many rows it stands for. AT_LIMIT when there are too many combinations to be worth it.
 */
AT_MUST_USE at_status at_sql_combine(const at_sql_key *keys, int count, int64_t rows,
                                     const at_cancel *cancel, uint32_t **out_rows,
                                     int64_t **out_weights, int64_t *out_count);

#endif
