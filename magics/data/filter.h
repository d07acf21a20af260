/* Filter: the rows of a frame for which an SQL expression is true, for --where. */
#ifndef ATELIER_MAGICS_DATA_FILTER_H
#define ATELIER_MAGICS_DATA_FILTER_H

#include "magics/workspace/context.h"

/* Replaces *frame (released) by its rows that pass. */
AT_MUST_USE at_status at_filter_rows(at_context *context, const char *where,
                                     at_frame **frame, at_error *err);

#endif
