/* %sql, %%sql: SQL with options. A cell of plain SQL needs no magic. */
#include "magics/language/spec.h"
#include "magics/language/sqlcell.h"

#include <string.h>

typedef struct options {
    const char *query, *body, *into;
    int64_t limit;
} options;

static const at_param arguments[] = {
    {.name = "query",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_SQL,
     .offset = offsetof(options, query),
     .help = "one query, to the end of the line"},
};
static const at_param params[] = {
    {.name = "into",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_NEW_NAME,
     .offset = offsetof(options, into),
     .help = "make this dataset of the result"},
    {.name = "limit",
     .kind = AT_PARAM_INT,
     .offset = offsetof(options, limit),
     .fallback = "20",
     .min = 1,
     .max = 10000,
     .unit = "rows",
     .help = "how many rows to show"},
};

static at_status run(at_context *context, const void *given, at_error *err) {
    const options *o = given;
    const char *code = o->query ? o->query : o->body ? o->body : "";
    if (o->query && o->body) {
        at_fail(err, AT_INVALID, "%%%%sql takes SQL on its line or below it, not both");
        return AT_INVALID;
    }
    if (strspn(code, " \t\r\n") == strlen(code)) {
        at_fail(err, AT_INVALID, "%%sql needs a query");
        return at_hint(err, "%%sql SELECT ..., or the query below %%%%sql");
    }
    at_sqlcell cell = {.code = code,
                       .length = strlen(code),
                       .to = strlen(code),
                       .last = true,
                       .limit = o->limit,
                       .into = o->into};
    return at_sqlcell_run(context, &cell, err);
}

static const char *const examples[] = {
    "%%sql --limit 50\nSELECT job, count(*) AS calls FROM bank GROUP BY job",
    "%%sql --into seniors\nSELECT * FROM bank WHERE age >= 60",
    "%sql SELECT count(*) FROM bank", NULL};

const at_magic at_magic_sql = {
    .name = "sql",
    .forms = AT_MAGIC_LINE | AT_MAGIC_CELL,
    .stage = AT_STAGE_DATA,
    .summary = "Runs SQL over the datasets, with options",
    .details =
        "A cell of plain SQL does the same without the magic. The dialect is SQLite's, "
        "with `median(x)`, `stddev(x)` and `quantile(x, q)`. `CREATE TABLE name AS "
        "SELECT "
        "...` makes a dataset, `DROP TABLE name` deletes one; `:name` is the value of a "
        "`%set` variable.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = params,
    .option_count = AT_COUNT(params),
    .body = {.kind = AT_BODY_TEXT,
             .optional = true,
             .sql = true,
             .offset = offsetof(options, body),
             .help = "SQL statements, parted by ;"},
    .examples = examples,
    .options_size = sizeof(options),
    .run = run,
};
