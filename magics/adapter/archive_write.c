#include "magics/adapter/archive_write.h"
#include "ops/base/file.h"
#include "ops/base/library.h"
#include "ops/base/memory.h"
#include "ops/base/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 20 };

/* The table of the library. Written once, before the first archive is written. */
static struct {
    __typeof__(&archive_write_new) write_new;
    __typeof__(&archive_write_free) write_free;
    __typeof__(&archive_write_close) write_close;
    __typeof__(&archive_write_add_filter_gzip) write_add_filter_gzip;
    __typeof__(&archive_write_set_filter_option) write_set_filter_option;
    __typeof__(&archive_write_set_format_pax_restricted) write_set_format_pax_restricted;
    __typeof__(&archive_write_open_filename) write_open_filename;
    __typeof__(&archive_write_header) write_header;
    __typeof__(&archive_write_data) write_data;
    __typeof__(&archive_error_string) error_string;
    __typeof__(&archive_entry_new) entry_new;
    __typeof__(&archive_entry_free) entry_free;
    __typeof__(&archive_entry_set_pathname_utf8) entry_set_pathname_utf8;
    __typeof__(&archive_entry_set_size) entry_set_size;
    __typeof__(&archive_entry_set_filetype) entry_set_filetype;
    __typeof__(&archive_entry_set_perm) entry_set_perm;
    __typeof__(&archive_entry_set_mtime) entry_set_mtime;
} la;
static at_status load_status;
static at_error load_error;
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

#define SYMBOL(field) {"archive_" #field, (void **)&la.field}

static void load(void) {
    static const char *const names[] = {"libarchive.so.13", "libarchive.so", NULL};
    const at_symbol symbols[] = {
        SYMBOL(write_new),
        SYMBOL(write_free),
        SYMBOL(write_close),
        SYMBOL(write_add_filter_gzip),
        SYMBOL(write_set_filter_option),
        SYMBOL(write_set_format_pax_restricted),
        SYMBOL(write_open_filename),
        SYMBOL(write_header),
        SYMBOL(write_data),
        SYMBOL(error_string),
        SYMBOL(entry_new),
        SYMBOL(entry_free),
        SYMBOL(entry_set_pathname_utf8),
        SYMBOL(entry_set_size),
        SYMBOL(entry_set_filetype),
        SYMBOL(entry_set_perm),
        SYMBOL(entry_set_mtime),
    };
    load_status = at_library_load(names, "libarchive13", symbols,
                                  sizeof symbols / sizeof *symbols, &load_error);
}

static at_status told(struct archive *archive, const char *path, at_error *err) {
    const char *why = la.error_string(archive);
    return at_fail(err, AT_IO, "cannot write %.300s: %.300s", path, why ? why : "?");
}

static at_status put_bytes(struct archive *archive, int fd, int64_t size,
                           const at_archive_file *file, const at_cancel *cancel,
                           at_error *err) {
    char *bytes = at_alloc(CHUNK);
    at_status status =
        bytes ? AT_OK : at_fail(err, AT_NO_MEMORY, "not enough memory to pack");
    while (size > 0 && status == AT_OK) {
        ssize_t got = read(fd, bytes, size < CHUNK ? (size_t)size : CHUNK);
        if (at_cancelled(cancel))
            status = at_fail(err, AT_CANCELLED, "interrupted while packing");
        else if (got < 0)
            status = at_fail_errno(err, "cannot read %.300s", file->path);
        else if (got == 0)
            status = at_fail(err, AT_CORRUPT, "%.300s became shorter", file->path);
        else if (la.write_data(archive, bytes, (size_t)got) != got)
            status = told(archive, file->name, err);
        size -= got;
    }
    at_free(bytes);
    return status;
}

static at_status put_file(struct archive *archive, const at_archive_file *file,
                          const at_cancel *cancel, at_error *err) {
    struct stat about;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0) {
        at_fail_errno(err, "cannot read %.300s", file->path);
        if (fd >= 0)
            close(fd);
        return AT_IO;
    }
    struct archive_entry *entry = la.entry_new();
    at_status status =
        entry ? AT_OK : at_fail(err, AT_NO_MEMORY, "not enough memory to pack");
    if (entry) {
        la.entry_set_pathname_utf8(entry, file->name);
        la.entry_set_size(entry, about.st_size);
        la.entry_set_filetype(entry, S_IFREG);
        la.entry_set_perm(entry, 0644);
        la.entry_set_mtime(entry, about.st_mtime, 0);
        if (la.write_header(archive, entry) != ARCHIVE_OK)
            status = told(archive, file->name, err);
        la.entry_free(entry);
    }
    if (status == AT_OK)
        status = put_bytes(archive, fd, about.st_size, file, cancel, err);
    close(fd);
    return status;
}

/* Weights hardly shrink: the fastest level does as well as any. */
static at_status write_to(struct archive *archive, const char *path,
                          const at_archive_file *files, size_t count,
                          const at_cancel *cancel, at_error *err) {
    if (la.write_add_filter_gzip(archive) != ARCHIVE_OK ||
        la.write_set_filter_option(archive, "gzip", "compression-level", "1") !=
            ARCHIVE_OK ||
        la.write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
        la.write_open_filename(archive, path) != ARCHIVE_OK)
        return told(archive, path, err);
    for (size_t i = 0; i < count; i++)
        AT_TRY(put_file(archive, &files[i], cancel, err));
    return la.write_close(archive) == ARCHIVE_OK ? AT_OK : told(archive, path, err);
}

at_status at_archive_write(const char *path, const at_archive_file *files, size_t count,
                           const at_cancel *cancel, at_error *err) {
    pthread_once(&load_once, load);
    if (load_status != AT_OK) {
        if (err)
            *err = load_error;
        return load_status;
    }
    at_text temporary = {0};
    at_text_format(&temporary, "%s.%ld.tmp", path, (long)getpid());
    struct archive *archive = la.write_new();
    at_status status = archive && at_text_ok(&temporary)
                           ? AT_OK
                           : at_fail(err, AT_NO_MEMORY, "not enough memory to pack");
    const char *to = at_text_get(&temporary);
    if (status == AT_OK)
        status = write_to(archive, to, files, count, cancel, err);
    if (archive)
        la.write_free(archive);
    if (status == AT_OK)
        status = at_file_commit(to, path, err);
    if (status != AT_OK && temporary.length)
        (void)!at_file_remove(to, NULL);
    at_text_fini(&temporary);
    return status;
}
