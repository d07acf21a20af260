/* Workspace: where it is, opening and closing. */
#include "magics/workspace/workspace.h"
#include "magics/workspace/job_inside.h"
#include "ops/base/file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name belongs to the newest entry of its kind (live = 1). Entries without a name stay
 * as long as something uses them. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS entries("
    " id TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL COLLATE "
    "NOCASE,"
    " live INTEGER NOT NULL, created_us INTEGER NOT NULL, card TEXT NOT NULL);"
    "CREATE UNIQUE INDEX IF NOT EXISTS entries_name ON entries(kind, name) WHERE live = "
    "1;"
    "CREATE TABLE IF NOT EXISTS uses("
    " user TEXT NOT NULL REFERENCES entries(id) ON DELETE CASCADE, used TEXT NOT NULL,"
    " PRIMARY KEY(user, used)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS uses_used ON uses(used);";

/* A folder .atelier of another user is not ours to write to, nor to trust. */
static bool ours(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == geteuid();
}

/* The nearest .atelier/ from `from` up to `home` (up to / where home is not above), or
 * NULL. */
static char *nearest(const char *from, const char *home) {
    at_text path = {0};
    for (size_t length = strlen(from); from[0] == '/';) {
        at_text_clear(&path);
        at_text_append(&path, from, length);
        bool at_home = home && strcmp(at_text_get(&path), home) == 0;
        at_text_put(&path, length > 1 ? "/.atelier" : ".atelier");
        if (!at_text_ok(&path) || ours(at_text_get(&path)))
            return at_text_take(&path);
        if (at_home || length <= 1)
            break;
        while (length > 1 && from[length - 1] != '/')
            length--;
        if (length > 1)
            length--;
    }
    at_text_fini(&path);
    return NULL;
}

char *at_workspace_locate(void) {
    const char *given = getenv("ATELIER_WORKSPACE");
    if (given && *given)
        return at_copy_text(given);
    char here[PATH_MAX], home[PATH_MAX];
    if (!getcwd(here, sizeof here))
        return at_copy_text(".atelier");
    const char *said = getenv("HOME");
    char *found = nearest(here, said && realpath(said, home) ? home : NULL);
    return found ? found : at_path_join(here, ".atelier");
}

static at_status make_folders(const char *folder, at_error *err) {
    static const char *const parts[] = {"frames", "models", "jobs", "cache"};
    AT_TRY(at_folder_make(folder, err));
    at_arena arena = {0};
    at_status status = AT_OK;
    for (size_t i = 0; !status && i < sizeof parts / sizeof *parts; i++) {
        const char *path = at_arena_format(&arena, "%s/%s", folder, parts[i]);
        status = path ? at_folder_make(path, err) : AT_NO_MEMORY;
    }
    /* Data and models do not belong into a repository by accident. */
    const char *ignore = at_arena_format(&arena, "%s/.gitignore", folder);
    if (!status && ignore && !at_file_exists(ignore))
        status = at_file_write(ignore, "*\n", 2, err);
    at_arena_fini(&arena);
    return status == AT_NO_MEMORY
               ? at_fail(err, AT_NO_MEMORY, "no memory left to open the workspace")
               : status;
}

static at_status open_index(at_workspace *workspace, at_error *err) {
    char *path = at_path_join(workspace->folder, "atelier.db");
    if (!path)
        return at_fail(err, AT_NO_MEMORY, "no memory left to open the workspace");
    at_status status =
        at_database_open(path, schema, AT_STORE_FORMAT, &workspace->db, err);
    at_free(path);
    return status;
}

at_status at_workspace_open(const char *folder, at_workspace **out, at_error *err) {
    *out = NULL;
    AT_TRY(make_folders(folder, err));
    at_workspace *workspace = at_alloc_zero(sizeof *workspace);
    char absolute[PATH_MAX];
    if (!workspace)
        return at_fail(err, AT_NO_MEMORY, "no memory left to open the workspace");
    at_status status = AT_OK;
    if (!realpath(folder, absolute))
        status = at_fail_errno(err, "cannot find the workspace %s", folder);
    else if (!(workspace->folder = at_copy_text(absolute)))
        status = at_fail(err, AT_NO_MEMORY, "no memory left to open the workspace");
    if (!status)
        status = open_index(workspace, err);
    if (!status) {
        workspace->notice_due = at_database_on_network(workspace->db);
        status = at_jobs_reconcile(workspace, err);
    }
    if (!status)
        status = at_store_collect(workspace, err);
    if (status) {
        at_workspace_close(workspace);
        return status;
    }
    *out = workspace;
    return AT_OK;
}

void at_workspace_close(at_workspace *workspace) {
    if (!workspace)
        return;
    at_stopper_release(workspace->stopper);
    at_store_cache_fini(workspace);
    at_database_close(workspace->db);
    at_free(workspace->children);
    at_free(workspace->folder);
    at_free(workspace);
}

const char *at_workspace_folder(const at_workspace *workspace) {
    return workspace->folder;
}

const char *at_workspace_notice(at_workspace *workspace) {
    if (!workspace->notice_due)
        return NULL;
    workspace->notice_due = false;
    return "The workspace is on a network file system: its index uses a rollback journal "
           "and is a little slower. Set ATELIER_WORKSPACE to a local folder for full "
           "speed.";
}
