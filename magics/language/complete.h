/* Complete: what can stand at the cursor, from the specs and the workspace. */
#ifndef ATELIER_MAGICS_LANGUAGE_COMPLETE_H
#define ATELIER_MAGICS_LANGUAGE_COMPLETE_H

#include "magics/language/session.h"

enum { AT_MATCHES_MAX = 500 };

/* Magic names; options and their values; datasets, columns, models, endpoints, recipes,
 * jobs, paths, variables in ${; step verbs and what their pattern asks for; keys and
 * values of settings; in SQL keywords, functions, tables, and columns of the tables in
 * FROM. Cursor and places are bytes. Never makes a workspace. */
AT_MUST_USE at_status at_complete(at_session *session, const char *code, size_t length,
                                  size_t cursor, at_completion *out, at_error *err);

#endif
