#include "ops/frame/sql.h"

/* Words that may stand in what the authorizer lets through;
 * sqlite.org/lang_keywords.html. */
static const char *const keywords[] = {
    "ALL",       "AND",     "AS",        "ASC",    "BETWEEN",   "BY",      "CASE",
    "CAST",      "COLLATE", "CREATE",    "CROSS",  "CURRENT",   "DESC",    "DISTINCT",
    "DROP",      "ELSE",    "END",       "ESCAPE", "EXCEPT",    "EXISTS",  "EXPLAIN",
    "FILTER",    "FIRST",   "FOLLOWING", "FROM",   "FULL",      "GLOB",    "GROUP",
    "HAVING",    "IF",      "IN",        "INNER",  "INTERSECT", "IS",      "ISNULL",
    "JOIN",      "LAST",    "LEFT",      "LIKE",   "LIMIT",     "NATURAL", "NOT",
    "NOTNULL",   "NULL",    "NULLS",     "OFFSET", "ON",        "OR",      "ORDER",
    "OUTER",     "OVER",    "PARTITION", "PLAN",   "PRECEDING", "QUERY",   "RANGE",
    "RECURSIVE", "RIGHT",   "ROW",       "ROWS",   "SELECT",    "TABLE",   "THEN",
    "UNBOUNDED", "UNION",   "USING",     "VALUES", "WHEN",      "WHERE",   "WINDOW",
    "WITH",      NULL};

/* sqlite.org/lang_corefunc.html, lang_aggfunc, lang_datefunc, lang_mathfunc,
 * windowfunctions, and our own. */
static const char *const functions[] = {
    "abs",          "acos",      "asin",         "atan",
    "atan2",        "avg",       "ceil",         "ceiling",
    "char",         "coalesce",  "cos",          "count",
    "cume_dist",    "date",      "datetime",     "degrees",
    "dense_rank",   "exp",       "first_value",  "floor",
    "format",       "glob",      "group_concat", "hex",
    "ifnull",       "iif",       "instr",        "json_array_length",
    "json_extract", "julianday", "lag",          "last_value",
    "lead",         "length",    "like",         "ln",
    "log",          "log10",     "log2",         "lower",
    "ltrim",        "max",       "median",       "min",
    "mod",          "nth_value", "ntile",        "nullif",
    "percent_rank", "pi",        "pow",          "power",
    "printf",       "quantile",  "radians",      "random",
    "rank",         "replace",   "round",        "row_number",
    "rtrim",        "sign",      "sin",          "soundex",
    "sqrt",         "stddev",    "strftime",     "substr",
    "substring",    "sum",       "tan",          "time",
    "total",        "trim",      "trunc",        "typeof",
    "unicode",      "unixepoch", "upper",        NULL};

const char *const *at_sql_keywords(void) {
    return keywords;
}

const char *const *at_sql_functions(void) {
    return functions;
}
