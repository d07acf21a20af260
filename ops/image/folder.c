/* Pictures in folders: the folder that a picture lies in is its class, classes in
 * alphabetical order. Pictures of one folder without any other have no class. */
#include "ops/image/image.h"
#include "ops/image/reader.h"

#include <stdlib.h>
#include <string.h>

static bool is_picture(const at_image_file *file) {
    static const char *const ends[] = {".jpg", ".jpeg", ".jpe",  ".png", ".bmp", ".gif",
                                       ".ppm", ".pgm",  ".webp", ".tif", ".tiff"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (at_image_file_ends(file, ends[i]))
            return true;
    uint8_t head[16];
    const char *base = strrchr(file->name, '/');
    if (strchr(base ? base : file->name, '.'))
        return false; /* a name that says it is something else */
    size_t got = at_reader_head(file, head, sizeof head);
    return at_image_recognise(head, got) != AT_IMAGE_UNKNOWN;
}

static bool recognise(const at_image_files *files) {
    for (size_t i = 0; i < files->count; i++)
        if (is_picture(&files->items[i]))
            return true;
    return false;
}

/* The last folder of a name, copied; NULL: it is in none. */
static const char *class_of(const char *name, at_arena *arena) {
    const char *slash = strrchr(name, '/'), *begin = slash;
    if (!slash)
        return NULL;
    while (begin > name && begin[-1] != '/')
        begin--;
    return at_arena_text(arena, begin, (size_t)(slash - begin));
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef struct classes {
    const char **names;
    size_t count, capacity;
} classes;

static at_status add_class(classes *c, const char *name, at_error *err) {
    /* Files are sorted: mostly it is the one before. */
    if (c->count && strcmp(c->names[c->count - 1], name) == 0)
        return AT_OK;
    const char **more = at_grow(c->names, &c->capacity, c->count + 1, sizeof *c->names);
    if (!more)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for the classes");
    c->names = more;
    c->names[c->count++] = name;
    return AT_OK;
}

static void sort_classes(classes *c) {
    size_t kept = 0;
    if (c->count)
        qsort(c->names, c->count, sizeof *c->names, by_text);
    for (size_t i = 0; i < c->count; i++)
        if (!kept || strcmp(c->names[kept - 1], c->names[i]) != 0)
            c->names[kept++] = c->names[i];
    c->count = kept;
}

static at_status read_file(const at_image_file *file, const classes *c, at_arena *arena,
                           const at_image_sink *sink, at_error *err) {
    float label = 0;
    const char *name = c->count ? class_of(file->name, arena) : NULL;
    if (name) {
        const char **found =
            bsearch(&name, c->names, c->count, sizeof *c->names, by_text);
        label = found ? (float)(found - c->names) : 0;
    }
    at_image_view view;
    AT_TRY(at_image_view_open(file, &view, err));
    at_image_item item = {view.bytes,   view.length, &label,
                          name ? 1 : 0, file->name,  file->name};
    at_status status = sink->image(sink->context, &item, err);
    at_image_view_close(&view);
    return status;
}

static at_status read_set(at_image_files *files, const at_image_sink *sink,
                          at_error *err) {
    classes c = {0};
    at_status status = AT_OK;
    int64_t total = 0, done = 0;
    for (size_t i = 0; i < files->count && !status; i++) {
        if (!is_picture(&files->items[i]))
            continue;
        total += files->items[i].length;
        const char *name = class_of(files->items[i].name, &files->arena);
        if (name)
            status = add_class(&c, name, err);
    }
    sort_classes(&c);
    if (!status && c.count > AT_READER_CLASSES)
        status = at_fail(err, AT_LIMIT, "there are more than %d folders of pictures",
                         AT_READER_CLASSES);
    if (!status && c.count)
        status = sink->classes(sink->context, c.names, c.count, err);
    for (size_t i = 0; i < files->count && !status; i++) {
        if (!is_picture(&files->items[i]))
            continue;
        at_arena arena = {0};
        status = at_reader_check(sink, err);
        if (!status)
            status = read_file(&files->items[i], &c, &arena, sink, err);
        at_arena_fini(&arena);
        done += files->items[i].length;
        if (!status && sink->progress)
            sink->progress(sink->context, done, total);
    }
    at_free(c.names);
    return status;
}

const at_image_reader at_folder_reader = {
    .name = "folder",
    .title = "pictures in folders",
    .recognise = recognise,
    .read = read_set,
};
