/* Reference: notebooks/REFERENCE.md, written from the specs and from nothing else. */
#ifndef ATELIER_MAGICS_LANGUAGE_REFERENCE_H
#define ATELIER_MAGICS_LANGUAGE_REFERENCE_H

#include "ops/base/text.h"

/* The whole page as Markdown. Appends. */
void at_reference_write(at_text *out);
/* `atelier reference`: prints it; the exit code. */
int at_reference_main(int argc, char **argv);

#endif
