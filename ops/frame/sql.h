/* SQL over frames: SQLite's dialect on a connection of its own in memory, over virtual
 * tables, behind an authorizer that lets SELECT, WITH and EXPLAIN through.
 *
 * Tables come from a catalogue on demand, so that a workspace of a thousand datasets
 * costs nothing until one is named. Columns are read lazily from the (mapped) frame;
 * missing is NULL; dates and timestamps are ISO text; bool is 0/1. Double-quoted strings
 * are off. Besides SQLite's own functions: median(x), stddev(x), quantile(x, q). */
#ifndef ATELIER_OPS_FRAME_SQL_H
#define ATELIER_OPS_FRAME_SQL_H

#include "ops/base/cancel.h"
#include "ops/base/memory.h"
#include "ops/frame/frame.h"

typedef struct at_sql_catalogue {
    void *context;
    /* The frame of that name (caller releases), or AT_NOT_FOUND. */
    at_status (*find)(void *context, const char *name, at_frame **out, at_error *err);
    /* Names for "no such table" suggestions: NULL-terminated, into the arena. */
    const char *const *(*names)(void *context, at_arena *arena);
} at_sql_catalogue;

/* :name values. `value` NULL binds NULL; numbers are recognised and bound as numbers. */
typedef struct at_sql_binding {
    const char *name, *value;
} at_sql_binding;

typedef enum at_sql_verb {
    AT_SQL_SELECT, /* SELECT, WITH, VALUES, EXPLAIN: rows come back */
    AT_SQL_CREATE, /* CREATE TABLE name AS query: result goes into a new dataset `name` */
    AT_SQL_DROP,   /* DROP TABLE [IF EXISTS] name */
} at_sql_verb;

typedef struct at_sql_statement {
    at_sql_verb verb;
    const char *text;  /* whole statement */
    const char *query; /* the query to run (SELECT part), after blanks and line ends that
                          give it the line and column it has in the cell; "" for DROP */
    const char *name;  /* CREATE and DROP: the table, unquoted */
    bool if_exists;    /* DROP TABLE IF EXISTS; CREATE TABLE IF NOT EXISTS */
    size_t offset;     /* byte of the statement in the cell */
} at_sql_statement;

/* Splits a cell into statements and classifies them. What is not allowed (INSERT, UPDATE,
 * ATTACH, PRAGMA, ...) is AT_INVALID with a hint what to use instead. Texts live in
 * arena. */
AT_MUST_USE at_status at_sql_split(const char *code, size_t length, at_arena *arena,
                                   at_sql_statement **out, size_t *count, at_error *err);

/* True if `code` ends inside a quote, a bracket, a comment or without its end (for
 * is_complete). */
bool at_sql_open_ended(const char *code, size_t length);

typedef struct at_sql at_sql;
AT_MUST_USE at_status at_sql_new(const at_sql_catalogue *catalogue, at_sql **out,
                                 at_error *err);
void at_sql_release(at_sql *sql);

/* Runs one query; all its rows become a frame (column types from the values: all int ->
 * int, numbers -> float, else text/category; columns that come straight from a table keep
 * its type). At most `limit` rows are kept (0 = all); *total counts all rows that came.
 * Errors carry line, column and caret, the nearest table or column name, and for "..."
 * used as a string the hint to write '...'. AT_CANCELLED within 50 ms of a raised cancel.
 */
AT_MUST_USE at_status at_sql_query(at_sql *sql, const char *query,
                                   const at_sql_binding *bindings, size_t count,
                                   int64_t limit, const at_cancel *cancel, at_frame **out,
                                   int64_t *total, at_error *err);

/* Words for completion: keywords and function names, NULL-terminated, static. */
const char *const *at_sql_keywords(void);
const char *const *at_sql_functions(void);

/* A row expression ("pdays < 999", "lower(job) || '!'"): the same language in steps,
 * filters and at the endpoint. Compiled for one schema, applied to any frame with these
 * columns. Deterministic functions only; no subqueries, no aggregates. Not thread-safe:
 * one a thread. */
typedef struct at_expression at_expression;
AT_MUST_USE at_status at_expression_new(const char *text, const at_frame *schema,
                                        at_expression **out, at_error *err);
void at_expression_release(at_expression *e);
/* One new column named `name`. The type is *type if forced, else from the values. */
AT_MUST_USE at_status at_expression_column(at_expression *e, const at_frame *frame,
                                           const char *name, const at_type *type,
                                           const at_cancel *cancel,
                                           at_column_builder **out, at_error *err);
/* keep[i] = 1 where the expression is true (not 0, not NULL); rows bytes, caller's. */
AT_MUST_USE at_status at_expression_filter(at_expression *e, const at_frame *frame,
                                           uint8_t *keep, const at_cancel *cancel,
                                           at_error *err);
/* The columns it reads: names in the arena. */
AT_MUST_USE at_status at_expression_uses(at_expression *e, at_arena *arena,
                                         const char *const **names, size_t *count,
                                         at_error *err);

#endif
