/* Cursor: where in a cell the cursor is, for completion and inspection. */
#ifndef ATELIER_MAGICS_LANGUAGE_CURSOR_H
#define ATELIER_MAGICS_LANGUAGE_CURSOR_H

#include "magics/language/cell.h"
#include "magics/language/option.h"
#include "magics/language/session.h"

typedef enum at_cursor_kind {
    AT_CURSOR_NOWHERE,
    AT_CURSOR_MAGIC,    /* in %name; from is at the % */
    AT_CURSOR_OPTION,   /* in --name */
    AT_CURSOR_VALUE,    /* in the value of `param`, an option's */
    AT_CURSOR_ARGUMENT, /* in a positional word; param NULL: there is no further argument
                         */
    AT_CURSOR_KEY,      /* of a setting */
    AT_CURSOR_SETTING,  /* in the value of the setting `param` */
    AT_CURSOR_STEP,     /* in a line of steps */
    AT_CURSOR_SQL,
    AT_CURSOR_SHELL,
    AT_CURSOR_VARIABLE, /* in ${name; from is after the brace */
} at_cursor_kind;

typedef struct at_cursor {
    at_cursor_kind kind;
    size_t from, to; /* bytes of the word up to the cursor */
    const at_magic *magic;
    bool first_line; /* MAGIC: no part stands before, so a cell magic may */
    const at_param *param;
    bool *given; /* OPTION, ARGUMENT: (option_count) options that are there already */
    const char
        *dataset; /* what COLUMN refers to: named by "data", or first on the line */
    const at_param *table; /* KEY, SETTING */
    size_t table_count;
    size_t line_from;        /* STEP: where the line begins */
    size_t sql_from, sql_to; /* SQL: the whole text, to both sides of the cursor */
    bool statement;          /* SQL: the word begins the line of a statement */
} at_cursor;

AT_MUST_USE at_status at_cursor_find(const at_session *session, const char *code,
                                     size_t length, size_t cursor, at_arena *arena,
                                     at_cursor *out, at_error *err);
/* Moves a place in a word or name to the word's end. */
size_t at_cursor_word_end(const char *code, size_t length, size_t cursor);

#endif
