#include "ops/base/file.h"
#include "ops/base/memory.h"
#include "ops/base/sink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Folders within folders that are removed; each holds a descriptor open. */
enum { DEPTH_MAX = 128 };

static at_status no_memory(at_error *err, const char *path) {
    return at_fail(err, AT_NO_MEMORY, "no memory left for %s", path);
}

static at_status read_all(int fd, const char *path, size_t limit, at_text *out,
                          at_error *err) {
    char chunk[65536];
    size_t total = 0;
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return at_fail_errno(err, "cannot read %s", path);
        if (n == 0)
            return at_text_ok(out) ? AT_OK : no_memory(err, path);
        total += (size_t)n;
        if (total > limit)
            return at_fail(err, AT_LIMIT, "%s is larger than %zu bytes", path, limit);
        at_text_append(out, chunk, (size_t)n);
    }
}

at_status at_file_read(const char *path, size_t limit, at_text *out, at_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return at_fail_errno(err, "cannot open %s", path);
    at_status status;
    struct stat about;
    if (fstat(fd, &about) == 0 && S_ISDIR(about.st_mode))
        status = at_fail(err, AT_INVALID, "%s is a folder, not a file", path);
    else
        status = read_all(fd, path, limit, out, err);
    close(fd);
    return status;
}

/* After a rename, the folder itself has to reach the disk. A file system that cannot sync
 * folders (EINVAL) has nothing to say about it. */
static at_status sync_folder_of(const char *path, at_error *err) {
    const char *base = at_path_base(path);
    char *folder =
        base == path ? at_copy_text(".") : at_copy_bytes(path, (size_t)(base - path));
    if (!folder)
        return no_memory(err, path);
    at_status status = AT_OK;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        status = at_fail_errno(err, "cannot write the folder %s", folder);
    if (fd >= 0)
        close(fd);
    at_free(folder);
    return status;
}

static at_status rename_over(const char *temporary, const char *path, at_error *err) {
    if (rename(temporary, path) != 0)
        return at_fail_errno(err, "cannot write %s", path);
    return sync_folder_of(path, err);
}

at_status at_file_commit(const char *temporary, const char *path, at_error *err) {
    int fd = open(temporary, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return at_fail_errno(err, "cannot open %s", temporary);
    at_status status = AT_OK;
    if (fsync(fd) != 0)
        status = at_fail_errno(err, "cannot write %s", temporary);
    close(fd);
    return status ? status : rename_over(temporary, path, err);
}

static at_status write_all(int fd, const char *path, const char *bytes, size_t length,
                           at_error *err) {
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return at_fail_errno(err, "cannot write %s", path);
        bytes += n;
        length -= (size_t)n;
    }
    if (fsync(fd) != 0)
        return at_fail_errno(err, "cannot write %s", path);
    return AT_OK;
}

/* Opens a new file beside `path`; its name in *temporary. */
static int open_beside(const char *path, at_text *temporary) {
    for (int attempt = 0; attempt < 100; attempt++) {
        at_text_clear(temporary);
        at_text_format(temporary, "%s.%ld-%d.tmp", path, (long)syscall(SYS_gettid),
                       attempt);
        if (!at_text_ok(temporary)) {
            errno = ENOMEM;
            return -1;
        }
        int fd =
            open(at_text_get(temporary), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

at_status at_file_write(const char *path, const void *bytes, size_t length,
                        at_error *err) {
    at_text temporary = {0};
    int fd = open_beside(path, &temporary);
    if (fd < 0) {
        at_status status = at_fail_errno(err, "cannot write %s", path);
        at_text_fini(&temporary);
        return status;
    }
    at_status status = write_all(fd, path, bytes, length, err);
    if (close(fd) != 0 && !status)
        status = at_fail_errno(err, "cannot write %s", path);
    if (!status)
        status = rename_over(at_text_get(&temporary), path, err);
    if (status)
        unlink(at_text_get(&temporary));
    at_text_fini(&temporary);
    return status;
}

static at_status copy_all(int fd, const char *from, at_sink *sink, at_error *err) {
    enum { CHUNK = 1 << 20 };
    char *bytes = at_alloc(CHUNK);
    if (!bytes)
        return at_fail(err, AT_NO_MEMORY, "no memory left to copy %s", from);
    at_status status = AT_OK;
    ssize_t got = 1;
    while (status == AT_OK && got != 0) {
        got = read(fd, bytes, CHUNK);
        if (got > 0)
            status = at_sink_write(sink, bytes, (size_t)got, err);
        else if (got < 0 && errno != EINTR)
            status = at_fail_errno(err, "cannot read %s", from);
    }
    at_free(bytes);
    return status;
}

at_status at_file_copy(const char *from, const char *to, at_error *err) {
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return at_fail_errno(err, "cannot open %s", from);
    at_sink sink;
    at_status status = at_sink_open(&sink, to, err);
    if (status == AT_OK)
        status = at_sink_close(&sink, copy_all(fd, from, &sink, err), err);
    close(fd);
    return status;
}

at_status at_folder_make(const char *path, at_error *err) {
    char *copy = at_copy_text(path);
    if (!copy)
        return no_memory(err, path);
    at_status status = AT_OK;
    for (char *p = copy + (*copy != '\0'); !status; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(copy, 0777) != 0 && !at_folder_exists(copy))
            status = at_fail_errno(err, "cannot make the folder %s", copy);
        *p = kept;
        if (!kept)
            break;
    }
    at_free(copy);
    return status;
}

static at_status remove_at(int folder, const char *name, const char *path, int depth,
                           at_error *err);

static at_status remove_entries(int fd, const char *path, int depth, at_error *err) {
    DIR *entries = fdopendir(fd);
    if (!entries) {
        at_status status = at_fail_errno(err, "cannot read the folder %s", path);
        close(fd);
        return status;
    }
    at_status status = AT_OK;
    for (struct dirent *entry; !status && (entry = readdir(entries));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = remove_at(dirfd(entries), entry->d_name, path, depth + 1, err);
    closedir(entries);
    return status;
}

static at_status remove_at(int folder, const char *name, const char *path, int depth,
                           at_error *err) {
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
        return AT_OK;
    if (errno != EISDIR && errno != EPERM)
        return at_fail_errno(err, "cannot remove %s in %s", name, path);
    if (depth > DEPTH_MAX)
        return at_fail(err, AT_LIMIT, "%s holds folders more than %d deep", path,
                       DEPTH_MAX);
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? AT_OK : at_fail_errno(err, "cannot remove %s", path);
    AT_TRY(remove_entries(fd, path, depth, err));
    if (unlinkat(folder, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return at_fail_errno(err, "cannot remove %s", path);
    return AT_OK;
}

at_status at_file_remove(const char *path, at_error *err) {
    return remove_at(AT_FDCWD, path, path, 0, err);
}

bool at_file_exists(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

bool at_folder_exists(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

int64_t at_file_size(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 ? (int64_t)about.st_size : -1;
}

char *at_path_join(const char *folder, const char *name) {
    at_text path = {0};
    if (*name != '/' && *folder) {
        at_text_put(&path, folder);
        if (path.length && path.data[path.length - 1] != '/')
            at_text_char(&path, '/');
    }
    at_text_put(&path, name);
    return at_text_take(&path);
}

const char *at_path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
