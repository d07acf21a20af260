/* Index: rows chained by equal cells under a hash table, for joins. */
#ifndef ATELIER_OPS_FRAME_SQL_INDEX_H
#define ATELIER_OPS_FRAME_SQL_INDEX_H

#include "ops/base/cancel.h"
#include "ops/frame/sql_cell.h"

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

/* First row + 1, or 0. */
uint32_t at_sql_index_find(const at_sql_index *index, const at_sql_wanted *wanted);

#endif
