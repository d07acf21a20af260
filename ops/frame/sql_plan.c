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

static const char *const weighted[] = {"count(", "sum(", "avg(",
                                       "total(", "min(", "max("};
static const char *const unsteady[] = {"random", "changes", "total_changes",
                                       "last_insert"};

typedef struct operation {
    char name[20], detail[24];
    int target; /* p2 */
} operation;

static bool begins_with_any(const char *text, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strncmp(text, list[i], strlen(list[i])) == 0)
            return true;
    return false;
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

static bool judge(const operation *ops, size_t count) {
    size_t opens = 0, filter = 0, next = 0, filters = 0, nexts = 0, steps = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(ops[i].name, "VOpen") == 0)
            opens++;
        else if (strcmp(ops[i].name, "VFilter") == 0)
            filter = i, filters++;
        else if (strcmp(ops[i].name, "VNext") == 0)
            next = i, nexts++;
    }
    if (opens != 1 || filters != 1 || nexts != 1 || filter >= next)
        return false;
    for (size_t i = 0; i < count; i++) {
        bool inside = i >= filter && i <= next;
        bool step = strncmp(ops[i].name, "AggStep", 7) == 0;
        if ((step && !inside) || (inside && !known_harmless(&ops[i])))
            return false;
        if (strcmp(ops[i].name, "AggInverse") == 0)
            return false;
        steps += step;
    }
    return steps > 0;
}

static void copy_word(char *out, size_t size, const unsigned char *text) {
    size_t n = text ? strlen((const char *)text) : 0;
    n = n < size ? n : size - 1;
    if (n)
        memcpy(out, text, n);
    out[n] = '\0';
}

bool at_sql_plan_collapses(sqlite3 *db, const char *query) {
    enum { MOST = 2000 };
    at_text sql = {0};
    at_text_put(&sql, "EXPLAIN ");
    at_text_put(&sql, query);
    sqlite3_stmt *stmt = NULL;
    operation *ops = at_alloc_array(MOST, sizeof *ops);
    size_t count = 0;
    bool answer = false;
    if (ops && at_text_ok(&sql) &&
        sqlite3_prepare_v2(db, at_text_get(&sql), -1, &stmt, NULL) == SQLITE_OK) {
        int code;
        while ((code = sqlite3_step(stmt)) == SQLITE_ROW && count < MOST) {
            operation *op = &ops[count++];
            copy_word(op->name, sizeof op->name, sqlite3_column_text(stmt, 1));
            op->target = sqlite3_column_int(stmt, 3);
            copy_word(op->detail, sizeof op->detail, sqlite3_column_text(stmt, 5));
        }
        answer = code == SQLITE_DONE && judge(ops, count);
    }
    sqlite3_finalize(stmt);
    at_text_fini(&sql);
    at_free(ops);
    return answer;
}
