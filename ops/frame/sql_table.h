/* The virtual table over a frame: what SQLite reads from, row by row, column by column.
 */
#ifndef ATELIER_OPS_FRAME_SQL_TABLE_H
#define ATELIER_OPS_FRAME_SQL_TABLE_H

#include "ops/base/cancel.h"
#include "ops/base/memory.h"
#include "ops/frame/frame.h"

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
typedef struct at_sql_table at_sql_table;

/* What the connection and its tables share; one thread at a time. */
typedef struct at_sql_source {
    const at_cancel *cancel; /* of the running query */
    /* A collapsed scan hands out one row for each combination of the columns read, and
     * `weight` says how many rows it stands for: count, sum, avg and total take it into
     * account. sql_plan.c decides for which statements that is sound. */
    bool collapse;
    /* The statement cannot tell rows with the same cells apart (it asks for no rowid):
     * DISTINCT may leave out all but one of them. */
    bool alike;
    int64_t weight;
    /* The cursor that was set going last; see at_sql_source_row. */
    const struct at_sql_cursor *cursor;
    /* While a table is declared: its frame going in, the table coming out. */
    const at_frame *pending;
    at_sql_table *declared;
} at_sql_source;

/* Registers the module "atelier". `source` outlives the connection. */
AT_MUST_USE at_status at_sql_table_register(sqlite3 *db, at_sql_source *source,
                                            at_error *err);
/* Declares temp.name over the frame (retained until the table is dropped). */
AT_MUST_USE at_status at_sql_table_declare(sqlite3 *db, at_sql_source *source,
                                           const char *name, const at_frame *frame,
                                           at_sql_table **out, at_error *err);
/* Lets a table that no statement is reading show other columns, one for each it was
 * declared with (borrowed until the next call), all with `rows` cells. */
void at_sql_table_show(at_sql_table *table, const at_column *const *columns,
                       int64_t rows);

/* The row at which the last cursor stands, from 0. */
int64_t at_sql_source_row(const at_sql_source *source);

/* What the program of a statement allows, judged from EXPLAIN: anything not known to be
 * fine is AT_SQL_PLAN_ANY. *alike: see at_sql_source. */
typedef enum at_sql_plan {
    AT_SQL_PLAN_ANY,
    /* Every row read goes into aggregates that know weights: the scan may be collapsed.
     */
    AT_SQL_PLAN_COLLAPSES,
    /* One table is read, and its rows are handed out while its cursor stands on them:
     * columns that come straight from the table are the cells of at_sql_source_row. */
    AT_SQL_PLAN_DIRECT,
} at_sql_plan;
at_sql_plan at_sql_plan_of(sqlite3 *db, const char *query, bool *alike);

/* A hidden column of every table: how many rows this one stands for (see `collapse`). */
#define AT_SQL_WEIGHT "at weight"
/* Where SQLite must sort the rows before it adds them up (GROUP BY an expression),
 * weights have to travel with them: the query with at_count(x, weight) for count(x) and
 * so on. NULL: it has no such aggregates, or ones that this is not sound for. Caller
 * frees. */
char *at_sql_weigh(const char *query);
/* True if the scan of such a query may be collapsed. */
bool at_sql_plan_weighs(sqlite3 *db, const char *weighed);

/* median, quantile, and stddev, count, sum, avg, total that know weights. */
AT_MUST_USE at_status at_sql_functions_register(sqlite3 *db, at_sql_source *source,
                                                at_error *err);

#endif
