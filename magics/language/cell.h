/* Cell: what a cell says, part by part (DESIGN 1).
 *
 * A cell that starts with %%name is one cell magic. Any other is a sequence of line
 * magics, shell lines, help requests and runs of SQL, in order. A line magic is % and a
 * letter at column 1, a shell line ! not followed by =; neither inside open quotes,
 * brackets or SQL comments. # begins a comment at the start of a line where no SQL
 * statement is open. A backslash at the end of a magic's or a shell's line continues it
 * on the next. */
#ifndef ATELIER_MAGICS_LANGUAGE_CELL_H
#define ATELIER_MAGICS_LANGUAGE_CELL_H

#include "ops/base/error.h"
#include "ops/base/memory.h"

#include <stdbool.h>

enum { AT_CELL_MAX = 16 << 20 }; /* bytes */

typedef enum at_part_kind {
    AT_PART_SQL,   /* body: statements */
    AT_PART_LINE,  /* %name options */
    AT_PART_CELL,  /* %%name options, body */
    AT_PART_SHELL, /* body: the command, without ! */
    AT_PART_HELP,  /* %name? or dataset? -> name */
} at_part_kind;

/* All offsets are bytes of the cell, [from, to). */
typedef struct at_part {
    at_part_kind kind;
    size_t from, to;
    const char *name;                /* LINE, CELL, HELP: without % and ?; in the arena */
    bool magic;                      /* HELP: it had a % */
    size_t options_from, options_to; /* LINE, CELL: what follows the name on its line */
    size_t body_from, body_to;
    const char
        *text; /* the whole cell, with the # lines between SQL statements blanked out:
                  offsets are the same; valid as long as the code and the arena */
} at_part;

/* AT_LIMIT past AT_CELL_MAX; AT_SYNTAX for bytes that are no UTF-8 text, and for a cell
 * magic that is not first. An empty cell has no parts. */
AT_MUST_USE at_status at_cell_split(const char *code, size_t length, at_arena *arena,
                                    at_part **out, size_t *count, at_error *err);
/* The same of [from, length), the beginning of a line of its own: for a cell that stands
 * in another (%time SELECT ...), so that places in errors are those of the outer one. */
AT_MUST_USE at_status at_cell_split_from(const char *code, size_t from, size_t length,
                                         at_arena *arena, at_part **out, size_t *count,
                                         at_error *err);

/* Where the line of options that begins at `from` ends: at a line end that no backslash
 * continues. */
size_t at_cell_options_end(const char *code, size_t length, size_t from);

#endif
