#include "ops/base/text.h"
#include "ops/frame/sql_table.h"
#include "ops/frame/sql_token.h"

#include <string.h>

/* Aggregates with a twin that takes the row's weight as its last argument. */
static const char *const twins[] = {"count", "sum", "avg", "total"};

static bool has_twin(const at_sql_token *token) {
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
        if (at_sql_token_is(token, twins[i]))
            return true;
    return false;
}

/* Where the bracket that opens at `from` closes; `length` if it does not. */
static size_t closing(const char *query, size_t length, size_t from) {
    size_t cursor = from;
    int depth = 0;
    for (;;) {
        at_sql_token token = at_sql_token_next(query, length, &cursor);
        if (token.kind == AT_SQL_TOKEN_END)
            return length;
        if (at_sql_token_mark(&token, '('))
            depth++;
        else if (at_sql_token_mark(&token, ')') && --depth == 0)
            return token.offset;
    }
}

char *at_sql_weigh(const char *query) {
    enum { NESTED = 32 };
    size_t length = strlen(query), cursor = 0, copied = 0, found = 0, selects = 0;
    size_t ends[NESTED]; /* closing brackets that a weight goes before */
    int open = 0;
    at_text out = {0};
    at_sql_token before = {0};
    for (;;) {
        at_sql_token token = at_sql_token_next(query, length, &cursor);
        if (token.kind == AT_SQL_TOKEN_END)
            break;
        selects += at_sql_token_is(&token, "SELECT");
        if (selects > 1 || at_sql_token_is(&token, "OVER") ||
            at_sql_token_is(&token, "DISTINCT"))
            goto fail; /* no windows, no DISTINCT, and no subquery to be mixed up with */
        if (at_sql_token_mark(&token, '(') && has_twin(&before)) {
            size_t after = cursor;
            at_sql_token first = at_sql_token_next(query, length, &after);
            size_t end = closing(query, length, token.offset);
            if (end == length || open == NESTED)
                goto fail;
            at_text_append(&out, query + copied, before.offset - copied);
            at_text_put(&out, "at_");
            at_text_append(&out, query + before.offset, cursor - before.offset);
            copied = cursor;
            bool star = at_sql_token_mark(&first, '*');
            if (star || at_sql_token_mark(&first, ')')) { /* count(*), count() */
                at_text_put(&out, "1");
                copied = star ? after : cursor;
            }
            ends[open++] = end;
            found++;
        } else if (open > 0 && token.offset == ends[open - 1]) {
            at_text_append(&out, query + copied, token.offset - copied);
            at_text_put(&out, ", \"" AT_SQL_WEIGHT "\"");
            copied = token.offset;
            open--;
        }
        before = token;
    }
    at_text_append(&out, query + copied, length - copied);
    if (found && at_text_ok(&out))
        return at_text_take(&out);
fail:
    at_text_fini(&out);
    return NULL;
}
