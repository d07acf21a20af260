/* Records of a CSV one after another, by the letter: the reference for the fast scan, and
 * what detection and small texts use. */
#ifndef ATELIER_OPS_FRAME_CSV_RECORD_H
#define ATELIER_OPS_FRAME_CSV_RECORD_H

#include "ops/base/memory.h"
#include "ops/frame/csv.h"

typedef struct at_csv_marks {
    char delimiter;
    int quote;   /* -1: none */
    int newline; /* '\n' (a '\r' before it belongs to it), '\r', or 0: any of \n, \r\n, \r
                  */
} at_csv_marks;

/* The field at `p`: returns where it ends (at a delimiter, a newline or `end`). A quote
 * opens only at the start of a field; what follows the closing quote belongs to the field
 * too. *open: the quote was never closed. */
const char *at_csv_field_end(const char *p, const char *end, const at_csv_marks *marks,
                             bool *open);
/* What a field says: without its quotes, "" inside being one. `out` holds at least
 * `length` bytes. Returns the length. */
size_t at_csv_unquote(const char *field, size_t length, char quote, char *out);
/* As at_csv_next, with these marks. */
bool at_csv_record_next(const char **cursor, const char *end, const at_csv_marks *marks,
                        int64_t *line, at_arena *arena, at_csv_record *record,
                        at_error *err);

#endif
