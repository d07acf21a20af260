#include "magics/adapter/archive.h"
#include "ops/base/library.h"
#include "ops/base/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOCK = 64 * 1024,
    BOMB_FACTOR = 1000,
    BOMB_FLOOR = 64 * 1024 * 1024, /* bytes that may come out of whatever is small */
};

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
    __typeof__(&archive_read_open_filename) read_open_filename;
    __typeof__(&archive_read_next_header) read_next_header;
    __typeof__(&archive_read_data_block) read_data_block;
    __typeof__(&archive_filter_count) filter_count;
    __typeof__(&archive_filter_code) filter_code;
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
        SYMBOL(read_open_filename),
        SYMBOL(read_next_header),
        SYMBOL(read_data_block),
        SYMBOL(filter_count),
        SYMBOL(filter_code),
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

static at_status broken(struct archive *archive, const char *path, at_error *err) {
    const char *said = la.error_string(archive);
    return at_fail(err, AT_CORRUPT, "%.400s is damaged: %.300s", path,
                   said ? said : "it ends too early");
}

static at_status open_archive(const char *path, struct archive **out, at_error *err) {
    pthread_once(&load_once, load);
    if (load_status) {
        if (err)
            *err = load_error;
        return load_status;
    }
    if (access(path, R_OK) != 0)
        return at_fail_errno(err, "cannot open %.400s", path);
    struct archive *archive = la.read_new();
    if (!archive)
        return at_fail(err, AT_NO_MEMORY, "no memory left to read %.400s", path);
    la.read_support_filter_gzip(archive);
    la.read_support_filter_bzip2(archive);
    la.read_support_filter_xz(archive);
    la.read_support_format_zip(archive);
    la.read_support_format_tar(archive);
    la.read_support_format_raw(archive); /* whatever is left: a single compressed file */
    if (la.read_open_filename(archive, path, BLOCK) != ARCHIVE_OK) {
        at_status status = broken(archive, path, err);
        la.read_free(archive);
        return status;
    }
    *out = archive;
    return AT_OK;
}

/* The next header: AT_OK with *entry, or with NULL at the end. A warning of the library
 * (a name in no known charset) is no failure. */
static at_status next_entry(struct archive *archive, const char *path,
                            struct archive_entry **entry, at_error *err) {
    int code = la.read_next_header(archive, entry);
    if (code == ARCHIVE_EOF) {
        *entry = NULL;
        return AT_OK;
    }
    return code == ARCHIVE_OK || code == ARCHIVE_WARN ? AT_OK
                                                      : broken(archive, path, err);
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

static at_status list_members(struct archive *archive, const char *path,
                              const at_cancel *cancel, at_arena *arena,
                              at_archive_list *out, at_archive_member **grown,
                              at_error *err) {
    size_t capacity = 0;
    for (struct archive_entry *entry = NULL;;) {
        if (at_cancelled(cancel))
            return at_fail(err, AT_CANCELLED, "interrupted");
        AT_TRY(next_entry(archive, path, &entry, err));
        if (!entry)
            return AT_OK;
        if (la.format(archive) == ARCHIVE_FORMAT_RAW) {
            out->compressed = la.filter_code(archive, 0) != ARCHIVE_FILTER_NONE;
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
    struct archive *archive = NULL;
    AT_TRY(open_archive(path, &archive, err));
    at_archive_member *grown = NULL;
    at_status status = list_members(archive, path, cancel, arena, out, &grown, err);
    if (!status && out->count) {
        out->members = at_arena_alloc(arena, out->count * sizeof *grown);
        if (out->members)
            memcpy(out->members, grown, out->count * sizeof *grown);
        else
            status = at_fail(err, AT_NO_MEMORY, "no memory left for the archive's list");
    }
    at_free(grown);
    la.read_free(archive);
    return status;
}

/* Goes to the header of regular file `index`. */
static at_status seek_member(struct archive *archive, const char *path, size_t index,
                             const at_cancel *cancel, struct archive_entry **entry,
                             at_error *err) {
    for (size_t seen = 0;;) {
        if (at_cancelled(cancel))
            return at_fail(err, AT_CANCELLED, "interrupted");
        AT_TRY(next_entry(archive, path, entry, err));
        if (!*entry)
            return at_fail(err, AT_NOT_FOUND, "%.400s has no member %zu", path, index);
        if (la.format(archive) == ARCHIVE_FORMAT_RAW || is_file(*entry))
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
    const char *path;
    int to;
    int64_t limit, packed, total;
    const at_cancel *cancel;
    at_archive_progress *progress;
    void *context;
} extraction;

static at_status check_size(const extraction *x, int64_t size, at_error *err) {
    if (size > x->limit) {
        at_fail(err, AT_LIMIT, "the member of %.300s is larger than %lld bytes", x->path,
                (long long)x->limit);
        return at_hint(err, "unpack it by hand and fetch the file");
    }
    if (size > BOMB_FLOOR && size / BOMB_FACTOR > x->packed) {
        at_fail(err, AT_LIMIT, "%.300s unpacks to more than %d times its size", x->path,
                BOMB_FACTOR);
        return at_hint(err, "it looks like an archive made to fill a disk; if it is not, "
                            "unpack it by hand and fetch the file");
    }
    return AT_OK;
}

static at_status copy_member(struct archive *archive, const extraction *x,
                             at_error *err) {
    int64_t done = 0;
    for (;;) {
        const void *bytes = NULL;
        size_t length = 0;
        la_int64_t at = 0;
        if (at_cancelled(x->cancel))
            return at_fail(err, AT_CANCELLED, "interrupted");
        int code = la.read_data_block(archive, &bytes, &length, &at);
        if (code == ARCHIVE_EOF)
            break;
        if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
            return broken(archive, x->path, err);
        int64_t end;
        if (at < 0 || __builtin_add_overflow(at, (int64_t)length, &end))
            return at_fail(err, AT_CORRUPT, "%.400s is damaged", x->path);
        AT_TRY(check_size(x, end, err));
        AT_TRY(write_at(x->to, bytes, length, at, err));
        done = end > done ? end : done;
        if (x->progress)
            x->progress(x->context, done, x->total);
    }
    if (x->total >= 0 && done < x->total && ftruncate(x->to, (off_t)x->total) != 0)
        return at_fail_errno(err, "cannot write what was unpacked"); /* a sparse end */
    return AT_OK;
}

at_status at_archive_extract(const char *path, size_t index, int to, int64_t limit,
                             const at_cancel *cancel, at_archive_progress *progress,
                             void *context, at_error *err) {
    struct stat about;
    if (stat(path, &about) != 0)
        return at_fail_errno(err, "cannot open %.400s", path);
    struct archive *archive = NULL;
    AT_TRY(open_archive(path, &archive, err));
    extraction x = {.path = path,
                    .to = to,
                    .limit = limit,
                    .packed = about.st_size,
                    .total = -1,
                    .cancel = cancel,
                    .progress = progress,
                    .context = context};
    struct archive_entry *entry = NULL;
    at_status status = seek_member(archive, path, index, cancel, &entry, err);
    if (!status && la.entry_is_encrypted(entry)) {
        at_fail(err, AT_UNSUPPORTED, "%.400s is locked with a password", path);
        status = at_hint(err, "unpack it by hand and fetch the file");
    }
    if (!status && la.entry_size_is_set(entry)) {
        x.total = la.entry_size(entry);
        status = check_size(&x, x.total, err);
    }
    if (!status)
        status = copy_member(archive, &x, err);
    la.read_free(archive);
    return status;
}
