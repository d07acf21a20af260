/* %fetch of pictures: a folder, a file of records, or an archive of either, as the files
 * that a reader of ops/image goes through. */
#include "magics/adapter/archive.h"
#include "magics/data/image_set.h"
#include "magics/data/source.h"
#include "magics/view/progress.h"
#include "ops/base/file.h"
#include "ops/base/text.h"

#include <string.h>

static const int64_t UNPACKED_MAX = (int64_t)64 << 30; /* bytes */
enum { HELD = 64, CLASSES_MAX_BYTES = 16 << 20 };

/* What one fetch holds open. */
struct at_image_found {
    at_context *context;
    at_image_fetch o;
    at_source *source;
    at_source labels; /* of IDX images from the web */
    at_scratch held[HELD];
    size_t held_count;
    at_image_files files;
    const at_image_reader *reader;
};
typedef struct at_image_found fetching;

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "no memory left to fetch");
}

void at_image_found_release(at_image_found *f) {
    if (!f)
        return;
    at_image_files_fini(&f->files);
    for (size_t i = 0; i < f->held_count; i++)
        at_scratch_close(&f->held[i]);
    at_source_close(&f->labels);
    at_free(f);
}

/* ---- unpacking ----------------------------------------------------------------------
 */

static at_status hold(fetching *f, at_scratch **out, at_error *err) {
    if (f->held_count == HELD)
        return at_fail(err, AT_LIMIT, "there are more than %d packed files", HELD);
    *out = &f->held[f->held_count];
    AT_TRY(at_scratch_open(f->context->workspace, *out, f->context->arena, err));
    f->held_count++;
    return AT_OK;
}

typedef struct unpacking {
    fetching *f;
    const at_scratch *to;
    const char *name; /* of a single packed file; NULL: the members' own */
    const char *only; /* --member: the end of the names that are wanted; NULL: all */
    at_progress *progress;
} unpacking;

/* A name from an archive is a name, never a path: nothing is opened by it. */
static at_status on_member(void *context, const char *name, int64_t offset,
                           int64_t length, at_error *err) {
    unpacking *u = context;
    size_t n = strlen(name), m = u->only ? strlen(u->only) : 0;
    const char *base = at_path_base(name);
    if (u->name)
        name = u->name;
    else if (*base == '.' || strncmp(name, "__MACOSX/", 9) == 0 ||
             (u->only && (n < m || strcmp(name + n - m, u->only) != 0)))
        return AT_OK;
    return at_image_files_add(&u->f->files, name, u->to->path, offset, length, err);
}

static void on_unpacked(void *context, int64_t done, int64_t total) {
    at_progress_update(((unpacking *)context)->progress, (double)done, (double)total,
                       NULL);
}

static at_status unpack(fetching *f, const char *path, const char *name, const char *as,
                        const char *only, at_error *err) {
    unpacking u = {.f = f, .name = as, .only = only};
    at_scratch *to;
    at_call const *call = f->context->call;
    AT_TRY(hold(f, &to, err));
    u.to = to;
    AT_TRY(at_progress_new(call->display,
                           at_arena_format(f->context->arena, "Unpacking %s", name),
                           AT_UNIT_BYTES, false, &u.progress, err));
    at_status status = at_archive_extract_all(path, to->fd, UNPACKED_MAX, call->cancel,
                                              on_member, on_unpacked, &u, err);
    at_progress_finish(u.progress, status != AT_OK, status ? "failed" : "unpacked");
    at_progress_release(u.progress);
    return status;
}

static const char *without_gz(const char *name, at_arena *arena) {
    size_t n = strlen(name);
    return n > 3 && strcmp(name + n - 3, ".gz") == 0 ? at_arena_text(arena, name, n - 3)
                                                     : NULL;
}

/* IDX files mostly come packed one by one: each stands for what is in it. */
static at_status unpack_idx(fetching *f, at_error *err) {
    size_t count = f->files.count;
    for (size_t i = 0; i < count; i++) {
        const at_image_file *file = &f->files.items[i];
        const char *name = without_gz(file->name, f->context->arena);
        if (!name || !strstr(name, "ubyte") || file->offset)
            continue;
        AT_TRY(unpack(f, file->path, file->name, name, NULL, err));
    }
    at_image_files_sort(&f->files);
    return AT_OK;
}

/* ---- which files --------------------------------------------------------------------
 */

static bool packed_idx(const char *name) {
    return strstr(name, "ubyte") && at_ends_fold(name, ".gz");
}

/* Does the list of an archive look like pictures, or files of them? */
static bool lists_pictures(const at_archive_list *list) {
    static const char *const ends[] = {".jpg", ".jpeg",      ".png",      ".bmp", ".gif",
                                       ".rec", "idx3-ubyte", ".manifest", ".ppm", ".pgm"};
    size_t pictures = 0;
    for (size_t i = 0; i < list->count; i++) {
        const char *name = list->members[i].name;
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
            pictures += at_ends_fold(name, ends[k]);
        int64_t size = list->members[i].size;
        pictures += at_ends_fold(name, ".bin") && size > 0 &&
                    (size % 3073 == 0 || size % 3074 == 0);
        pictures += packed_idx(name) != 0;
    }
    /* A table may come with a picture of its maker; many pictures are what it is about.
     */
    return pictures * 2 > list->count;
}

static at_status from_archive(fetching *f, const char *name, bool wanted, at_error *err) {
    const at_archive_list *list;
    AT_TRY(at_source_list(f->context, f->source, &list, err));
    if (!list->archive || (!wanted && !lists_pictures(list)))
        return AT_OK;
    AT_TRY(unpack(f, f->source->path, name, NULL, f->o.member, err));
    if (f->files.count == 0 && f->o.member) {
        at_fail(err, AT_NOT_FOUND, "no member of %.200s ends in '%.200s'", name,
                f->o.member);
        return list->count ? at_hint(err, "the first is %.300s", list->members[0].name)
                           : AT_NOT_FOUND;
    }
    at_image_files_sort(&f->files);
    return AT_OK;
}

/* The labels of IDX images from the web lie beside them. */
static at_status fetch_labels(fetching *f, at_error *err) {
    const char *images = strstr(f->o.source, "images-idx3");
    at_arena *arena = f->context->arena;
    if (!images || !strstr(f->o.source, "://"))
        return AT_OK;
    at_source_options o = {.source = at_arena_format(arena, "%.*slabels-idx1%s",
                                                     (int)(images - f->o.source),
                                                     f->o.source, images + 11),
                           .fresh = f->o.fresh};
    if (!o.source)
        return no_memory(err);
    AT_TRY(at_source_open(f->context, &o, &f->labels, err));
    return at_image_files_add(&f->files, f->labels.name, f->labels.path, 0, -1, err);
}

/* Fills f->files with the file itself, and decides by it alone: what lies beside a table
 * does not make pictures of it. */
static at_status from_file(fetching *f, const at_source *source, bool wanted,
                           at_error *err) {
    bool web = strstr(f->o.source, "://") != NULL;
    const char *name = source->name ? source->name : at_path_base(source->path);
    const char *unpacked = packed_idx(name) ? without_gz(name, f->context->arena) : NULL;
    if (unpacked) {
        AT_TRY(web ? at_image_files_add(&f->files, name, source->path, 0, -1, err)
                   : at_image_files_beside(&f->files, source->path, err));
        AT_TRY(fetch_labels(f, err));
        return unpack_idx(f, err);
    }
    AT_TRY(at_image_files_add(&f->files, name, source->path, 0, -1, err));
    f->reader = at_image_reader_for(&f->files);
    if (!f->reader && !wanted) {
        at_image_files_fini(&f->files);
        return from_archive(f, name, wanted, err);
    }
    if (web) {
        AT_TRY(fetch_labels(f, err));
        at_image_files_sort(&f->files);
        return AT_OK;
    }
    at_image_files_fini(&f->files);
    if (wanted) {
        AT_TRY(from_archive(f, name, true, err));
        if (f->files.count)
            return AT_OK;
    }
    return at_image_files_beside(&f->files, source->path, err);
}

static at_status find_files(fetching *f, bool wanted, at_error *err) {
    const at_source *source = f->source;
    if (source->folder) {
        AT_TRY(at_image_files_walk(&f->files, source->path, err));
        return unpack_idx(f, err);
    }
    return from_file(f, source, wanted, err);
}

static at_status find_reader(fetching *f, at_error *err) {
    if (strcmp(f->o.format, "auto") != 0) {
        f->reader = at_image_reader_named(f->o.format);
        if (f->reader && !f->reader->recognise(&f->files)) {
            at_fail(err, AT_INVALID, "%.300s holds nothing of the format %s", f->o.source,
                    f->o.format);
            return at_hint(err, "leave out --format to have it found out");
        }
        return AT_OK;
    }
    if (!f->reader)
        f->reader = at_image_reader_for(&f->files);
    return AT_OK;
}

/* ---- reading ------------------------------------------------------------------------
 */

/* --classes: a file of names, one a line; else the names themselves. */
static at_status give_classes(fetching *f, at_image_sink *sink, at_error *err) {
    const char *given = f->o.classes;
    at_text text = {0};
    if (!given)
        return AT_OK;
    if (!strchr(given, ',') && at_file_exists(given))
        AT_TRY(at_file_read(given, CLASSES_MAX_BYTES, &text, err));
    else
        for (const char *p = given; *p; p++)
            at_text_char(&text, *p == ',' ? '\n' : *p);
    at_status status = at_text_ok(&text)
                           ? at_reader_class_lines(at_text_get(&text), text.length,
                                                   "--classes", sink, err)
                           : no_memory(err);
    at_text_fini(&text);
    return status;
}

static void on_read(void *context, int64_t done, int64_t total) {
    at_progress_update(context, (double)done, (double)total, NULL);
}

/* The gather's own callbacks want its pointer, and progress another: a sink between. */
typedef struct between {
    at_image_sink to;
    at_progress *progress;
} between;

static at_status pass_classes(void *context, const char *const *names, size_t count,
                              at_error *err) {
    between *b = context;
    return b->to.classes(b->to.context, names, count, err);
}

static at_status pass_image(void *context, const at_image_item *item, at_error *err) {
    between *b = context;
    return b->to.image(b->to.context, item, err);
}

static void pass_progress(void *context, int64_t done, int64_t total) {
    on_read(((between *)context)->progress, done, total);
}

static at_status read_set(fetching *f, at_gather *gather, at_error *err) {
    at_context *context = f->context;
    between b = {.to = at_gather_sink(gather)};
    AT_TRY(give_classes(f, &b.to, err));
    AT_TRY(at_progress_new(context->call->display,
                           at_arena_format(context->arena, "Reading %s", f->o.name),
                           AT_UNIT_NONE, false, &b.progress, err));
    at_image_sink sink = {.context = &b,
                          .cancel = context->call->cancel,
                          .classes = pass_classes,
                          .image = pass_image,
                          .progress = pass_progress};
    at_status status = f->reader->read(&f->files, &sink, err);
    at_progress_finish(b.progress, status != AT_OK, status ? "failed" : "read");
    at_progress_release(b.progress);
    return status;
}

at_status at_image_set_find(at_context *context, const at_image_fetch *fetch,
                            at_source *source, at_image_found **found,
                            const at_image_reader **reader, at_error *err) {
    bool wanted = at_image_reader_named(fetch->format) != NULL;
    *found = NULL;
    *reader = NULL;
    if (!wanted && strcmp(fetch->format, "auto") != 0)
        return AT_OK; /* it is a table by its format */
    fetching *f = at_alloc_zero(sizeof *f);
    if (!f)
        return no_memory(err);
    f->context = context;
    f->o = *fetch;
    f->source = source;
    *found = f;
    AT_TRY(find_files(f, wanted, err));
    if (f->files.count)
        AT_TRY(find_reader(f, err));
    *reader = f->files.count ? f->reader : NULL;
    if (wanted && !*reader)
        return at_fail(err, AT_INVALID, "%.300s holds nothing of the format %s",
                       fetch->source, fetch->format);
    return AT_OK;
}

at_status at_image_set_fetch(at_image_found *f, at_error *err) {
    at_image_set set;
    json_t *lineage = at_lineage_origin("fetch", f->o.source);
    if (!lineage)
        return no_memory(err);
    at_status status = at_image_set_begin(f->context, f->o.skip_bad, &set, err);
    if (!status)
        status = read_set(f, set.gather, err);
    if (!status && f->source->note)
        at_display_print(f->context->call->display, "%s: %s\n", f->o.name,
                         f->source->note);
    if (!status)
        status = at_image_set_finish(f->context, &set, f->o.name, lineage, true, err);
    at_image_set_end(&set);
    json_decref(lineage);
    return status;
}
