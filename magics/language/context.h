/* What a magic asks of the language besides its context: the session, and running cells
 * in cells. */
#ifndef ATELIER_MAGICS_LANGUAGE_CONTEXT_H
#define ATELIER_MAGICS_LANGUAGE_CONTEXT_H

#include "magics/workspace/context.h"
#include "ops/base/pool.h"

/* Lives as long as a kernel (or an `atelier run`): %set variables, the compute pool,
 * whether a shutdown was asked for. magics/language/session.c */
typedef struct at_session at_session;

/* The value of a %set variable, or NULL; borrowed until it is set again. */
const char *at_session_get(const at_session *session, const char *name);
AT_MUST_USE at_status at_session_set(at_session *session, const char *name,
                                     const char *value,
                                     at_error *err); /* NULL value: unset */
/* Calls visit for each variable in order of name. */
void at_session_each(const at_session *session,
                     void (*visit)(void *context, const char *name, const char *value),
                     void *context);
at_pool *
at_session_pool(at_session *session); /* made at first use; NULL if it cannot be */

/* Makes a failure that only showed while a magic ran point into the cell: line and column
 * (from 1, as at_setting and at_step_line have them), `width` bytes wide. Returns
 * err->code. */
at_status at_context_point(const at_context *context, int line, int column, int width,
                           at_error *err);
/* Runs a cell inside this one (%time, %%time); AT_LIMIT from 8 levels on. execute.c */
AT_MUST_USE at_status at_context_run(at_context *context, const char *code,
                                     at_error *err);

#endif
