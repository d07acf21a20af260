/* Ranks: the cells of a column as small integers in SQLite's order, by dictionary, by
 * range or by hash, so that rows are ordered and grouped without comparing them. */
#ifndef ATELIER_OPS_FRAME_SQL_RANK_H
#define ATELIER_OPS_FRAME_SQL_RANK_H

#include "ops/base/cancel.h"
#include "ops/frame/frame.h"

enum { AT_SQL_MAX_RANKS = 1 << 20 };

/* Ranks of a column's cells in SQLite's order: 0 = missing, equal cells share a rank. */
typedef struct at_sql_ranks {
    uint32_t count; /* ranks are in [0, count) */
    /* Either by the column's own small codes (rank of code k is table[k]; NULL: k + 1),
     * or, for hashed columns, row by row. */
    const at_column *column;
    uint32_t *table;
    int64_t least;  /* INT, DATE, TIMESTAMP: value v has rank v - least + 1 */
    uint32_t *rows; /* (rows); NULL when computed */
} at_sql_ranks;

/* AT_LIMIT: more than AT_SQL_MAX_RANKS distinct cells, or mostly distinct ones. */
AT_MUST_USE at_status at_sql_ranks_new(const at_column *column, const at_cancel *cancel,
                                       at_sql_ranks **out);
void at_sql_ranks_release(at_sql_ranks *ranks);
/* rank[i] = rank of row from + i, for `count` rows. */
void at_sql_ranks_read(const at_sql_ranks *ranks, int64_t from, int64_t count,
                       uint32_t *rank);

#endif
