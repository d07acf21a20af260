/* The display of a terminal, for `atelier run`: prints each bundle's text/plain. On a
 * terminal an update is drawn in place while it is the last thing printed; elsewhere (a
 * pipe, a log) only the last state of what is updated is printed, when something else
 * follows. */
#ifndef ATELIER_KERNEL_DISPLAY_TERMINAL_H
#define ATELIER_KERNEL_DISPLAY_TERMINAL_H

#include "kernel/display.h"

/* `out` and `err` are descriptors, borrowed. */
AT_MUST_USE at_status at_display_terminal_new(int out, int err_out, at_display **display,
                                              at_error *err);
/* Prints what is still held back. */
void at_display_terminal_release(at_display *display);

#endif
