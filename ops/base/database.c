#include "ops/base/database.h"
#include "ops/base/clock.h"
#include "ops/base/memory.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/vfs.h>

enum { BUSY_MS = 10000 };

struct at_database {
    sqlite3 *handle;
    bool network;
    char path[]; /* for errors */
};

struct at_query {
    sqlite3_stmt *statement;
    at_database *db;
};

static at_status status_of(int code) {
    switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return AT_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return AT_BUSY;
    case SQLITE_NOMEM:
        return AT_NO_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return AT_CORRUPT;
    case SQLITE_INTERRUPT:
        return AT_CANCELLED;
    case SQLITE_TOOBIG:
        return AT_LIMIT;
    case SQLITE_CONSTRAINT:
        return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY
                   ? AT_EXISTS
                   : AT_INVALID;
    case SQLITE_MISUSE:
    case SQLITE_ERROR:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
        return AT_INTERNAL; /* our SQL, not the user's */
    default:
        return AT_IO;
    }
}

static at_status failed(at_database *db, at_error *err) {
    int code = sqlite3_extended_errcode(db->handle);
    at_status status = status_of(code);
    at_fail(err, status ? status : AT_INTERNAL, "the database %s: %s", db->path,
            sqlite3_errmsg(db->handle));
    if (status == AT_BUSY)
        at_hint(err, "another process holds it for more than %d seconds", BUSY_MS / 1000);
    else if (status == AT_CORRUPT)
        at_hint(err, "move it away to start afresh");
    return status ? status : AT_INTERNAL;
}

/* File systems whose locks and shared memory WAL cannot rely on (linux/magic.h,
 * fs/smb/client for SMB, and stat.c of GNU coreutils for those outside the kernel). */
static bool is_network(const char *path) {
    struct statfs about;
    if (statfs(path, &about) != 0)
        return false;
    switch ((uint32_t)about.f_type) {
    case 0x6969:     /* NFS */
    case 0x517B:     /* SMB */
    case 0xFF534D42: /* CIFS */
    case 0xFE534D42: /* SMB 2 */
    case 0x65735546: /* FUSE */
    case 0x01021997: /* 9p */
    case 0x5346414F: /* AFS */
    case 0x00C36400: /* Ceph */
    case 0x0BD00BD0: /* Lustre */
    case 0x47504653: /* GPFS */
    case 0x19830326: /* BeeGFS */
    case 0x786F4256: /* a folder shared by VirtualBox */
        return true;
    default:
        return false;
    }
}

/* A change of the journal's mode does not wait for the busy time-out by itself. */
static at_status set_journal(at_database *db, at_error *err) {
    const char *sql = db->network ? "PRAGMA journal_mode=DELETE; PRAGMA mmap_size=0"
                                  : "PRAGMA journal_mode=WAL";
    double until = at_now() + BUSY_MS / 1000.0;
    for (;;) {
        int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
        if (code == SQLITE_OK)
            return AT_OK;
        if ((code & 0xFF) != SQLITE_BUSY || at_now() > until)
            return failed(db, err);
        at_sleep(0.01);
    }
}

static at_status read_version(at_database *db, int *version, at_error *err) {
    at_query *query;
    AT_TRY(at_query_new(db, "PRAGMA user_version", &query, err));
    bool row;
    at_status status = at_query_step(query, &row, err);
    if (!status)
        *version = row ? (int)at_query_int(query, 0) : 0;
    at_query_release(query);
    return status;
}

static at_status run_schema(at_database *db, const char *schema, int version,
                            at_error *err) {
    int found;
    AT_TRY(read_version(db, &found, err)); /* again: another may have been first */
    if (found >= version)
        return AT_OK;
    AT_TRY(at_database_exec(db, schema, err));
    char sql[48];
    sqlite3_snprintf((int)sizeof sql, sql, "PRAGMA user_version=%d", version);
    return at_database_exec(db, sql, err);
}

static at_status prepare(at_database *db, const char *schema, int version,
                         at_error *err) {
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    int found;
    AT_TRY(read_version(db, &found, err));
    if (found > version) {
        at_fail(err, AT_UNSUPPORTED, "%s was written by a newer Atelier (format %d)",
                db->path, found);
        at_hint(err, "this one reads formats up to %d: update it", version);
        return AT_UNSUPPORTED;
    }
    AT_TRY(set_journal(db, err));
    AT_TRY(at_database_exec(db, "PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL", err));
    if (found == version)
        return AT_OK;
    AT_TRY(at_database_exec(db, "BEGIN IMMEDIATE", err));
    at_status status = run_schema(db, schema, version, err);
    if (!status)
        status = at_database_exec(db, "COMMIT", err);
    if (status)
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

at_status at_database_open(const char *path, const char *schema, int version,
                           at_database **out, at_error *err) {
    *out = NULL;
    size_t length = strlen(path) + 1;
    at_database *db = at_alloc_zero(sizeof *db + length);
    if (!db)
        return at_fail(err, AT_NO_MEMORY, "no memory left to open %s", path);
    memcpy(db->path, path, length);
    int code = sqlite3_open_v2(
        path, &db->handle,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    at_status status;
    if (code != SQLITE_OK) {
        status = status_of(code);
        status = at_fail(err, status ? status : AT_IO, "cannot open the database %s: %s",
                         path, sqlite3_errstr(code));
    } else {
        db->network = is_network(path);
        status = prepare(db, schema, version, err);
    }
    if (status) {
        at_database_close(db);
        return status;
    }
    *out = db;
    return AT_OK;
}

void at_database_close(at_database *db) {
    if (!db)
        return;
    sqlite3_close_v2(db->handle);
    at_free(db);
}

bool at_database_on_network(const at_database *db) {
    return db->network;
}

at_status at_database_exec(at_database *db, const char *sql, at_error *err) {
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        return failed(db, err);
    return AT_OK;
}

at_status at_query_new(at_database *db, const char *sql, at_query **out, at_error *err) {
    *out = NULL;
    at_query *q = at_alloc_zero(sizeof *q);
    if (!q)
        return at_fail(err, AT_NO_MEMORY, "no memory left to ask the database");
    q->db = db;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &q->statement, NULL) != SQLITE_OK) {
        at_status status = failed(db, err);
        at_free(q);
        return status;
    }
    *out = q;
    return AT_OK;
}

at_status at_query_bind_int(at_query *q, int place, int64_t value) {
    return status_of(sqlite3_bind_int64(q->statement, place, value));
}

at_status at_query_bind_real(at_query *q, int place, double value) {
    return status_of(sqlite3_bind_double(q->statement, place, value));
}

at_status at_query_bind_text(at_query *q, int place, const char *text) {
    if (!text)
        return status_of(sqlite3_bind_null(q->statement, place));
    return status_of(sqlite3_bind_text(q->statement, place, text, -1, SQLITE_TRANSIENT));
}

at_status at_query_step(at_query *q, bool *row, at_error *err) {
    int code = sqlite3_step(q->statement);
    *row = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE ? AT_OK : failed(q->db, err);
}

int64_t at_query_int(at_query *q, int column) {
    return sqlite3_column_int64(q->statement, column);
}

double at_query_real(at_query *q, int column) {
    return sqlite3_column_double(q->statement, column);
}

const char *at_query_text(at_query *q, int column) {
    return (const char *)sqlite3_column_text(q->statement, column);
}

void at_query_release(at_query *q) {
    if (!q)
        return;
    sqlite3_finalize(q->statement);
    at_free(q);
}

int64_t at_database_changes(at_database *db) {
    return sqlite3_changes64(db->handle);
}
