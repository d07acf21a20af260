#include "magics/language/notebook.h"
#include "ops/base/file.h"
#include "ops/base/letter.h"

#include <string.h>

void at_notebook_fini(at_notebook *notebook) {
    at_arena_fini(&notebook->arena);
    at_free(notebook->cells);
    *notebook = (at_notebook){0};
}

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "no memory left for the cells");
}

static at_status add(at_notebook *n, const at_notebook_cell *cell, at_error *err) {
    if (n->count == AT_NOTEBOOK_CELLS_MAX)
        return at_fail(err, AT_LIMIT, "more than %d cells", AT_NOTEBOOK_CELLS_MAX);
    at_notebook_cell *grown =
        at_grow(n->cells, &n->capacity, n->count + 1, sizeof *grown);
    if (!grown || !cell->text)
        return n->cells = grown ? grown : n->cells, no_memory(err);
    n->cells = grown;
    n->cells[n->count++] = *cell;
    return AT_OK;
}

/* "# %%", alone or followed by a blank. */
static bool begins_cell(const char *line, size_t length) {
    return length >= 4 && memcmp(line, "# %%", 4) == 0 &&
           (length == 4 || at_is_blank(line[4]));
}

/* Whether a word of a "# %%" line says what kind of cell it begins. */
static bool read_kind(const char *word, size_t length, at_prose *kind) {
    static const struct {
        const char *mark;
        at_prose kind;
    } marks[] = {{"[markdown]", AT_PROSE_MARKDOWN},
                 {"[md]", AT_PROSE_MARKDOWN},
                 {"[raw]", AT_PROSE_RAW}};
    for (size_t m = 0; m < sizeof marks / sizeof marks[0]; m++) {
        if (length == strlen(marks[m].mark) && memcmp(word, marks[m].mark, length) == 0) {
            *kind = marks[m].kind;
            return true;
        }
    }
    return false;
}

/* The words of a "# %%" line: kind and title. */
static at_status read_mark(at_notebook *n, const char *line, size_t length,
                           at_notebook_cell *cell, at_error *err) {
    at_text title = {0};
    *cell = (at_notebook_cell){.kind = AT_PROSE_CODE};
    for (size_t i = 4; i < length;) {
        while (i < length && at_is_blank(line[i]))
            i++;
        size_t from = i;
        while (i < length && !at_is_blank(line[i]))
            i++;
        if (i > from && !read_kind(line + from, i - from, &cell->kind))
            at_text_format(&title, "%s%.*s", title.length ? " " : "", (int)(i - from),
                           line + from);
    }
    at_status status = AT_OK;
    if (title.length || !at_text_ok(&title))
        cell->title = at_arena_text(&n->arena, at_text_get(&title), title.length);
    if ((title.length && !cell->title) || !at_text_ok(&title))
        status = no_memory(err);
    at_text_fini(&title);
    return status;
}

/* The text of a prose cell without the # before each line. */
static const char *uncomment(at_notebook *n, const char *text, size_t length) {
    at_text out = {0};
    for (size_t at = 0; at < length;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t to = end ? (size_t)(end - text) : length, from = at;
        if (from < to && text[from] == '#')
            from += from + 1 < to && text[from + 1] == ' ' ? 2 : 1;
        at_text_append(&out, text + from, to - from);
        at_text_put(&out, end ? "\n" : "");
        at = to + 1;
    }
    const char *made =
        at_text_ok(&out) ? at_arena_text(&n->arena, at_text_get(&out), out.length) : NULL;
    at_text_fini(&out);
    return made;
}

/* Ends the cell whose text is [from, to), trimming blank lines around it. */
static at_status end_cell(at_notebook *n, at_notebook_cell *cell, const char *text,
                          size_t from, size_t to, bool first, at_error *err) {
    for (size_t i = from; i < to && (at_is_blank(text[i]) || text[i] == '\n'); i++) {
        if (text[i] == '\n') {
            from = i + 1;
            cell->line++;
        }
    }
    while (to > from && (at_is_blank(text[to - 1]) || text[to - 1] == '\n'))
        to--;
    if (first && from >= to)
        return AT_OK; /* nothing before the first mark */
    cell->text = cell->kind == AT_PROSE_CODE
                     ? at_arena_text(&n->arena, text + from, to - from)
                     : uncomment(n, text + from, to - from);
    return add(n, cell, err);
}

/* CRLF becomes LF: a shell would take the CR for part of a word. */
static const char *unix_lines(at_notebook *n, const char *text, size_t *length) {
    char *made = at_arena_alloc(&n->arena, *length + 1);
    size_t kept = 0;
    for (size_t i = 0; made && i < *length; i++)
        if (text[i] != '\r' || i + 1 == *length || text[i + 1] != '\n')
            made[kept++] = text[i];
    *length = kept;
    return made;
}

at_status at_notebook_from_script(const char *text, size_t length, at_notebook *out,
                                  at_error *err) {
    at_notebook_cell cell = {.kind = AT_PROSE_CODE, .line = 1};
    bool first = true;
    int line = 1;
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        length -= 3;
    }
    if (!at_utf8_valid(text, length) || (length && memchr(text, '\0', length)))
        return at_fail(err, AT_SYNTAX, "the script is not UTF-8 text");
    if (memmem(text, length, "\r\n", 2) && !(text = unix_lines(out, text, &length)))
        return no_memory(err);
    size_t from = 0;
    for (size_t at = 0; at < length; line++) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t to = end ? (size_t)(end - text) : length, next = end ? to + 1 : length;
        if (begins_cell(text + at, to - at)) {
            AT_TRY(end_cell(out, &cell, text, from, at, first, err));
            AT_TRY(read_mark(out, text + at, to - at, &cell, err));
            cell.line = line + 1;
            from = next;
            first = false;
        }
        at = next;
    }
    return end_cell(out, &cell, text, from, length, first, err);
}

/* "source": a text, or a list of lines. */
static const char *source(at_notebook *n, const json_t *value, at_error *err) {
    at_text all = {0};
    size_t i;
    json_t *line;
    bool good = json_is_string(value) || json_is_array(value);
    if (json_is_string(value))
        at_text_append(&all, json_string_value(value), json_string_length(value));
    json_array_foreach(value, i, line) {
        good = good && json_is_string(line);
        if (json_is_string(line))
            at_text_append(&all, json_string_value(line), json_string_length(line));
    }
    if (all.length && all.data[all.length - 1] == '\n')
        all.length--;
    const char *made = NULL;
    if (!good)
        at_fail(err, AT_CORRUPT, "cell %zu of the notebook has no source", n->count + 1);
    else if (!at_text_ok(&all) ||
             !(made = at_arena_text(&n->arena, at_text_get(&all), all.length)))
        (void)no_memory(err);
    at_text_fini(&all);
    return made;
}

static at_status add_json(at_notebook *n, const json_t *item, at_error *err) {
    const char *type = json_string_value(json_object_get(item, "cell_type"));
    const char *id = json_string_value(json_object_get(item, "id"));
    const json_t *metadata = json_object_get(item, "metadata");
    const char *title = json_string_value(json_object_get(metadata, "title"));
    at_notebook_cell cell = {.kind = AT_PROSE_CODE};
    if (!type)
        return at_fail(err, AT_CORRUPT, "cell %zu of the notebook has no type",
                       n->count + 1);
    if (strcmp(type, "markdown") == 0)
        cell.kind = AT_PROSE_MARKDOWN;
    else if (strcmp(type, "code") != 0)
        cell.kind = AT_PROSE_RAW;
    cell.text = source(n, json_object_get(item, "source"), err);
    if (!cell.text)
        return err ? err->code : AT_CORRUPT;
    if (id)
        cell.id = at_arena_text(&n->arena, id, strlen(id));
    if (title && *title && !strchr(title, '\n'))
        cell.title = at_arena_text(&n->arena, title, strlen(title));
    return add(n, &cell, err);
}

at_status at_notebook_from_json(const json_t *root, at_notebook *out, at_error *err) {
    at_error own;
    err = err ? err : &own;
    const json_t *cells = json_object_get(root, "cells");
    json_int_t format = json_integer_value(json_object_get(root, "nbformat"));
    if (format != 4 || !json_is_array(cells)) {
        at_fail(err, AT_UNSUPPORTED, "this is no notebook of format 4");
        return at_hint(err,
                       "Jupyter saves in this format; open it there and save it again");
    }
    size_t i;
    json_t *item;
    json_array_foreach(cells, i, item) {
        AT_TRY(add_json(out, item, err));
    }
    return AT_OK;
}

at_status at_notebook_read(const char *path, at_notebook *out, at_error *err) {
    at_text text = {0};
    size_t n = strlen(path);
    bool notebook = n > 6 && at_equal_fold(path + n - 6, ".ipynb");
    at_status status = at_file_read(path, AT_NOTEBOOK_MAX, &text, err);
    if (!status && !notebook) {
        status = at_notebook_from_script(at_text_get(&text), text.length, out, err);
    } else if (!status) {
        json_error_t wrong;
        json_t *root = json_loadb(at_text_get(&text), text.length, 0, &wrong);
        status = root ? at_notebook_from_json(root, out, err)
                      : at_fail(err, AT_CORRUPT, "%s is no JSON: line %d: %s", path,
                                wrong.line, wrong.text);
        json_decref(root);
    }
    at_text_fini(&text);
    return status;
}

/* The title's words, without those that would change the cell's kind. */
static void put_title(const char *title, at_text *out) {
    at_prose kind;
    for (size_t n; *title; title += n) {
        title += strspn(title, " \t\r");
        n = strcspn(title, " \t\r");
        if (n && !read_kind(title, n, &kind))
            at_text_format(out, " %.*s", (int)n, title);
    }
}

static at_status put_cell(const at_notebook_cell *cell, size_t number, at_text *out,
                          at_error *err) {
    bool prose = cell->kind != AT_PROSE_CODE;
    at_text_put(out, "# %%");
    if (cell->title)
        put_title(cell->title, out);
    at_text_put(out, !prose                            ? "\n"
                     : cell->kind == AT_PROSE_MARKDOWN ? " [markdown]\n"
                                                       : " [raw]\n");
    for (const char *at = cell->text; *at;) {
        size_t n = strcspn(at, "\n");
        if (!prose && begins_cell(at, n)) {
            at_fail(err, AT_INVALID,
                    "cell %zu holds the line '# %%%%', which would part it", number);
            return at_hint(err, "change that line in the notebook");
        }
        /* "#%% x" and "# %% x" both read back as "%% x"; the latter would begin a cell */
        bool mark =
            n >= 2 && at[0] == '%' && at[1] == '%' && (n == 2 || at_is_blank(at[2]));
        at_text_put(out, !prose ? "" : n && !mark ? "# " : "#");
        at_text_append(out, at, n);
        at_text_put(out, "\n");
        at += n + (at[n] == '\n');
    }
    at_text_put(out, "\n");
    return AT_OK;
}

at_status at_notebook_to_script(const at_notebook *notebook, at_text *out,
                                at_error *err) {
    for (size_t i = 0; i < notebook->count; i++)
        AT_TRY(put_cell(&notebook->cells[i], i + 1, out, err));
    if (out->length > 1 && out->data[out->length - 2] == '\n')
        out->data[--out->length] = '\0'; /* one line end at the end */
    return at_text_ok(out) ? AT_OK : no_memory(err);
}

static json_t *source_lines(const char *text) {
    json_t *lines = json_array();
    while (*text && lines) {
        size_t n = strcspn(text, "\n");
        n += text[n] == '\n';
        if (json_array_append_new(lines, json_stringn(text, n)) < 0) {
            json_decref(lines);
            return NULL;
        }
        text += n;
    }
    return lines;
}

/* FNV-1a over place and text: the same script gives the same ids. */
static void make_id(const at_notebook_cell *cell, size_t index, char out[17]) {
    uint64_t hash = 1469598103934665603u ^ index;
    for (const char *c = cell->text; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    for (int i = 0; i < 16; i++, hash >>= 4)
        out[i] = "0123456789abcdef"[hash & 15];
    out[16] = '\0';
}

static json_t *cell_json(const at_notebook_cell *cell, size_t index) {
    static const char *const types[] = {"code", "markdown", "raw"};
    char made[17];
    make_id(cell, index, made);
    json_t *metadata =
        cell->title ? json_pack("{s:s}", "title", cell->title) : json_object();
    json_t *item = json_pack("{s:s,s:s,s:o,s:o}", "cell_type", types[cell->kind], "id",
                             cell->id ? cell->id : made, "metadata", metadata, "source",
                             source_lines(cell->text));
    if (item && cell->kind == AT_PROSE_CODE &&
        (json_object_set_new(item, "execution_count", json_null()) < 0 ||
         json_object_set_new(item, "outputs", json_array()) < 0)) {
        json_decref(item);
        return NULL;
    }
    return item;
}

json_t *at_notebook_to_json(const at_notebook *notebook) {
    json_t *cells = json_array();
    for (size_t i = 0; i < notebook->count && cells; i++) {
        json_t *item = cell_json(&notebook->cells[i], i);
        if (!item || json_array_append_new(cells, item) < 0) {
            json_decref(cells);
            return NULL;
        }
    }
    return json_pack("{s:o,s:{s:{s:s,s:s,s:s},s:{s:s,s:s,s:s,s:s,s:s}},s:i,s:i}", "cells",
                     cells, "metadata", "kernelspec", "display_name", "Atelier",
                     "language", "atelier", "name", "atelier", "language_info",
                     "codemirror_mode", "sql", "file_extension", ".atl", "mimetype",
                     "text/x-atelier", "name", "atelier", "pygments_lexer", "sql",
                     "nbformat", 4, "nbformat_minor", 5);
}
