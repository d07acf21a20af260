#include "kernel/history.h"

#include "ops/base/clock.h"
#include "ops/base/database.h"
#include "ops/base/log.h"
#include "ops/base/memory.h"

struct at_history {
    const char *(*path)(void *);
    void *context;
    at_database *db; /* NULL until first needed */
    int64_t session; /* 0 until the first cell */
    int64_t count;   /* of the last stored cell */
};

static const char SCHEMA[] =
    "CREATE TABLE IF NOT EXISTS sessions(session INTEGER PRIMARY KEY AUTOINCREMENT,"
    " begun INTEGER NOT NULL);" /* microseconds since 1970 */
    "CREATE TABLE IF NOT EXISTS cells(session INTEGER NOT NULL, line INTEGER NOT NULL,"
    " input TEXT NOT NULL, output TEXT, PRIMARY KEY(session, line));";

at_status at_history_new(const char *(*path)(void *), void *context, at_history **out,
                         at_error *err) {
    at_history *history = at_alloc_zero(sizeof *history);
    if (!history)
        return at_fail(err, AT_NO_MEMORY, "no memory for the history");
    history->path = path;
    history->context = context;
    *out = history;
    return AT_OK;
}

void at_history_release(at_history *history) {
    if (!history)
        return;
    at_database_close(history->db);
    at_free(history);
}

int64_t at_history_count(const at_history *history) {
    return history->count;
}

int64_t at_history_next(at_history *history) {
    return ++history->count;
}

static at_status open_database(at_history *history, at_error *err) {
    if (history->db)
        return AT_OK;
    const char *path = history->path ? history->path(history->context) : NULL;
    if (path) {
        at_error why;
        if (at_database_open(path, SCHEMA, 1, &history->db, &why) == AT_OK)
            return AT_OK;
        at_log(AT_LOG_WARN, "%s: %s; the history is kept in memory", path, why.text);
    }
    return at_database_open(":memory:", SCHEMA, 1, &history->db, err);
}

static at_status begin_session(at_history *history, at_error *err) {
    if (history->session)
        return AT_OK;
    at_query *q;
    bool row;
    AT_TRY(at_query_new(
        history->db, "INSERT INTO sessions(begun) VALUES(?) RETURNING session", &q, err));
    at_status status = at_query_bind_int(q, 1, at_wall_us());
    if (status == AT_OK)
        status = at_query_step(q, &row, err);
    if (status == AT_OK && row)
        history->session = at_query_int(q, 0);
    /* Stepped to its end: only then is the row written. */
    if (status == AT_OK && row)
        status = at_query_step(q, &row, err);
    at_query_release(q);
    return status;
}

at_status at_history_add(at_history *history, int64_t line, const char *source,
                         const char *output, at_error *err) {
    at_query *q;
    bool row;
    AT_TRY(open_database(history, err));
    AT_TRY(begin_session(history, err));
    AT_TRY(at_query_new(history->db, "INSERT OR REPLACE INTO cells VALUES(?,?,?,?)", &q,
                        err));
    at_status status = at_query_bind_int(q, 1, history->session);
    if (status == AT_OK)
        status = at_query_bind_int(q, 2, line);
    if (status == AT_OK)
        status = at_query_bind_text(q, 3, source);
    if (status == AT_OK)
        status = at_query_bind_text(q, 4, output);
    if (status == AT_OK)
        status = at_query_step(q, &row, err);
    at_query_release(q);
    return status;
}

/* Steps the query to its end; every row is (session, line, input, output). Rows come
 * newest first and are turned round. */
static at_status collect(at_query *q, bool output, json_t **out, at_error *err) {
    json_t *list = json_array();
    bool row = true;
    at_status status =
        list ? AT_OK : at_fail(err, AT_NO_MEMORY, "no memory for the history");
    while (status == AT_OK) {
        status = at_query_step(q, &row, err);
        if (status != AT_OK || !row)
            break;
        const char *shown = at_query_text(q, 3);
        json_int_t session = at_query_int(q, 0), line = at_query_int(q, 1);
        json_t *entry =
            output ? json_pack("[I,I,[s,s?]]", session, line, at_query_text(q, 2), shown)
                   : json_pack("[I,I,s]", session, line, at_query_text(q, 2));
        if (!entry || json_array_insert_new(list, 0, entry) != 0)
            status = at_fail(err, AT_NO_MEMORY, "no memory for the history");
    }
    if (status != AT_OK) {
        json_decref(list);
        return status;
    }
    *out = list;
    return AT_OK;
}

static int64_t bounded(int64_t n) {
    return n < 1 || n > AT_HISTORY_LIMIT ? AT_HISTORY_LIMIT : n;
}

at_status at_history_tail(at_history *history, int64_t n, bool output, json_t **out,
                          at_error *err) {
    at_query *q;
    AT_TRY(open_database(history, err));
    AT_TRY(at_query_new(history->db,
                        "SELECT session, line, input, output FROM cells"
                        " ORDER BY session DESC, line DESC LIMIT ?",
                        &q, err));
    at_status status = at_query_bind_int(q, 1, bounded(n));
    if (status == AT_OK)
        status = collect(q, output, out, err);
    at_query_release(q);
    return status;
}

/* What a request's session number means: -1 is the session before this one. */
static at_status find_session(at_history *history, int64_t asked, int64_t *session,
                              at_error *err) {
    *session = asked > 0 ? asked : history->session;
    if (asked >= 0)
        return AT_OK;
    at_query *q;
    bool row;
    AT_TRY(at_query_new(history->db,
                        "SELECT session FROM sessions WHERE ?1 = 0 OR session < ?1"
                        " ORDER BY session DESC LIMIT 1 OFFSET ?2",
                        &q, err));
    at_status status = at_query_bind_int(q, 1, history->session);
    if (status == AT_OK)
        status = at_query_bind_int(q, 2, -(asked + 1));
    if (status == AT_OK)
        status = at_query_step(q, &row, err);
    if (status == AT_OK)
        *session = row ? at_query_int(q, 0) : -1;
    at_query_release(q);
    return status;
}

at_status at_history_range(at_history *history, int64_t session, int64_t start,
                           int64_t stop, bool output, json_t **out, at_error *err) {
    at_query *q;
    AT_TRY(open_database(history, err));
    AT_TRY(find_session(history, session, &session, err));
    AT_TRY(at_query_new(history->db,
                        "SELECT session, line, input, output FROM cells"
                        " WHERE session = ? AND line >= ? AND line < ?"
                        " ORDER BY line DESC LIMIT ?",
                        &q, err));
    at_status status = at_query_bind_int(q, 1, session);
    if (status == AT_OK)
        status = at_query_bind_int(q, 2, start);
    if (status == AT_OK)
        status = at_query_bind_int(q, 3, stop < 0 ? INT64_MAX : stop);
    if (status == AT_OK)
        status = at_query_bind_int(q, 4, AT_HISTORY_LIMIT);
    if (status == AT_OK)
        status = collect(q, output, out, err);
    at_query_release(q);
    return status;
}

at_status at_history_search(at_history *history, const char *pattern, int64_t n,
                            bool unique, bool output, json_t **out, at_error *err) {
    static const char each[] =
        "SELECT session, line, input, output FROM cells"
        " WHERE input GLOB ? ORDER BY session DESC, line DESC LIMIT ?";
    /* The bare columns of max() are those of the row that has the maximum. */
    static const char once[] =
        "SELECT session, line, input, output FROM"
        " (SELECT session, line, input, output, max(session * 1000000000 + line) AS age"
        " FROM cells WHERE input GLOB ? GROUP BY input) ORDER BY age DESC LIMIT ?";
    at_query *q;
    AT_TRY(open_database(history, err));
    AT_TRY(at_query_new(history->db, unique ? once : each, &q, err));
    at_status status = at_query_bind_text(q, 1, pattern);
    if (status == AT_OK)
        status = at_query_bind_int(q, 2, bounded(n));
    if (status == AT_OK)
        status = collect(q, output, out, err);
    at_query_release(q);
    return status;
}
