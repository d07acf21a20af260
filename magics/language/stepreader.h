/* Step reader: the words of one line of steps, for stepline.c (verbs, lines) and
 * steppattern.c (what follows the verb). Private to the three. */
#ifndef ATELIER_MAGICS_LANGUAGE_STEPREADER_H
#define ATELIER_MAGICS_LANGUAGE_STEPREADER_H

#include "magics/language/stepline.h"

typedef struct at_stepreader {
    unsigned where;
    const char *text; /* the expanded body */
    size_t at, to;    /* the line's content */
    at_arena *arena;
    at_slots expected;  /* what could stand at `at`, had it been there */
    size_t expected_at; /* where `expected` was collected */
    bool probing;       /* only slots are wanted: no errors are built */
    const at_step_kind *kind;
    at_step_args *args;
    const char **values;
    at_selector *columns;
    size_t value_capacity, column_capacity;
    const at_expanded *body;
    const char *code;
    size_t length;
    at_error *err;
} at_stepreader;

/* One token of the line. */
typedef struct at_steptoken {
    size_t from, to;
    const char *text; /* unquoted; in the arena */
    char quote;       /* ' " ` or 0 */
} at_steptoken;

static inline bool at_stepreader_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

void at_stepreader_skip(at_stepreader *r); /* over blanks */
/* Remembers what could stand here; forgets what could stand before. */
void at_stepreader_expect(at_stepreader *r, at_slot_kind kind, const char *text,
                          size_t length);
/* The next word or quoted text; from == to at the end of the line or at a sign. */
AT_MUST_USE at_status at_stepreader_token(at_stepreader *r, at_steptoken *out);
bool at_stepreader_ends_word(const at_stepreader *r, size_t at);
/* Fails with what was expected, what was found, and the nearest word. */
at_status at_stepreader_unexpected(at_stepreader *r);
/* Points the error at [from, to) of the body; returns `status`. */
at_status at_stepreader_point(at_stepreader *r, at_status status, size_t from, size_t to);
at_status at_stepreader_no_memory(at_stepreader *r);

/* steppattern.c: reads the rest of the line by the pattern of its step into r->args. */
AT_MUST_USE at_status at_steppattern_read(at_stepreader *r, const char *pattern);

#endif
