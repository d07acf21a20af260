#include "magics/data/source.h"
#include "magics/adapter/archive.h"
#include "magics/data/download.h"
#include "magics/view/grid.h"
#include "magics/view/progress.h"
#include "ops/base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const int64_t UNPACKED_MAX = (int64_t)64 << 30; /* bytes */

static void on_progress(void *context, int64_t done, int64_t total) {
    at_progress_update(context, (double)done, (double)total, NULL);
}

static int hex(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

const char *at_source_last_part(const char *url, at_arena *arena) {
    const char *path = strstr(url, "://");
    path = strchr(path ? path + 3 : url, '/');
    if (!path)
        return NULL;
    size_t length = strcspn(path, "?#");
    const char *last = path;
    for (const char *p = path; p < path + length; p++)
        if (*p == '/')
            last = p + 1;
    char *name = at_arena_text(arena, last, (size_t)(path + length - last));
    if (!name)
        return NULL;
    char *to = name;
    for (const char *p = name; *p; p++) {
        int high = *p == '%' ? hex(p[1]) : -1, low = high >= 0 ? hex(p[2]) : -1;
        *to++ = (char)(low >= 0 ? high << 4 | low : *p);
        p += low >= 0 ? 2 : 0;
    }
    *to = '\0';
    bool plain =
        *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strchr(name, '/');
    return plain ? name : NULL;
}

static at_status check_digest(at_context *context, const char *path, const char *want,
                              at_error *err) {
    char got[65];
    if (!want)
        return AT_OK;
    if (strlen(want) != 64 || strspn(want, "0123456789abcdefABCDEF") != 64)
        return at_fail(err, AT_INVALID, "--sha256 takes 64 hexadecimal digits");
    AT_TRY(at_cache_digest(path, context->call->cancel, got, err));
    if (strcasecmp(got, want) == 0)
        return AT_OK;
    at_fail(err, AT_CORRUPT, "the file is not the one that --sha256 names: it has %s",
            got);
    return at_hint(
        err, "it was changed since, or was damaged on its way; `--fresh` fetches it "
             "anew");
}

static at_status from_web(at_context *context, const at_source_options *o, at_source *out,
                          at_error *err) {
    at_arena *arena = context->arena;
    const char *folder = at_workspace_folder(context->workspace);
    out->name = at_source_last_part(o->source, arena);
    const char *mirror = getenv("ATELIER_MIRROR");
    if (mirror && *mirror && out->name) {
        out->path = at_arena_format(arena, "%s/%s", mirror, out->name);
        if (out->path && at_file_exists(out->path)) {
            out->note = at_arena_format(arena, "%s from $ATELIER_MIRROR", out->name);
            return AT_OK;
        }
    }
    at_cache cache;
    AT_TRY(at_cache_init(&cache, folder, o->source, arena, err));
    char got[65];
    if (o->sha256 && !o->fresh && at_file_exists(cache.data) &&
        at_cache_digest(cache.data, context->call->cancel, got, NULL) == AT_OK &&
        strcasecmp(got, o->sha256) == 0) {
        out->path = cache.data;
        out->note = "from the cache";
        return AT_OK;
    }
    at_progress *progress = NULL;
    AT_TRY(at_progress_new(
        context->call->display,
        at_arena_format(arena, "Fetching %s", out->name ? out->name : o->source),
        AT_UNIT_BYTES, false, &progress, err));
    at_download download = {
        .url = o->source,
        .workspace = folder,
        .fresh = o->fresh,
        .cancel = context->call->cancel,
        .progress = on_progress,
        .context = progress,
    };
    at_downloaded done;
    at_status status = at_download_run(&download, arena, &done, err);
    at_progress_finish(progress, status != AT_OK,
                       status == AT_CANCELLED ? "stopped"
                       : status               ? "failed"
                                              : "fetched");
    at_progress_release(progress);
    AT_TRY(status);
    out->path = done.path;
    out->note = done.cached    ? "unchanged since the last fetch: from the cache"
                : done.stale   ? "the address cannot be reached now: from the cache"
                : done.resumed ? "an earlier download was continued"
                               : NULL;
    return AT_OK;
}

static at_status from_disk(at_context *context, const char *path, at_source *out,
                           at_error *err) {
    if (path[0] == '~' && path[1] == '/' && getenv("HOME"))
        path = at_arena_format(context->arena, "%s%s", getenv("HOME"), path + 1);
    if (!path)
        return at_fail(err, AT_NO_MEMORY, "no memory left to fetch");
    if (at_folder_exists(path)) {
        out->path = path;
        out->folder = true;
        return AT_OK;
    }
    if (!at_file_exists(path)) {
        char here[512];
        at_fail(err, AT_NOT_FOUND, "there is no file %.300s", path);
        return *path == '/' || !getcwd(here, sizeof here)
                   ? err ? err->code : AT_NOT_FOUND
                   : at_hint(err, "paths begin at the kernel's folder, %.400s", here);
    }
    out->path = path;
    out->name = at_path_base(path);
    return AT_OK;
}

/* Writes the member beside the cache and reads from there. */
static at_status unpack(at_context *context, size_t index, const char *name,
                        at_source *out, at_error *err) {
    at_arena *arena = context->arena;
    at_scratch fresh, outer = out->unpacked; /* an archive may itself be unpacked */
    AT_TRY(at_scratch_open(context->workspace, &fresh, arena, err));
    out->unpacked = fresh;
    at_progress *progress = NULL;
    at_status status = at_progress_new(context->call->display,
                                       at_arena_format(arena, "Unpacking %s", name),
                                       AT_UNIT_BYTES, false, &progress, err);
    if (!status)
        status = at_archive_extract(out->path, index, out->unpacked.fd, UNPACKED_MAX,
                                    context->call->cancel, on_progress, progress, err);
    at_progress_finish(progress, status != AT_OK, status ? "failed" : "unpacked");
    at_progress_release(progress);
    out->path = out->unpacked.path;
    at_scratch_close(&outer);
    return status;
}

/* "x.csv" of "x.csv.gz". */
static const char *without_packing(const char *name, at_arena *arena) {
    static const char *const ends[] = {".gz", ".bz2", ".xz"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (at_ends_fold(name, ends[i]))
            return at_arena_text(arena, name, strlen(name) - strlen(ends[i]));
    return name;
}

at_status at_source_list(at_context *context, at_source *source,
                         const at_archive_list **out, at_error *err) {
    at_archive_list *list = at_arena_alloc(context->arena, sizeof *list);
    *out = source->list;
    if (source->list)
        return AT_OK;
    if (!list)
        return at_fail(err, AT_NO_MEMORY, "no memory left to fetch");
    AT_TRY(at_archive_read_list(source->path, context->call->cancel, context->arena, list,
                                err));
    *out = source->list = list;
    return AT_OK;
}

at_status at_source_unpack(at_context *context, const char *member, at_source *out,
                           at_error *err) {
    if (out->folder) {
        at_fail(err, AT_INVALID, "%.300s is a folder without images", out->path);
        return at_hint(err, "name one file in it");
    }
    const at_archive_list *outer;
    at_archive_list list;
    const char *name = out->name ? out->name : at_path_base(out->path);
    AT_TRY(at_source_list(context, out, &outer, err));
    list = *outer;
    if (!list.archive && !list.compressed) {
        if (!member)
            return AT_OK;
        at_fail(err, AT_INVALID, "%.300s is not an archive: it has no members", name);
        return at_hint(err, "leave out --member");
    }
    size_t index = 0;
    if (!list.archive) {
        out->name = without_packing(name, context->arena);
        return unpack(context, 0, name, out, err);
    }
    AT_TRY(at_archive_choose(&list, member, name, &index, err));
    const char *chosen = list.members[index].name;
    AT_TRY(unpack(context, index, chosen, out, err));
    out->name = chosen;
    /* A packed table inside an archive, as in a .tar that holds x.csv.gz. */
    if (without_packing(chosen, context->arena) == chosen)
        return AT_OK;
    AT_TRY(at_archive_read_list(out->path, context->call->cancel, context->arena, &list,
                                err));
    if (!list.archive && list.compressed) {
        out->name = without_packing(chosen, context->arena);
        return unpack(context, 0, chosen, out, err);
    }
    return AT_OK;
}

at_status at_source_open(at_context *context, const at_source_options *o, at_source *out,
                         at_error *err) {
    *out = (at_source){0};
    const char *colon = strstr(o->source, "://");
    at_status status;
    if (strncasecmp(o->source, "http://", 7) == 0 ||
        strncasecmp(o->source, "https://", 8) == 0)
        status = from_web(context, o, out, err);
    else if (strncasecmp(o->source, "file://", 7) == 0)
        status = from_disk(context, o->source + 7, out, err);
    else if (colon && (size_t)(colon - o->source) < 12) {
        at_fail(err, AT_UNSUPPORTED, "'%.*s' is not a kind of source",
                (int)(colon - o->source), o->source);
        status = at_hint(err, "fetch from http://, https:// or a path");
    } else
        status = from_disk(context, o->source, out, err);
    if (!status && !out->folder)
        status = check_digest(context, out->path, o->sha256, err);
    if (status)
        at_source_close(out);
    return status;
}

void at_source_close(at_source *source) {
    at_scratch_close(&source->unpacked);
}
