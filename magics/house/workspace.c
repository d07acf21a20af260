/* %workspace: where everything is kept, and how large it is. */
#include "magics/deploy/serve.h"
#include "magics/language/spec.h"
#include "magics/workspace/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64 };

struct workspace_options {
    bool none;
};

/* Bytes on disk of all in the folder `name` of `parent`; links are not followed. */
static int64_t folder_bytes(int parent, const char *name, int depth) {
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    int64_t total = 0;
    if (!entries && fd >= 0)
        close(fd);
    for (struct dirent *e; entries && depth < DEPTH_MAX && (e = readdir(entries));) {
        struct stat about;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            fstatat(dirfd(entries), e->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        total += S_ISDIR(about.st_mode)
                     ? folder_bytes(dirfd(entries), e->d_name, depth + 1)
                     : (int64_t)about.st_blocks * 512;
    }
    if (entries)
        closedir(entries);
    return total;
}

static at_status count(at_context *context, at_kind kind, size_t *out, at_error *err) {
    at_entry *entries;
    AT_TRY(at_store_list(context->workspace, kind, context->arena, &entries, out, err));
    for (size_t i = 0; i < *out; i++)
        at_entry_fini(&entries[i]);
    return AT_OK;
}

static at_status line(at_context *context, at_kind kind, const char *part, at_fact *out,
                      at_error *err) {
    size_t n;
    AT_TRY(count(context, kind, &n, err));
    const char *folder = at_arena_format(context->arena, "%s/%s",
                                         at_workspace_folder(context->workspace), part);
    out->key = at_arena_format(context->arena, "%ss", at_kind_name(kind));
    out->value = folder
                     ? at_arena_format(context->arena, "%zu · %s", n,
                                       at_view_bytes(context->arena,
                                                     folder_bytes(AT_FDCWD, folder, 0)))
                     : NULL;
    return out->key && out->value
               ? AT_OK
               : at_fail(err, AT_NO_MEMORY, "no memory left to look around");
}

static const char *server_line(at_context *context) {
    at_server_info server = {0};
    at_status status = at_server_find(context->workspace, &server, NULL);
    if (status || !server.running)
        return "not running";
    return at_arena_format(context->arena, "127.0.0.1:%d (process %d)", server.port,
                           server.pid);
}

static at_status run(at_context *context, const void *given, at_error *err) {
    (void)given;
    const char *folder = at_workspace_folder(context->workspace);
    at_arena *arena = context->arena;
    at_fact facts[8];
    size_t n = 0, endpoints = 0, recipes = 0;
    AT_TRY(line(context, AT_KIND_DATASET, "frames", &facts[n++], err));
    AT_TRY(line(context, AT_KIND_MODEL, "models", &facts[n++], err));
    AT_TRY(line(context, AT_KIND_JOB, "jobs", &facts[n++], err));
    AT_TRY(count(context, AT_KIND_RECIPE, &recipes, err));
    AT_TRY(count(context, AT_KIND_ENDPOINT, &endpoints, err));
    facts[n++] = (at_fact){"recipes", at_arena_format(arena, "%zu", recipes)};
    facts[n++] = (at_fact){"endpoints", at_arena_format(arena, "%zu", endpoints)};
    facts[n++] = (at_fact){"server", server_line(context)};
    const char *cache = at_arena_format(arena, "%s/cache", folder);
    facts[n++] =
        (at_fact){"downloads kept",
                  cache ? at_view_bytes(arena, folder_bytes(AT_FDCWD, cache, 0)) : NULL};
    facts[n++] =
        (at_fact){"in all", at_view_bytes(arena, folder_bytes(AT_FDCWD, folder, 0))};
    at_bundle bundle;
    AT_TRY(at_view_facts(at_arena_format(arena, "workspace %s", folder), facts, n,
                         &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

static const char *const examples[] = {"%workspace", NULL};

const at_magic at_magic_workspace = {
    .name = "workspace",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_HOUSE,
    .summary =
        "Shows where datasets, models and jobs are kept, and how much room they take",
    .details =
        "The workspace is `$ATELIER_WORKSPACE`, else the nearest folder `.atelier` from "
        "the working directory up to your home, else `.atelier` right here.",
    .examples = examples,
    .options_size = sizeof(struct workspace_options),
    .run = run,
};
