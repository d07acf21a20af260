#include "ops/base/text.h"
#include "ops/frame/sql_table_inside.h"

#include <stdlib.h>
#include <string.h>

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

int at_sql_cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out) {
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

int at_sql_cursor_close(sqlite3_vtab_cursor *base) {
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

/* Makes the wanted cell of a value, with the column's affinity; *any = false: no cell can
 * be equal. An SQLite code. */
static int want(cursor *c, const at_column *column, sqlite3_value *value, bool *any) {
    int type = sqlite3_value_type(value);
    *any = false;
    if (type == SQLITE_NULL || type == SQLITE_BLOB)
        return SQLITE_OK;
    if (at_type_textual(column->type)) {
        const char *bytes = (const char *)sqlite3_value_text(value);
        c->wanted.length = sqlite3_value_bytes(value);
        c->wanted_bytes = bytes ? at_copy_bytes(bytes, (size_t)c->wanted.length) : NULL;
        c->wanted.bytes = c->wanted_bytes;
        *any = true;
        return c->wanted_bytes ? SQLITE_OK : SQLITE_NOMEM;
    }
    type = sqlite3_value_numeric_type(value);
    if (type != SQLITE_INTEGER && type != SQLITE_FLOAT)
        return SQLITE_OK;
    double real = sqlite3_value_double(value);
    c->wanted.real = real;
    c->wanted.integer = sqlite3_value_int64(value);
    /* 2^63 does not fit: nothing integer equals it. */
    *any = column->type == AT_TYPE_FLOAT || type == SQLITE_INTEGER ||
           (real >= -9223372036854775808.0 && real < 9223372036854775808.0 &&
            real <= (double)c->wanted.integer && real >= (double)c->wanted.integer);
    return SQLITE_OK;
}

/* Dates are text to SQL: those are compared by SQLite itself. */
static bool comparable(const at_column *column) {
    return column->type != AT_TYPE_DATE && column->type != AT_TYPE_TIMESTAMP;
}

static int filter_equal(cursor *c, at_sql_way how, int number, sqlite3_value *value) {
    at_sql_table *table = table_of(c);
    const at_column *column = table->columns[number];
    c->end = table->rows;
    if (sqlite3_value_type(value) == SQLITE_NULL) {
        c->end = 0;
        return SQLITE_OK;
    }
    if (!comparable(column))
        return SQLITE_OK;
    bool any;
    int code = want(c, column, value, &any);
    if (code != SQLITE_OK || !any) {
        c->end = 0;
        return code;
    }
    if (how == AT_SQL_WAY_EQUAL) {
        c->equal = column;
        return SQLITE_OK;
    }
    if (!table->indices[number]) {
        at_status status =
            at_sql_index_new(column, table->source->cancel, &table->indices[number]);
        if (status)
            return at_sql_code_of(status);
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
        int code = at_sql_table_ranks(table, column, &ranks);
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
        int code = at_sql_table_ranks(table, column, &ranks);
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
static int filter_scan(cursor *c, at_sql_way how, const char *text) {
    at_sql_table *table = table_of(c);
    const at_cancel *cancel = table->source->cancel;
    c->end = table->rows;
    bool distinct = how == AT_SQL_WAY_DISTINCT;
    bool collapse = (table->source->collapse || (distinct && table->source->alike)) &&
                    table->rows >= AT_SQL_SMALL && table->rows < UINT32_MAX;
    if (!collapse && !distinct && how != AT_SQL_WAY_ORDER)
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
    return code != SQLITE_OK ? code : at_sql_code_of(status);
}

int at_sql_cursor_filter(sqlite3_vtab_cursor *base, int number, const char *text,
                         int argc, sqlite3_value **argv) {
    cursor *c = (cursor *)base;
    cursor_reset(c);
    at_sql_table *table = table_of(c);
    table->source->cursor = c;
    at_sql_way how = (at_sql_way)(number & ((1 << AT_SQL_WAY_BITS) - 1));
    int code = SQLITE_OK;
    if (how == AT_SQL_WAY_ROWID && argc == 1) {
        int type = sqlite3_value_numeric_type(argv[0]);
        sqlite3_int64 row = sqlite3_value_int64(argv[0]);
        bool there = (type == SQLITE_INTEGER || type == SQLITE_FLOAT) && row >= 1 &&
                     row <= table->rows;
        c->at = there ? row - 1 : 0;
        c->end = there ? row : 0;
    } else if ((how == AT_SQL_WAY_EQUAL && !table->source->collapse) ||
               how == AT_SQL_WAY_INDEX) {
        code = filter_equal(c, how, number >> AT_SQL_WAY_BITS, argv[0]);
        if (c->index)
            return code;
    } else {
        code = filter_scan(c, how, text ? text : ":0");
    }
    if (code == SQLITE_OK)
        cursor_settle(c);
    return code;
}

int at_sql_cursor_next(sqlite3_vtab_cursor *base) {
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

int at_sql_cursor_eof(sqlite3_vtab_cursor *base) {
    const cursor *c = (const cursor *)base;
    return c->at >= c->end;
}

int at_sql_cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context,
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

int at_sql_cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out) {
    *out = ((const cursor *)base)->row + 1;
    return SQLITE_OK;
}

int64_t at_sql_source_row(const at_sql_source *source) {
    return source->cursor->row;
}
