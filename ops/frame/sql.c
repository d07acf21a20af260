#include "ops/frame/sql.h"

#include "ops/base/text.h"
#include "ops/frame/sql_connect.h"
#include "ops/frame/sql_error.h"
#include "ops/frame/sql_result.h"
#include "ops/frame/sql_token.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { MAX_TABLES = 64, COUNT_ON = 100000 };

struct at_sql {
    at_sql_connection connection;
    at_sql_catalogue catalogue;
    /* The tables of the running query. */
    at_frame *frames[MAX_TABLES];
    char *names[MAX_TABLES];
    size_t tables;
};

at_status at_sql_new(const at_sql_catalogue *catalogue, at_sql **out, at_error *err) {
    *out = NULL;
    at_sql *sql = at_alloc_zero(sizeof *sql);
    if (!sql)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    sql->catalogue = *catalogue;
    at_status status = at_sql_connection_init(&sql->connection, false, err);
    if (status) {
        at_sql_release(sql);
        return status;
    }
    *out = sql;
    return AT_OK;
}

void at_sql_release(at_sql *sql) {
    if (!sql)
        return;
    at_sql_connection_fini(&sql->connection);
    at_free(sql);
}

/* Datasets may be replaced between queries, so that tables live for one query only. */
static void drop_tables(at_sql *sql) {
    for (size_t i = 0; i < sql->tables; i++) {
        char *drop = sqlite3_mprintf("DROP TABLE temp.\"%w\"", sql->names[i]);
        sql->connection.opening = true;
        if (drop)
            sqlite3_exec(sql->connection.db, drop, NULL, NULL, NULL);
        sql->connection.opening = false;
        sqlite3_free(drop);
        at_free(sql->names[i]);
        at_frame_release(sql->frames[i]);
    }
    sql->tables = 0;
}

static at_status explain(at_sql *sql, const char *query, at_error *err) {
    at_sql_connection *c = &sql->connection;
    if (c->refused.code) {
        if (err)
            *err = c->refused;
        return c->refused.code;
    }
    at_arena arena = {0};
    at_sql_known known = {.frames = (const at_frame *const *)sql->frames,
                          .tables = (const char *const *)sql->names,
                          .count = sql->tables};
    if (sql->catalogue.names)
        known.datasets = sql->catalogue.names(sql->catalogue.context, &arena);
    at_status status = at_sql_connection_explain(c, query, &known, err);
    at_arena_fini(&arena);
    return status;
}

/* Declares the table that SQLite just missed. AT_NOT_FOUND: there is no such dataset. */
static at_status declare_missing(at_sql *sql, const char *missing, at_error *err) {
    const char *dot = strchr(missing, '.');
    if (dot && (!strncmp(missing, "main.", 5) || !strncmp(missing, "temp.", 5)))
        missing = dot + 1;
    if (sql->tables == MAX_TABLES)
        return at_fail(err, AT_LIMIT, "more than %d tables in one query", MAX_TABLES);
    for (size_t i = 0; i < sql->tables; i++)
        if (at_equal_fold(sql->names[i],
                          missing)) /* it is there, so it means another one */
            return at_fail(err, AT_NOT_FOUND, "there is no table %s here", missing);
    char *name = at_copy_text(missing);
    at_frame *frame = NULL;
    if (!name)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    at_status status = sql->catalogue.find(sql->catalogue.context, name, &frame, err);
    at_sql_table *table;
    if (!status) {
        sql->connection.opening = true;
        status = at_sql_table_declare(sql->connection.db, &sql->connection.source, name,
                                      frame, &table, err);
        sql->connection.opening = false;
    }
    if (status) {
        at_free(name);
        at_frame_release(frame);
        return status;
    }
    sql->names[sql->tables] = name;
    sql->frames[sql->tables++] = frame;
    return AT_OK;
}

static at_status prepare(at_sql *sql, const char *query, sqlite3_stmt **out,
                         at_error *err) {
    sqlite3 *db = sql->connection.db;
    static const char no_table[] = "no such table: ";
    for (;;) {
        const char *tail = NULL;
        at_sql_connection_begin(&sql->connection);
        int code = sqlite3_prepare_v2(db, query, -1, out, &tail);
        if (code == SQLITE_OK) {
            if (!*out)
                return at_fail(err, AT_SYNTAX, "there is no SQL to run");
            while (*tail && strchr(" \t\r\n;", *tail))
                tail++;
            if (!*tail || strncmp(tail, "--", 2) == 0 || strncmp(tail, "/*", 2) == 0)
                return AT_OK;
            at_fail(err, AT_SYNTAX, "more than one statement");
            return at_sql_point(err, query, strlen(query), (size_t)(tail - query));
        }
        const char *message = sqlite3_errmsg(db);
        if (strncmp(message, no_table, sizeof no_table - 1) != 0)
            return explain(sql, query, err);
        char missing[256];
        snprintf(missing, sizeof missing, "%s", message + sizeof no_table - 1);
        at_status status = declare_missing(sql, missing, err);
        if (status == AT_NOT_FOUND) {
            /* The message again, for explain: the catalogue may have used the connection.
             */
            at_sql_connection_begin(&sql->connection);
            code = sqlite3_prepare_v2(db, query, -1, out, NULL);
            return code == SQLITE_OK ? at_fail(err, AT_INTERNAL, "a table came and went")
                                     : explain(sql, query, err);
        }
        AT_TRY(status);
    }
}

static at_status bind(at_sql *sql, sqlite3_stmt *stmt, const at_sql_binding *bindings,
                      size_t count, at_error *err) {
    (void)sql;
    int places = sqlite3_bind_parameter_count(stmt);
    for (int place = 1; place <= places; place++) {
        const char *name = sqlite3_bind_parameter_name(stmt, place);
        const at_sql_binding *found = NULL;
        for (size_t i = 0; name && i < count && !found; i++)
            if (strcmp(bindings[i].name, name + 1) == 0)
                found = &bindings[i];
        if (!found) {
            at_fail(err, AT_NOT_FOUND, "%s has no value", name ? name : "?");
            return at_hint(err, "give it one with %%set %s = value",
                           name ? name + 1 : "name");
        }
        int64_t integer;
        double real;
        const char *value = found->value;
        int code;
        if (!value)
            code = sqlite3_bind_null(stmt, place);
        else if (at_parse_int(value, &integer))
            code = sqlite3_bind_int64(stmt, place, integer);
        else if (value[strspn(value, "+-")] != 'n' && value[strspn(value, "+-")] != 'N' &&
                 value[strspn(value, "+-")] != 'i' && value[strspn(value, "+-")] != 'I' &&
                 at_parse_real(value, &real))
            code = sqlite3_bind_double(stmt, place, real);
        else
            code = sqlite3_bind_text(stmt, place, value, -1, SQLITE_TRANSIENT);
        if (code != SQLITE_OK)
            return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    return AT_OK;
}

/* The table's column that a result column shows as it is, or -1. */
static int origin(const at_sql *sql, sqlite3_stmt *stmt, int place,
                  const at_frame **frame) {
    const char *table = sqlite3_column_table_name(stmt, place);
    const char *column = sqlite3_column_origin_name(stmt, place);
    for (size_t i = 0; table && column && i < sql->tables; i++)
        if (at_equal_fold(sql->names[i], table)) {
            *frame = sql->frames[i];
            return at_frame_find(sql->frames[i], column);
        }
    return -1;
}

/* A name for each result column, no two alike. */
static const char *result_name(sqlite3_stmt *stmt, at_sql_column *columns, int place,
                               at_arena *arena) {
    enum { LONGEST = 200 };
    const char *given = sqlite3_column_name(stmt, place);
    if (!given || !*given)
        given = at_arena_format(arena, "column%d", place + 1);
    size_t length = given ? strlen(given) : 0;
    if (length > LONGEST)
        length = at_utf8_offset(given, length, LONGEST / 4);
    char *name = given ? at_arena_text(arena, given, length) : NULL;
    const char *base = name;
    for (int number = 2; name; number++) {
        bool taken = false;
        for (int i = 0; i < place && !taken; i++)
            taken = at_equal_fold(columns[i].name, name);
        if (!taken)
            break;
        name = at_arena_format(arena, "%s_%d", base, number);
    }
    return name;
}

static at_status step_failed(at_sql *sql, const char *query, const at_cancel *cancel,
                             int code, at_error *err) {
    if (code == SQLITE_INTERRUPT || at_cancelled(cancel))
        return at_fail(err, AT_CANCELLED, "the query was interrupted");
    if (code == SQLITE_NOMEM)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    return explain(sql, query, err);
}

/* The rows of a query whose first ones are enough: counted without their columns. */
static at_status count_rows(at_sql *sql, const char *query,
                            const at_sql_binding *bindings, size_t count,
                            const at_cancel *cancel, int64_t *total, at_error *err) {
    at_text text = {0};
    /* Without the ; and the comments behind it. */
    size_t all = strlen(query), cursor = 0, length = 0;
    for (;;) {
        at_sql_token token = at_sql_token_next(query, all, &cursor);
        if (token.kind == AT_SQL_TOKEN_END || at_sql_token_mark(&token, ';'))
            break;
        length = cursor;
    }
    at_text_put(&text, "SELECT count(*) FROM (");
    at_text_append(&text, query, length);
    at_text_put(&text, "\n)");
    sqlite3_stmt *stmt = NULL;
    at_status status =
        at_text_ok(&text) ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
    if (!status)
        status = prepare(sql, at_text_get(&text), &stmt, err);
    if (!status)
        status = bind(sql, stmt, bindings, count, err);
    if (!status) {
        at_sql_source *source = &sql->connection.source;
        source->collapse = at_sql_plan_of(sql->connection.db, at_text_get(&text),
                                          &source->alike) == AT_SQL_PLAN_COLLAPSES;
        int code = sqlite3_step(stmt);
        if (code == SQLITE_ROW)
            *total = sqlite3_column_int64(stmt, 0);
        else
            status = step_failed(sql, query, cancel, code, err);
    }
    sqlite3_finalize(stmt);
    at_text_fini(&text);
    return status;
}

typedef struct run {
    const char *query;
    const at_sql_binding *bindings;
    size_t count;
    int64_t limit;
    const at_cancel *cancel;
    at_sql_column *columns;
    int width;
    int64_t rows, kept;
    /* AT_SQL_PLAN_DIRECT: the rows of the one table that came, whose cells are copied at
     * the end; `from` (width) says which column of it each result column is, or -1. */
    const at_frame *direct;
    int *from;
    int64_t *picked;
    size_t picked_capacity;
    sqlite3_stmt
        *weighed; /* the query as at_sql_weigh has it, where that pays; or NULL */
} run;

static at_status keep_row(at_sql *sql, sqlite3_stmt *stmt, run *r, at_error *err) {
    for (int c = 0; c < r->width; c++)
        if (!r->direct || r->from[c] < 0)
            AT_TRY(at_sql_column_add(&r->columns[c], stmt, c, err));
    if (r->direct) {
        int64_t *picked =
            at_grow(r->picked, &r->picked_capacity, (size_t)r->kept + 1, sizeof *picked);
        if (!picked)
            return at_fail(err, AT_NO_MEMORY, "out of memory");
        r->picked = picked;
        picked[r->kept] = at_sql_source_row(&sql->connection.source);
    }
    r->kept++;
    return AT_OK;
}

/* Steps through the rows; those up to the limit go into the columns. */
static at_status collect(at_sql *sql, sqlite3_stmt *stmt, run *r, at_error *err) {
    bool explains = sqlite3_stmt_isexplain(stmt) != 0;
    for (;;) {
        int code = sqlite3_step(stmt);
        if (code == SQLITE_DONE)
            return AT_OK;
        if (code != SQLITE_ROW)
            return step_failed(sql, r->query, r->cancel, code, err);
        r->rows++;
        if (r->limit > 0 && r->rows > r->limit) {
            if (r->rows - r->limit < COUNT_ON || explains)
                continue;
            sqlite3_reset(stmt);
            return count_rows(sql, r->query, r->bindings, r->count, r->cancel, &r->rows,
                              err);
        }
        if (r->rows > AT_SQL_MAX_ROWS)
            return at_fail(err, AT_LIMIT, "the query gives more than %lld rows",
                           (long long)AT_SQL_MAX_ROWS);
        AT_TRY(keep_row(sql, stmt, r, err));
    }
}

/* The cells of the rows picked: a frame with the result's direct columns, in order. */
static at_status copy_cells(const run *r, at_frame **out, at_error *err) {
    int *columns = at_alloc_array((size_t)r->width, sizeof *columns), count = 0;
    if (!columns)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    bool *seen = at_alloc_array((size_t)at_frame_columns(r->direct), sizeof *seen);
    for (int c = 0; seen && c < r->width; c++)
        if (r->from[c] >= 0 && !seen[r->from[c]]) {
            seen[r->from[c]] = true;
            columns[count++] = r->from[c];
        }
    at_frame *some = NULL;
    at_status status = seen ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
    if (!status && count > 0)
        status = at_frame_select(r->direct, columns, count, &some, err);
    if (!status && count > 0)
        status = at_frame_take_rows(some, r->picked, r->kept, out, err);
    at_frame_release(some);
    at_free(seen);
    at_free(columns);
    return status;
}

static at_status put_column(run *r, int c, const at_frame *cells,
                            at_frame_builder *builder, at_error *err) {
    if (r->direct && r->from[c] >= 0) {
        int found = at_frame_find(cells, at_frame_column(r->direct, r->from[c])->name);
        return at_frame_builder_share(builder, cells, found, r->columns[c].name, err);
    }
    at_column_builder *column = NULL;
    AT_TRY(at_sql_column_take(&r->columns[c], &column, err));
    return at_frame_builder_take(builder, column, err);
}

static at_status finish(run *r, at_frame **out, at_error *err) {
    at_frame *cells = NULL;
    if (r->direct)
        AT_TRY(copy_cells(r, &cells, err));
    at_frame_builder *builder = NULL;
    at_status status = at_frame_builder_new(&builder, err);
    for (int c = 0; c < r->width && !status; c++)
        status = put_column(r, c, cells, builder, err);
    if (status)
        at_frame_builder_release(builder);
    else
        status = at_frame_builder_finish(builder, out, err);
    at_frame_release(cells);
    return status;
}

/* Runs the query with weights instead, if it has such a form. */
static at_status try_weighed(at_sql *sql, run *r, at_error *err) {
    sqlite3 *db = sql->connection.db;
    char *weighed = at_sql_weigh(r->query);
    if (!weighed)
        return AT_OK;
    at_status status = AT_OK;
    if (at_sql_plan_weighs(db, weighed) &&
        sqlite3_prepare_v2(db, weighed, -1, &r->weighed, NULL) == SQLITE_OK) {
        sql->connection.source.collapse = true;
        status = bind(sql, r->weighed, r->bindings, r->count, err);
    }
    at_free(weighed);
    return status;
}

/* Names and types of the result's columns, and how the rows may be read. */
static at_status plan(at_sql *sql, sqlite3_stmt *stmt, run *r, at_arena *arena,
                      at_error *err) {
    r->columns = at_alloc_array((size_t)r->width, sizeof *r->columns);
    r->from = at_alloc_array((size_t)r->width, sizeof *r->from);
    if (!r->columns || !r->from)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    const at_frame *frame = NULL;
    for (int c = 0; c < r->width; c++) {
        const char *name = result_name(stmt, r->columns, c, arena);
        if (!name)
            return at_fail(err, AT_NO_MEMORY, "out of memory");
        r->from[c] = origin(sql, stmt, c, &frame);
        const at_type *type =
            r->from[c] < 0 ? NULL : &at_frame_column(frame, r->from[c])->type;
        at_sql_column_init(&r->columns[c], name, type, false);
    }
    if (sqlite3_stmt_isexplain(stmt) == 0) {
        at_sql_source *source = &sql->connection.source;
        at_sql_plan how = at_sql_plan_of(sql->connection.db, r->query, &source->alike);
        source->collapse = how == AT_SQL_PLAN_COLLAPSES;
        /* One table in all, so that every origin is in it. */
        r->direct = how == AT_SQL_PLAN_DIRECT && sql->tables == 1 ? frame : NULL;
        if (how == AT_SQL_PLAN_ANY)
            return try_weighed(sql, r, err);
    }
    return AT_OK;
}

static at_status run_statement(at_sql *sql, sqlite3_stmt *stmt, run *r, at_frame **out,
                               at_error *err) {
    r->width = sqlite3_column_count(stmt);
    if (r->width == 0)
        return at_fail(err, AT_INVALID, "the statement gives no rows");
    at_arena arena = {0};
    at_status status = plan(sql, stmt, r, &arena, err);
    if (!status)
        status = collect(sql, r->weighed ? r->weighed : stmt, r, err);
    if (!status)
        status = finish(r, out, err);
    for (int c = 0; r->columns && c < r->width; c++)
        at_sql_column_fini(&r->columns[c]);
    at_free(r->columns);
    at_free(r->from);
    at_free(r->picked);
    sqlite3_finalize(r->weighed);
    at_arena_fini(&arena);
    return status;
}

at_status at_sql_query(at_sql *sql, const char *query, const at_sql_binding *bindings,
                       size_t count, int64_t limit, const at_cancel *cancel,
                       at_frame **out, int64_t *total, at_error *err) {
    *out = NULL;
    run r = {.query = query,
             .bindings = bindings,
             .count = count,
             .limit = limit,
             .cancel = cancel};
    sqlite3_stmt *stmt = NULL;
    sql->connection.source.cancel = cancel;
    at_status status = prepare(sql, query, &stmt, err);
    if (!status)
        status = bind(sql, stmt, bindings, count, err);
    if (!status)
        status = run_statement(sql, stmt, &r, out, err);
    if (status && at_cancelled(cancel))
        status = at_fail(err, AT_CANCELLED, "the query was interrupted");
    sqlite3_finalize(stmt);
    sql->connection.source.collapse = sql->connection.source.alike = false;
    sql->connection.source.weight = 1;
    sql->connection.source.cancel = NULL;
    drop_tables(sql);
    if (total)
        *total = r.rows;
    return status;
}
