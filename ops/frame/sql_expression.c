#include "ops/base/text.h"
#include "ops/frame/sql.h"
#include "ops/frame/sql_connect.h"
#include "ops/frame/sql_result.h"
#include "ops/frame/sql_token.h"

#include <sqlite3.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 1 << 16 };
static const char table_name[] = "this";

struct at_expression {
    at_sql_connection connection;
    at_sql_table *table;
    sqlite3_stmt *value, *truth;
    char *text;
    int count; /* columns of the schema */
    char **names;
    bool *used;  /* (count) */
    int *places; /* (count) where the last frame had them: looked at first */
    const at_column *
        *shown; /* (count) of the frame at work; unused ones: of the schema */
    at_frame *schema;
};

void at_expression_release(at_expression *e) {
    if (!e)
        return;
    sqlite3_finalize(e->value);
    sqlite3_finalize(e->truth);
    at_sql_connection_fini(&e->connection);
    for (int c = 0; e->names && c < e->count; c++)
        at_free(e->names[c]);
    at_free(e->names);
    at_free(e->used);
    at_free(e->places);
    at_free(e->shown);
    at_free(e->text);
    at_frame_release(e->schema);
    at_free(e);
}

static bool note_read(void *context, const char *column) {
    at_expression *e = context;
    bool found = false;
    for (int c = 0; c < e->count; c++)
        if (at_equal_fold(e->names[c], column))
            e->used[c] = found = true;
    return found;
}

static bool is_clock(const at_sql_token *token) {
    static const char *const clocks[] = {"date",      "time",     "datetime", "julianday",
                                         "unixepoch", "strftime", "timediff"};
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++)
        if (at_sql_token_is(token, clocks[i]))
            return true;
    return false;
}

static bool is_now(const at_sql_token *token) {
    return token->kind == AT_SQL_TOKEN_STRING && token->length == 5 &&
           (token->text[1] | 32) == 'n' && (token->text[2] | 32) == 'o' &&
           (token->text[3] | 32) == 'w';
}

/* A name of SQLite's for the place of the row, and of no column. */
static bool is_rowid(const at_expression *e, const at_sql_token *token) {
    static const char *const names[] = {"rowid", "oid", "_rowid_"};
    size_t quote = token->kind == AT_SQL_TOKEN_NAME;
    if (!quote && token->kind != AT_SQL_TOKEN_WORD)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length = strlen(names[i]);
        if (token->length != length + 2 * quote ||
            strncasecmp(token->text + quote, names[i], length) != 0)
            continue;
        bool column = false;
        for (int c = 0; c < e->count; c++)
            column = column || at_equal_fold(e->names[c], names[i]);
        return !column;
    }
    return false;
}

/* What SQLite would take, though it is no expression over one row. */
static at_status check_tokens(const at_expression *e, at_error *err) {
    const char *text = e->text;
    size_t length = strlen(text), cursor = 0;
    at_sql_token before = {0}, token = at_sql_token_next(text, length, &cursor);
    if (token.kind == AT_SQL_TOKEN_END && !token.open)
        return at_fail(err, AT_SYNTAX, "the expression is empty");
    int depth = 0, inside = 0; /* the depth of the outermost call of a clock; 0: none */
    const char *wrong = NULL, *hint = NULL;
    for (;; before = token, token = at_sql_token_next(text, length, &cursor)) {
        bool clock = is_clock(&before) && at_sql_token_mark(&token, '(');
        size_t peek = cursor;
        at_sql_token next = at_sql_token_next(text, length, &peek);
        if (token.open)
            wrong = token.kind == AT_SQL_TOKEN_END ? "a comment is not closed"
                                                   : "a quote is not closed";
        else if (token.kind == AT_SQL_TOKEN_PARAMETER)
            wrong = "an expression takes no :name", hint = "write ${name}";
        else if (at_sql_token_mark(&token, ';'))
            wrong = "an expression is not a statement: no ; here";
        else if (clock && at_sql_token_mark(&next, ')'))
            wrong = "the time of day is another each time: an expression may not use it";
        else if (inside && is_now(&token))
            wrong = "'now' is another moment each time: an expression may not use it";
        else if (is_rowid(e, &token))
            wrong = "an expression may not use rowid: it depends on the batch";
        else if (at_sql_token_mark(&token, '('))
            depth++;
        else if (at_sql_token_mark(&token, ')') && --depth < 0)
            wrong = "a closing bracket too many";
        else if (token.kind == AT_SQL_TOKEN_END && depth > 0)
            wrong = "a closing bracket is missing";
        if (clock && !inside)
            inside = depth;
        if (depth < inside)
            inside = 0;
        if (wrong) {
            at_fail(err, AT_SYNTAX, "%s", wrong);
            if (hint)
                at_hint(err, "%s", hint);
            if (err)
                at_sql_point(err, text, length, token.offset);
            return AT_SYNTAX;
        }
        if (token.kind == AT_SQL_TOKEN_END)
            return AT_OK;
    }
}

/* Prepares before + text + after; places in errors are those in the text. */
static at_status prepare(at_expression *e, const char *before, const char *after,
                         sqlite3_stmt **out, at_error *err) {
    at_text sql = {0};
    at_text_put(&sql, before);
    at_text_put(&sql, e->text);
    at_text_put(&sql, after);
    at_sql_connection *c = &e->connection;
    at_sql_connection_begin(c);
    at_status status = AT_OK;
    if (!at_text_ok(&sql)) {
        status = at_fail(err, AT_NO_MEMORY, "out of memory");
    } else if (sqlite3_prepare_v3(c->db, at_text_get(&sql), -1, SQLITE_PREPARE_PERSISTENT,
                                  out, NULL) != SQLITE_OK) {
        const at_frame *frame = e->schema;
        const char *name = "the data";
        at_sql_known known = {&frame, &name, 1, NULL};
        int offset = sqlite3_error_offset(c->db) - (int)strlen(before);
        int length = (int)strlen(e->text);
        offset = offset < 0 ? -1 : offset > length ? length : offset;
        if (c->refused.code) {
            status = c->refused.code;
            if (err)
                *err = c->refused;
        } else {
            status = at_sql_explain(sqlite3_errmsg(c->db), offset, e->text, &known, err);
        }
        status = status ? status : AT_INVALID;
    }
    at_text_fini(&sql);
    return status;
}

static at_status copy_schema(at_expression *e, const at_frame *schema, at_error *err) {
    size_t count = (size_t)at_frame_columns(schema);
    /* Without its rows, so that no large frame is kept alive for its names. */
    AT_TRY(at_frame_take_rows(schema, NULL, 0, &e->schema, err));
    e->count = (int)count;
    e->names = at_alloc_array(count, sizeof *e->names);
    e->used = at_alloc_array(count, sizeof *e->used);
    e->places = at_alloc_array(count, sizeof *e->places);
    e->shown = at_alloc_array(count, sizeof *e->shown);
    bool ok = e->names && e->used && e->places && e->shown;
    for (int c = 0; ok && c < e->count; c++) {
        e->shown[c] = at_frame_column(e->schema, c);
        e->names[c] = at_copy_text(e->shown[c]->name);
        e->places[c] = c;
        ok = e->names[c] != NULL;
    }
    return ok ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

static at_status compile(at_expression *e, const at_frame *schema, at_error *err) {
    AT_TRY(copy_schema(e, schema, err));
    AT_TRY(check_tokens(e, err));
    at_sql_connection *c = &e->connection;
    AT_TRY(at_sql_connection_init(c, true, err));
    c->opening = true;
    at_status status =
        at_sql_table_declare(c->db, &c->source, table_name, e->schema, &e->table, err);
    c->opening = false;
    AT_TRY(status);
    c->reads = note_read;
    c->context = e;
    /* Under WHERE SQLite itself refuses aggregates and window functions. */
    sqlite3_stmt *check = NULL;
    status = prepare(e, "SELECT 1 FROM this WHERE (\n", "\n)", &check, err);
    sqlite3_finalize(check);
    if (status == AT_INVALID && err && strstr(err->text, "cannot stand here"))
        at_hint(err, "an expression sees one row: no aggregates, no window functions");
    AT_TRY(status);
    AT_TRY(prepare(e, "SELECT (\n", "\n) FROM this", &e->value, err));
    return prepare(e, "SELECT (\n", "\n) IS TRUE FROM this", &e->truth, err);
}

at_status at_expression_new(const char *text, const at_frame *schema, at_expression **out,
                            at_error *err) {
    *out = NULL;
    if (strlen(text) > LONGEST)
        return at_fail(err, AT_LIMIT, "an expression is longer than %d bytes", LONGEST);
    at_expression *e = at_alloc_zero(sizeof *e);
    if (!e || !(e->text = at_copy_text(text))) {
        at_free(e);
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    at_status status = compile(e, schema, err);
    if (status) {
        at_expression_release(e);
        return status;
    }
    *out = e;
    return AT_OK;
}

/* Shows the frame's columns to the statements. */
static at_status show(at_expression *e, const at_frame *frame, at_error *err) {
    for (int c = 0; c < e->count; c++) {
        if (!e->used[c])
            continue;
        int place = e->places[c];
        if (place >= at_frame_columns(frame) ||
            !at_equal_fold(at_frame_column(frame, place)->name, e->names[c]))
            place = at_frame_find(frame, e->names[c]);
        if (place < 0)
            return at_fail(err, AT_NOT_FOUND, "the column %s is missing", e->names[c]);
        e->places[c] = place;
        e->shown[c] = at_frame_column(frame, place);
    }
    at_sql_table_show(e->table, e->shown, at_frame_rows(frame));
    return AT_OK;
}

/* Ends a run: the frame is not ours to keep. */
static at_status end(at_expression *e, sqlite3_stmt *stmt, int code,
                     const at_cancel *cancel, at_status status, at_error *err) {
    if (!status && code != SQLITE_DONE && code != SQLITE_ROW) {
        if (at_cancelled(cancel) || code == SQLITE_INTERRUPT)
            status = at_fail(err, AT_CANCELLED, "interrupted");
        else if (code == SQLITE_NOMEM)
            status = at_fail(err, AT_NO_MEMORY, "out of memory");
        else
            status = at_fail(err, AT_INVALID, "%s: %s", e->text,
                             sqlite3_errmsg(e->connection.db));
    }
    sqlite3_reset(stmt);
    e->connection.source.cancel = NULL;
    for (int c = 0; c < e->count; c++)
        e->shown[c] = at_frame_column(e->schema, c);
    at_sql_table_show(e->table, e->shown, 0);
    return status;
}

at_status at_expression_column(at_expression *e, const at_frame *frame, const char *name,
                               const at_type *type, const at_cancel *cancel,
                               at_column_builder **out, at_error *err) {
    *out = NULL;
    AT_TRY(show(e, frame, err));
    at_sql_column column;
    at_sql_column_init(&column, name, type, type != NULL);
    e->connection.source.cancel = cancel;
    at_status status = AT_OK;
    int code = SQLITE_DONE;
    while (!status && (code = sqlite3_step(e->value)) == SQLITE_ROW)
        status = at_sql_column_add(&column, e->value, 0, err);
    status = end(e, e->value, code, cancel, status, err);
    if (!status)
        status = at_sql_column_take(&column, out, err);
    at_sql_column_fini(&column);
    return status;
}

at_status at_expression_filter(at_expression *e, const at_frame *frame, uint8_t *keep,
                               const at_cancel *cancel, at_error *err) {
    AT_TRY(show(e, frame, err));
    e->connection.source.cancel = cancel;
    int code = SQLITE_DONE;
    for (int64_t row = 0; (code = sqlite3_step(e->truth)) == SQLITE_ROW; row++)
        keep[row] = (uint8_t)sqlite3_column_int(e->truth, 0);
    return end(e, e->truth, code, cancel, AT_OK, err);
}

at_status at_expression_uses(at_expression *e, at_arena *arena, const char *const **names,
                             size_t *count, at_error *err) {
    *count = 0;
    const char **list = at_arena_alloc(arena, ((size_t)e->count + 1) * sizeof *list);
    for (int c = 0; list && c < e->count; c++)
        if (e->used[c] &&
            !(list[(*count)++] = at_arena_text(arena, e->names[c], strlen(e->names[c]))))
            list = NULL;
    *names = list;
    return list ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}
