#include "ops/base/suggest.h"
#include "ops/base/text.h"
#include "ops/frame/sql.h"
#include "ops/frame/sql_error.h"
#include "ops/frame/sql_token.h"

#include <stdio.h>
#include <string.h>

enum { MAX_STATEMENTS = 1000, MAX_CODE = 1 << 20 };

/* What a statement that is not allowed should have been. */
typedef struct refusal {
    const char *verb, *why, *hint;
} refusal;

static const char immutable[] = "datasets are immutable";
static const char make_new[] = "make a new one: CREATE TABLE x AS SELECT ...";
static const char no_transaction[] = "every statement stands for itself: leave it out";
static const char nothing_to_keep[] =
    "there is nothing to keep in order here: leave it out";
static const char fetch_file[] = "make a dataset of a file with %fetch NAME PATH";

static const refusal refusals[] = {
    {"INSERT", immutable,
     "make a new one: CREATE TABLE x AS SELECT ... FROM a UNION ALL SELECT ... FROM b"},
    {"REPLACE", immutable, make_new},
    {"UPDATE", immutable,
     "make a new one: CREATE TABLE x AS SELECT ..., CASE WHEN ... END AS c FROM t; or "
     "use "
     "replace in %%clean"},
    {"DELETE", immutable,
     "make a new one: CREATE TABLE x AS SELECT * FROM t WHERE ...; DROP TABLE t removes "
     "t"},
    {"ALTER", immutable, "make a new one: CREATE TABLE x AS SELECT ...; or use %%clean"},
    {"TRUNCATE", immutable, "DROP TABLE t removes a dataset"},
    {"MERGE", immutable, make_new},
    {"ATTACH", "other databases cannot be attached", fetch_file},
    {"DETACH", "other databases cannot be attached", fetch_file},
    {"COPY", "COPY is not part of this SQL", fetch_file},
    {"LOAD", "LOAD is not part of this SQL", fetch_file},
    {"IMPORT", "IMPORT is not part of this SQL", fetch_file},
    {"PRAGMA", "PRAGMA is not allowed here",
     "%datasets lists the tables, %describe NAME shows a table's columns"},
    {"SHOW", "SHOW is not part of this SQL", "%datasets lists the tables"},
    {"DESCRIBE", "DESCRIBE is not part of this SQL", "write %describe NAME"},
    {"DESC", "DESC is not part of this SQL", "write %describe NAME"},
    {"USE", "USE is not part of this SQL", "%workspace shows which workspace is open"},
    {"SET", "SET is not part of this SQL", "write %set name = value, and :name in SQL"},
    {"FROM", "a query begins with SELECT", "write SELECT * FROM ..."},
    {"BEGIN", "there are no transactions here", no_transaction},
    {"START", "there are no transactions here", no_transaction},
    {"COMMIT", "there are no transactions here", no_transaction},
    {"END", "there are no transactions here", no_transaction},
    {"ROLLBACK", "there are no transactions here", no_transaction},
    {"SAVEPOINT", "there are no transactions here", no_transaction},
    {"RELEASE", "there are no transactions here", no_transaction},
    {"VACUUM", "VACUUM is not allowed here", nothing_to_keep},
    {"ANALYZE", "ANALYZE is not allowed here", nothing_to_keep},
    {"REINDEX", "REINDEX is not allowed here", nothing_to_keep},
};

typedef struct splitter {
    const char *code;
    size_t length;
    at_arena *arena;
    at_error *err;
} splitter;

static at_status fail_at(const splitter *s, size_t offset) {
    return s->err ? at_sql_point(s->err, s->code, s->length, offset) : AT_INVALID;
}

static at_status refuse(const splitter *s, const at_sql_token *verb) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (at_sql_token_is(verb, refusals[i].verb)) {
            at_fail(s->err, AT_INVALID, "%s", refusals[i].why);
            at_hint(s->err, "%s", refusals[i].hint);
            fail_at(s, verb->offset);
            return AT_INVALID;
        }
    char word[48];
    snprintf(word, sizeof word, "%.*s", (int)(verb->length > 40 ? 40 : verb->length),
             verb->text);
    static const char *const verbs[] = {"SELECT", "WITH",   "VALUES", "EXPLAIN", "CREATE",
                                        "DROP",   "INSERT", "UPDATE", "DELETE"};
    at_fail(s->err, AT_SYNTAX, "SQL does not begin with %s", word);
    const char *near =
        verb->kind == AT_SQL_TOKEN_WORD ? at_nearest(word, verbs, 9) : NULL;
    if (near)
        at_hint(s->err, "did you mean %s?", near);
    else
        at_hint(s->err,
                "a cell may begin with SELECT, WITH, VALUES, EXPLAIN, CREATE TABLE "
                "... AS or DROP TABLE; magics begin with %%");
    fail_at(s, verb->offset);
    return AT_SYNTAX;
}

/* `query` from `offset` to `end` with blanks in front that keep its line and column. */
static const char *padded(const splitter *s, size_t offset, size_t end) {
    size_t lines = 0, start = 0;
    for (size_t i = 0; i < offset; i++)
        if (s->code[i] == '\n') {
            lines++;
            start = i + 1;
        }
    size_t blanks = offset - start;
    char *text = at_arena_alloc(s->arena, lines + blanks + (end - offset) + 1);
    if (!text)
        return NULL;
    memset(text, '\n', lines);
    for (size_t i = 0; i < blanks;
         i++) /* tabs stay, bytes of longer characters count once */
        text[lines + i] = s->code[start + i] == '\t' ? '\t' : ' ';
    memcpy(text + lines + blanks, s->code + offset, end - offset);
    return text;
}

static at_status bad_name(const splitter *s, const at_sql_token *token,
                          const char *name) {
    at_fail(s->err, AT_INVALID, "%s is not a name for a dataset", name);
    at_hint(s->err,
            "a name holds letters, digits and _, and does not begin with a digit");
    fail_at(s, token->offset);
    return AT_INVALID;
}

/* Reads the (perhaps qualified) name of a table after CREATE TABLE or DROP TABLE. */
static at_status read_name(const splitter *s, size_t *cursor, size_t end,
                           const char **out) {
    at_sql_token token = at_sql_token_next(s->code, end, cursor);
    size_t after = *cursor;
    at_sql_token dot = at_sql_token_next(s->code, end, &after);
    if (at_sql_token_mark(&dot, '.') &&
        (at_sql_token_is(&token, "main") || at_sql_token_is(&token, "temp"))) {
        *cursor = after;
        token = at_sql_token_next(s->code, end, cursor);
    }
    if (token.kind != AT_SQL_TOKEN_WORD && token.kind != AT_SQL_TOKEN_NAME) {
        at_fail(s->err, AT_SYNTAX, "the name of a table is missing");
        fail_at(s, token.offset);
        return AT_SYNTAX;
    }
    char *name = at_sql_token_name(&token, s->arena);
    if (!name)
        return at_fail(s->err, AT_NO_MEMORY, "out of memory");
    size_t n = strlen(name);
    bool good = n > 0 && n <= 128 && !(name[0] >= '0' && name[0] <= '9');
    for (size_t i = 0; i < n; i++)
        good = good &&
               (name[i] == '_' || (name[i] >= '0' && name[i] <= '9') ||
                (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z'));
    if (!good)
        return bad_name(s, &token, name);
    *out = name;
    return AT_OK;
}

/* Passes over `words` (NULL-terminated) if all of them come next. */
static bool accept(const splitter *s, size_t *cursor, size_t end,
                   const char *const *words) {
    size_t at = *cursor;
    for (; *words; words++) {
        at_sql_token token = at_sql_token_next(s->code, end, &at);
        if (!at_sql_token_is(&token, *words))
            return false;
    }
    *cursor = at;
    return true;
}

#define ACCEPT(...) accept(s, &cursor, end, (const char *const[]){__VA_ARGS__, NULL})

static at_status read_create(const splitter *s, size_t cursor, size_t end,
                             at_sql_statement *out) {
    out->verb = AT_SQL_CREATE;
    ACCEPT("OR", "REPLACE"); /* CREATE replaces anyway */
    if (!ACCEPT("TEMP"))
        ACCEPT("TEMPORARY");
    if (!ACCEPT("TABLE")) {
        at_sql_token token = at_sql_token_next(s->code, end, &cursor);
        char word[32];
        snprintf(word, sizeof word, "%.*s", (int)(token.length > 24 ? 24 : token.length),
                 token.text);
        at_fail(s->err, AT_INVALID, "CREATE %s is not allowed here", word);
        at_hint(s->err, at_sql_token_is(&token, "INDEX")
                            ? "joins are indexed as needed: leave it out"
                            : "use CREATE TABLE name AS SELECT ...");
        fail_at(s, token.offset);
        return AT_INVALID;
    }
    out->if_exists = ACCEPT("IF", "NOT", "EXISTS");
    AT_TRY(read_name(s, &cursor, end, &out->name));
    at_sql_token as = at_sql_token_next(s->code, end, &cursor);
    if (!at_sql_token_is(&as, "AS")) {
        at_fail(s->err, AT_INVALID, "a table is made from a query: AS SELECT is missing");
        at_hint(s->err, "write CREATE TABLE %s AS SELECT ...", out->name);
        fail_at(s, as.offset);
        return AT_INVALID;
    }
    size_t query = cursor;
    at_sql_token first = at_sql_token_next(s->code, end, &query);
    if (!at_sql_token_is(&first, "SELECT") && !at_sql_token_is(&first, "WITH") &&
        !at_sql_token_is(&first, "VALUES")) {
        at_fail(s->err, AT_SYNTAX, "SELECT, WITH or VALUES is missing after AS");
        fail_at(s, first.offset);
        return AT_SYNTAX;
    }
    out->query = padded(s, first.offset, end);
    return AT_OK;
}

static at_status read_drop(const splitter *s, size_t cursor, size_t end,
                           at_sql_statement *out) {
    out->verb = AT_SQL_DROP;
    if (!ACCEPT("TABLE")) {
        at_sql_token token = at_sql_token_next(s->code, end, &cursor);
        at_fail(s->err, AT_INVALID, "only DROP TABLE is allowed here");
        at_hint(s->err, "models, endpoints and recipes are removed with %%delete NAME");
        fail_at(s, token.offset);
        return AT_INVALID;
    }
    out->if_exists = ACCEPT("IF", "EXISTS");
    AT_TRY(read_name(s, &cursor, end, &out->name));
    at_sql_token rest = at_sql_token_next(s->code, end, &cursor);
    if (rest.kind != AT_SQL_TOKEN_END) {
        at_fail(s->err, AT_SYNTAX, "DROP TABLE takes one name");
        fail_at(s, rest.offset);
        return AT_SYNTAX;
    }
    out->query = "";
    return AT_OK;
}

static at_status read_statement(const splitter *s, const at_sql_token *verb, size_t end,
                                at_sql_statement *out) {
    size_t cursor = verb->offset + verb->length;
    out->offset = verb->offset;
    out->text = at_arena_text(s->arena, s->code + verb->offset, end - verb->offset);
    if (at_sql_token_is(verb, "CREATE")) {
        AT_TRY(read_create(s, cursor, end, out));
    } else if (at_sql_token_is(verb, "DROP")) {
        AT_TRY(read_drop(s, cursor, end, out));
    } else if (at_sql_token_is(verb, "SELECT") || at_sql_token_is(verb, "WITH") ||
               at_sql_token_is(verb, "VALUES") || at_sql_token_is(verb, "EXPLAIN")) {
        out->verb = AT_SQL_SELECT;
        out->query = padded(s, verb->offset, end);
    } else {
        return refuse(s, verb);
    }
    if (!out->text || !out->query)
        return at_fail(s->err, AT_NO_MEMORY, "out of memory");
    return AT_OK;
}

/* The end of the statement that begins at `cursor`: the byte of its ';' or of the last
 * token's end; *next is where the next one may begin. */
static at_status find_end(const splitter *s, size_t cursor, size_t *end, size_t *next) {
    *end = cursor;
    for (;;) {
        at_sql_token token = at_sql_token_next(s->code, s->length, &cursor);
        if (token.open) {
            at_fail(s->err, AT_SYNTAX,
                    token.kind == AT_SQL_TOKEN_END ? "a comment is not closed"
                                                   : "a quote is not closed");
            size_t at = token.offset;
            if (token.kind == AT_SQL_TOKEN_END)
                at = s->length;
            fail_at(s, at);
            return AT_SYNTAX;
        }
        *next = cursor;
        if (token.kind == AT_SQL_TOKEN_END || at_sql_token_mark(&token, ';'))
            return AT_OK;
        *end = cursor;
    }
}

at_status at_sql_split(const char *code, size_t length, at_arena *arena,
                       at_sql_statement **out, size_t *count, at_error *err) {
    splitter s = {code, length, arena, err};
    *out = NULL;
    *count = 0;
    if (length > MAX_CODE)
        return at_fail(err, AT_LIMIT, "the SQL is longer than %d bytes", MAX_CODE);
    const char *zero = memchr(code, 0, length);
    if (zero) {
        at_fail(err, AT_SYNTAX, "the SQL holds a zero byte");
        fail_at(&s, (size_t)(zero - code));
        return AT_SYNTAX;
    }
    size_t capacity = 0, cursor = 0;
    at_sql_statement *list = NULL;
    for (;;) {
        at_sql_token verb = at_sql_token_next(code, length, &cursor);
        if (verb.kind == AT_SQL_TOKEN_END && !verb.open)
            break;
        if (at_sql_token_mark(&verb, ';'))
            continue;
        size_t end, next;
        AT_TRY(find_end(&s, verb.offset, &end, &next));
        if (*count == MAX_STATEMENTS)
            return at_fail(err, AT_LIMIT, "more than %d statements in a cell",
                           MAX_STATEMENTS);
        if (*count == capacity) {
            size_t wider = capacity ? 2 * capacity : 8;
            at_sql_statement *grown = at_arena_alloc(arena, wider * sizeof *grown);
            if (!grown)
                return at_fail(err, AT_NO_MEMORY, "out of memory");
            if (*count)
                memcpy(grown, list, *count * sizeof *grown);
            list = grown;
            capacity = wider;
        }
        AT_TRY(read_statement(&s, &verb, end, &list[*count]));
        (*count)++;
        cursor = next;
    }
    *out = list;
    return AT_OK;
}

bool at_sql_open_ended(const char *code, size_t length) {
    /* Words after which no statement can end. */
    static const char *const hanging[] = {
        "SELECT",    "FROM",  "WHERE",    "AND",       "OR",      "BY",     "AS",
        "ON",        "JOIN",  "IN",       "NOT",       "WITH",    "VALUES", "UNION",
        "LIKE",      "GLOB",  "EXCEPT",   "INTERSECT", "CASE",    "WHEN",   "THEN",
        "ELSE",      "SET",   "TABLE",    "CREATE",    "DROP",    "GROUP",  "ORDER",
        "HAVING",    "LIMIT", "DISTINCT", "BETWEEN",   "IS",      "CAST",   "EXPLAIN",
        "LEFT",      "INNER", "CROSS",    "OUTER",     "NATURAL", "USING",  "EXISTS",
        "RECURSIVE", "OVER",  "FILTER",   "PARTITION"};
    size_t cursor = 0;
    int depth = 0, cases = 0;
    at_sql_token last = {0};
    for (;;) {
        at_sql_token token = at_sql_token_next(code, length, &cursor);
        if (token.open)
            return true;
        if (token.kind == AT_SQL_TOKEN_END)
            break;
        if (at_sql_token_mark(&token, '('))
            depth++;
        else if (at_sql_token_mark(&token, ')'))
            depth--;
        else if (at_sql_token_is(&token, "CASE"))
            cases++;
        else if (at_sql_token_is(&token, "END"))
            cases--;
        else if (at_sql_token_mark(&token, ';'))
            depth = cases = 0;
        last = token;
    }
    if (depth > 0 || cases > 0)
        return true;
    if (last.kind == AT_SQL_TOKEN_MARK)
        return strchr(",+-/=<>|&.(%!~", last.text[0]) != NULL;
    for (size_t i = 0; i < sizeof hanging / sizeof *hanging; i++)
        if (at_sql_token_is(&last, hanging[i]))
            return true;
    return false;
}
