/* Collection: what nothing names and nothing uses goes; what a crash left behind goes
 * when it is old enough that nobody can still be writing it. */
#include "magics/workspace/workspace.h"
#include "ops/base/file.h"
#include "ops/base/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Entries without a name and without a user. A running job keeps its folder come what
 * may. */
#define DEAD                                                                             \
    "live = 0 AND NOT EXISTS (SELECT 1 FROM uses WHERE used = entries.id) AND NOT"       \
    " (kind = 'job' AND json_extract(card, '$.state') = 'running')"

static at_status note_path(at_workspace *workspace, at_sweep *sweep,
                           const char *kind_name, const char *id, at_error *err) {
    at_kind kind;
    if (!kind_name || !id || !at_kind_from_name(kind_name, &kind))
        return AT_OK;
    const char *path = at_store_path(workspace, kind, id, &sweep->arena);
    if (!path)
        return AT_OK;
    const char **more =
        at_grow(sweep->paths, &sweep->capacity, sweep->count + 1, sizeof *sweep->paths);
    if (!more)
        return at_fail(err, AT_NO_MEMORY, "no memory left to tidy the workspace");
    sweep->paths = more;
    sweep->paths[sweep->count++] = path;
    return AT_OK;
}

static at_status note_dead(at_workspace *workspace, at_sweep *sweep, at_error *err) {
    at_query *query;
    AT_TRY(at_store_ask(workspace, &query, err,
                        "SELECT kind, id FROM entries WHERE " DEAD, ""));
    bool row = false;
    at_status status;
    while (!(status = at_query_step(query, &row, err)) && row) {
        status = note_path(workspace, sweep, at_query_text(query, 0),
                           at_query_text(query, 1), err);
        if (status)
            break;
    }
    at_query_release(query);
    return status;
}

at_status at_sweep_rows(at_workspace *workspace, at_sweep *sweep, at_error *err) {
    int64_t changes = 1;
    while (changes) { /* what a dead entry used may be dead now */
        AT_TRY(note_dead(workspace, sweep, err));
        AT_TRY(
            at_store_do(workspace, &changes, err, "DELETE FROM entries WHERE " DEAD, ""));
    }
    return AT_OK;
}

void at_sweep_files(at_workspace *workspace, at_sweep *sweep) {
    for (size_t i = 0; i < sweep->count; i++) {
        at_error err;
        at_store_cache_drop(workspace, sweep->paths[i]);
        if (at_file_remove(sweep->paths[i], &err))
            at_log(AT_LOG_WARN, "workspace: %s", err.text);
    }
    at_sweep_fini(sweep);
}

void at_sweep_fini(at_sweep *sweep) {
    at_free(sweep->paths);
    at_arena_fini(&sweep->arena);
    *sweep = (at_sweep){0};
}

/* "ID.safetensors", "ID" -> id; false: no name of ours, which stays (unless a leftover of
 * an atomic write). */
static bool id_of(const char *name, char id[33]) {
    size_t n = strspn(name, "0123456789abcdef");
    if (n != 32 || (name[32] && strcmp(name + 32, ".safetensors") != 0))
        return false;
    memcpy(id, name, 32);
    id[32] = '\0';
    return true;
}

static bool leftover(const char *name) {
    size_t n = strlen(name);
    return n > 4 && strcmp(name + n - 4, ".tmp") == 0;
}

static bool old_enough(int folder, const char *name) {
    struct stat about;
    if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    return time(NULL) - about.st_mtime > AT_COLLECT_AGE_S;
}

static at_status is_stray(at_workspace *workspace, const char *folder, const char *name,
                          at_arena *arena, bool *out, at_error *err) {
    char id[33];
    const char *known;
    *out = leftover(name);
    if (*out || !id_of(name, id))
        return AT_OK;
    AT_TRY(at_store_text(workspace, arena, &known, err,
                         "SELECT id FROM entries WHERE id = ?", "s", id));
    const char *lock = at_arena_format(arena, "%s/%s/lock", folder, name);
    *out = !known && lock && !at_lock_held(lock);
    return AT_OK;
}

static at_status collect_folder(at_workspace *workspace, const char *part,
                                at_error *err) {
    at_arena arena = {0};
    const char *folder = at_arena_format(&arena, "%s/%s", workspace->folder, part);
    DIR *entries = folder ? opendir(folder) : NULL;
    at_status status = AT_OK;
    for (struct dirent *entry; entries && !status && (entry = readdir(entries));) {
        bool stray = false;
        if (entry->d_name[0] == '.' || !old_enough(dirfd(entries), entry->d_name))
            continue;
        status = is_stray(workspace, folder, entry->d_name, &arena, &stray, err);
        const char *path =
            stray ? at_arena_format(&arena, "%s/%s", folder, entry->d_name) : NULL;
        at_error why;
        if (path && at_file_remove(path, &why))
            at_log(AT_LOG_WARN, "workspace: %s", why.text);
    }
    if (entries)
        closedir(entries);
    at_arena_fini(&arena);
    return status;
}

at_status at_store_collect(at_workspace *workspace, at_error *err) {
    at_sweep sweep = {0};
    int lock = -1;
    const char *path = at_arena_format(&sweep.arena, "%s/lock", workspace->folder);
    at_status status =
        path ? at_lock_take(path, true, false, &lock, err)
             : at_fail(err, AT_NO_MEMORY, "no memory left to tidy the workspace");
    at_sweep_fini(&sweep);
    if (status == AT_BUSY)
        return AT_OK; /* somebody writes or collects: the next open will do */
    AT_TRY(status);
    status = collect_folder(workspace, "frames", err);
    if (!status)
        status = collect_folder(workspace, "models", err);
    if (!status)
        status = collect_folder(workspace, "jobs", err);
    at_scratch_collect(workspace);
    close(lock);
    return status;
}
