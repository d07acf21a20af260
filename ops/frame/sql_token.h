/* Tokens of SQL text: just enough to split statements, to point at errors and to check
 * expressions; SQLite's own parser has the last word. Follows sqlite.org/lang.html and
 * SQLite's tokenizer: 'text' with '' inside, "name" `name` [name], -- and block comments.
 */
#ifndef ATELIER_OPS_FRAME_SQL_TOKEN_H
#define ATELIER_OPS_FRAME_SQL_TOKEN_H

#include "ops/base/memory.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum at_sql_token_kind {
    AT_SQL_TOKEN_END,
    AT_SQL_TOKEN_WORD,   /* keyword or plain name */
    AT_SQL_TOKEN_NAME,   /* "name", `name`, [name] */
    AT_SQL_TOKEN_STRING, /* 'text' */
    AT_SQL_TOKEN_NUMBER,
    AT_SQL_TOKEN_PARAMETER, /* :name, @name, $name, ? */
    AT_SQL_TOKEN_MARK,      /* one byte of anything else */
} at_sql_token_kind;

typedef struct at_sql_token {
    at_sql_token_kind kind;
    const char *text; /* into the code; with its quotes */
    size_t length, offset;
    bool open; /* a quote without its end; at the end: a comment without its end */
} at_sql_token;

/* The token at or after *cursor; moves *cursor behind it. AT_SQL_TOKEN_END at the end. */
at_sql_token at_sql_token_next(const char *code, size_t length, size_t *cursor);
/* A plain word equal to `word`, ASCII case-insensitive. */
bool at_sql_token_is(const at_sql_token *token, const char *word);
bool at_sql_token_mark(const at_sql_token *token, char mark);
/* The name it stands for, without quotes; NULL on no memory. */
char *at_sql_token_name(const at_sql_token *token, at_arena *arena);

#endif
