/* Orders, groups and lookups over columns, so that SQLite needs no sorter for GROUP BY
 * and no nested loop for a join: columns become small integer ranks (by dictionary, range
 * or hash), rows are ordered by counting sort (LSD; Knuth, TAOCP 3, 5.2.5), equal cells
 * are chained under a hash table. Rows are numbered by uint32_t: larger frames are only
 * scanned. */
#ifndef ATELIER_OPS_FRAME_SQL_ORDER_H
#define ATELIER_OPS_FRAME_SQL_ORDER_H

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

/* Rows chained by equal cells. */
typedef struct at_sql_index {
    const at_column *column;
    uint32_t *slots; /* (mask + 1) first row + 1, or 0 */
    uint32_t *next;  /* (rows) next equal row + 1, or 0 */
    uint64_t *codes; /* CATEGORY: hash of each level */
    uint32_t mask;
} at_sql_index;

AT_MUST_USE at_status at_sql_index_new(const at_column *column, const at_cancel *cancel,
                                       at_sql_index **out);
void at_sql_index_release(at_sql_index *index);

/* A value to look up, as the column's type sees it. */
typedef struct at_sql_wanted {
    int64_t integer;
    double real;
    const char *bytes;
    int64_t length;
} at_sql_wanted;

bool at_sql_cell_is(const at_column *column, int64_t row, const at_sql_wanted *wanted);
/* First row + 1, or 0. */
uint32_t at_sql_index_find(const at_sql_index *index, const at_sql_wanted *wanted);

#endif
