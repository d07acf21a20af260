/* Database: the one adapter of SQLite as a store (the history, the workspace's index).
 * SQL over a user's tables is another thing: ops/frame/sql.h.
 *
 * Local file systems use WAL; network file systems (NFS, SMB, FUSE, 9p by statfs) a
 * rollback journal without mmap. Busy time-out 10 s. A connection is used by one thread
 * at a time. */
#ifndef ATELIER_OPS_BASE_DATABASE_H
#define ATELIER_OPS_BASE_DATABASE_H

#include "ops/base/error.h"

#include <stdint.h>

typedef struct at_database at_database;
typedef struct at_query at_query;

/* Opens or creates; runs `schema` (idempotent SQL: CREATE TABLE IF NOT EXISTS ...) when
 * PRAGMA user_version < `version`, then sets it. A file newer than `version` fails with
 * AT_UNSUPPORTED. A file that is no database fails with AT_CORRUPT. */
AT_MUST_USE at_status at_database_open(const char *path, const char *schema, int version,
                                       at_database **out, at_error *err);
void at_database_close(at_database *db);
bool at_database_on_network(const at_database *db); /* true: rollback journal is in use */

/* Runs statements without results ("BEGIN IMMEDIATE", "COMMIT", ...). */
AT_MUST_USE at_status at_database_exec(at_database *db, const char *sql, at_error *err);

/* A prepared statement. Bind by 1-based place, step, read by 0-based column, finish. */
AT_MUST_USE at_status at_query_new(at_database *db, const char *sql, at_query **out,
                                   at_error *err);
AT_MUST_USE at_status at_query_bind_int(at_query *q, int place, int64_t value);
AT_MUST_USE at_status at_query_bind_real(at_query *q, int place, double value);
AT_MUST_USE at_status at_query_bind_text(at_query *q, int place,
                                         const char *text); /* copied; NULL = SQL NULL */
/* *row = true: a row is ready; false: done. */
AT_MUST_USE at_status at_query_step(at_query *q, bool *row, at_error *err);
int64_t at_query_int(at_query *q, int column);
double at_query_real(at_query *q, int column);
const char *at_query_text(at_query *q,
                          int column); /* NULL for SQL NULL; valid until the next step */
void at_query_release(at_query *q);
int64_t at_database_changes(at_database *db); /* rows changed by the last statement */

#endif
