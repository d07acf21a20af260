#include "ops/base/sink.h"

#include "ops/base/file.h"
#include "ops/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DRAIN = 256 << 10, STEP = 64 << 20, ATTEMPTS = 1000 };

at_status at_sink_open(at_sink *sink, const char *path, at_error *err) {
    *sink = (at_sink){.fd = -1, .path = at_copy_text(path)};
    size_t room = strlen(path) + 40;
    sink->temporary = at_alloc(room);
    if (!sink->path || !sink->temporary) {
        at_free(sink->path);
        at_free(sink->temporary);
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    /* Two writers of one path never meet in one temporary file. */
    for (int i = 0; i < ATTEMPTS && sink->fd < 0; i++) {
        snprintf(sink->temporary, room, "%s.%ld-%d.tmp", path, (long)getpid(), i);
        sink->fd = open(sink->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (sink->fd < 0 && errno != EEXIST)
            break;
    }
    if (sink->fd >= 0)
        return AT_OK;
    at_status status = at_fail_errno(err, "cannot create %s", path);
    at_free(sink->path);
    at_free(sink->temporary);
    return status;
}

static at_status put(at_sink *sink, const char *bytes, size_t length, at_error *err) {
    while (length > 0) {
        ssize_t n = write(sink->fd, bytes, length < STEP ? length : STEP);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return at_fail_errno(err, "cannot write %s", sink->path);
        bytes += n;
        length -= (size_t)n;
    }
    return AT_OK;
}

static at_status put_buffer(at_sink *sink, at_error *err) {
    if (!at_text_ok(&sink->buffer))
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    at_status status = put(sink, at_text_get(&sink->buffer), sink->buffer.length, err);
    at_text_clear(&sink->buffer);
    return status;
}

at_status at_sink_write(at_sink *sink, const void *bytes, size_t length, at_error *err) {
    AT_TRY(put_buffer(sink, err));
    return put(sink, bytes, length, err);
}

at_status at_sink_drain(at_sink *sink, at_error *err) {
    if (at_text_ok(&sink->buffer) && sink->buffer.length < DRAIN)
        return AT_OK;
    return put_buffer(sink, err);
}

at_status at_sink_close(at_sink *sink, at_status status, at_error *err) {
    if (status == AT_OK)
        status = put_buffer(sink, err);
    if (close(sink->fd) != 0 && status == AT_OK)
        status = at_fail_errno(err, "cannot write %s", sink->path);
    if (status == AT_OK)
        status = at_file_commit(sink->temporary, sink->path, err);
    if (status != AT_OK)
        unlink(sink->temporary);
    at_free(sink->path);
    at_free(sink->temporary);
    at_text_fini(&sink->buffer);
    return status;
}
