/* The inside of a virtual table, shared by its three parts: sql_table.c (declaration),
 * sql_choose.c (planning) and sql_cursor.c (reading). */
#ifndef ATELIER_OPS_FRAME_SQL_TABLE_INSIDE_H
#define ATELIER_OPS_FRAME_SQL_TABLE_INSIDE_H

#include "ops/frame/sql_index.h"
#include "ops/frame/sql_order.h"
#include "ops/frame/sql_table.h"

#include <sqlite3.h>

/* How a cursor moves; idxNum is the plan, and for EQUAL and INDEX the column above it.
 * idxStr of the others: "+3-5:8f", the columns to order by, and colUsed. */
typedef enum at_sql_way {
    AT_SQL_WAY_SCAN,
    AT_SQL_WAY_ORDER,
    AT_SQL_WAY_DISTINCT,
    AT_SQL_WAY_ROWID,
    AT_SQL_WAY_EQUAL,
    AT_SQL_WAY_INDEX
} at_sql_way;
enum { AT_SQL_WAY_BITS = 3, AT_SQL_SMALL = 256 /* rows that are not worth an order */ };

struct at_sql_table {
    sqlite3_vtab base;
    at_sql_source *source;
    at_frame *frame;
    int count;
    int64_t rows;
    const at_column **columns; /* (count) */
    at_sql_ranks **ranks;      /* (count) made at first need */
    bool *unranked;            /* (count) known to have no ranks */
    at_sql_index **indices;    /* (count) made at first need */
};

static inline int at_sql_code_of(at_status status) {
    return status == AT_CANCELLED ? SQLITE_INTERRUPT
           : status == AT_OK      ? SQLITE_OK
                                  : SQLITE_NOMEM;
}

/* The ranks of a column, made at first need; *out NULL: it has none. An SQLite code. */
int at_sql_table_ranks(at_sql_table *table, int column, const at_sql_ranks **out);
/* xBestIndex. */
int at_sql_choose(sqlite3_vtab *base, sqlite3_index_info *info);
/* The rest of the module. */
int at_sql_cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out);
int at_sql_cursor_close(sqlite3_vtab_cursor *base);
int at_sql_cursor_filter(sqlite3_vtab_cursor *base, int number, const char *text,
                         int argc, sqlite3_value **argv);
int at_sql_cursor_next(sqlite3_vtab_cursor *base);
int at_sql_cursor_eof(sqlite3_vtab_cursor *base);
int at_sql_cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number);
int at_sql_cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out);

#endif
