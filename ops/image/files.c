#include "ops/image/files.h"
#include "ops/base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory to list the images");
}

void at_image_files_fini(at_image_files *files) {
    at_free(files->items);
    at_arena_fini(&files->arena);
    *files = (at_image_files){0};
}

at_status at_image_files_add(at_image_files *files, const char *name, const char *path,
                             int64_t offset, int64_t length, at_error *err) {
    if (files->count >= AT_FILES_MAX)
        return at_fail(err, AT_LIMIT, "there are more than %d files", AT_FILES_MAX);
    at_image_file *more =
        at_grow(files->items, &files->capacity, files->count + 1, sizeof *more);
    if (!more)
        return no_memory(err);
    files->items = more;
    at_image_file *file = &files->items[files->count];
    *file = (at_image_file){.name = at_arena_text(&files->arena, name, strlen(name)),
                            .path = at_arena_text(&files->arena, path, strlen(path)),
                            .offset = offset,
                            .length = length < 0 ? at_file_size(path) - offset : length};
    if (!file->name || !file->path)
        return no_memory(err);
    if (file->length < 0)
        return at_fail(err, AT_NOT_FOUND, "there is no file %.300s", path);
    files->count++;
    return AT_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const at_image_file *)a)->name, ((const at_image_file *)b)->name);
}

void at_image_files_sort(at_image_files *files) {
    if (files->count)
        qsort(files->items, files->count, sizeof *files->items, by_name);
}

const at_image_file *at_image_files_find(const at_image_files *files, const char *name) {
    const at_image_file key = {.name = name};
    return files->count ? bsearch(&key, files->items, files->count, sizeof key, by_name)
                        : NULL;
}

/* ---- walking ------------------------------------------------------------------------
 */

static at_status walk(at_image_files *files, const char *folder, const char *below,
                      int depth, at_error *err);

static at_status visit(at_image_files *files, const char *folder, const char *below,
                       const char *name, int depth, at_error *err) {
    struct stat about;
    at_arena *arena = &files->arena;
    const char *path = at_arena_format(arena, "%s/%s", folder, name);
    const char *inside = *below ? at_arena_format(arena, "%s/%s", below, name) : name;
    if (!path || !inside)
        return no_memory(err);
    if (stat(path, &about) != 0)
        return AT_OK; /* a link to nowhere, or gone since */
    if (S_ISDIR(about.st_mode))
        return walk(files, path, inside, depth + 1, err);
    if (!S_ISREG(about.st_mode))
        return AT_OK;
    return at_image_files_add(files, inside, path, 0, about.st_size, err);
}

static at_status walk(at_image_files *files, const char *folder, const char *below,
                      int depth, at_error *err) {
    if (depth > AT_FILES_DEPTH)
        return at_fail(err, AT_LIMIT, "%.300s lies more than %d folders deep", folder,
                       AT_FILES_DEPTH);
    DIR *entries = opendir(folder);
    if (!entries)
        return at_fail_errno(err, "cannot read the folder %.300s", folder);
    at_status status = AT_OK;
    for (struct dirent *entry; !status && (entry = readdir(entries));)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "__MACOSX") != 0)
            status = visit(files, folder, below, entry->d_name, depth, err);
    closedir(entries);
    return status;
}

at_status at_image_files_walk(at_image_files *files, const char *folder, at_error *err) {
    AT_TRY(walk(files, folder, "", 0, err));
    files->folder = at_arena_format(&files->arena, "%s", folder);
    at_image_files_sort(files);
    return files->folder ? AT_OK : no_memory(err);
}

/* ---- what belongs together ----------------------------------------------------------
 */

bool at_image_file_ends(const at_image_file *file, const char *end) {
    size_t n = strlen(file->name), m = strlen(end);
    return n >= m && strcasecmp(file->name + n - m, end) == 0;
}

const char *at_image_file_swap(at_image_files *files, const char *name, size_t drop,
                               const char *end) {
    return at_arena_format(&files->arena, "%.*s%s", (int)(strlen(name) - drop), name,
                           end);
}

/* Does the file `name` belong to `main`, both of one folder? */
static bool belongs(const char *name, const char *main) {
    static const char *const classes[] = {"classes.txt", "labels.txt", "batches.meta.txt",
                                          "fine_label_names.txt"};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcasecmp(name, classes[i]) == 0)
            return true;
    const char *dot = strrchr(main, '.');
    size_t stem = dot ? (size_t)(dot - main) : strlen(main);
    if (strncmp(name, main, stem) == 0 &&
        (strcasecmp(name + stem, ".lst") == 0 || strcasecmp(name + stem, ".idx") == 0))
        return true;
    const char *images = strstr(main, "images");
    size_t before = images ? (size_t)(images - main) : 0;
    return images && strncmp(name, main, before) == 0 &&
           strncmp(name + before, "labels", 6) == 0;
}

at_status at_image_files_beside(at_image_files *files, const char *path, at_error *err) {
    const char *base = at_path_base(path);
    const char *folder =
        base == path ? "."
                     : at_arena_format(&files->arena, "%.*s", (int)(base - path), path);
    if (!folder)
        return no_memory(err);
    AT_TRY(at_image_files_add(files, base, path, 0, -1, err));
    DIR *entries = opendir(folder);
    if (!entries)
        return at_fail_errno(err, "cannot read the folder %.300s", folder);
    at_status status = AT_OK;
    for (struct dirent *entry; !status && (entry = readdir(entries));)
        if (strcmp(entry->d_name, base) != 0 && belongs(entry->d_name, base))
            status = visit(files, folder, "", entry->d_name, AT_FILES_DEPTH, err);
    closedir(entries);
    files->folder = folder;
    at_image_files_sort(files);
    return status;
}

/* In a folder and all above it, down to the root of the list. */
static const at_image_file *find_from(at_image_files *files, const char *in,
                                      const char *name) {
    for (size_t length = strlen(in);;) {
        while (length && in[length - 1] != '/')
            length--;
        const char *whole =
            at_arena_format(&files->arena, "%.*s%s", (int)length, in, name);
        const at_image_file *found = whole ? at_image_files_find(files, whole) : NULL;
        if (found || !length)
            return found;
        length--;
    }
}

static const at_image_file *find_on_disk(at_image_files *files, const char *path,
                                         const char *name) {
    if (!path || at_file_size(path) < 0 || !at_file_exists(path))
        return NULL;
    at_image_file *file = at_arena_alloc(&files->arena, sizeof *file);
    if (file)
        *file = (at_image_file){name, path, 0, at_file_size(path)};
    return file;
}

const at_image_file *at_image_files_resolve(at_image_files *files,
                                            const at_image_file *in, const char *name) {
    if (strncmp(name, "file://", 7) == 0)
        name += 7;
    if (files->folder && *name == '/') {
        const char *path = at_arena_format(&files->arena, "%s", name);
        const at_image_file *found = find_on_disk(files, path, path);
        if (found)
            return found;
    }
    const char *scheme = strstr(name, "://");
    for (const char *part = scheme ? scheme + 3 : name; part && *part;) {
        part += strspn(part, "/");
        const at_image_file *found = find_from(files, in->name, part);
        if (!found && files->folder && !strstr(part, ".."))
            found = find_on_disk(
                files, at_arena_format(&files->arena, "%s/%s", files->folder, part),
                part);
        if (found)
            return found;
        part = strchr(part, '/');
    }
    return NULL;
}

/* ---- bytes --------------------------------------------------------------------------
 */

at_status at_image_view_open(const at_image_file *file, at_image_view *out,
                             at_error *err) {
    *out = (at_image_view){.bytes = (const uint8_t *)""};
    if (file->length <= 0)
        return AT_OK;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return at_fail_errno(err, "cannot open %.300s", file->path);
    struct stat about;
    int64_t page = sysconf(_SC_PAGESIZE), skip = file->offset % page;
    if (fstat(fd, &about) != 0 || about.st_size < file->offset + file->length) {
        close(fd);
        return at_fail(err, AT_CORRUPT, "%.300s became shorter while it was read",
                       file->path);
    }
    out->map_length = (size_t)(file->length + skip);
    out->map = mmap(NULL, out->map_length, PROT_READ, MAP_PRIVATE, fd,
                    (off_t)(file->offset - skip));
    close(fd);
    if (out->map == MAP_FAILED) {
        out->map = NULL;
        return at_fail_errno(err, "cannot map %.300s", file->path);
    }
    out->bytes = (const uint8_t *)out->map + skip;
    out->length = (size_t)file->length;
    return AT_OK;
}

void at_image_view_close(at_image_view *view) {
    if (view->map)
        munmap(view->map, view->map_length);
    *view = (at_image_view){.bytes = (const uint8_t *)""};
}
