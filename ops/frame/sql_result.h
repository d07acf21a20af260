/* Results: SQL values, which have a type each, become columns, which have one for all. */
#ifndef ATELIER_OPS_FRAME_SQL_RESULT_H
#define ATELIER_OPS_FRAME_SQL_RESULT_H

#include "ops/base/error.h"
#include "ops/frame/frame.h"

typedef struct sqlite3_stmt sqlite3_stmt;

/* One column while it grows. It starts with its origin's type, or with that of the first
 * value, and is widened (int, float, text) when a value does not fit. */
typedef struct at_sql_column {
    const char *name;           /* borrowed */
    at_column_builder *builder; /* NULL while nothing but NULLs came */
    at_type type;
    bool known;      /* `type` is settled: an origin's, a forced one or a value's */
    bool forced;     /* never widened: what does not fit is converted, or missing */
    bool from_value; /* CATEGORY begun by a text: becomes TEXT if it has many levels */
    int64_t nulls;   /* that came before `builder` */
    int64_t bytes;   /* of text so far */
} at_sql_column;

/* What a result may hold: beyond it a query fails with AT_LIMIT. */
#define AT_SQL_MAX_ROWS ((int64_t)1 << 31)
#define AT_SQL_MAX_TEXT ((int64_t)1 << 36)

/* `type` NULL: from the values. */
void at_sql_column_init(at_sql_column *column, const char *name, const at_type *type,
                        bool forced);
/* Appends the statement's column `place` of the current row. */
AT_MUST_USE at_status at_sql_column_add(at_sql_column *column, sqlite3_stmt *stmt,
                                        int place, at_error *err);
/* Hands over the builder; the column is empty after. */
AT_MUST_USE at_status at_sql_column_take(at_sql_column *column, at_column_builder **out,
                                         at_error *err);
void at_sql_column_fini(at_sql_column *column);

/* ISO text of a DATE (days) or TIMESTAMP (microseconds), exactly as columns are
 * formatted. */
bool at_sql_parse_date(const char *text, int64_t length, at_type type, int64_t *out);

#endif
