/* Cells as SQL sees them: equality, order and hashes of one column's cells. */
#ifndef ATELIER_OPS_FRAME_SQL_CELL_H
#define ATELIER_OPS_FRAME_SQL_CELL_H

#include "ops/frame/frame.h"

#include <math.h>

/* The value of an INT, BOOL, DATE or TIMESTAMP; the code of a CATEGORY. */
static inline int64_t at_sql_cell_integer(const at_column *column, int64_t row) {
    switch (column->type) {
    case AT_TYPE_BOOL:
        return column->bools[row];
    case AT_TYPE_DATE:
        return column->days[row];
    case AT_TYPE_CATEGORY:
        return column->codes[row];
    default:
        return column->ints[row];
    }
}

/* Not NULL to SQL: valid, and no NaN. */
static inline bool at_sql_cell_there(const at_column *column, int64_t row) {
    return at_column_valid(column, row) &&
           (column->type != AT_TYPE_FLOAT || !isnan(column->reals[row]));
}

/* Equal cells of one column have equal hashes. Of a CATEGORY: by code. */
uint64_t at_sql_cell_hash(const at_column *column, int64_t row);
/* < 0, 0, > 0, in SQLite's order (texts by bytes). Of a CATEGORY: by code. */
int at_sql_cell_compare(const at_column *column, int64_t a, int64_t b);
int at_sql_compare_bytes(const char *a, int64_t n, const char *b, int64_t m);

/* A value to look up, as the column's type sees it. */
typedef struct at_sql_wanted {
    int64_t integer;
    double real;
    const char *bytes;
    int64_t length;
} at_sql_wanted;

bool at_sql_cell_is(const at_column *column, int64_t row, const at_sql_wanted *wanted);
/* As at_sql_cell_hash of a cell that is equal; of a CATEGORY: the hash of the level. */
uint64_t at_sql_wanted_hash(const at_column *column, const at_sql_wanted *wanted);

#endif
