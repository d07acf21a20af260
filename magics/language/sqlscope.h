/* SQL scope: what the text around the cursor says of its tables, for completion and
 * inspection. A light reading of tokens, not a parse: half-typed SQL is what it is for.
 */
#ifndef ATELIER_MAGICS_LANGUAGE_SQLSCOPE_H
#define ATELIER_MAGICS_LANGUAGE_SQLSCOPE_H

#include "ops/base/memory.h"

#include <stdbool.h>
#include <stddef.h>

enum { AT_SCOPE_TABLES_MAX = 32 };

typedef struct at_sqlscope {
    struct {
        const char *table, *alias; /* in the arena; alias may be NULL */
    } tables[AT_SCOPE_TABLES_MAX]; /* of FROM and JOIN in the cursor's statement */
    size_t table_count;
    size_t from;           /* byte of `code` where the word before the cursor begins */
    const char *qualifier; /* "b" of b.age; NULL: none */
    bool wants_table;      /* after FROM, JOIN, TABLE */
    bool in_string;        /* in '...' or a comment: nothing to offer */
    bool quoted;           /* the word began with " */
} at_sqlscope;

/* Looks at bytes [from, to) of `code`; the cursor is in between. False: no memory. */
bool at_sqlscope_read(const char *code, size_t from, size_t to, size_t cursor,
                      at_arena *arena, at_sqlscope *out);

#endif
