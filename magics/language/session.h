/* Session: what a kernel (or `atelier run`) keeps from cell to cell, for the language
 * itself. Magics see the part of it that context.h shows. */
#ifndef ATELIER_MAGICS_LANGUAGE_SESSION_H
#define ATELIER_MAGICS_LANGUAGE_SESSION_H

#include "magics/language/context.h"
#include "ops/frame/sql.h"

enum { AT_VARIABLES_MAX = 1000, AT_VARIABLE_MAX = 1 << 20 }; /* count; bytes of a value */

/* `folder`: the workspace's; NULL: found at first use (DESIGN 2). Opens nothing. */
AT_MUST_USE at_status at_session_new(const char *folder, at_session **out, at_error *err);
void at_session_release(at_session *session); /* closes the workspace; NULL is fine */

/* Where the workspace is, or will be; borrowed; NULL on no memory. */
const char *at_session_folder(at_session *session);
/* Opens or makes the workspace at first use; borrowed. Prints its notice once to
 * `display`. */
AT_MUST_USE at_status at_session_workspace(at_session *session, at_display *display,
                                           at_workspace **out, at_error *err);
/* The workspace for looking only (completion, help): NULL where there is none yet. */
at_workspace *at_session_peek(at_session *session);
/* "FOLDER/history.db", its folder made; NULL if it cannot be. Borrowed. */
const char *at_session_history(at_session *session);

/* SQL over the workspace's datasets; the connection is kept. Borrowed. */
AT_MUST_USE at_status at_session_sql(at_session *session, at_workspace *workspace,
                                     at_sql **out, at_error *err);
/* The ids of the datasets that queries read since the last at_session_sql_mark: a new
 * JSON array. */
void at_session_sql_mark(at_session *session);
json_t *at_session_sql_used(at_session *session);

/* All variables as :name bindings, in the arena. */
AT_MUST_USE at_status at_session_bindings(const at_session *session, at_arena *arena,
                                          const at_sql_binding **out, size_t *count,
                                          at_error *err);

/* The cell that runs, for at_context_point and for cells in cells. */
typedef struct at_running {
    const char *code; /* NULL: none */
    size_t length;
    size_t options; /* where the options of the magic that runs begin */
} at_running;
/* Sets it (borrowed while it is set); returns the one before. */
at_running at_session_cell(at_session *session, at_running cell);
/* The one that is set. */
at_running at_session_running(const at_session *session);
void at_session_shut_down(at_session *session); /* from any thread */
/* Raised by it; lives as long as the session. */
const at_cancel *at_session_shutdown(const at_session *session);

#endif
