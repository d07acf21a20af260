/* The server as a kernel sees it: found, started, told to reload, stopped, asked. */
#include "magics/adapter/http_client.h"
#include "magics/deploy/serve.h"
#include "magics/deploy/server_files.h"
#include "ops/base/clock.h"
#include "ops/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const double START_SECONDS = 20, RELOAD_SECONDS = 30, STOP_SECONDS = 8,
                    ASK_SECONDS = 60, FIRST_PAUSE = 0.002, LONGEST_PAUSE = 0.05;
enum { ANSWER_MAX = 256 * 1024 * 1024, CANCEL_MS = 50 };

at_status at_server_find(at_workspace *workspace, at_server_info *out, at_error *err) {
    (void)err; /* whatever cannot be read is a server that does not run */
    const char *folder = at_workspace_folder(workspace);
    *out = (at_server_info){.port = at_server_saved_port(folder),
                            .pid = at_server_holder(folder)};
    out->running = out->pid != 0;
    return AT_OK;
}

static at_status interrupted(const char *server_does, at_error *err) {
    at_fail(err, AT_CANCELLED, "interrupted; the server %s", server_does);
    return at_hint(err, "%%endpoints shows how it stands; %%cleanup stops a server that "
                        "hangs");
}

/* What the starting process writes to its standard error until it ends; its exit code. */
static int collect(pid_t child, int from, const at_cancel *cancel, char *text,
                   size_t size) {
    size_t length = 0;
    double end = at_now() + START_SECONDS;
    bool over = false;
    while (!over && length < size - 1 && at_now() < end && !at_cancelled(cancel)) {
        struct pollfd wait = {from, POLLIN, 0};
        int ready = poll(&wait, 1, CANCEL_MS);
        ssize_t n = ready > 0 ? read(from, text + length, size - 1 - length) : 0;
        over = ready > 0 && n <= 0;
        length += n > 0 ? (size_t)n : 0;
    }
    text[length] = '\0';
    while (length && text[length - 1] == '\n')
        text[--length] = '\0';
    if (!over) /* it only waits for the server, which goes on starting */
        kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static at_status spawn(const char *folder, int errors, pid_t *child, at_error *err) {
    char *const argv[] = {(char *)"atelier", (char *)"serve",    (char *)"--workspace",
                          (char *)folder,    (char *)"--daemon", NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, errors, 2);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int code = posix_spawn(child, "/proc/self/exe", &files, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    errno = code;
    return code ? at_fail_errno(err, "cannot start the server") : AT_OK;
}

/* "text\nhint" of serve_main's report, as an error. */
static at_status not_started(char *said, at_error *err) {
    char *hint = strchr(said, '\n');
    if (hint)
        *hint++ = '\0';
    at_fail(err, AT_INTERNAL, "the server does not start: %s",
            said[0] ? said : "it gave no answer");
    return at_hint(err, "%s",
                   hint ? hint : "server/log.txt in the workspace may say more");
}

static at_status start(const char *folder, const at_cancel *cancel, at_error *err) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return at_fail_errno(err, "cannot start the server");
    pid_t child;
    at_status status = spawn(folder, ends[1], &child, err);
    close(ends[1]);
    char text[1800];
    int code = status ? 0 : collect(child, ends[0], cancel, text, sizeof text);
    if (!status && at_cancelled(cancel))
        status = interrupted("was about to start", err);
    else if (!status && code != 0 &&
             !at_server_holder(folder)) /* another kernel may have been quicker */
        status = not_started(text, err);
    close(ends[0]);
    return status;
}

/* Does the state file belong to the running server? What it says, or NULL. */
static json_t *live_state(const char *folder) {
    int pid = at_server_holder(folder);
    json_t *state = pid ? at_server_read_state(folder) : NULL;
    if (state && json_integer_value(json_object_get(state, "pid")) == pid)
        return state;
    json_decref(state);
    return NULL;
}

/* Waits until the server has said what it serves, as of `since` or later. Most loads take
 * a few milliseconds, so it looks often at first. */
static at_status wait_loaded(const char *folder, double since, const at_cancel *cancel,
                             at_error *err) {
    double pause = FIRST_PAUSE;
    for (double end = at_now() + RELOAD_SECONDS; at_now() < end; at_sleep(pause)) {
        pause = pause * 1.5 < LONGEST_PAUSE ? pause * 1.5 : LONGEST_PAUSE;
        json_t *state = live_state(folder);
        bool loaded = state && json_real_value(json_object_get(state, "loaded")) >= since;
        json_decref(state);
        if (loaded)
            return AT_OK;
        if (at_cancelled(cancel))
            return interrupted("has not loaded its endpoints yet", err);
        if (!at_server_holder(folder)) {
            at_fail(err, AT_INTERNAL, "the server has ended");
            return at_hint(
                err, "run the cell again; server/log.txt in the workspace says more");
        }
    }
    at_fail(err, AT_BUSY, "the server does not load its endpoints");
    return at_hint(err, "server/log.txt in the workspace says more");
}

at_status at_server_ensure(at_workspace *workspace, const at_cancel *cancel,
                           at_server_info *out, at_error *err) {
    const char *folder = at_workspace_folder(workspace);
    at_status status = AT_OK;
    /* One that was killed a moment ago may still look as if it ran: then once more. */
    for (int attempt = 0; attempt < 2; attempt++) {
        AT_TRY(at_server_find(workspace, out, err));
        if (!out->running)
            AT_TRY(start(folder, cancel, err));
        status = wait_loaded(folder, 0, cancel, err);
        if (status == AT_OK || status == AT_CANCELLED || at_server_holder(folder))
            break;
    }
    return status ? status : at_server_find(workspace, out, err);
}

at_status at_server_reload(at_workspace *workspace, const at_cancel *cancel,
                           at_error *err) {
    const char *folder = at_workspace_folder(workspace);
    int pid = at_server_holder(folder);
    double now = at_now();
    if (!pid)
        return AT_OK;
    at_status status =
        wait_loaded(folder, 0, cancel, err); /* sooner, it would not know SIGHUP */
    if (!status && kill(pid, SIGHUP) != 0)
        status = at_fail_errno(err, "cannot reach the server");
    if (!status)
        status = wait_loaded(folder, now, cancel, err);
    /* One that has ended meanwhile has nothing to load. */
    return at_server_holder(folder) ? status : AT_OK;
}

at_status at_server_check(at_workspace *workspace, const char *endpoint, at_error *err) {
    json_t *state = live_state(at_workspace_folder(workspace));
    if (!state)
        return at_fail(err, AT_BUSY, "the server has not loaded its endpoints yet");
    json_t *endpoints = json_object_get(state, "endpoints"), *value;
    const char *name;
    at_status status = AT_NOT_FOUND;
    at_fail(err, status, "the server does not know the endpoint %s", endpoint);
    json_object_foreach(endpoints, name, value) {
        if (!at_equal_fold(name, endpoint))
            continue;
        const char *error = json_string_value(json_object_get(value, "error"));
        const char *hint = json_string_value(json_object_get(value, "hint"));
        status = AT_OK;
        if (error) {
            status = at_fail(err, AT_CORRUPT, "the endpoint %s cannot be served: %s",
                             name, error);
            if (hint && *hint)
                at_hint(err, "%s", hint);
        }
    }
    json_decref(state);
    return status;
}

at_status at_server_stop(at_workspace *workspace, const at_cancel *cancel,
                         at_error *err) {
    const char *folder = at_workspace_folder(workspace);
    int pid = at_server_holder(folder);
    bool killed = false;
    if (pid && kill(pid, SIGTERM) != 0 && errno != ESRCH)
        return at_fail_errno(err, "cannot stop the server (process %d)", pid);
    for (double end = at_now() + STOP_SECONDS; pid && at_server_holder(folder) == pid;) {
        if (at_cancelled(cancel))
            return interrupted("was asked to end, and has not ended yet", err);
        if (at_now() > end && killed)
            return at_fail(err, AT_BUSY, "the server (process %d) does not end", pid);
        if (at_now() > end) {
            kill(pid, SIGKILL);
            killed = true;
            end = at_now() + STOP_SECONDS;
        }
        at_sleep(0.002);
    }
    /* The lock goes a moment before the process does. */
    if (pid && !at_process_wait(pid, STOP_SECONDS))
        return at_fail(err, AT_BUSY, "the server (process %d) does not end", pid);
    return AT_OK;
}

static at_status collect_answer(void *context, const char *bytes, size_t length,
                                at_error *err) {
    at_text *body = context;
    if (body->length + length > ANSWER_MAX)
        return at_fail(err, AT_LIMIT, "the answer is larger than %d bytes", ANSWER_MAX);
    at_text_append(body, bytes, length);
    return at_text_ok(body) ? AT_OK
                            : at_fail(err, AT_NO_MEMORY, "no memory for the answer");
}

static at_status ask(const char *url, const char *const *headers, const char *bytes,
                     size_t length, const at_cancel *cancel, at_http_reply *reply,
                     at_text *body, at_error *err) {
    at_http_call call = {
        .url = url,
        .headers = headers,
        .body = bytes,
        .length = length,
        .direct = true,
        .stall = ASK_SECONDS,
        .deadline = ASK_SECONDS,
        .cancel = cancel,
        .write = collect_answer,
        .context = body,
    };
    return at_http_perform(&call, reply, err);
}

at_status at_server_invoke(at_workspace *workspace, const char *endpoint,
                           const char *content_type, const char *accept, const char *body,
                           size_t length, const at_cancel *cancel, int *status_code,
                           char content_type_out[128], char **body_out,
                           size_t *length_out, at_error *err) {
    at_server_info info;
    AT_TRY(at_store_check_name(AT_KIND_ENDPOINT, endpoint,
                               err)); /* it goes into the address */
    AT_TRY(at_server_find(workspace, &info, err));
    if (!info.running) {
        at_fail(err, AT_NETWORK, "the server of this workspace does not run");
        return at_hint(err, "%%%%invoke and %%deploy start it");
    }
    char url[300], type_line[300], accept_line[300];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/endpoints/%s/invocations", info.port,
             endpoint);
    snprintf(type_line, sizeof type_line, "Content-Type: %.250s",
             content_type ? content_type : "text/csv");
    snprintf(accept_line, sizeof accept_line, "Accept: %.250s", accept ? accept : "*/*");
    const char *headers[] = {type_line, accept_line, "Expect:", NULL};
    at_http_reply reply;
    at_text answer = {0};
    at_status status = ask(url, headers, body, length, cancel, &reply, &answer, err);
    char *taken = NULL;
    if (!status) {
        *length_out = answer.length;
        taken = answer.length ? at_text_take(&answer) : at_copy_text("");
        if (!taken)
            status = at_fail(err, AT_NO_MEMORY, "no memory for the answer");
    }
    at_text_fini(&answer);
    if (status)
        return status;
    *status_code = reply.status;
    *body_out = taken;
    if (content_type_out)
        snprintf(content_type_out, 128, "%s", reply.content_type);
    return AT_OK;
}
