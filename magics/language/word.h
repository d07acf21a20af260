/* Words: a line of options as a shell reads it. '...' and "..." quote, a backslash
 * escapes, # at the start of a word begins a comment, ${name} is a %set variable (its
 * value stays one word). Backticks quote a name with odd characters, also inside a
 * comma-separated list. */
#ifndef ATELIER_MAGICS_LANGUAGE_WORD_H
#define ATELIER_MAGICS_LANGUAGE_WORD_H

#include "magics/language/context.h"

typedef struct at_word {
    const char *text; /* unquoted, in the arena */
    const char *raw;  /* the same with backticks kept: what a list is parsed from */
    size_t from, to;  /* bytes of the cell */
    bool quoted;      /* it begins with a quote: never the name of an option */
} at_word;

/* Reads words one by one from bytes [at, to) of `code`. */
typedef struct at_words_reader {
    const at_session *session; /* may be NULL */
    const char *code;
    size_t length, at, to;
    at_arena *arena;
} at_words_reader;

/* *more = false at the end (or at a comment). Errors point into the code. */
AT_MUST_USE at_status at_word_next(at_words_reader *reader, at_word *out, bool *more,
                                   at_error *err);
/* Moves over blanks (and continued line ends) to the next word. */
void at_word_skip(at_words_reader *reader);

#endif
