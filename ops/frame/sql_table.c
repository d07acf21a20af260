#include "ops/base/text.h"
#include "ops/frame/sql_table_inside.h"

#include <string.h>

static const char *declared_type(at_type type) {
    switch (type) {
    case AT_TYPE_INT:
    case AT_TYPE_BOOL:
        return "INTEGER";
    case AT_TYPE_FLOAT:
        return "REAL";
    default:
        return "TEXT";
    }
}

static void put_name(at_text *out, const char *name) {
    at_text_char(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            at_text_char(out, '"');
        at_text_char(out, *name);
    }
    at_text_char(out, '"');
}

static int table_disconnect(sqlite3_vtab *base) {
    at_sql_table *table = (at_sql_table *)base;
    for (int c = 0; c < table->count; c++) {
        if (table->ranks)
            at_sql_ranks_release(table->ranks[c]);
        if (table->indices)
            at_sql_index_release(table->indices[c]);
    }
    at_free(table->columns);
    at_free(table->ranks);
    at_free(table->unranked);
    at_free(table->indices);
    at_frame_release(table->frame);
    sqlite3_free(table);
    return SQLITE_OK;
}

static int table_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **message) {
    (void)argc;
    (void)argv;
    at_sql_source *source = aux;
    if (!source->pending) {
        *message = sqlite3_mprintf("no such table: atelier");
        return SQLITE_ERROR;
    }
    at_sql_table *table = sqlite3_malloc(sizeof *table);
    if (!table)
        return SQLITE_NOMEM;
    memset(table, 0, sizeof *table);
    size_t count = (size_t)at_frame_columns(source->pending);
    table->source = source;
    table->frame = at_frame_retain(source->pending);
    table->count = (int)count;
    table->rows = at_frame_rows(table->frame);
    table->columns = at_alloc_array(count, sizeof *table->columns);
    table->ranks = at_alloc_array(count, sizeof *table->ranks);
    table->unranked = at_alloc_array(count, sizeof *table->unranked);
    table->indices = at_alloc_array(count, sizeof *table->indices);
    at_text schema = {0};
    at_text_put(&schema, "CREATE TABLE x(");
    for (int c = 0; table->columns && c < table->count; c++) {
        table->columns[c] = at_frame_column(table->frame, c);
        at_text_put(&schema, c ? ", " : "");
        put_name(&schema, table->columns[c]->name);
        at_text_format(&schema, " %s", declared_type(table->columns[c]->type));
    }
    if (at_frame_find(table->frame, AT_SQL_WEIGHT) < 0)
        at_text_put(&schema, ", \"" AT_SQL_WEIGHT "\" INTEGER HIDDEN");
    at_text_char(&schema, ')');
    int code = SQLITE_NOMEM;
    if (table->columns && table->ranks && table->unranked && table->indices &&
        at_text_ok(&schema))
        code = sqlite3_declare_vtab(db, at_text_get(&schema));
    at_text_fini(&schema);
    if (code != SQLITE_OK) {
        table_disconnect(&table->base);
        return code;
    }
    source->declared = table;
    *out = &table->base;
    return SQLITE_OK;
}

/* Not table_connect itself: where the two are one, SQLite makes a table of the module's
 * name. */
static int table_create(sqlite3 *db, void *aux, int argc, const char *const *argv,
                        sqlite3_vtab **out, char **message) {
    return table_connect(db, aux, argc, argv, out, message);
}

int at_sql_table_ranks(at_sql_table *table, int column, const at_sql_ranks **out) {
    *out = NULL;
    if (!table->ranks[column] && !table->unranked[column]) {
        at_status status = at_sql_ranks_new(table->columns[column], table->source->cancel,
                                            &table->ranks[column]);
        if (status && status != AT_LIMIT)
            return at_sql_code_of(status);
        table->unranked[column] = status == AT_LIMIT;
    }
    *out = table->ranks[column];
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .iVersion = 2,
    .xCreate = table_create,
    .xConnect = table_connect,
    .xBestIndex = at_sql_choose,
    .xDisconnect = table_disconnect,
    .xDestroy = table_disconnect,
    .xOpen = at_sql_cursor_open,
    .xClose = at_sql_cursor_close,
    .xFilter = at_sql_cursor_filter,
    .xNext = at_sql_cursor_next,
    .xEof = at_sql_cursor_eof,
    .xColumn = at_sql_cursor_column,
    .xRowid = at_sql_cursor_rowid,
};

at_status at_sql_table_register(sqlite3 *db, at_sql_source *source, at_error *err) {
    source->weight = 1;
    if (sqlite3_create_module_v2(db, "atelier", &module, source, NULL) != SQLITE_OK)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    return AT_OK;
}

at_status at_sql_table_declare(sqlite3 *db, at_sql_source *source, const char *name,
                               const at_frame *frame, at_sql_table **out, at_error *err) {
    int most = sqlite3_limit(db, SQLITE_LIMIT_COLUMN, -1) - 1; /* one is hidden */
    if (at_frame_columns(frame) > most) {
        at_fail(err, AT_LIMIT, "%s has %d columns; SQL takes at most %d", name,
                at_frame_columns(frame), most);
        return at_hint(err, "make a narrower dataset with drop column in %%%%clean");
    }
    at_text sql = {0};
    at_text_put(&sql, "CREATE VIRTUAL TABLE temp.");
    put_name(&sql, name);
    at_text_put(&sql, " USING atelier");
    source->pending = frame;
    source->declared = NULL;
    int code = at_text_ok(&sql) ? sqlite3_exec(db, at_text_get(&sql), NULL, NULL, NULL)
                                : SQLITE_NOMEM;
    source->pending = NULL;
    at_text_fini(&sql);
    if (code == SQLITE_NOMEM)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    if (code != SQLITE_OK)
        return at_fail(err, AT_INTERNAL, "SQL cannot read %s: %s", name,
                       sqlite3_errmsg(db));
    *out = source->declared;
    return AT_OK;
}

void at_sql_table_show(at_sql_table *table, const at_column *const *columns,
                       int64_t rows) {
    for (int c = 0; c < table->count; c++)
        table->columns[c] = columns[c];
    table->rows = rows;
}
