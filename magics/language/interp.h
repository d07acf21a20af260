/* The language of cells, as the kernel and the terminal see it: an at_interp over one
 * workspace. */
#ifndef ATELIER_MAGICS_LANGUAGE_INTERP_H
#define ATELIER_MAGICS_LANGUAGE_INTERP_H

#include "kernel/interp.h"

/* `workspace`: the folder to use; NULL finds it as DESIGN 2 says ($ATELIER_WORKSPACE, the
 * nearest .atelier/ up to home, else ./.atelier/). Cheap: the workspace is opened by the
 * first cell that needs it. */
AT_MUST_USE at_status at_language_new(const char *workspace, at_interp **out,
                                      at_error *err);

/* The history file of the workspace, made on demand; NULL if it cannot be had. Shaped for
 * at_kernel_config; `interp` is what at_language_new gave. */
const char *at_language_history_path(void *interp);

/* The session behind it (context.h), to set variables from outside. Borrowed. */
struct at_session;
struct at_session *at_language_session(at_interp *interp);

#endif
