/* Job folder: the small files in it. */
#include "magics/workspace/job_inside.h"
#include "ops/base/file.h"
#include "ops/base/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *at_job_path(at_workspace *workspace, const char *id, const char *name,
                        at_arena *arena) {
    return at_arena_format(arena, "%s/jobs/%s/%s", at_workspace_folder(workspace), id,
                           name);
}

at_status at_job_read_json(const char *path, size_t limit, json_t **out, at_error *err) {
    at_text text = {0};
    *out = NULL;
    at_status status = at_file_read(path, limit, &text, err);
    if (!status) {
        json_error_t why;
        *out = json_loadb(at_text_get(&text), text.length, 0, &why);
        if (!json_is_object(*out)) {
            status = at_fail(err, AT_CORRUPT, "%s is damaged: line %d: %s", path,
                             why.line, *out ? "not an object" : why.text);
            json_decref(*out);
            *out = NULL;
        }
    }
    at_text_fini(&text);
    return status;
}

at_status at_job_write_json(const char *path, const json_t *json, at_error *err) {
    char *text = json_dumps(json, JSON_INDENT(1));
    if (!text)
        return at_fail(err, AT_NO_MEMORY, "no memory left to write %s", path);
    at_status status = at_file_write(path, text, strlen(text), err);
    free(text);
    return status;
}

/* Whole or not there, but not synced: after a crash of the machine no pid holds anyway.
 */
at_status at_job_write_pid(const char *folder, at_error *err) {
    char text[64];
    at_arena arena = {0};
    const char *path = at_arena_format(&arena, "%s/pid", folder);
    const char *beside = at_arena_format(&arena, "%s/pid.tmp", folder);
    if (!path || !beside) {
        at_arena_fini(&arena);
        return at_fail(err, AT_NO_MEMORY, "no memory left to start the job");
    }
    int n = snprintf(text, sizeof text, "%ld %llu\n", (long)getpid(),
                     at_process_start(getpid()));
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool good = fd >= 0 && write(fd, text, (size_t)n) == n;
    good = fd >= 0 && close(fd) == 0 && good && rename(beside, path) == 0;
    at_status status = good ? AT_OK : at_fail_errno(err, "cannot write %s", path);
    at_arena_fini(&arena);
    return status;
}

pid_t at_job_pid(const char *folder) {
    char *path = at_path_join(folder, "pid");
    at_text text = {0};
    long pid = 0;
    unsigned long long ticks = 0;
    bool read = path && at_file_read(path, 64, &text, NULL) == AT_OK &&
                sscanf(at_text_get(&text), "%ld %llu", &pid, &ticks) == 2;
    at_text_fini(&text);
    at_free(path);
    return read && pid > 1 && ticks && at_process_start((pid_t)pid) == ticks ? (pid_t)pid
                                                                             : 0;
}

void at_job_mark_stopping(const char *folder) {
    char *path = at_path_join(folder, "stopping");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (fd >= 0)
        close(fd);
    at_free(path);
}

bool at_job_marked_stopping(const char *folder) {
    char *path = at_path_join(folder, "stopping");
    bool marked = path && at_file_exists(path);
    at_free(path);
    return marked;
}

bool at_job_signal(const char *folder, int signal_number) {
    if (signal_number == SIGTERM)
        at_job_mark_stopping(folder);
    pid_t pid = at_job_pid(folder);
    return pid && (kill(-pid, signal_number) == 0 || kill(pid, signal_number) == 0);
}

json_t *at_job_error_json(const at_error *err) {
    return json_pack("{s:s, s:s, s:s, s:s}", "code", at_status_name(err->code), "text",
                     err->text, "hint", err->hint, "context", err->context);
}

at_status at_job_error_read(const json_t *json, at_error *err) {
    const char *code = json_string_value(json_object_get(json, "code"));
    const char *text = json_string_value(json_object_get(json, "text"));
    const char *hint = json_string_value(json_object_get(json, "hint"));
    const char *context = json_string_value(json_object_get(json, "context"));
    at_status status = AT_INTERNAL;
    for (int s = AT_INVALID; code && s <= AT_INTERNAL; s++)
        if (strcmp(at_status_name((at_status)s), code) == 0)
            status = (at_status)s;
    (void)at_fail(err, status, "%s", text ? text : "the job failed without saying why");
    if (err && hint && *hint)
        (void)at_hint(err, "%s", hint);
    if (err && context && *context)
        (void)at_show(err, context);
    return status;
}

void at_job_tail(const char *folder, int lines, at_text *out) {
    char *path = at_path_join(folder, "log.txt");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char *bytes = fd >= 0 ? at_alloc(AT_JOB_TAIL_MAX) : NULL;
    off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    off_t from = size > AT_JOB_TAIL_MAX ? size - AT_JOB_TAIL_MAX : 0;
    ssize_t n = bytes ? pread(fd, bytes, AT_JOB_TAIL_MAX, from) : 0;
    ssize_t begin = n;
    while (n > 0 && bytes[n - 1] == '\n')
        n--;
    for (begin = n; begin > 0; begin--)
        if (bytes[begin - 1] == '\n' && --lines <= 0)
            break;
    if (n > begin)
        at_text_append(out, bytes + begin, (size_t)(n - begin));
    at_free(bytes);
    at_free(path);
    if (fd >= 0)
        close(fd);
}

const char *at_job_log_tail(at_workspace *workspace, const char *id, int lines,
                            at_arena *arena) {
    at_text text = {0};
    const char *folder = at_store_path(workspace, AT_KIND_JOB, id, arena);
    if (folder)
        at_job_tail(folder, lines, &text);
    const char *copy = at_arena_text(arena, at_text_get(&text), text.length);
    at_text_fini(&text);
    return copy ? copy : "";
}
