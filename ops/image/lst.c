#include "ops/image/lst.h"
#include "ops/base/file.h"
#include "ops/base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory for a list of images");
}

/* ---- lines --------------------------------------------------------------------------
 */

static at_status bad(const char *name, size_t line, const char *what, at_error *err) {
    at_fail(err, AT_CORRUPT, "%.200s, line %zu: %s", name, line, what);
    return at_hint(err, "a line is index, label and path, parted by tabs");
}

static at_status read_label(const char *field, const char *end, const char *name,
                            size_t line, float *out, at_error *err) {
    char digits[64];
    double value;
    size_t length = (size_t)(end - field);
    if (length < sizeof digits) {
        memcpy(digits, field, length);
        digits[length] = '\0';
        if (at_parse_real(digits, &value)) {
            *out = (float)value;
            return AT_OK;
        }
    }
    return bad(name, line, "a label is no number", err);
}

static at_status read_line(at_lst *lst, const char *text, const char *end,
                           const char *name, size_t number, at_error *err) {
    const char *tabs[AT_READER_LABELS + 2];
    size_t count = 0;
    for (const char *p = text; (p = memchr(p, '\t', (size_t)(end - p))); p++) {
        if (count == AT_READER_LABELS + 2)
            return bad(name, number, "there are too many labels", err);
        tabs[count++] = p;
    }
    if (count < 2)
        return bad(name, number, "there are fewer than three fields", err);
    const char *path = tabs[count - 1] + 1;
    if (end - path < 1 || end - path >= AT_LST_PATH)
        return bad(name, number, "the path is empty or too long", err);
    if (!at_utf8_valid(path, (size_t)(end - path)) ||
        memchr(path, 0, (size_t)(end - path)))
        return bad(name, number, "the path is not UTF-8", err);
    at_lst_line *line = &lst->lines[lst->count];
    char digits[24] = "";
    int64_t whole;
    if ((size_t)(tabs[0] - text) < sizeof digits)
        memcpy(digits, text, (size_t)(tabs[0] - text));
    if (!at_parse_int(digits, &whole) || whole < 0)
        return bad(name, number, "the index is no whole number", err);
    float *labels = at_arena_alloc(&lst->arena, (count - 1) * sizeof *labels);
    *line = (at_lst_line){
        .index = (uint64_t)whole,
        .path = at_arena_text(&lst->arena, path, (size_t)(end - path)),
        .labels = labels,
        .label_count = count - 1,
        .line = number,
    };
    if (!labels || !line->path)
        return no_memory(err);
    for (size_t i = 0; i + 1 < count; i++)
        AT_TRY(read_label(tabs[i] + 1, tabs[i + 1], name, number, &labels[i], err));
    lst->count++;
    return AT_OK;
}

static int by_index(const void *a, const void *b) {
    uint64_t x = (*(at_lst_line *const *)a)->index, y = (*(at_lst_line *const *)b)->index;
    return (x > y) - (x < y);
}

static at_status sort_lines(at_lst *lst, at_error *err) {
    lst->by_index = at_arena_alloc(&lst->arena, (lst->count + 1) * sizeof(at_lst_line *));
    if (!lst->by_index)
        return no_memory(err);
    for (size_t i = 0; i < lst->count; i++)
        lst->by_index[i] = &lst->lines[i];
    qsort(lst->by_index, lst->count, sizeof *lst->by_index, by_index);
    return AT_OK;
}

at_status at_lst_parse(const char *text, size_t length, const char *name, at_lst *out,
                       at_error *err) {
    size_t lines = 1, number = 0;
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    *out = (at_lst){0};
    out->lines = at_arena_alloc(&out->arena, lines * sizeof *out->lines);
    at_status status = out->lines ? AT_OK : no_memory(err);
    for (const char *p = text, *end = text + length; !status && p < end;) {
        const char *next = memchr(p, '\n', (size_t)(end - p));
        const char *stop = next ? next : end;
        number++;
        if (stop > p && stop[-1] == '\r')
            stop--;
        if (stop > p)
            status = read_line(out, p, stop, name, number, err);
        p = next ? next + 1 : end;
    }
    if (!status)
        status = sort_lines(out, err);
    if (status)
        at_lst_fini(out);
    return status;
}

void at_lst_fini(at_lst *lst) {
    at_arena_fini(&lst->arena);
    *lst = (at_lst){0};
}

static at_status open_lst(const at_image_file *file, at_lst *out, at_error *err) {
    at_image_view view;
    AT_TRY(at_image_view_open(file, &view, err));
    at_status status =
        at_lst_parse((const char *)view.bytes, view.length, file->name, out, err);
    at_image_view_close(&view);
    return status;
}

at_status at_lst_beside(at_image_files *files, const at_image_file *file, at_lst *out,
                        at_error *err) {
    *out = (at_lst){0};
    const char *name = at_image_file_swap(files, file->name, 4, ".lst");
    const at_image_file *lst = name ? at_image_files_find(files, name) : NULL;
    return lst ? open_lst(lst, out, err) : AT_OK;
}

const char *at_lst_path(const at_lst *lst, uint64_t index) {
    const at_lst_line key = {.index = index}, *p = &key;
    at_lst_line **found =
        lst->count ? bsearch(&p, lst->by_index, lst->count, sizeof p, by_index) : NULL;
    return found ? (*found)->path : NULL;
}

/* ---- names of classes ---------------------------------------------------------------
 */

typedef struct names {
    at_arena arena;
    const char **items; /* by label; NULL: not seen */
    size_t count, capacity;
    bool good;
} names;

/* The folder that a path lies in; NULL: in none. */
static const char *folder_of(const char *path, at_arena *arena) {
    const char *slash = strrchr(path, '/'), *begin = slash;
    if (!slash || slash == path)
        return NULL;
    while (begin > path && begin[-1] != '/')
        begin--;
    return at_arena_text(arena, begin, (size_t)(slash - begin));
}

static at_status note_line(names *n, const at_lst_line *line, at_error *err) {
    float label = line->labels[0];
    n->good = n->good && line->label_count == 1 && label >= 0 &&
              label < AT_READER_CLASSES && floorf(label) == label;
    const char *folder = n->good ? folder_of(line->path, &n->arena) : NULL;
    n->good = n->good && folder;
    if (!n->good)
        return AT_OK;
    size_t k = (size_t)label;
    if (k >= n->count) {
        const char **more = at_grow(n->items, &n->capacity, k + 1, sizeof *n->items);
        if (!more)
            return no_memory(err);
        n->items = more;
        while (n->count <= k)
            n->items[n->count++] = NULL;
    }
    if (!n->items[k])
        n->items[k] = folder;
    n->good = strcmp(n->items[k], folder) == 0;
    return AT_OK;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* No two labels with one name, and none without. */
static bool all_differ(names *n) {
    const char **sorted = at_arena_alloc(&n->arena, (n->count + 1) * sizeof *sorted);
    for (size_t i = 0; i < n->count; i++) {
        if (!sorted || !n->items[i])
            return false;
        sorted[i] = n->items[i];
    }
    if (sorted)
        qsort(sorted, n->count, sizeof *sorted, by_text);
    for (size_t i = 1; i < n->count; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            return false;
    return n->count > 0;
}

at_status at_lst_classes(at_image_files *files, const at_image_sink *sink,
                         at_error *err) {
    names n = {.good = true};
    at_status status = AT_OK;
    for (size_t i = 0; i < files->count && !status && n.good; i++) {
        at_lst lst = {0};
        if (!at_image_file_ends(&files->items[i], ".lst"))
            continue;
        status = open_lst(&files->items[i], &lst, err);
        for (size_t k = 0; k < lst.count && !status && n.good; k++)
            status = note_line(&n, &lst.lines[k], err);
        at_lst_fini(&lst);
    }
    if (!status && n.good && all_differ(&n))
        status = sink->classes(sink->context, n.items, n.count, err);
    at_free(n.items);
    at_arena_fini(&n.arena);
    return status;
}

/* ---- the reader ---------------------------------------------------------------------
 */

static bool recognise(const at_image_files *files) {
    for (size_t i = 0; i < files->count; i++)
        if (at_image_file_ends(&files->items[i], ".lst"))
            return true;
    return false;
}

static at_status read_lines(at_image_files *files, const at_image_file *file,
                            const at_lst *lst, const at_image_sink *sink, at_error *err) {
    for (size_t i = 0; i < lst->count; i++) {
        const at_lst_line *line = &lst->lines[i];
        const at_image_file *image = at_image_files_resolve(files, file, line->path);
        if (!image) {
            at_fail(err, AT_NOT_FOUND, "%.200s, line %zu: there is no image %.300s",
                    file->name, line->line, line->path);
            return at_hint(err, "paths in a list begin at the folder that it lies in");
        }
        at_image_view view;
        AT_TRY(at_reader_check(sink, err));
        AT_TRY(at_image_view_open(image, &view, err));
        at_image_item item = {view.bytes,        view.length, line->labels,
                              line->label_count, line->path,  line->path};
        at_status status = sink->image(sink->context, &item, err);
        at_image_view_close(&view);
        AT_TRY(status);
        if (sink->progress)
            sink->progress(sink->context, (int64_t)i + 1, (int64_t)lst->count);
    }
    return AT_OK;
}

static at_status read_set(at_image_files *files, const at_image_sink *sink,
                          at_error *err) {
    bool named;
    AT_TRY(at_reader_classes(files, sink, &named, err));
    if (!named)
        AT_TRY(at_lst_classes(files, sink, err));
    for (size_t i = 0; i < files->count; i++) {
        at_lst lst;
        if (!at_image_file_ends(&files->items[i], ".lst"))
            continue;
        AT_TRY(open_lst(&files->items[i], &lst, err));
        at_status status = read_lines(files, &files->items[i], &lst, sink, err);
        at_lst_fini(&lst);
        AT_TRY(status);
    }
    return AT_OK;
}

const at_image_reader at_lst_reader = {
    .name = "lst",
    .title = "a list of images",
    .recognise = recognise,
    .read = read_set,
};
