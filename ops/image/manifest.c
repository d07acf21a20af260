#include "ops/image/manifest.h"
#include "ops/base/text.h"
#include "ops/image/reader.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1 << 20 };
#define SOURCE   "source-ref"
#define METADATA "-metadata"

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory for a manifest");
}

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* The attribute that is the label: "class", else "label", else the first other one. */
static const char *label_key(json_t *line) {
    const char *key;
    json_t *value;
    if (json_object_get(line, "class"))
        return "class";
    if (json_object_get(line, "label"))
        return "label";
    json_object_foreach(line, key, value) {
        if (strcmp(key, SOURCE) != 0 && !ends_in(key, METADATA) && !json_is_object(value))
            return key;
    }
    return NULL;
}

static at_status read_list(const json_t *list, at_arena *arena, at_manifest_line *out,
                           at_error *err) {
    size_t count = json_array_size(list);
    if (count > AT_READER_LABELS)
        return at_fail(err, AT_LIMIT, "it has more than %d labels", AT_READER_LABELS);
    float *labels = at_arena_alloc(arena, (count + 1) * sizeof *labels);
    if (!labels)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        if (!json_is_number(item))
            return at_fail(err, AT_INVALID, "its label is a list, but not of numbers");
        labels[i] = (float)json_number_value(item);
    }
    out->labels = labels;
    out->label_count = count;
    return AT_OK;
}

static at_status read_number(double value, at_arena *arena, at_manifest_line *out,
                             at_error *err) {
    float *label = at_arena_alloc(arena, sizeof *label);
    if (!label)
        return no_memory(err);
    *label = (float)value;
    out->labels = label;
    out->label_count = 1;
    return AT_OK;
}

static at_status read_label(const json_t *value, at_arena *arena, at_manifest_line *out,
                            at_error *err) {
    if (json_is_array(value))
        return read_list(value, arena, out, err);
    if (json_is_number(value))
        return read_number(json_number_value(value), arena, out, err);
    if (!json_is_string(value))
        return at_fail(err, AT_INVALID, "its label is neither number, list nor text");
    const char *text = json_string_value(value);
    double number;
    if (at_parse_real(text, &number))
        return read_number(number, arena, out, err);
    if (*text != '[') {
        out->name = at_arena_text(arena, text, strlen(text));
        return out->name ? AT_OK : no_memory(err);
    }
    json_t *list = json_loads(text, 0, NULL);
    at_status status = json_is_array(list) ? read_list(list, arena, out, err)
                                           : at_fail(err, AT_INVALID,
                                                     "its label is no list: %.60s", text);
    json_decref(list);
    return status;
}

static at_status read_object(json_t *line, at_arena *arena, at_manifest_line *out,
                             at_error *err) {
    const char *source = json_string_value(json_object_get(line, SOURCE));
    if (!source || !*source) {
        at_fail(err, AT_INVALID, "it names no image: \"" SOURCE "\" is missing");
        return json_object_get(line, "source")
                   ? at_hint(err, "a manifest of images names them by \"" SOURCE "\"")
                   : AT_INVALID;
    }
    out->source = at_arena_text(arena, source, strlen(source));
    if (!out->source)
        return no_memory(err);
    const char *key = label_key(line);
    if (!key)
        return AT_OK;
    AT_TRY(read_label(json_object_get(line, key), arena, out, err));
    const char *about = at_arena_format(arena, "%s" METADATA, key);
    const json_t *metadata = about ? json_object_get(line, about) : NULL;
    const char *name = json_string_value(json_object_get(metadata, "class-name"));
    if (name && out->label_count == 1)
        out->name = at_arena_text(arena, name, strlen(name));
    return AT_OK;
}

at_status at_manifest_parse(const char *text, size_t length, at_arena *arena,
                            at_manifest_line *out, at_error *err) {
    *out = (at_manifest_line){0};
    if (length > LINE_MAX_BYTES)
        return at_fail(err, AT_LIMIT, "it has more than %d bytes", LINE_MAX_BYTES);
    json_error_t why;
    json_t *line = json_loadb(text, length, 0, &why);
    at_status status;
    if (!line)
        status = at_fail(err, AT_CORRUPT, "it is no JSON: %.120s", why.text);
    else if (!json_is_object(line))
        status = at_fail(err, AT_CORRUPT, "it is no JSON object");
    else
        status = read_object(line, arena, out, err);
    json_decref(line);
    return status;
}

/* ---- the reader ---------------------------------------------------------------------
 */

static bool is_manifest(const at_image_file *file) {
    static const char *const ends[] = {".manifest", ".jsonl", ".json", ".jsonlines"};
    char head[4097];
    bool named = false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        named = named || at_image_file_ends(file, ends[i]);
    if (!named)
        return false;
    head[at_reader_head(file, head, sizeof head - 1)] = '\0';
    return strstr(head, "\"" SOURCE "\"") != NULL;
}

static bool recognise(const at_image_files *files) {
    for (size_t i = 0; i < files->count; i++)
        if (is_manifest(&files->items[i]))
            return true;
    return false;
}

/* Calls `visit` for each line that is not blank. */
typedef at_status visitor(void *context, const at_manifest_line *line, const char *where,
                          at_error *err);

static at_status each_line(const at_image_file *file, visitor *visit, void *context,
                           at_error *err) {
    at_image_view view;
    size_t number = 0;
    AT_TRY(at_image_view_open(file, &view, err));
    at_status status = AT_OK;
    const char *p = (const char *)view.bytes, *end = p + view.length;
    while (p < end && !status) {
        const char *next = memchr(p, '\n', (size_t)(end - p));
        const char *stop = next ? next : end;
        at_arena arena = {0};
        at_manifest_line line;
        number++;
        while (stop > p && strchr(" \t\r", stop[-1]))
            stop--;
        if (stop > p) {
            char where[320];
            snprintf(where, sizeof where, "%.200s, line %zu", file->name, number);
            status = at_manifest_parse(p, (size_t)(stop - p), &arena, &line, err);
            if (status)
                at_prefix(err, "%s", where);
            else
                status = visit(context, &line, where, err);
        }
        at_arena_fini(&arena);
        p = next ? next + 1 : end;
    }
    at_image_view_close(&view);
    return status;
}

typedef struct manifest {
    at_image_files *files;
    const at_image_file *file; /* the one that is read */
    const at_image_sink *sink;
    at_arena arena;
    const char **names; /* by class index; sorted where labels are names alone */
    size_t count, capacity;
    bool by_name;
} manifest;

static at_status set_name(manifest *m, size_t index, const char *name, at_error *err) {
    const char **more = at_grow(m->names, &m->capacity, index + 1, sizeof *m->names);
    if (!more)
        return no_memory(err);
    m->names = more;
    while (m->count <= index)
        m->names[m->count++] = NULL;
    if (!m->names[index])
        m->names[index] = at_arena_text(&m->arena, name, strlen(name));
    return m->names[index] ? AT_OK : no_memory(err);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* First pass: the names of classes. */
static at_status note_names(void *context, const at_manifest_line *line,
                            const char *where, at_error *err) {
    (void)where;
    manifest *m = context;
    if (line->label_count == 1 && line->name && line->labels[0] >= 0 &&
        line->labels[0] < AT_READER_CLASSES)
        return set_name(m, (size_t)line->labels[0], line->name, err);
    if (line->label_count || !line->name)
        return AT_OK;
    m->by_name = true;
    for (size_t i = m->count; i-- > 0;)
        if (m->names[i] && strcmp(m->names[i], line->name) == 0)
            return AT_OK;
    if (m->count >= AT_READER_CLASSES)
        return at_fail(err, AT_LIMIT, "there are more than %d classes",
                       AT_READER_CLASSES);
    return set_name(m, m->count, line->name, err);
}

static at_status hand_on(void *context, const at_manifest_line *line, const char *where,
                         at_error *err) {
    manifest *m = context;
    float label;
    AT_TRY(at_reader_check(m->sink, err));
    if (m->by_name && line->label_count && !line->name)
        return at_fail(err, AT_INVALID,
                       "%s: its label is a number, and those of other lines are names",
                       where);
    const at_image_file *image = at_image_files_resolve(m->files, m->file, line->source);
    if (!image) {
        at_fail(err, AT_NOT_FOUND, "%s: there is no image %.300s", where, line->source);
        return at_hint(err,
                       "images are looked for beside the manifest, by their whole path "
                       "and by shorter ends of it");
    }
    at_image_view view;
    AT_TRY(at_image_view_open(image, &view, err));
    at_image_item item = {view.bytes,        view.length,  line->labels,
                          line->label_count, line->source, where};
    if (m->by_name && line->name) {
        const char **found =
            bsearch(&line->name, m->names, m->count, sizeof *m->names, by_text);
        label = found ? (float)(found - m->names) : 0;
        item.labels = &label;
        item.label_count = 1;
    }
    at_status status = m->sink->image(m->sink->context, &item, err);
    at_image_view_close(&view);
    return status;
}

static at_status hand_names(manifest *m, at_error *err) {
    bool whole = m->count > 0;
    for (size_t i = 0; i < m->count; i++)
        whole = whole && m->names[i];
    if (m->by_name && whole)
        qsort(m->names, m->count, sizeof *m->names, by_text);
    if (m->by_name && !whole)
        return at_fail(err, AT_INVALID,
                       "some labels are names of classes and others are numbers");
    return whole ? m->sink->classes(m->sink->context, m->names, m->count, err) : AT_OK;
}

static at_status read_set(at_image_files *files, const at_image_sink *sink,
                          at_error *err) {
    manifest m = {.files = files, .sink = sink};
    at_status status = AT_OK;
    for (size_t i = 0; i < files->count && !status; i++)
        if (is_manifest(&files->items[i]))
            status = each_line(&files->items[i], note_names, &m, err);
    if (!status)
        status = hand_names(&m, err);
    for (size_t i = 0; i < files->count && !status; i++) {
        m.file = &files->items[i];
        if (is_manifest(m.file))
            status = each_line(m.file, hand_on, &m, err);
    }
    at_free(m.names);
    at_arena_fini(&m.arena);
    return status;
}

const at_image_reader at_manifest_reader = {
    .name = "manifest",
    .title = "an augmented manifest",
    .recognise = recognise,
    .read = read_set,
};
