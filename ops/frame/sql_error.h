/* What SQLite says, said for the person who wrote the cell: where, with a caret, the
 * nearest name, and what to write instead. */
#ifndef ATELIER_OPS_FRAME_SQL_ERROR_H
#define ATELIER_OPS_FRAME_SQL_ERROR_H

#include "ops/base/error.h"
#include "ops/base/memory.h"
#include "ops/frame/frame.h"

/* Appends " (line L, column C)" to the text and shows the line with a caret under the
 * byte `offset` of `code`. Returns err->code. */
at_status at_sql_point(at_error *err, const char *code, size_t length, size_t offset);

/* What names an error may mean. */
typedef struct at_sql_known {
    const at_frame *const *frames; /* of the tables in the query */
    const char *const *tables;     /* their names */
    size_t count;
    const char *const
        *datasets; /* every table there could be; NULL-terminated; may be NULL */
} at_sql_known;

/* Fills err from SQLite's message and its error offset (-1: none) in `code`. */
at_status at_sql_explain(const char *message, int offset, const char *code,
                         const at_sql_known *known, at_error *err);

#endif
