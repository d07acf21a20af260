/* Rows: short forms of asking the index. */
#include "magics/workspace/workspace.h"
#include "ops/base/log.h"

#include <stdarg.h>

static at_status prepare(at_workspace *workspace, at_query **out, at_error *err,
                         const char *sql, const char *types, va_list args) {
    AT_TRY(at_query_new(workspace->db, sql, out, err));
    at_status status = AT_OK;
    for (int place = 1; !status && *types; types++, place++)
        status = *types == 's'
                     ? at_query_bind_text(*out, place, va_arg(args, const char *))
                     : at_query_bind_int(*out, place, va_arg(args, int64_t));
    if (status) {
        at_query_release(*out);
        *out = NULL;
        return at_fail(err, status, "no memory left to ask the index");
    }
    return AT_OK;
}

at_status at_store_ask(at_workspace *workspace, at_query **out, at_error *err,
                       const char *sql, const char *types, ...) {
    va_list args;
    va_start(args, types);
    at_status status = prepare(workspace, out, err, sql, types, args);
    va_end(args);
    return status;
}

at_status at_store_do(at_workspace *workspace, int64_t *changes, at_error *err,
                      const char *sql, const char *types, ...) {
    at_query *query;
    va_list args;
    va_start(args, types);
    at_status status = prepare(workspace, &query, err, sql, types, args);
    va_end(args);
    AT_TRY(status);
    bool row = true;
    while (!status && row)
        status = at_query_step(query, &row, err);
    at_query_release(query);
    if (!status && changes)
        *changes = at_database_changes(workspace->db);
    return status;
}

at_status at_store_text(at_workspace *workspace, at_arena *arena, const char **out,
                        at_error *err, const char *sql, const char *types, ...) {
    at_query *query;
    *out = NULL;
    va_list args;
    va_start(args, types);
    at_status status = prepare(workspace, &query, err, sql, types, args);
    va_end(args);
    AT_TRY(status);
    bool row;
    status = at_query_step(query, &row, err);
    const char *text = !status && row ? at_query_text(query, 0) : NULL;
    if (text && !(*out = at_arena_format(arena, "%s", text)))
        status = at_fail(err, AT_NO_MEMORY, "no memory left to ask the index");
    at_query_release(query);
    return status;
}

at_status at_store_begin(at_workspace *workspace, at_error *err) {
    return at_database_exec(workspace->db, "BEGIN IMMEDIATE", err);
}

at_status at_store_end(at_workspace *workspace, at_status status, at_error *err) {
    if (!status)
        status = at_database_exec(workspace->db, "COMMIT", err);
    /* A failed COMMIT may have rolled back by itself: then this one has nothing to do. */
    if (status && at_database_exec(workspace->db, "ROLLBACK", NULL))
        at_log(AT_LOG_DEBUG, "workspace: nothing left to roll back");
    return status;
}

at_status at_store_drop_uses(at_workspace *workspace, const char *id, at_error *err) {
    return at_store_do(workspace, NULL, err, "DELETE FROM uses WHERE user = ?", "s", id);
}
