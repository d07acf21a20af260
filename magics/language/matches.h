/* Matches: the list that completion fills: words that begin with what was typed. */
#ifndef ATELIER_MAGICS_LANGUAGE_MATCHES_H
#define ATELIER_MAGICS_LANGUAGE_MATCHES_H

#include "magics/language/complete.h"
#include "ops/base/param.h"

typedef enum at_quoting {
    AT_QUOTING_NONE,
    AT_QUOTING_SHELL, /* 'two words' */
    AT_QUOTING_LIST,  /* `two, words` */
    AT_QUOTING_SQL,   /* "two words" */
} at_quoting;

typedef struct at_matches {
    at_completion *out;
    const char *typed; /* what stands before the cursor, without an opening quote */
    size_t typed_length;
    size_t start, end; /* bytes that a match replaces */
    at_quoting quoting;
    bool failed;
} at_matches;

/* Adds `text` if it begins with what was typed (case aside), at most AT_MATCHES_MAX, none
 * twice. `type`: "magic", "option", "dataset", ... as frontends show it. */
void at_matches_add(at_matches *m, const char *text, const char *type);
/* The same, shown as it is: for text that is not one name. */
void at_matches_add_as(at_matches *m, const char *match, const char *text,
                       const char *type);

/* Names of what exists: of one kind of thing; of all that `refers` may mean, `dataset`
 * being where columns come from (may be NULL). */
void at_matches_kind(at_matches *m, at_workspace *workspace, at_kind kind);
void at_matches_columns(at_matches *m, at_workspace *workspace, const char *dataset);
void at_matches_refers(at_matches *m, at_session *session, at_refers refers,
                       const char *dataset);
void at_matches_paths(at_matches *m);
void at_matches_variables(at_matches *m, const at_session *session);

#endif
