/* SQL cell: a run of SQL statements over the workspace's datasets (DESIGN 1). The last
 * result is shown; CREATE TABLE x AS makes dataset x; DROP TABLE deletes one. */
#ifndef ATELIER_MAGICS_LANGUAGE_SQLCELL_H
#define ATELIER_MAGICS_LANGUAGE_SQLCELL_H

#include "magics/language/context.h"

typedef struct at_sqlcell {
    const char *code; /* the whole cell: places in errors are places in it */
    size_t length;
    size_t from, to;  /* the bytes that are SQL */
    bool last;        /* nothing follows in the cell: the table is its result */
    int64_t limit;    /* rows to show; 0: the usual number */
    const char *into; /* makes this dataset of the (only) query; NULL: none */
    at_bundle *out;   /* where the table goes instead of the display; NULL: the display */
} at_sqlcell;

AT_MUST_USE at_status at_sqlcell_run(at_context *context, const at_sqlcell *cell,
                                     at_error *err);

/* Does text [from, to) begin like another language or like a magic without its %? Then
 * fills err with what to do and returns its code, at once and without side effects; AT_OK
 * if not. */
AT_MUST_USE at_status at_foreign_check(const char *code, size_t length, size_t from,
                                       size_t to, at_error *err);

#endif
