#include "ops/base/text.h"
#include "ops/frame/sql_table.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* What may happen to a row on its way into aggregates: nothing that could tell one row of
 * a combination from two. */
static const char *const harmless[] = {
    "VColumn",  "Compare",  "Jump",         "Move",      "Copy",       "SCopy",
    "Gosub",    "IfPos",    "If",           "IfNot",     "Eq",         "Ne",
    "Lt",       "Le",       "Gt",           "Ge",        "ElseEq",     "ZeroOrNull",
    "Integer",  "Int64",    "Real",         "String8",   "String",     "Blob",
    "Null",     "SoftNull", "IsNull",       "NotNull",   "Not",        "And",
    "Or",       "Add",      "Subtract",     "Multiply",  "Divide",     "Remainder",
    "BitAnd",   "BitOr",    "BitNot",       "ShiftLeft", "ShiftRight", "Concat",
    "Cast",     "Affinity", "RealAffinity", "Goto",      "IsTrue",     "CollSeq",
    "Noop",     "Function", "PureFunc",     "AggStep",   "VNext",      "VFilter",
    "Variable", "MustBeInt"};

static const char *const weighted[] = {"count(", "sum(", "avg(",   "total(",
                                       "min(",   "max(", "stddev("};
static const char *const unsteady[] = {"random", "changes", "total_changes",
                                       "last_insert"};

typedef struct operation {
    char name[20], detail[24];
} operation;

static bool begins_with_any(const char *text, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strncmp(text, list[i], strlen(list[i])) == 0)
            return true;
    return false;
}

static bool is(const operation *op, const char *name) {
    return strcmp(op->name, name) == 0;
}

static bool known_harmless(const operation *op) {
    bool found = false;
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless && !found; i++)
        found = strcmp(op->name, harmless[i]) == 0;
    if (strcmp(op->name, "AggStep") == 0)
        return begins_with_any(op->detail, weighted, sizeof weighted / sizeof *weighted);
    if (strcmp(op->name, "Function") == 0)
        return !begins_with_any(op->detail, unsteady, sizeof unsteady / sizeof *unsteady);
    return found;
}

/* Everything between VFilter and VNext is harmless, and what is counted is counted there.
 */
static bool collapses(const operation *ops, size_t count, size_t filter, size_t next) {
    size_t steps = 0;
    for (size_t i = 0; i < count; i++) {
        bool inside = i >= filter && i <= next;
        bool step = strncmp(ops[i].name, "AggStep", 7) == 0;
        if ((step && !inside) || (inside && !known_harmless(&ops[i])) ||
            is(&ops[i], "AggInverse"))
            return false;
        steps += step;
    }
    return steps > 0;
}

/* The one ResultRow is between VFilter and VNext, and no outer join makes rows of NULLs.
 */
static bool direct(const operation *ops, size_t count, size_t filter, size_t next) {
    size_t results = 0;
    for (size_t i = 0; i < count; i++) {
        if (is(&ops[i], "NullRow"))
            return false;
        if (is(&ops[i], "ResultRow")) {
            if (i < filter || i > next)
                return false;
            results++;
        }
    }
    return results == 1;
}

/* What is read goes, by way of a sorter, into aggregates that take weights. */
static bool weighs(const operation *ops, size_t count, size_t filter, size_t next) {
    static const char *const twins[] = {"at_count(", "at_sum(", "at_avg(",
                                        "at_total(", "min(",    "max("};
    size_t steps = 0;
    for (size_t i = 0; i < count; i++) {
        bool inside = i >= filter && i <= next;
        bool step = strncmp(ops[i].name, "AggStep", 7) == 0;
        bool sorts = is(&ops[i], "MakeRecord") || is(&ops[i], "SorterInsert");
        if (step && !begins_with_any(ops[i].detail, twins, sizeof twins / sizeof *twins))
            return false;
        if (inside && !step && !sorts && !known_harmless(&ops[i]))
            return false;
        if (is(&ops[i], "AggInverse"))
            return false;
        steps += step;
    }
    return steps > 0;
}

/* Finds the one scan of the one table, if that is so. */
static bool one_scan(const operation *ops, size_t count, size_t *filter, size_t *next) {
    size_t opens = 0, filters = 0, nexts = 0;
    for (size_t i = 0; i < count; i++) {
        if (is(&ops[i], "VOpen"))
            opens++;
        else if (is(&ops[i], "VFilter"))
            *filter = i, filters++;
        else if (is(&ops[i], "VNext"))
            *next = i, nexts++;
    }
    return opens == 1 && filters == 1 && nexts == 1 && *filter < *next;
}

/* Nothing in the program depends on which row it is, but for the row's cells. (colUsed,
 * which xBestIndex is given, does not count the rowid.) */
static bool same_cells_same_row(const operation *ops, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (is(&ops[i], "Rowid") ||
            (strstr(ops[i].name, "Func") && !known_harmless(&ops[i])))
            return false;
    return count > 0;
}

enum { MOST = 2000 };

static void copy_word(char *out, size_t size, const unsigned char *text) {
    size_t n = text ? strlen((const char *)text) : 0;
    n = n < size ? n : size - 1;
    if (n)
        memcpy(out, text, n);
    out[n] = '\0';
}

/* The program of a statement, at most MOST operations; their number, 0 on any failure. */
static size_t read_program(sqlite3 *db, const char *query, operation *ops) {
    at_text sql = {0};
    at_text_put(&sql, "EXPLAIN ");
    at_text_put(&sql, query);
    sqlite3_stmt *stmt = NULL;
    size_t count = 0;
    int code = SQLITE_ERROR;
    if (at_text_ok(&sql))
        code = sqlite3_prepare_v2(db, at_text_get(&sql), -1, &stmt, NULL);
    while (stmt && (code = sqlite3_step(stmt)) == SQLITE_ROW && count < MOST) {
        operation *op = &ops[count++];
        copy_word(op->name, sizeof op->name, sqlite3_column_text(stmt, 1));
        copy_word(op->detail, sizeof op->detail, sqlite3_column_text(stmt, 5));
    }
    sqlite3_finalize(stmt);
    at_text_fini(&sql);
    return code == SQLITE_DONE ? count : 0;
}

at_sql_plan at_sql_plan_of(sqlite3 *db, const char *query, bool *alike) {
    operation *ops = at_alloc_array(MOST, sizeof *ops);
    size_t count = ops ? read_program(db, query, ops) : 0, filter = 0, next = 0;
    at_sql_plan answer = AT_SQL_PLAN_ANY;
    *alike = same_cells_same_row(ops, count);
    if (count && one_scan(ops, count, &filter, &next))
        answer = collapses(ops, count, filter, next) ? AT_SQL_PLAN_COLLAPSES
                 : direct(ops, count, filter, next)  ? AT_SQL_PLAN_DIRECT
                                                     : AT_SQL_PLAN_ANY;
    at_free(ops);
    return answer;
}

bool at_sql_plan_weighs(sqlite3 *db, const char *weighed) {
    operation *ops = at_alloc_array(MOST, sizeof *ops);
    size_t count = ops ? read_program(db, weighed, ops) : 0, filter = 0, next = 0;
    bool answer =
        count && one_scan(ops, count, &filter, &next) && weighs(ops, count, filter, next);
    at_free(ops);
    return answer;
}
