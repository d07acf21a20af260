/* The connection: SQLite in memory, with limits, behind an authorizer, with our functions
 * and tables. Shared by queries (sql.c) and expressions (sql_expression.c). */
#ifndef ATELIER_OPS_FRAME_SQL_CONNECT_H
#define ATELIER_OPS_FRAME_SQL_CONNECT_H

#include "ops/frame/sql_error.h"
#include "ops/frame/sql_table.h"

typedef struct at_sql_connection {
    sqlite3 *db;
    at_sql_source source;
    bool opening;     /* we ourselves are at work: all is allowed */
    at_error refused; /* what the authorizer refused in this statement, if anything */
    /* Expressions: one SELECT, deterministic functions, no clock; columns read are noted,
     * and refused where `reads` knows no such column. */
    bool expression;
    int selects;
    bool (*reads)(void *context, const char *column);
    void *context;
} at_sql_connection;

/* Not to be moved afterwards: SQLite holds its address. */
AT_MUST_USE at_status at_sql_connection_init(at_sql_connection *c, bool expression,
                                             at_error *err);
void at_sql_connection_fini(at_sql_connection *c);
/* Before each prepare: forgets what was refused. */
void at_sql_connection_begin(at_sql_connection *c);
/* Fills err from what SQLite says of `query` now. */
at_status at_sql_connection_explain(const at_sql_connection *c, const char *query,
                                    const at_sql_known *known, at_error *err);

#endif
