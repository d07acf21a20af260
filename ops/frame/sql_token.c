#include "ops/frame/sql_token.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

/* Passes over blanks and comments; false if a block comment has no end. */
static bool skip_blanks(const char *code, size_t length, size_t *cursor) {
    size_t i = *cursor;
    for (;;) {
        while (i < length && is_blank(code[i]))
            i++;
        if (i + 1 < length && code[i] == '-' && code[i + 1] == '-') {
            while (i < length && code[i] != '\n')
                i++;
        } else if (i + 1 < length && code[i] == '/' && code[i + 1] == '*') {
            i += 2;
            while (i + 1 < length && !(code[i] == '*' && code[i + 1] == '/'))
                i++;
            if (i + 1 >= length) {
                *cursor = length;
                return false;
            }
            i += 2;
        } else {
            *cursor = i;
            return true;
        }
    }
}

/* The end of a quoted token that begins at `i`; sets *open when the quote never closes.
 */
static size_t quoted_end(const char *code, size_t length, size_t i, bool *open) {
    char close = code[i] == '[' ? ']' : code[i];
    for (i++; i < length; i++) {
        if (code[i] != close)
            continue;
        if (close != ']' && i + 1 < length && code[i + 1] == close)
            i++;
        else
            return i + 1;
    }
    *open = true;
    return length;
}

static size_t number_end(const char *code, size_t length, size_t i) {
    while (i < length &&
           (is_word(code[i]) || code[i] == '.' ||
            ((code[i] == '+' || code[i] == '-') && (code[i - 1] | 32) == 'e')))
        i++;
    return i;
}

at_sql_token at_sql_token_next(const char *code, size_t length, size_t *cursor) {
    at_sql_token token = {.kind = AT_SQL_TOKEN_END};
    token.open = !skip_blanks(code, length, cursor);
    size_t i = *cursor, end = i;
    token.text = code + i;
    token.offset = i;
    if (i >= length)
        return token;
    char c = code[i];
    if (c == '\'' || c == '"' || c == '`' || c == '[') {
        token.kind = c == '\'' ? AT_SQL_TOKEN_STRING : AT_SQL_TOKEN_NAME;
        end = quoted_end(code, length, i, &token.open);
    } else if (is_digit(c) || (c == '.' && i + 1 < length && is_digit(code[i + 1]))) {
        token.kind = AT_SQL_TOKEN_NUMBER;
        end = number_end(code, length, i + 1);
    } else if (c == ':' || c == '@' || c == '$' || c == '?') {
        token.kind = AT_SQL_TOKEN_PARAMETER;
        for (end = i + 1; end < length && is_word(code[end]);)
            end++;
    } else if (is_word(c)) {
        token.kind = AT_SQL_TOKEN_WORD;
        for (end = i + 1; end < length && is_word(code[end]);)
            end++;
    } else {
        token.kind = AT_SQL_TOKEN_MARK;
        end = i + 1;
    }
    token.length = end - i;
    *cursor = end;
    return token;
}

bool at_sql_token_is(const at_sql_token *token, const char *word) {
    return token->kind == AT_SQL_TOKEN_WORD && strlen(word) == token->length &&
           strncasecmp(token->text, word, token->length) == 0;
}

bool at_sql_token_mark(const at_sql_token *token, char mark) {
    return token->kind == AT_SQL_TOKEN_MARK && token->text[0] == mark;
}

char *at_sql_token_name(const at_sql_token *token, at_arena *arena) {
    if (token->kind != AT_SQL_TOKEN_NAME && token->kind != AT_SQL_TOKEN_STRING)
        return at_arena_text(arena, token->text, token->length);
    char close = token->text[0] == '[' ? ']' : token->text[0];
    char *name = at_arena_alloc(arena, token->length + 1);
    if (!name)
        return NULL;
    size_t n = 0;
    for (size_t i = 1; i < token->length; i++) {
        if (token->text[i] == close) {
            if (i + 1 >= token->length || token->text[i + 1] != close)
                break;
            i++;
        }
        name[n++] = token->text[i];
    }
    name[n] = '\0';
    return name;
}
