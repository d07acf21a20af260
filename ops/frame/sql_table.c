#include "ops/frame/sql_table.h"

#include "ops/base/text.h"
#include "ops/frame/sql_order.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* How a cursor moves; idxNum is the plan, and for EQUAL and INDEX the column above it. */
typedef enum plan {
    PLAN_SCAN,
    PLAN_ORDER,
    PLAN_DISTINCT,
    PLAN_ROWID,
    PLAN_EQUAL,
    PLAN_INDEX
} plan;
enum { PLAN_BITS = 3, SMALL = 256 };

struct at_sql_table {
    sqlite3_vtab base;
    at_sql_source *source;
    at_frame *frame;
    int count;
    int64_t rows;
    const at_column **columns; /* (count) */
    at_sql_ranks **ranks;      /* (count) made at first need */
    bool *unranked;            /* (count) known to have no ranks */
    at_sql_index **indices;    /* (count) made at first need */
};

typedef struct at_sql_cursor {
    sqlite3_vtab_cursor base;
    int64_t at, end; /* place and number of places */
    int64_t row;     /* the row there */
    uint32_t *order; /* row of each place; NULL: the place itself */
    int64_t *weights;
    const at_sql_index *index; /* INDEX: `row` moves along its chain */
    const at_column *equal;    /* EQUAL: only rows with this cell */
    at_sql_wanted wanted;
    char *wanted_bytes;
} cursor;

static int code_of(at_status status) {
    return status == AT_CANCELLED ? SQLITE_INTERRUPT
           : status == AT_OK      ? SQLITE_OK
                                  : SQLITE_NOMEM;
}

/* ---- the table ---- */

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

static int table_ranks(at_sql_table *table, int column, const at_sql_ranks **out) {
    *out = NULL;
    if (!table->ranks[column] && !table->unranked[column]) {
        at_status status = at_sql_ranks_new(table->columns[column], table->source->cancel,
                                            &table->ranks[column]);
        if (status && status != AT_LIMIT)
            return code_of(status);
        table->unranked[column] = status == AT_LIMIT;
    }
    *out = table->ranks[column];
    return SQLITE_OK;
}

/* ---- planning ---- */

typedef struct choice {
    plan plan;
    int term, column; /* ROWID, EQUAL, INDEX: the constraint and its column */
} choice;

/* Looks for the constraint that pays most: rowid, then an index for a join, then an
 * equality with a constant, which a scan checks by itself. */
static choice best_constraint(const at_sql_table *table, sqlite3_index_info *info) {
    choice best = {.plan = PLAN_SCAN, .term = -1};
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *term = &info->aConstraint[i];
        if (!term->usable || term->op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        sqlite3_value *value;
        plan found;
        if (term->iColumn >= table->count)
            continue;
        if (term->iColumn < 0)
            found = PLAN_ROWID;
        else if (sqlite3_vtab_in(info, i, -1))
            continue; /* x IN (...): one scan beats a pass for each value */
        else if (strcmp(sqlite3_vtab_collation(info, i), "BINARY") != 0)
            continue;
        else
            found = sqlite3_vtab_rhs_value(info, i, &value) == SQLITE_OK ? PLAN_EQUAL
                                                                         : PLAN_INDEX;
        bool better = best.plan == PLAN_SCAN || found == PLAN_ROWID ||
                      (found == PLAN_INDEX && best.plan == PLAN_EQUAL);
        if (better)
            best = (choice){found, i, term->iColumn};
    }
    return best;
}

/* How many rows share a cell, on average, as far as that is cheap to know. */
static double rows_a_cell(const at_sql_table *table, int column) {
    const at_column *c = table->columns[column];
    double rows = (double)table->rows;
    if (c->type == AT_TYPE_CATEGORY && c->levels)
        return rows / c->levels;
    if (c->type == AT_TYPE_BOOL)
        return rows / 2;
    return rows > 1000 ? 10 : 1 + rows / 100;
}

/* Takes over the ORDER BY (or GROUP BY, or DISTINCT) of the query where the columns have
 * ranks. */
static int plan_order(at_sql_table *table, sqlite3_index_info *info) {
    sqlite3_str *text = sqlite3_str_new(NULL);
    uint64_t ordered = 0;
    for (int k = 0; k < info->nOrderBy; k++) {
        const struct sqlite3_index_orderby *key = &info->aOrderBy[k];
        const at_sql_ranks *ranks = NULL;
        int code = SQLITE_OK;
        if (key->iColumn >= 0 && key->iColumn < table->count)
            code = table_ranks(table, key->iColumn, &ranks);
        if (code != SQLITE_OK || !ranks) {
            sqlite3_free(sqlite3_str_finish(text));
            return code;
        }
        ordered |= (uint64_t)1 << (key->iColumn < 63 ? key->iColumn : 63);
        sqlite3_str_appendf(text, "%c%d", key->desc ? '-' : '+', key->iColumn);
    }
    sqlite3_str_appendf(text, ":%llx", info->colUsed);
    info->idxStr = sqlite3_str_finish(text);
    if (!info->idxStr)
        return SQLITE_NOMEM;
    info->needToFreeIdxStr = 1;
    info->orderByConsumed = 1;
    /* DISTINCT over all that is read: the rows of a combination are one. */
    bool covered = (info->colUsed & ~ordered) == 0 && !(ordered >> 63);
    int distinct = sqlite3_vtab_distinct(info);
    info->idxNum =
        (distinct == 2 || distinct == 3) && covered ? PLAN_DISTINCT : PLAN_ORDER;
    return SQLITE_OK;
}

static int table_best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
    at_sql_table *table = (at_sql_table *)base;
    choice best = best_constraint(table, info);
    info->idxNum = PLAN_SCAN;
    info->estimatedRows = table->rows ? table->rows : 1;
    info->estimatedCost = (double)table->rows + 10;
    bool simple = best.plan == PLAN_SCAN || best.plan == PLAN_EQUAL;
    if (simple && info->nOrderBy > 0 && table->rows >= SMALL &&
        table->rows < UINT32_MAX) {
        int code = plan_order(table, info);
        if (code != SQLITE_OK || info->orderByConsumed)
            return code;
    }
    if (best.plan == PLAN_INDEX && (table->rows < 16 || table->rows >= UINT32_MAX / 2))
        best.plan = PLAN_EQUAL;
    if (best.plan != PLAN_SCAN) {
        double rows = best.plan == PLAN_ROWID ? 1 : rows_a_cell(table, best.column);
        info->idxNum =
            (int)best.plan | (best.plan == PLAN_ROWID ? 0 : best.column << PLAN_BITS);
        info->aConstraintUsage[best.term].argvIndex = 1;
        info->estimatedRows = (sqlite3_int64)rows + 1;
        info->estimatedCost =
            best.plan == PLAN_EQUAL ? (double)table->rows / 8 + rows + 5 : rows + 5;
        if (best.plan == PLAN_ROWID)
            info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
    }
    if (best.plan == PLAN_SCAN || best.plan == PLAN_EQUAL) {
        info->idxStr = sqlite3_mprintf(":%llx", info->colUsed);
        if (!info->idxStr)
            return SQLITE_NOMEM;
        info->needToFreeIdxStr = 1;
    }
    return SQLITE_OK;
}

/* ---- the cursor ---- */

static int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out) {
    (void)base;
    cursor *c = sqlite3_malloc(sizeof *c);
    if (!c)
        return SQLITE_NOMEM;
    memset(c, 0, sizeof *c);
    *out = &c->base;
    return SQLITE_OK;
}

static void cursor_reset(cursor *c) {
    sqlite3_vtab *table = c->base.pVtab;
    at_free(c->order);
    at_free(c->weights);
    at_free(c->wanted_bytes);
    memset(c, 0, sizeof *c);
    c->base.pVtab = table;
}

static int cursor_close(sqlite3_vtab_cursor *base) {
    cursor_reset((cursor *)base);
    sqlite3_free(base);
    return SQLITE_OK;
}

static inline at_sql_table *table_of(const cursor *c) {
    return (at_sql_table *)c->base.pVtab;
}

/* Settles on the place `at`, or the next one that has the wanted cell. */
static void cursor_settle(cursor *c) {
    if (c->equal)
        while (c->at < c->end && !at_sql_cell_is(c->equal, c->at, &c->wanted))
            c->at++;
    if (c->weights)
        table_of(c)->source->weight = c->at < c->end ? c->weights[c->at] : 1;
    if (c->at < c->end)
        c->row = c->order ? c->order[c->at] : c->at;
}

/* Makes *wanted of a value, with the column's affinity; false: no cell can be equal. */
static bool want(cursor *c, const at_column *column, sqlite3_value *value) {
    int type = sqlite3_value_type(value);
    if (type == SQLITE_NULL || type == SQLITE_BLOB)
        return false;
    if (column->type == AT_TYPE_TEXT || column->type == AT_TYPE_CATEGORY ||
        column->type == AT_TYPE_DATE || column->type == AT_TYPE_TIMESTAMP) {
        const char *bytes = (const char *)sqlite3_value_text(value);
        c->wanted.length = sqlite3_value_bytes(value);
        c->wanted_bytes = bytes ? at_copy_bytes(bytes, (size_t)c->wanted.length) : NULL;
        c->wanted.bytes = c->wanted_bytes;
        return c->wanted_bytes != NULL;
    }
    type = sqlite3_value_numeric_type(value);
    if (type != SQLITE_INTEGER && type != SQLITE_FLOAT)
        return false;
    double real = sqlite3_value_double(value);
    c->wanted.real = real;
    c->wanted.integer = sqlite3_value_int64(value);
    /* 2^63 does not fit: nothing integer equals it. */
    return column->type == AT_TYPE_FLOAT || type == SQLITE_INTEGER ||
           (real >= -9223372036854775808.0 && real < 9223372036854775808.0 &&
            real <= (double)c->wanted.integer && real >= (double)c->wanted.integer);
}

/* Dates are text to SQL: those are compared by SQLite itself. */
static bool comparable(const at_column *column) {
    return column->type != AT_TYPE_DATE && column->type != AT_TYPE_TIMESTAMP;
}

static int filter_equal(cursor *c, plan how, int number, sqlite3_value *value) {
    at_sql_table *table = table_of(c);
    const at_column *column = table->columns[number];
    c->end = table->rows;
    if (sqlite3_value_type(value) == SQLITE_NULL) {
        c->end = 0;
        return SQLITE_OK;
    }
    if (!comparable(column))
        return SQLITE_OK;
    if (!want(c, column, value)) {
        c->end = 0;
        return SQLITE_OK;
    }
    if (how == PLAN_EQUAL) {
        c->equal = column;
        return SQLITE_OK;
    }
    if (!table->indices[number]) {
        at_status status =
            at_sql_index_new(column, table->source->cancel, &table->indices[number]);
        if (status)
            return code_of(status);
    }
    c->index = table->indices[number];
    uint32_t first = at_sql_index_find(c->index, &c->wanted);
    c->at = 0;
    c->end = first ? 1 : 0; /* for eof: until the chain ends */
    c->row = (int64_t)first - 1;
    return SQLITE_OK;
}

/* Reads "+3-5:colUsed" into keys; with `all`, the other columns read follow. */
static int read_keys(at_sql_table *table, const char *text, bool all, at_sql_key *keys,
                     int *count) {
    *count = 0;
    while (*text == '+' || *text == '-') {
        bool descending = *text == '-';
        char *end;
        int column = (int)strtol(text + 1, &end, 10);
        const at_sql_ranks *ranks = NULL;
        int code = table_ranks(table, column, &ranks);
        if (code != SQLITE_OK)
            return code;
        if (!ranks)
            return SQLITE_CORRUPT_VTAB; /* planned with ranks, so they are there */
        keys[(*count)++] = (at_sql_key){ranks, descending};
        text = end;
    }
    uint64_t used = strtoull(text + 1, NULL, 16);
    for (int column = 0; all && column < table->count; column++) {
        if (!(used >> (column < 63 ? column : 63) & 1))
            continue;
        const at_sql_ranks *ranks = NULL;
        int code = table_ranks(table, column, &ranks);
        if (code != SQLITE_OK)
            return code;
        if (!ranks) {
            *count = -1; /* cannot be collapsed */
            return SQLITE_OK;
        }
        bool seen = false;
        for (int k = 0; k < *count; k++)
            seen = seen || keys[k].ranks == ranks;
        if (!seen)
            keys[(*count)++] = (at_sql_key){ranks, false};
    }
    return SQLITE_OK;
}

/* Orders or collapses the scan as planned. */
static int filter_scan(cursor *c, plan how, const char *text) {
    at_sql_table *table = table_of(c);
    const at_cancel *cancel = table->source->cancel;
    c->end = table->rows;
    bool collapse = (table->source->collapse || how == PLAN_DISTINCT) &&
                    table->rows >= SMALL && table->rows < UINT32_MAX;
    if (!collapse && how != PLAN_ORDER)
        return SQLITE_OK;
    at_sql_key *keys = at_alloc_array((size_t)table->count * 2 + 1, sizeof *keys);
    if (!keys)
        return SQLITE_NOMEM;
    int count = -1, code = SQLITE_OK;
    at_status status = AT_LIMIT;
    if (collapse)
        code = read_keys(table, text, true, keys, &count);
    if (code == SQLITE_OK && count >= 0)
        status = at_sql_combine(keys, count, table->rows, cancel, &c->order, &c->weights,
                                &c->end);
    if (code == SQLITE_OK && status == AT_LIMIT) {
        c->end = table->rows;
        status = AT_OK;
        code = read_keys(table, text, false, keys, &count);
        if (code == SQLITE_OK && count > 0)
            status = at_sql_order(keys, count, table->rows, cancel, &c->order);
    }
    at_free(keys);
    return code != SQLITE_OK ? code : code_of(status);
}

static int cursor_filter(sqlite3_vtab_cursor *base, int number, const char *text,
                         int argc, sqlite3_value **argv) {
    cursor *c = (cursor *)base;
    cursor_reset(c);
    at_sql_table *table = table_of(c);
    table->source->cursor = c;
    plan how = (plan)(number & ((1 << PLAN_BITS) - 1));
    int code = SQLITE_OK;
    if (how == PLAN_ROWID && argc == 1) {
        int type = sqlite3_value_numeric_type(argv[0]);
        sqlite3_int64 row = sqlite3_value_int64(argv[0]);
        bool there = (type == SQLITE_INTEGER || type == SQLITE_FLOAT) && row >= 1 &&
                     row <= table->rows;
        c->at = there ? row - 1 : 0;
        c->end = there ? row : 0;
    } else if ((how == PLAN_EQUAL && !table->source->collapse) || how == PLAN_INDEX) {
        code = filter_equal(c, how, number >> PLAN_BITS, argv[0]);
        if (c->index)
            return code;
    } else {
        code = filter_scan(c, how, text ? text : ":0");
    }
    if (code == SQLITE_OK)
        cursor_settle(c);
    return code;
}

static int cursor_next(sqlite3_vtab_cursor *base) {
    cursor *c = (cursor *)base;
    if (c->index) {
        uint32_t next = c->index->next[c->row];
        c->row = (int64_t)next - 1;
        c->at = next == 0;
        return SQLITE_OK;
    }
    c->at++;
    if (c->order || c->equal)
        cursor_settle(c);
    else
        c->row = c->at;
    return SQLITE_OK;
}

static int cursor_eof(sqlite3_vtab_cursor *base) {
    const cursor *c = (const cursor *)base;
    return c->at >= c->end;
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context,
                         int number) {
    const cursor *c = (const cursor *)base;
    if (number >= table_of(c)->count) {
        sqlite3_result_int64(context, c->weights ? c->weights[c->at] : 1);
        return SQLITE_OK;
    }
    const at_column *column = table_of(c)->columns[number];
    int64_t row = c->row;
    if (!at_column_valid(column, row))
        return SQLITE_OK; /* NULL */
    switch (column->type) {
    case AT_TYPE_INT:
        sqlite3_result_int64(context, column->ints[row]);
        break;
    case AT_TYPE_FLOAT:
        sqlite3_result_double(context, column->reals[row]);
        break;
    case AT_TYPE_BOOL:
        sqlite3_result_int(context, column->bools[row]);
        break;
    case AT_TYPE_TEXT:
    case AT_TYPE_CATEGORY: {
        int64_t at = column->type == AT_TYPE_TEXT ? row : column->codes[row];
        int64_t first = column->offsets[at], length = column->offsets[at + 1] - first;
        /* The frame outlives the statement. */
        sqlite3_result_text64(context, length ? column->bytes + first : "",
                              (sqlite3_uint64)length, SQLITE_STATIC, SQLITE_UTF8);
        break;
    }
    case AT_TYPE_DATE:
    case AT_TYPE_TIMESTAMP: {
        at_text text = {0};
        at_column_format(column, row, &text);
        sqlite3_result_text64(context, at_text_get(&text), text.length, SQLITE_TRANSIENT,
                              SQLITE_UTF8);
        at_text_fini(&text);
        break;
    }
    }
    return SQLITE_OK;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out) {
    *out = ((const cursor *)base)->row + 1;
    return SQLITE_OK;
}

int64_t at_sql_source_row(const at_sql_source *source) {
    return source->cursor->row;
}

static const sqlite3_module module = {
    .iVersion = 2,
    .xCreate = table_create,
    .xConnect = table_connect,
    .xBestIndex = table_best_index,
    .xDisconnect = table_disconnect,
    .xDestroy = table_disconnect,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = cursor_filter,
    .xNext = cursor_next,
    .xEof = cursor_eof,
    .xColumn = cursor_column,
    .xRowid = cursor_rowid,
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
