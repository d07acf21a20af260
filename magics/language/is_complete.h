/* Is a cell whole, or does it go on (a console asks at every Enter)? */
#ifndef ATELIER_MAGICS_LANGUAGE_IS_COMPLETE_H
#define ATELIER_MAGICS_LANGUAGE_IS_COMPLETE_H

#include "kernel/interp.h"

/* SQL is whole at its `;`, or where one line needs no more; a magic's line at its end; a
 * cell magic with a body at an empty line. `indent` holds at least 32 bytes; "" is put
 * there. */
at_completeness at_is_complete(const char *code, size_t length, char *indent);

#endif
