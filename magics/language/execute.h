/* Execute: runs the parts of a cell in order. The first failure ends the cell. */
#ifndef ATELIER_MAGICS_LANGUAGE_EXECUTE_H
#define ATELIER_MAGICS_LANGUAGE_EXECUTE_H

#include "magics/language/cell.h"
#include "magics/language/option.h"
#include "magics/language/session.h"

/* `arena` of the context is the cell's. */
AT_MUST_USE at_status at_execute(at_context *context, const char *code, size_t length,
                                 at_error *err);

/* Finds the magic of a part. AT_NOT_FOUND with the nearest name; AT_INVALID where it is
 * used as a line but is a cell magic, or the other way round. */
AT_MUST_USE at_status at_execute_find(const at_part *part, const char *code,
                                      size_t length, const at_magic **out, at_error *err);
/* Options and body of a magic's part into its struct: everything but running it. */
AT_MUST_USE at_status at_execute_parse(const at_magic *magic, const at_part *part,
                                       const at_session *session, const char *code,
                                       size_t length, at_arena *arena, at_options *out,
                                       at_error *err);

#endif
