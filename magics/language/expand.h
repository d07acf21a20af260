/* Expand: ${name} becomes the value of a %set variable, in options and bodies. \${ stands
 * for
 * ${ itself. Places are kept, so that an error in what came out points into what was
 * typed. */
#ifndef ATELIER_MAGICS_LANGUAGE_EXPAND_H
#define ATELIER_MAGICS_LANGUAGE_EXPAND_H

#include "magics/language/context.h"

enum { AT_EXPANDED_MAX = 64 << 20 }; /* bytes that one text may grow to */

typedef struct at_expanded {
    const char *text; /* in the arena, NUL-terminated */
    size_t length;
    size_t start; /* byte of the cell where the text begins */
    const size_t
        *origin; /* (length + 1): the byte of the cell of each byte; NULL: start + i */
} at_expanded;

/* Expands bytes [from, to) of `code`. `session` may be NULL: no variables. Unknown names
 * are AT_NOT_FOUND with the nearest, pointing into `code`. */
AT_MUST_USE at_status at_expand(const at_session *session, const char *code,
                                size_t length, size_t from, size_t to, at_arena *arena,
                                at_expanded *out, at_error *err);
/* The byte of the cell that byte `at` of the expanded text came from. */
size_t at_expanded_origin(const at_expanded *expanded, size_t at);

/* One reference at code[at] == '$', code[at + 1] == '{': its value, and where it ends. */
AT_MUST_USE at_status at_expand_one(const at_session *session, const char *code,
                                    size_t length, size_t at, size_t to,
                                    const char **value, size_t *end, at_error *err);

#endif
