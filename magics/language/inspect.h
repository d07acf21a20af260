/* Inspect: what is at the cursor (Shift-Tab): a magic, an option, a setting, a step, a
 * dataset, a column. */
#ifndef ATELIER_MAGICS_LANGUAGE_INSPECT_H
#define ATELIER_MAGICS_LANGUAGE_INSPECT_H

#include "magics/language/session.h"

/* out->found = false where there is nothing to say; else the caller finishes the bundle.
 */
AT_MUST_USE at_status at_inspect(at_session *session, const char *code, size_t length,
                                 size_t cursor, at_inspection *out, at_error *err);

#endif
