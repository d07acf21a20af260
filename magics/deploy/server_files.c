#include "magics/deploy/server_files.h"
#include "ops/base/clock.h"
#include "ops/base/file.h"
#include "ops/base/memory.h"
#include "ops/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    STATE_MAX = 4 * 1024 * 1024,
    DYING_SECONDS = 3, /* that a killed process may take to let go of its lock */
};

char *at_server_path(const char *workspace, const char *name) {
    char *folder = at_path_join(workspace, "server");
    char *path = folder ? at_path_join(folder, name) : NULL;
    at_free(folder);
    return path;
}

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "no memory left for the server");
}

static struct flock whole(void) {
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

at_status at_server_lock(const char *workspace, int *fd, at_error *err) {
    char *path = at_server_path(workspace, "lock"),
         *folder = at_server_path(workspace, "");
    at_status status = path && folder ? at_folder_make(folder, err) : no_memory(err);
    if (!status) {
        *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (*fd < 0)
            status = at_fail_errno(err, "cannot open %s", path);
    }
    struct flock lock = whole();
    if (!status && fcntl(*fd, F_SETLK, &lock) != 0) {
        status = errno == EACCES || errno == EAGAIN
                     ? at_fail(err, AT_BUSY, "a server of this workspace already runs")
                     : at_fail_errno(err, "cannot lock %s", path);
        close(*fd);
        *fd = -1;
    }
    at_free(path);
    at_free(folder);
    return status;
}

/* One look: the process that holds the lock, or 0. */
static int look(const char *path) {
    int fd = open(path, O_RDWR | O_CLOEXEC), holder = 0;
    if (fd < 0)
        return 0;
    struct flock lock = whole();
    if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
        holder = (int)lock.l_pid;
    close(fd);
    return holder;
}

int at_server_holder(const char *workspace) {
    char *path = at_server_path(workspace, "lock");
    if (!path)
        return 0;
    int holder = look(path);
    for (double end = at_now() + DYING_SECONDS;
         holder > 0 && !at_process_alive(holder) && at_now() < end; holder = look(path))
        at_sleep(0.002);
    at_free(path);
    return holder;
}

int at_server_saved_port(const char *workspace) {
    char *path = at_server_path(workspace, "port");
    at_text text = {0};
    int64_t port = 0;
    if (!path || at_file_read(path, 32, &text, NULL) != AT_OK || !text.length)
        port = 0;
    else {
        if (text.data[text.length - 1] == '\n')
            text.data[--text.length] = '\0';
        if (!at_parse_int(text.data, &port) || port < 1 || port > 65535)
            port = 0;
    }
    at_text_fini(&text);
    at_free(path);
    return (int)port;
}

at_status at_server_save_port(const char *workspace, int port, at_error *err) {
    char *path = at_server_path(workspace, "port");
    char digits[16];
    int n = snprintf(digits, sizeof digits, "%d\n", port);
    at_status status =
        path ? at_file_write(path, digits, (size_t)n, err) : no_memory(err);
    at_free(path);
    return status;
}

at_status at_server_write_state(const char *workspace, const json_t *state,
                                at_error *err) {
    char *path = at_server_path(workspace, "state.json");
    char *text = json_dumps(state, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    at_status status = AT_OK;
    if (!path || !text) {
        status = no_memory(err);
    } else {
        at_text body = {0};
        at_text_put(&body, text);
        at_text_char(&body, '\n');
        status = at_text_ok(&body) ? at_file_write(path, body.data, body.length, err)
                                   : no_memory(err);
        at_text_fini(&body);
    }
    free(text); /* jansson's own allocation */
    at_free(path);
    return status;
}

json_t *at_server_read_state(const char *workspace) {
    char *path = at_server_path(workspace, "state.json");
    at_text text = {0};
    json_t *state = NULL;
    if (path && at_file_read(path, STATE_MAX, &text, NULL) == AT_OK)
        state = json_loadb(at_text_get(&text), text.length, 0, NULL);
    at_text_fini(&text);
    at_free(path);
    return state;
}
