/* Job events: one JSON object a line. The child appends each by one write; who follows
 * reads whole lines only. */
#include "magics/workspace/job_inside.h"
#include "ops/base/clock.h"
#include "ops/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Progress is for eyes: more often than this it is not written. */
#define PROGRESS_EVERY 0.05
/* A job may write faster than its events are shown: who follows looks up this often. */
#define POLL_SECONDS 0.03

void at_event_reader_init(at_event_reader *reader) {
    *reader = (at_event_reader){.fd = -1};
}

static void one_line(at_event_reader *reader, at_job_event_fn *event, void *context) {
    if (!reader->skip && at_text_ok(&reader->line) && reader->line.length) {
        json_t *json =
            json_loadb(at_text_get(&reader->line), reader->line.length, 0, NULL);
        if (json_is_object(json) && event)
            event(context, json);
        json_decref(json);
    }
    at_text_fini(&reader->line); /* also forgets a failure */
    reader->skip = false;
}

static void take_chunk(at_event_reader *reader, const char *chunk, size_t n,
                       at_job_event_fn *event, void *context) {
    for (const char *p = chunk, *end = chunk + n; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t length = (size_t)((newline ? newline : end) - p);
        reader->skip = reader->skip || reader->line.length + length > AT_JOB_LINE_MAX;
        if (!reader->skip)
            at_text_append(&reader->line, p, length);
        p += length;
        if (newline) {
            one_line(reader, event, context);
            p++;
        }
    }
}

bool at_event_reader_poll(at_event_reader *reader, const char *path,
                          at_job_event_fn *event, void *context) {
    if (reader->fd < 0)
        reader->fd = open(path, O_RDONLY | O_CLOEXEC);
    char chunk[16384];
    double until = at_now() + POLL_SECONDS;
    ssize_t n;
    while (reader->fd >= 0 && (n = read(reader->fd, chunk, sizeof chunk)) > 0) {
        take_chunk(reader, chunk, (size_t)n, event, context);
        if (at_now() > until)
            return true;
    }
    return false;
}

void at_event_reader_fini(at_event_reader *reader) {
    if (reader->fd >= 0)
        close(reader->fd);
    at_text_fini(&reader->line);
    reader->fd = -1;
}

at_status at_event_writer_open(at_event_writer *writer, const char *folder,
                               at_error *err) {
    *writer = (at_event_writer){.fd = -1, .started = at_now(), .last_progress = -1};
    char *path = at_path_join(folder, "events.jsonl");
    if (!path)
        return at_fail(err, AT_NO_MEMORY, "no memory left to start the job");
    writer->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    at_status status =
        writer->fd < 0 ? at_fail_errno(err, "cannot write %s", path) : AT_OK;
    at_free(path);
    return status;
}

/* Events are a view of the work, not the work: one that cannot be written is let go. */
static void put(at_event_writer *writer, json_t *event) {
    char *line = event ? json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    size_t length = line ? strlen(line) : 0;
    if (line && length < AT_JOB_LINE_MAX) {
        line[length] = '\n'; /* in place of the NUL: one write a line */
        ssize_t n;
        do
            n = write(writer->fd, line, length + 1);
        while (n < 0 && errno == EINTR);
        writer->written += n > 0 ? (size_t)n : 0;
    }
    free(line);
    json_decref(event);
}

static void print_line(const char *line) {
    size_t length = strlen(line);
    while (length) {
        ssize_t n = write(STDOUT_FILENO, line, length);
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0) {
            line += n;
            length -= (size_t)n;
        }
    }
}

static void on_log(void *context, const char *line) {
    at_event_writer *writer = context;
    print_line(line);
    print_line("\n");
    if (writer->written < AT_JOB_EVENTS_MAX)
        put(writer,
            json_pack("{s:f, s:s}", "t", at_now() - writer->started, "log", line));
}

static void on_point(void *context, const char *series, const char *metric, double x,
                     double y) {
    at_event_writer *writer = context;
    if (isfinite(x) && isfinite(y) && writer->written < AT_JOB_EVENTS_MAX)
        put(writer, json_pack("{s:[s,s,f,f]}", "point", series, metric, x, y));
}

static void on_progress(void *context, double done, double total, const char *what) {
    at_event_writer *writer = context;
    double now = at_now();
    bool last = total > 0 && done >= total;
    if (!isfinite(done) || !isfinite(total) ||
        (!last && now - writer->last_progress < PROGRESS_EVERY))
        return;
    writer->last_progress = now;
    put(writer, json_pack("{s:[f,f,s]}", "progress", done, total, what ? what : ""));
}

at_fit_events at_event_writer_events(at_event_writer *writer) {
    return (at_fit_events){
        .context = writer, .log = on_log, .point = on_point, .progress = on_progress};
}

void at_event_writer_close(at_event_writer *writer) {
    if (writer->fd >= 0)
        close(writer->fd);
    writer->fd = -1;
}
