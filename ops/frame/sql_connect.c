#include "ops/frame/sql_connect.h"

#include "ops/base/text.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

enum { CHECK_EVERY = 2000 /* instructions, some 100 us */ };

static int check_cancel(void *context) {
    const at_sql_connection *c = context;
    return at_cancelled(c->source.cancel);
}

static bool one_of(const char *word, const char *const *list) {
    for (; *list; list++)
        if (at_equal_fold(word, *list))
            return true;
    return false;
}

static int refuse_function(at_sql_connection *c, const char *name) {
    static const char *const dangerous[] = {
        "load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", NULL};
    static const char *const unsteady[] = {
        "random",        "randomblob",        "changes",
        "total_changes", "last_insert_rowid", "current_date",
        "current_time",  "current_timestamp", NULL};
    if (one_of(name, dangerous)) {
        at_fail(&c->refused, AT_INVALID, "the function %s is not allowed here", name);
        return SQLITE_DENY;
    }
    if (c->expression && one_of(name, unsteady)) {
        at_fail(&c->refused, AT_INVALID,
                "%s gives another value each time: an expression may not use it", name);
        return SQLITE_DENY;
    }
    return SQLITE_OK;
}

static int authorize(void *context, int action, const char *a, const char *b,
                     const char *database, const char *trigger) {
    at_sql_connection *c = context;
    (void)database;
    (void)trigger;
    if (c->opening)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
        if (c->expression && ++c->selects > 1) {
            at_fail(&c->refused, AT_INVALID, "an expression holds no subquery");
            at_hint(&c->refused, "join tables with CREATE TABLE x AS SELECT ... first");
            return SQLITE_DENY;
        }
        return SQLITE_OK;
    case SQLITE_READ:
        if (a && strncmp(a, "sqlite_", 7) == 0) {
            at_fail(&c->refused, AT_INVALID, "the table %s is not for reading", a);
            at_hint(&c->refused, "%%datasets lists the tables");
            return SQLITE_DENY;
        }
        if (c->reads && b && *b && !c->reads(c->context, b)) {
            /* Not one of the columns: the rowid, by any of its names, or the weight. */
            at_fail(&c->refused, AT_INVALID,
                    "an expression may not use rowid: it depends on the batch");
            return SQLITE_DENY;
        }
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return refuse_function(c, b ? b : "");
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_PRAGMA:
        at_fail(&c->refused, AT_INVALID, "PRAGMA is not allowed here");
        at_hint(&c->refused,
                "%%datasets lists the tables, %%describe NAME shows a table's "
                "columns");
        return SQLITE_DENY;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        if (a && strncmp(a, "sqlite_", 7) != 0) {
            at_fail(&c->refused, AT_INVALID, "datasets are immutable");
            at_hint(&c->refused, "make a new one: CREATE TABLE x AS SELECT ...");
            return SQLITE_DENY;
        } /* fall through: sqlite_schema, of a CREATE or DROP */
        __attribute__((fallthrough));
    default:
        at_fail(&c->refused, AT_INVALID, "this statement is not allowed here");
        at_hint(&c->refused,
                "SELECT, WITH, VALUES, EXPLAIN, CREATE TABLE ... AS and DROP "
                "TABLE are");
        return SQLITE_DENY;
    }
}

/* Bounds on what a statement may ask for; sqlite.org/limits.html. */
static void set_limits(sqlite3 *db) {
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 100 << 20);
    sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 4 << 20);
    sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 500);
    sqlite3_limit(db, SQLITE_LIMIT_COMPOUND_SELECT, 200);
    sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, 5000000);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 10000);
    sqlite3_limit(db, SQLITE_LIMIT_VARIABLE_NUMBER, 1000);
    sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
}

/* A clock that has stopped: what asks SQLite for the time of day, in whatever words, gets
 * none, and date('now') is NULL. */
static int no_time(sqlite3_vfs *vfs, sqlite3_int64 *out) {
    (void)vfs;
    *out = 0;
    return SQLITE_ERROR;
}

static int no_time_real(sqlite3_vfs *vfs, double *out) {
    (void)vfs;
    *out = 0;
    return SQLITE_ERROR;
}

static const char timeless[] = "atelier-timeless";

/* The usual system under SQLite, but without a clock. SQLite keeps its address. */
static void register_timeless(void) {
    static sqlite3_vfs vfs;
    const sqlite3_vfs *usual = sqlite3_vfs_find(NULL);
    if (!usual)
        return; /* opening will say so */
    vfs = *usual;
    vfs.pNext = NULL;
    vfs.zName = timeless;
    vfs.xCurrentTime = no_time_real;
    if (vfs.iVersion >= 2)
        vfs.xCurrentTimeInt64 = no_time;
    sqlite3_vfs_register(&vfs, 0);
}

at_status at_sql_connection_init(at_sql_connection *c, bool expression, at_error *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    memset(c, 0, sizeof *c);
    c->expression = expression;
    if (expression)
        pthread_once(&once, register_timeless);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY |
                SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    if (sqlite3_open_v2(":memory:", &c->db, flags, expression ? timeless : NULL) !=
        SQLITE_OK)
        return at_fail(err, AT_NO_MEMORY, "SQL cannot start: %s",
                       c->db ? sqlite3_errmsg(c->db) : "out of memory");
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    set_limits(c->db);
    AT_TRY(at_sql_table_register(c->db, &c->source, err));
    AT_TRY(at_sql_functions_register(c->db, &c->source, err));
    sqlite3_set_authorizer(c->db, authorize, c);
    sqlite3_progress_handler(c->db, CHECK_EVERY, check_cancel, c);
    return AT_OK;
}

void at_sql_connection_fini(at_sql_connection *c) {
    sqlite3_close_v2(c->db);
    c->db = NULL;
}

void at_sql_connection_begin(at_sql_connection *c) {
    at_error_clear(&c->refused);
    c->selects = 0;
}

at_status at_sql_connection_explain(const at_sql_connection *c, const char *query,
                                    const at_sql_known *known, at_error *err) {
    if (sqlite3_errcode(c->db) == SQLITE_NOMEM)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    if (sqlite3_errcode(c->db) == SQLITE_INTERRUPT)
        return at_fail(err, AT_CANCELLED, "the query was interrupted");
    return at_sql_explain(sqlite3_errmsg(c->db), sqlite3_error_offset(c->db), query,
                          known, err);
}
