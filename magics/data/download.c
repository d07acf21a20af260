#include "magics/data/download.h"
#include "magics/adapter/http_client.h"
#include "ops/base/clock.h"
#include "ops/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 5 };
static const int64_t DEFAULT_LIMIT = (int64_t)64 << 30;

typedef struct state {
    const at_download *download;
    at_cache cache;
    int fd; /* of the part, locked */
    int64_t done, total;
    at_http_reply reply;
    bool same, resumed;
} state;

static at_status refused(const state *s, int status, at_error *err) {
    const char *url = s->download->url;
    at_fail(err, status == 404 || status == 410 ? AT_NOT_FOUND : AT_NETWORK,
            "%.300s answers %d%s", url, status,
            status == 404                    ? " (not found)"
            : status == 401 || status == 403 ? " (not allowed)"
            : status >= 500                  ? " (the server is in trouble)"
                                             : "");
    return status == 404 || status == 410
               ? at_hint(err, "check the address: open it in a browser")
           : status >= 500
               ? at_hint(err, "try again in a while")
               : at_hint(err, "if it needs a login, download the file by hand and "
                              "fetch its path");
}

/* The first bytes are about to come. */
static at_status on_begin(void *context, int status, int64_t from, int64_t total,
                          at_error *err) {
    state *s = context;
    s->total = total;
    int64_t limit = s->download->limit ? s->download->limit : DEFAULT_LIMIT;
    if (status == 304) {
        s->same = true;
        return AT_OK;
    }
    if (status == 416) /* the part is not of what is there now */
        return at_fail(err, AT_CORRUPT, "the server cannot continue the download");
    if (status != 200 && status != 206)
        return refused(s, status, err);
    if (total > limit)
        return at_fail(err, AT_LIMIT, "%.300s is larger than %lld bytes",
                       s->download->url, (long long)limit);
    if (from != 0 && from != s->done)
        return at_fail(err, AT_CORRUPT, "the server continues at the wrong byte");
    s->resumed = from != 0;
    if (from ==
        0) { /* emptied before its note changes: a note never speaks of other bytes */
        if (ftruncate(s->fd, 0) != 0)
            return at_fail_errno(err, "cannot write to the cache");
        AT_TRY(at_cache_note(s->cache.part_note, s->download->url, s->reply.tag, err));
    }
    s->done = from;
    return AT_OK;
}

static at_status on_write(void *context, const char *bytes, size_t length,
                          at_error *err) {
    state *s = context;
    int64_t limit = s->download->limit ? s->download->limit : DEFAULT_LIMIT;
    if (s->same)
        return AT_OK;
    if (s->done + (int64_t)length > limit)
        return at_fail(err, AT_LIMIT, "%.300s is larger than %lld bytes",
                       s->download->url, (long long)limit);
    while (length) {
        ssize_t n = pwrite(s->fd, bytes, length, (off_t)s->done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return at_fail_errno(err, "cannot write to the cache");
        bytes += n;
        length -= (size_t)n;
        s->done += n;
    }
    if (s->download->progress)
        s->download->progress(s->download->context, s->done, s->total);
    return AT_OK;
}

/* A weak tag or none proves nothing about single bytes. */
static bool is_strong(const char *tag) {
    return tag && strncmp(tag, "W/", 2) != 0;
}

/* One request: continues the part if its tag allows, else asks whether the whole in the
 * cache is still good. */
static at_status attempt(state *s, at_arena *arena, at_error *err) {
    const at_download *d = s->download;
    struct stat about;
    const char *part_tag = at_cache_tag(s->cache.part_note, d->url, arena);
    const char *tag = at_cache_tag(s->cache.data_note, d->url, arena);
    bool whole = at_file_exists(s->cache.data) && !d->fresh;
    const char *headers[2] = {NULL, NULL};
    s->done = 0;
    if (fstat(s->fd, &about) == 0 && about.st_size > 0 && is_strong(part_tag)) {
        s->done = about.st_size;
        headers[0] = at_arena_format(arena, "If-Range: %s", part_tag);
    } else if (whole && tag) {
        bool date = tag[0] != '"' && strncmp(tag, "W/", 2) != 0;
        headers[0] = at_arena_format(arena, "%s: %s",
                                     date ? "If-Modified-Since" : "If-None-Match", tag);
    }
    at_http_call call = {
        .url = d->url,
        .headers = headers[0] ? headers : NULL,
        .from = s->done,
        .cancel = d->cancel,
        .begin = on_begin,
        .write = on_write,
        .context = s,
    };
    return at_http_perform(&call, &s->reply, err);
}

/* Tries until it is whole, the server says no, or nothing more comes. */
static at_status transfer(state *s, at_arena *arena, at_error *err) {
    bool began_with_part = false;
    int64_t furthest = 0; /* of any attempt: without a strong tag each begins at 0 */
    for (int tries = 0, restarts = 0;; tries++) {
        at_status status = attempt(s, arena, err);
        if (!status && !s->same && s->total >= 0 && s->done < s->total)
            status = at_fail(err, AT_NETWORK, "the connection to %.300s broke",
                             s->download->url);
        began_with_part |= s->resumed;
        if (!status) {
            s->resumed = began_with_part;
            return AT_OK;
        }
        if (status == AT_CORRUPT && restarts++ == 0) { /* begin anew, once */
            if (ftruncate(s->fd, 0) != 0)
                return at_fail_errno(err, "cannot write to the cache");
            furthest = 0;
            continue;
        }
        if (status != AT_NETWORK || s->reply.status >= 400)
            return status;
        if (s->done > furthest) { /* it moves */
            furthest = s->done;
            tries = 0;
        }
        if (tries + 1 >= ATTEMPTS || s->reply.status == 0) {
            if (s->done > 0)
                at_hint(err, "run the cell again: it goes on where it stopped");
            return status;
        }
        for (double end = at_now() + 0.2 * (tries + 1); at_now() < end; at_sleep(0.02))
            if (at_cancelled(s->download->cancel))
                return at_fail(err, AT_CANCELLED, "interrupted");
    }
}

static at_status keep(state *s, at_error *err) {
    if (s->same)
        return AT_OK;
    AT_TRY(at_file_remove(s->cache.data_note, err));
    AT_TRY(at_file_commit(s->cache.part, s->cache.data, err));
    AT_TRY(at_cache_note(s->cache.data_note, s->download->url, s->reply.tag, err));
    return at_file_remove(s->cache.part_note, err);
}

/* Opens the part and locks it. Who waited for the name may hold what is the whole by now.
 */
static at_status open_part(state *s, at_error *err) {
    for (;;) {
        s->fd = open(s->cache.part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (s->fd < 0)
            return at_fail_errno(err, "cannot write to the cache");
        if (flock(s->fd, LOCK_EX | LOCK_NB) != 0) {
            close(s->fd);
            return at_fail(err, AT_BUSY, "%.300s is being fetched already",
                           s->download->url);
        }
        struct stat held, named;
        if (fstat(s->fd, &held) == 0 && stat(s->cache.part, &named) == 0 &&
            held.st_ino == named.st_ino)
            return AT_OK;
        close(s->fd);
    }
}

at_status at_download_run(const at_download *download, at_arena *arena,
                          at_downloaded *out, at_error *err) {
    state s = {.download = download, .total = -1};
    *out = (at_downloaded){0};
    AT_TRY(at_cache_init(&s.cache, download->workspace, download->url, arena, err));
    out->path = s.cache.data;
    AT_TRY(open_part(&s, err));
    at_status status = transfer(&s, arena, err);
    if (!status)
        status = keep(&s, err);
    out->cached = s.same;
    out->resumed = s.resumed;
    struct stat about;
    if (fstat(s.fd, &about) == 0 && about.st_size == 0 && (status || s.same))
        unlink(s.cache.part);
    close(s.fd);
    if (status == AT_NETWORK && s.reply.status < 400 && at_file_exists(s.cache.data) &&
        !download->fresh) {
        out->stale = true;
        return AT_OK;
    }
    return status;
}
