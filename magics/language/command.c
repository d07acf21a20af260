#include "magics/language/command.h"
#include "ops/base/clock.h"
#include "ops/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 16384, POLL_MS = 20 };
static const double KILL_AFTER = 0.5; /* seconds from SIGINT to SIGKILL: less than a
                                       * kernel that ends waits for a cell */
static const double LINGER = 0.1; /* of silence after the end: then nobody listens on */

/* One of the command's streams. `part` holds an incomplete UTF-8 sequence. */
typedef struct pipe_end {
    int fd; /* -1: closed */
    at_stream stream;
    char part[4];
    size_t part_length;
} pipe_end;

typedef struct command {
    const at_call *call;
    pid_t pid;
    pipe_end ends[2];
    bool ended;
    int status;
    double interrupted_at, ended_at, heard_at; /* 0: not yet */
    bool killed;
} command;

/* Length of the UTF-8 sequence that begins with c; 0: none does. */
static size_t sequence(unsigned char c) {
    return c < 0x80                ? 1
           : c >= 0xC2 && c < 0xE0 ? 2
           : c >= 0xE0 && c < 0xF0 ? 3
           : c >= 0xF0 && c < 0xF5 ? 4
                                   : 0;
}

/* Streams bytes; what is no UTF-8 becomes U+FFFD, an incomplete end waits. */
static void emit(command *c, pipe_end *end, const char *bytes, size_t length, bool last) {
    at_text out = {0};
    at_text all = {0};
    at_text_append(&all, end->part, end->part_length);
    at_text_append(&all, bytes, length);
    const char *text = at_text_get(&all);
    end->part_length = 0;
    for (size_t i = 0; i < all.length;) {
        size_t n = sequence((unsigned char)text[i]);
        if (n && all.length - i < n && !last) {
            end->part_length = all.length - i;
            memcpy(end->part, text + i, end->part_length);
            break;
        }
        if (n && n <= all.length - i && at_utf8_valid(text + i, n)) {
            at_text_append(&out, text + i, n);
            i += n;
        } else {
            at_text_put(&out, "\xEF\xBF\xBD");
            i++;
        }
    }
    if (at_text_ok(&out) && at_text_ok(&all))
        at_display_stream(c->call->display, end->stream, at_text_get(&out), out.length);
    at_text_fini(&out);
    at_text_fini(&all);
}

static void close_end(command *c, pipe_end *end) {
    if (end->fd < 0)
        return;
    emit(c, end, "", 0, true);
    close(end->fd);
    end->fd = -1;
}

static void read_end(command *c, pipe_end *end) {
    char buffer[CHUNK];
    ssize_t n = read(end->fd, buffer, sizeof buffer);
    if (n > 0) {
        c->heard_at = at_now();
        emit(c, end, buffer, (size_t)n, false);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_end(c, end);
    }
}

static void signal_group(const command *c, int number) {
    /* The group is there from the start (posix_spawn); the id alone may be another's once
     * the shell was waited for. */
    (void)kill(-c->pid, number);
}

static void watch(command *c) {
    double now = at_now();
    if (!c->ended && waitpid(c->pid, &c->status, WNOHANG) == c->pid) {
        c->ended = true;
        c->ended_at = c->heard_at = now;
    }
    if (c->interrupted_at == 0 && at_cancelled(c->call->cancel)) {
        c->interrupted_at = now;
        signal_group(c, SIGINT);
    }
    if (c->interrupted_at > 0 && !c->killed && now - c->interrupted_at >= KILL_AFTER) {
        c->killed = true;
        signal_group(c, SIGKILL);
    }
}

static bool open_ends(const command *c) {
    return c->ends[0].fd >= 0 || c->ends[1].fd >= 0;
}

/* Streams until the command has ended and its pipes are closed or silent. */
static void attend(command *c) {
    for (;;) {
        struct pollfd fds[2];
        for (int i = 0; i < 2; i++)
            fds[i] = (struct pollfd){.fd = c->ends[i].fd, .events = POLLIN};
        int ready = poll(fds, 2, POLL_MS);
        for (int i = 0; i < 2 && ready > 0; i++)
            if (c->ends[i].fd >= 0 && fds[i].revents)
                read_end(c, &c->ends[i]);
        watch(c);
        /* What the shell left behind may print for ever, in a session of its own even
         * where no signal of ours comes: after an interrupt nobody listens to it. */
        double now = at_now();
        bool gone = c->interrupted_at > 0 && now - c->interrupted_at > LINGER;
        if (c->ended && (!open_ends(c) || gone || now - c->heard_at > LINGER)) {
            if (gone)
                signal_group(c, SIGKILL);
            break;
        }
        if (!open_ends(c) && !c->ended) /* poll has nothing to wake it */
            at_sleep(0.002);
    }
    close_end(c, &c->ends[0]);
    close_end(c, &c->ends[1]);
}

/* The environment with the variables of %set put in (they win). */
typedef struct environment {
    char **items;
    size_t count, capacity, owned; /* the first `owned` are ours */
    bool failed;
} environment;

extern char **environ;

static void put_entry(environment *e, char *entry) {
    char **grown = at_grow(e->items, &e->capacity, e->count + 2, sizeof *grown);
    if (!grown || !entry) {
        e->failed = true;
        at_free(entry && e->owned == e->count ? entry : NULL);
        e->items = grown ? grown : e->items;
        return;
    }
    e->items = grown;
    e->items[e->count++] = entry;
    e->items[e->count] = NULL;
}

static void put_variable(void *context, const char *name, const char *value) {
    environment *e = context;
    at_text entry = {0};
    at_text_format(&entry, "%s=", name);
    at_text_put(&entry, value);
    put_entry(e, at_text_take(&entry));
    e->owned = e->count;
}

static bool build_environment(environment *e, const at_session *session) {
    if (session)
        at_session_each(session, put_variable, e);
    for (char **v = environ; v && *v; v++) {
        size_t n = strcspn(*v, "=");
        bool ours = false;
        for (size_t i = 0; i < e->owned && !ours; i++)
            ours = strncmp(e->items[i], *v, n + 1) == 0;
        if (!ours)
            put_entry(e, *v);
    }
    return !e->failed;
}

static void free_environment(environment *e) {
    for (size_t i = 0; i < e->owned; i++)
        at_free(e->items[i]);
    at_free(e->items);
}

/* Starts /bin/sh -c with its ends of the pipes, default signals, a group of its own. */
static int start(command *c, int out, int error, char **env, const char *text) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_adddup2(&files, error, 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    char *copy = at_copy_text(text);
    char name[] = "sh", flag[] = "-c";
    char *arguments[] = {name, flag, copy, NULL};
    int failure =
        copy ? posix_spawn(&c->pid, "/bin/sh", &files, &attributes, arguments, env)
             : ENOMEM;
    at_free(copy);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failure;
}

static at_status verdict(const command *c, at_error *err) {
    if (c->interrupted_at > 0)
        return at_fail(err, AT_CANCELLED, "interrupted");
    if (WIFSIGNALED(c->status))
        return at_fail(err, AT_INVALID, "the command was ended by signal %d (%s)",
                       WTERMSIG(c->status), strsignal(WTERMSIG(c->status)));
    if (WEXITSTATUS(c->status) != 0) {
        at_fail(err, AT_INVALID, "the command ended with code %d",
                WEXITSTATUS(c->status));
        if (WEXITSTATUS(c->status) == 127)
            (void)at_hint(err, "127 means that the shell did not find it");
        return AT_INVALID;
    }
    return AT_OK;
}

at_status at_command_run(const at_call *call, const at_session *session, const char *text,
                         at_error *err) {
    int pipes[2][2] = {{-1, -1}, {-1, -1}};
    environment env = {0};
    command c = {
        .call = call,
        .ends = {{.fd = -1, .stream = AT_STDOUT}, {.fd = -1, .stream = AT_STDERR}}};
    if (at_cancelled(call->cancel))
        return at_fail(err, AT_CANCELLED, "interrupted");
    int failure = 0;
    if (!build_environment(&env, session))
        failure = ENOMEM;
    else if (pipe2(pipes[0], O_CLOEXEC) < 0 || pipe2(pipes[1], O_CLOEXEC) < 0)
        failure = errno;
    else
        failure = start(&c, pipes[0][1], pipes[1][1], env.items, text);
    free_environment(&env);
    for (int i = 0; i < 2; i++) {
        if (pipes[i][1] >= 0)
            close(pipes[i][1]);
        if (failure && pipes[i][0] >= 0)
            close(pipes[i][0]);
        c.ends[i].fd = failure ? -1 : pipes[i][0];
        if (!failure)
            (void)fcntl(pipes[i][0], F_SETFL, O_NONBLOCK);
    }
    if (failure) {
        errno = failure;
        return at_fail_errno(err, "cannot start the shell");
    }
    attend(&c);
    return verdict(&c, err);
}
