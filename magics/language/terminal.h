/* Terminal: what `atelier run` hears from the person at it: answers to questions, and the
 * signals that end a run. A thread of its own waits for those, so that no handler needs a
 * global. */
#ifndef ATELIER_MAGICS_LANGUAGE_TERMINAL_H
#define ATELIER_MAGICS_LANGUAGE_TERMINAL_H

#include "kernel/interp.h"

#include <pthread.h>
#include <termios.h>

enum { AT_ANSWER_MAX = 4096 }; /* bytes of an answer with its line end */

typedef struct at_terminal {
    at_input input;   /* first; asks on stderr, reads stdin. A password is not echoed. */
    at_cancel cancel; /* raised by SIGINT; a second one ends the process */
    pthread_t thread;
    bool watching;
    pthread_mutex_t lock; /* guards what follows */
    bool hidden;          /* nothing is echoed: */
    struct termios shown; /* what to go back to */
} at_terminal;

/* From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT come to the terminal's thread; the
 * last three end the process as they would have, once it echoes again, or are ignored
 * where they were. To be called before there is another thread. */
void at_terminal_init(at_terminal *terminal);
void at_terminal_fini(at_terminal *terminal);

#endif
