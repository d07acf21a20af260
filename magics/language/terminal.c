#include "magics/language/terminal.h"
#include "ops/base/memory.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is ignored from the start (nohup) stays so: once blocked, it would come. */
static void ending_signals(sigset_t *set) {
    static const int enders[] = {SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction now;
    sigemptyset(set);
    sigaddset(set, SIGINT);
    for (size_t i = 0; i < sizeof enders / sizeof *enders; i++)
        if (sigaction(enders[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(set, enders[i]);
}

/* The line end is echoed, so that what is printed next begins a line. */
static void hide(at_terminal *t) {
    struct termios quiet;
    pthread_mutex_lock(&t->lock);
    if (tcgetattr(0, &t->shown) == 0) {
        quiet = t->shown;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        quiet.c_lflag |= ECHONL;
        t->hidden = tcsetattr(0, TCSAFLUSH, &quiet) == 0;
    }
    pthread_mutex_unlock(&t->lock);
}

static void show(at_terminal *t) {
    pthread_mutex_lock(&t->lock);
    if (t->hidden)
        tcsetattr(0, TCSADRAIN, &t->shown);
    t->hidden = false;
    pthread_mutex_unlock(&t->lock);
}

static at_status read_answer(at_terminal *t, char **answer, at_error *err) {
    char line[AT_ANSWER_MAX];
    struct pollfd in = {.fd = 0, .events = POLLIN};
    while (poll(&in, 1, 100) <= 0)
        if (at_cancelled(&t->cancel))
            return at_fail(err, AT_CANCELLED, "interrupted");
    if (!fgets(line, sizeof line, stdin))
        return at_fail(err, AT_UNSUPPORTED, "the input has ended");
    line[strcspn(line, "\n")] = '\0';
    *answer = at_copy_text(line);
    explicit_bzero(line, sizeof line);
    return *answer ? AT_OK : at_fail(err, AT_NO_MEMORY, "no memory left for an answer");
}

static at_status ask(at_input *input, const char *prompt, bool password, char **answer,
                     at_error *err) {
    at_terminal *t = (at_terminal *)input;
    if (password)
        hide(t); /* before the prompt: who sees it may type */
    fputs(prompt, stderr);
    fflush(stderr);
    at_status status = read_answer(t, answer, err);
    show(t);
    return status;
}

static void *watch(void *context) {
    at_terminal *t = context;
    sigset_t set;
    ending_signals(&set);
    for (int number; sigwait(&set, &number) == 0;) {
        if (number == SIGINT && !at_cancelled(&t->cancel)) {
            at_cancel_raise(&t->cancel);
            continue;
        }
        show(t); /* asked twice, or told to end: at once */
        signal(number, SIG_DFL);
        raise(number);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    }
    return NULL;
}

void at_terminal_init(at_terminal *t) {
    sigset_t set;
    *t = (at_terminal){.input = {.ask = ask}, .lock = PTHREAD_MUTEX_INITIALIZER};
    ending_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    t->watching = pthread_create(&t->thread, NULL, watch, t) == 0;
    if (!t->watching)
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void at_terminal_fini(at_terminal *t) {
    if (t->watching) {
        pthread_cancel(t->thread); /* sigwait is a cancellation point */
        pthread_join(t->thread, NULL);
    }
    pthread_mutex_destroy(&t->lock);
}
