#include "ops/frame/sql_table_inside.h"

#include <string.h>

typedef struct choice {
    at_sql_way way;
    int term, column; /* ROWID, EQUAL, INDEX: the constraint and its column */
} choice;

/* Looks for the constraint that pays most: rowid, then an index for a join, then an
 * equality with a constant, which a scan checks by itself. */
static choice best_constraint(const at_sql_table *table, sqlite3_index_info *info) {
    choice best = {.way = AT_SQL_WAY_SCAN, .term = -1};
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *term = &info->aConstraint[i];
        if (!term->usable || term->op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        sqlite3_value *value;
        at_sql_way found;
        if (term->iColumn >= table->count)
            continue;
        if (term->iColumn < 0)
            found = AT_SQL_WAY_ROWID;
        else if (sqlite3_vtab_in(info, i, -1))
            continue; /* x IN (...): one scan beats a pass for each value */
        else if (strcmp(sqlite3_vtab_collation(info, i), "BINARY") != 0)
            continue;
        else
            found = sqlite3_vtab_rhs_value(info, i, &value) == SQLITE_OK
                        ? AT_SQL_WAY_EQUAL
                        : AT_SQL_WAY_INDEX;
        bool better = best.way == AT_SQL_WAY_SCAN || found == AT_SQL_WAY_ROWID ||
                      (found == AT_SQL_WAY_INDEX && best.way == AT_SQL_WAY_EQUAL);
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
            code = at_sql_table_ranks(table, key->iColumn, &ranks);
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
    info->idxNum = (distinct == 2 || distinct == 3) && covered ? AT_SQL_WAY_DISTINCT
                                                               : AT_SQL_WAY_ORDER;
    return SQLITE_OK;
}

int at_sql_choose(sqlite3_vtab *base, sqlite3_index_info *info) {
    at_sql_table *table = (at_sql_table *)base;
    choice best = best_constraint(table, info);
    info->idxNum = AT_SQL_WAY_SCAN;
    info->estimatedRows = table->rows ? table->rows : 1;
    info->estimatedCost = (double)table->rows + 10;
    bool simple = best.way == AT_SQL_WAY_SCAN || best.way == AT_SQL_WAY_EQUAL;
    if (simple && info->nOrderBy > 0 && table->rows >= AT_SQL_SMALL &&
        table->rows < UINT32_MAX) {
        int code = plan_order(table, info);
        if (code != SQLITE_OK || info->orderByConsumed)
            return code;
    }
    if (best.way == AT_SQL_WAY_INDEX &&
        (table->rows < 16 || table->rows >= UINT32_MAX / 2))
        best.way = AT_SQL_WAY_EQUAL;
    if (best.way != AT_SQL_WAY_SCAN) {
        double rows = best.way == AT_SQL_WAY_ROWID ? 1 : rows_a_cell(table, best.column);
        info->idxNum =
            (int)best.way |
            (best.way == AT_SQL_WAY_ROWID ? 0 : best.column << AT_SQL_WAY_BITS);
        info->aConstraintUsage[best.term].argvIndex = 1;
        info->estimatedRows = (sqlite3_int64)rows + 1;
        info->estimatedCost =
            best.way == AT_SQL_WAY_EQUAL ? (double)table->rows / 8 + rows + 5 : rows + 5;
        if (best.way == AT_SQL_WAY_ROWID)
            info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
    }
    if (best.way == AT_SQL_WAY_SCAN || best.way == AT_SQL_WAY_EQUAL) {
        info->idxStr = sqlite3_mprintf(":%llx", info->colUsed);
        if (!info->idxStr)
            return SQLITE_NOMEM;
        info->needToFreeIdxStr = 1;
    }
    return SQLITE_OK;
}
