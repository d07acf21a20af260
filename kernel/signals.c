#include "kernel/signals.h"

#include "kernel/wakeup.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

/* A handler gets no context: this is the one place that needs a global. */
static struct {
    at_wakeup wakeup;
    atomic_bool interrupt, terminate;
} arrived = {.wakeup = {-1}};

static void on_signal(int number) {
    if (number == SIGPIPE) /* handled, not ignored: children start with its default */
        return;
    atomic_store(number == SIGINT ? &arrived.interrupt : &arrived.terminate, true);
    at_wakeup_signal(&arrived.wakeup);
}

static const int NUMBERS[] = {SIGINT, SIGTERM, SIGPIPE};

at_status at_signals_init(at_error *err) {
    AT_TRY(at_wakeup_init(&arrived.wakeup, err));
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++)
        if (sigaction(NUMBERS[i], &action, NULL) != 0)
            return at_fail_errno(err, "cannot handle signals");
    return AT_OK;
}

void at_signals_fini(void) {
    for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++)
        signal(NUMBERS[i], SIG_DFL);
    at_wakeup_fini(&arrived.wakeup);
}

int at_signals_fd(void) {
    return arrived.wakeup.fd;
}

void at_signals_take(bool *interrupt, bool *terminate) {
    at_wakeup_clear(&arrived.wakeup);
    *interrupt = atomic_exchange(&arrived.interrupt, false);
    *terminate = atomic_exchange(&arrived.terminate, false);
}
