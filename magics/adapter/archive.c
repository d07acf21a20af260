#include "magics/adapter/archive.h"
#include "ops/base/library.h"
#include "ops/base/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOCK = 64 * 1024,
    BOMB_FACTOR = 1000,
    BOMB_FLOOR = 64 * 1024 * 1024, /* bytes that may come out of whatever is small */
};

/* Bytes that may come out of one archive on the way to what is asked for. */
static const int64_t TOTAL_MAX = (int64_t)256 << 30;

/* The table of the library. Written once, before the first archive is opened. */
static struct {
    __typeof__(&archive_read_new) read_new;
    __typeof__(&archive_read_free) read_free;
    __typeof__(&archive_read_support_filter_gzip) read_support_filter_gzip;
    __typeof__(&archive_read_support_filter_bzip2) read_support_filter_bzip2;
    __typeof__(&archive_read_support_filter_xz) read_support_filter_xz;
    __typeof__(&archive_read_support_format_zip) read_support_format_zip;
    __typeof__(&archive_read_support_format_tar) read_support_format_tar;
    __typeof__(&archive_read_support_format_raw) read_support_format_raw;
    __typeof__(&archive_read_set_callback_data) read_set_callback_data;
    __typeof__(&archive_read_set_read_callback) read_set_read_callback;
    __typeof__(&archive_read_set_skip_callback) read_set_skip_callback;
    __typeof__(&archive_read_set_seek_callback) read_set_seek_callback;
    __typeof__(&archive_read_open1) read_open1;
    __typeof__(&archive_read_next_header) read_next_header;
    __typeof__(&archive_read_data_block) read_data_block;
    __typeof__(&archive_filter_count) filter_count;
    __typeof__(&archive_filter_code) filter_code;
    __typeof__(&archive_filter_bytes) filter_bytes;
    __typeof__(&archive_format) format;
    __typeof__(&archive_error_string) error_string;
    __typeof__(&archive_entry_pathname) entry_pathname;
    __typeof__(&archive_entry_pathname_utf8) entry_pathname_utf8;
    __typeof__(&archive_entry_filetype) entry_filetype;
    __typeof__(&archive_entry_size) entry_size;
    __typeof__(&archive_entry_size_is_set) entry_size_is_set;
    __typeof__(&archive_entry_is_encrypted) entry_is_encrypted;
    __typeof__(&archive_entry_hardlink) entry_hardlink;
} la;
static at_status load_status;
static at_error load_error;
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

#define SYMBOL(field) {"archive_" #field, (void **)&la.field}

static void load(void) {
    static const char *const names[] = {"libarchive.so.13", "libarchive.so", NULL};
    const at_symbol symbols[] = {
        SYMBOL(read_new),
        SYMBOL(read_free),
        SYMBOL(read_support_filter_gzip),
        SYMBOL(read_support_filter_bzip2),
        SYMBOL(read_support_filter_xz),
        SYMBOL(read_support_format_zip),
        SYMBOL(read_support_format_tar),
        SYMBOL(read_support_format_raw),
        SYMBOL(read_set_callback_data),
        SYMBOL(read_set_read_callback),
        SYMBOL(read_set_skip_callback),
        SYMBOL(read_set_seek_callback),
        SYMBOL(read_open1),
        SYMBOL(read_next_header),
        SYMBOL(read_data_block),
        SYMBOL(filter_count),
        SYMBOL(filter_code),
        SYMBOL(filter_bytes),
        SYMBOL(format),
        SYMBOL(error_string),
        SYMBOL(entry_pathname),
        SYMBOL(entry_pathname_utf8),
        SYMBOL(entry_filetype),
        SYMBOL(entry_size),
        SYMBOL(entry_size_is_set),
        SYMBOL(entry_is_encrypted),
        SYMBOL(entry_hardlink),
    };
    load_status = at_library_load(names, "libarchive13", symbols,
                                  sizeof symbols / sizeof *symbols, &load_error);
}

/* One archive as it is read, through callbacks of ours, so that an interrupt ends a read
 * in the middle of a member. */
typedef struct reader {
    const char *path;
    int fd;
    const at_cancel *cancel;
    struct archive *archive;
    int64_t packed;   /* bytes of the file */
    int64_t unpacked; /* of members that were read only to get past them */
    char block[BLOCK];
} reader;

static la_ssize_t on_read(struct archive *archive, void *context, const void **bytes) {
    reader *r = context;
    ssize_t n;
    (void)archive;
    if (at_cancelled(r->cancel))
        return -1;
    do
        n = read(r->fd, r->block, BLOCK);
    while (n < 0 && errno == EINTR);
    *bytes = r->block;
    return n;
}

static la_int64_t on_seek(struct archive *archive, void *context, la_int64_t offset,
                          int whence) {
    (void)archive;
    off_t at = lseek(((reader *)context)->fd, (off_t)offset, whence);
    return at < 0 ? ARCHIVE_FATAL : at;
}

/* Up to the end: a member that is cut short has to be found out by reading. */
static la_int64_t on_skip(struct archive *archive, void *context, la_int64_t request) {
    reader *r = context;
    (void)archive;
    off_t at = lseek(r->fd, 0, SEEK_CUR);
    la_int64_t rest = at < 0 ? 0 : r->packed - at;
    la_int64_t step = (request < rest ? request : rest) / BLOCK * BLOCK;
    return step > 0 && lseek(r->fd, (off_t)step, SEEK_CUR) >= 0 ? step : 0;
}

static at_status interrupted(at_error *err) {
    return at_fail(err, AT_CANCELLED, "interrupted");
}

static at_status broken(const reader *r, at_error *err) {
    if (at_cancelled(r->cancel))
        return interrupted(err);
    const char *said = la.error_string(r->archive);
    return at_fail(err, AT_CORRUPT, "%.400s is damaged: %.300s", r->path,
                   said ? said : "it ends too early");
}

static void reader_release(reader *r) {
    if (!r)
        return;
    if (r->archive)
        la.read_free(r->archive);
    if (r->fd >= 0)
        close(r->fd);
    at_free(r);
}

static at_status begin(reader *r, at_error *err) {
    struct stat about;
    r->fd = open(r->path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0 || fstat(r->fd, &about) != 0)
        return at_fail_errno(err, "cannot open %.400s", r->path);
    r->packed = about.st_size;
    struct archive *archive = r->archive = la.read_new();
    if (!archive)
        return at_fail(err, AT_NO_MEMORY, "no memory left to read %.400s", r->path);
    la.read_support_filter_gzip(archive);
    la.read_support_filter_bzip2(archive);
    la.read_support_filter_xz(archive);
    la.read_support_format_zip(archive);
    la.read_support_format_tar(archive);
    la.read_support_format_raw(archive); /* whatever is left: a single compressed file */
    la.read_set_callback_data(archive, r);
    la.read_set_read_callback(archive, on_read);
    la.read_set_skip_callback(archive, on_skip);
    la.read_set_seek_callback(archive, on_seek);
    return la.read_open1(archive) == ARCHIVE_OK ? AT_OK : broken(r, err);
}

static at_status reader_new(const char *path, const at_cancel *cancel, reader **out,
                            at_error *err) {
    pthread_once(&load_once, load);
    if (load_status) {
        if (err)
            *err = load_error;
        return load_status;
    }
    reader *r = at_alloc_zero(sizeof *r);
    if (!r)
        return at_fail(err, AT_NO_MEMORY, "no memory left to read %.400s", path);
    r->path = path;
    r->cancel = cancel;
    r->fd = -1;
    at_status status = begin(r, err);
    if (status)
        reader_release(r);
    else
        *out = r;
    return status;
}

/* Is so much of this file a bomb? */
static at_status check_bomb(const reader *r, int64_t size, at_error *err) {
    if (size <= BOMB_FLOOR || size / BOMB_FACTOR <= r->packed)
        return AT_OK;
    at_fail(err, AT_LIMIT, "%.300s unpacks to more than %d times its size", r->path,
            BOMB_FACTOR);
    return at_hint(err, "it looks like an archive made to fill a disk; if it is not, "
                        "unpack it by hand and fetch the file");
}

/* What came out of the archive so far, wanted or not. */
static at_status check_total(const reader *r, at_error *err) {
    int64_t total = la.filter_bytes(r->archive, 0);
    if (r->unpacked > total)
        total = r->unpacked;
    if (total > TOTAL_MAX) {
        at_fail(err, AT_LIMIT, "%.300s unpacks to more than %lld bytes", r->path,
                (long long)TOTAL_MAX);
        return at_hint(err, "unpack it by hand and fetch the file");
    }
    return check_bomb(r, total, err);
}

/* Reads past the rest of a compressed member: the library would do so within one call,
 * for as long as it takes. What it says of damage it says again at the next header. */
static at_status pass_member(reader *r, at_error *err) {
    int code = ARCHIVE_OK;
    if (la.filter_code(r->archive, 0) == ARCHIVE_FILTER_NONE)
        return AT_OK; /* it seeks */
    while (code == ARCHIVE_OK || code == ARCHIVE_WARN) {
        const void *bytes = NULL;
        size_t length = 0;
        la_int64_t at = 0;
        if (at_cancelled(r->cancel))
            return interrupted(err);
        code = la.read_data_block(r->archive, &bytes, &length, &at);
        r->unpacked += (int64_t)length;
        AT_TRY(check_total(r, err));
    }
    return AT_OK;
}

/* The next header: AT_OK with *entry, or with NULL at the end. A warning of the library
 * (a name in no known charset) is no failure. */
static at_status next_entry(reader *r, struct archive_entry **entry, at_error *err) {
    if (at_cancelled(r->cancel))
        return interrupted(err);
    if (*entry)
        AT_TRY(pass_member(r, err));
    int code = la.read_next_header(r->archive, entry);
    if (code == ARCHIVE_EOF) {
        *entry = NULL;
        return AT_OK;
    }
    return code == ARCHIVE_OK || code == ARCHIVE_WARN ? AT_OK : broken(r, err);
}

static bool is_file(struct archive_entry *entry) {
    return la.entry_filetype(entry) == S_IFREG && !la.entry_hardlink(entry);
}

/* The member's name as valid UTF-8 without control characters. */
static const char *name_of(struct archive_entry *entry, at_arena *arena) {
    const char *name = la.entry_pathname_utf8(entry);
    if (!name)
        name = la.entry_pathname(entry);
    if (!name)
        name = "";
    size_t length = strnlen(name, AT_ARCHIVE_NAME);
    char *copy = at_arena_text(arena, name, length);
    bool valid = at_utf8_valid(name, length);
    for (size_t i = 0; copy && i < length; i++)
        if ((unsigned char)copy[i] < ' ' || (!valid && (unsigned char)copy[i] > '~'))
            copy[i] = '?';
    return copy;
}

/* Appends to the list; the array lives in `grown` until the end. */
static at_status add_member(struct archive_entry *entry, at_arena *arena,
                            at_archive_member **grown, size_t *capacity, size_t *count,
                            at_error *err) {
    if (*count == AT_ARCHIVE_MEMBERS)
        return at_fail(err, AT_LIMIT, "the archive holds more than %d files",
                       AT_ARCHIVE_MEMBERS);
    at_archive_member *bigger = at_grow(*grown, capacity, *count + 1, sizeof **grown);
    if (!bigger)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the archive's list");
    *grown = bigger;
    at_archive_member *member = &bigger[*count];
    member->name = name_of(entry, arena);
    member->size = la.entry_size_is_set(entry) ? la.entry_size(entry) : -1;
    if (!member->name)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the archive's list");
    *count += 1;
    return AT_OK;
}

static at_status list_members(reader *r, at_arena *arena, at_archive_list *out,
                              at_archive_member **grown, at_error *err) {
    size_t capacity = 0;
    for (struct archive_entry *entry = NULL;;) {
        AT_TRY(next_entry(r, &entry, err));
        if (!entry)
            return AT_OK;
        if (la.format(r->archive) == ARCHIVE_FORMAT_RAW) {
            out->compressed = la.filter_code(r->archive, 0) != ARCHIVE_FILTER_NONE;
            return out->compressed
                       ? add_member(entry, arena, grown, &capacity, &out->count, err)
                       : AT_OK;
        }
        out->archive = true;
        if (is_file(entry))
            AT_TRY(add_member(entry, arena, grown, &capacity, &out->count, err));
    }
}

at_status at_archive_read_list(const char *path, const at_cancel *cancel, at_arena *arena,
                               at_archive_list *out, at_error *err) {
    *out = (at_archive_list){0};
    struct stat about;
    if (stat(path, &about) == 0 && about.st_size == 0)
        return AT_OK; /* the library calls an empty file damaged */
    reader *r = NULL;
    AT_TRY(reader_new(path, cancel, &r, err));
    at_archive_member *grown = NULL;
    at_status status = list_members(r, arena, out, &grown, err);
    if (!status && out->count) {
        out->members = at_arena_alloc(arena, out->count * sizeof *grown);
        if (out->members)
            memcpy(out->members, grown, out->count * sizeof *grown);
        else
            status = at_fail(err, AT_NO_MEMORY, "no memory left for the archive's list");
    }
    at_free(grown);
    reader_release(r);
    return status;
}

/* Goes to the header of regular file `index`. */
static at_status seek_member(reader *r, size_t index, struct archive_entry **entry,
                             at_error *err) {
    for (size_t seen = 0;;) {
        AT_TRY(next_entry(r, entry, err));
        if (!*entry)
            return at_fail(err, AT_NOT_FOUND, "%.400s has no member %zu", r->path, index);
        if (la.format(r->archive) == ARCHIVE_FORMAT_RAW || is_file(*entry))
            if (seen++ == index)
                return AT_OK;
    }
}

static at_status write_at(int to, const char *bytes, size_t length, int64_t at,
                          at_error *err) {
    while (length) {
        ssize_t n = pwrite(to, bytes, length, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return at_fail_errno(err, "cannot write what was unpacked");
        bytes += n;
        at += n;
        length -= (size_t)n;
    }
    return AT_OK;
}

typedef struct extraction {
    reader *from;
    int to;
    int64_t base; /* where in `to` the member begins */
    int64_t limit, total;
    at_archive_progress *progress;
    void *context;
} extraction;

static at_status check_size(const extraction *x, int64_t size, at_error *err) {
    if (size > x->limit) {
        at_fail(err, AT_LIMIT, "the member of %.300s is larger than %lld bytes",
                x->from->path, (long long)x->limit);
        return at_hint(err, "unpack it by hand and fetch the file");
    }
    return check_bomb(x->from, size, err);
}

/* *length: bytes of the member. */
static at_status copy_member(const extraction *x, int64_t *length_out, at_error *err) {
    int64_t done = 0;
    for (;;) {
        const void *bytes = NULL;
        size_t length = 0;
        la_int64_t at = 0;
        if (at_cancelled(x->from->cancel))
            return interrupted(err);
        int code = la.read_data_block(x->from->archive, &bytes, &length, &at);
        if (code == ARCHIVE_EOF)
            break;
        if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
            return broken(x->from, err);
        int64_t end;
        if (at < 0 || __builtin_add_overflow(at, (int64_t)length, &end))
            return at_fail(err, AT_CORRUPT, "%.400s is damaged", x->from->path);
        AT_TRY(check_size(x, end, err));
        AT_TRY(write_at(x->to, bytes, length, x->base + at, err));
        done = end > done ? end : done;
        if (x->progress)
            x->progress(x->context, x->base + done, x->base ? -1 : x->total);
    }
    if (x->total >= 0 && done < x->total) { /* a sparse end */
        if (ftruncate(x->to, (off_t)(x->base + x->total)) != 0)
            return at_fail_errno(err, "cannot write what was unpacked");
        done = x->total;
    }
    *length_out = done;
    return AT_OK;
}

/* Whatever the header says of the member at hand, then its bytes. */
static at_status extract_entry(extraction *x, struct archive_entry *entry,
                               int64_t *length, at_error *err) {
    if (la.entry_is_encrypted(entry)) {
        at_fail(err, AT_UNSUPPORTED, "%.400s is locked with a password", x->from->path);
        return at_hint(err, "unpack it by hand and fetch the file");
    }
    x->total = -1;
    if (la.entry_size_is_set(entry)) {
        x->total = la.entry_size(entry);
        AT_TRY(check_size(x, x->total, err));
    }
    return copy_member(x, length, err);
}

at_status at_archive_extract(const char *path, size_t index, int to, int64_t limit,
                             const at_cancel *cancel, at_archive_progress *progress,
                             void *context, at_error *err) {
    reader *r = NULL;
    AT_TRY(reader_new(path, cancel, &r, err));
    extraction x = {
        .from = r, .to = to, .limit = limit, .progress = progress, .context = context};
    struct archive_entry *entry = NULL;
    int64_t length;
    at_status status = seek_member(r, index, &entry, err);
    if (!status)
        status = extract_entry(&x, entry, &length, err);
    reader_release(r);
    return status;
}

static at_status extract_each(extraction *x, at_archive_visit *visit, at_error *err) {
    size_t count = 0;
    for (struct archive_entry *entry = NULL;;) {
        at_arena arena = {0};
        int64_t length = 0;
        AT_TRY(next_entry(x->from, &entry, err));
        if (!entry)
            return AT_OK;
        if (la.format(x->from->archive) != ARCHIVE_FORMAT_RAW && !is_file(entry))
            continue;
        if (++count > AT_ARCHIVE_MEMBERS)
            return at_fail(err, AT_LIMIT, "the archive holds more than %d files",
                           AT_ARCHIVE_MEMBERS);
        const char *name = name_of(entry, &arena);
        at_status status = name ? extract_entry(x, entry, &length, err)
                                : at_fail(err, AT_NO_MEMORY, "no memory left to unpack");
        if (!status)
            status = visit(x->context, name, x->base, length, err);
        at_arena_fini(&arena);
        AT_TRY(status);
        x->base += length;
        x->limit -= length;
        AT_TRY(check_bomb(x->from, x->base, err));
    }
}

at_status at_archive_extract_all(const char *path, int to, int64_t limit,
                                 const at_cancel *cancel, at_archive_visit *visit,
                                 at_archive_progress *progress, void *context,
                                 at_error *err) {
    reader *r = NULL;
    AT_TRY(reader_new(path, cancel, &r, err));
    extraction x = {
        .from = r, .to = to, .limit = limit, .progress = progress, .context = context};
    at_status status = extract_each(&x, visit, err);
    reader_release(r);
    return status;
}
