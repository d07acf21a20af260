/* Settings: a body of `key = value` lines, checked against a table of params. */
#ifndef ATELIER_MAGICS_LANGUAGE_SETTINGS_H
#define ATELIER_MAGICS_LANGUAGE_SETTINGS_H

#include "magics/language/expand.h"
#include "magics/language/spec.h"

enum { AT_SETTINGS_MAX = 1000 };

/* Parses the body. `table` may be NULL: keys are not checked. Blank lines and # comments
 * are passed over; a value may be quoted to keep blanks or a #. Errors point into `code`.
 */
AT_MUST_USE at_status at_settings_parse(const at_param *table, size_t table_count,
                                        const at_expanded *body, const char *code,
                                        size_t length, at_arena *arena, at_settings *out,
                                        at_error *err);

#endif
