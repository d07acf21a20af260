#include "magics/language/session.h"
#include "magics/language/point.h"
#include "magics/workspace/job.h"
#include "ops/base/file.h"
#include "ops/base/letter.h"
#include "ops/base/log.h"

#include <string.h>

typedef struct variable {
    char *name, *value;
} variable;

struct at_session {
    variable *variables; /* in order of name */
    size_t count, capacity;
    at_pool *pool;
    bool pool_failed;
    at_cancel shutdown;
    char *folder, *history;
    at_workspace *workspace;
    at_sql *sql;
    json_t *used; /* names of datasets that the catalogue was asked for */
    at_running cell;
};

at_status at_session_new(const char *folder, at_session **out, at_error *err) {
    *out = NULL;
    at_session *s = at_alloc_zero(sizeof *s);
    if (!s)
        return at_fail(err, AT_NO_MEMORY, "no memory left for a session");
    if (folder && !(s->folder = at_copy_text(folder))) {
        at_free(s);
        return at_fail(err, AT_NO_MEMORY, "no memory left for a session");
    }
    *out = s;
    return AT_OK;
}

void at_session_release(at_session *s) {
    if (!s)
        return;
    at_sql_release(s->sql);
    at_workspace_close(s->workspace);
    at_pool_release(s->pool);
    for (size_t i = 0; i < s->count; i++) {
        at_free(s->variables[i].name);
        at_free(s->variables[i].value);
    }
    at_free(s->variables);
    json_decref(s->used);
    at_free(s->folder);
    at_free(s->history);
    at_free(s);
}

/* The place of `name`, or where it would go. */
static size_t place(const at_session *s, const char *name, bool *there) {
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(s->variables[middle].name, name);
        if (order == 0) {
            *there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *there = false;
    return low;
}

const char *at_session_get(const at_session *s, const char *name) {
    bool there;
    size_t i = place(s, name, &there);
    return there ? s->variables[i].value : NULL;
}

static at_status check_variable(const char *name, const char *value, at_error *err) {
    size_t n = strlen(name);
    bool good = n > 0 && n <= 128 && !at_is_digit(name[0]);
    for (size_t i = 0; i < n && good; i++)
        good = at_is_name(name[i]);
    if (!good) {
        at_fail(err, AT_INVALID, "'%.100s' cannot name a variable", name);
        return at_hint(err, "use letters, digits and _, a letter or _ first");
    }
    if (value && strlen(value) > AT_VARIABLE_MAX)
        return at_fail(err, AT_LIMIT, "the value of %s is longer than %d bytes", name,
                       AT_VARIABLE_MAX);
    return AT_OK;
}

at_status at_session_set(at_session *s, const char *name, const char *value,
                         at_error *err) {
    AT_TRY(check_variable(name, value, err));
    bool there;
    size_t i = place(s, name, &there);
    if (!value) {
        if (!there)
            return at_fail(err, AT_NOT_FOUND, "there is no variable '%s'", name);
        at_free(s->variables[i].name);
        at_free(s->variables[i].value);
        s->count--;
        memmove(s->variables + i, s->variables + i + 1,
                (s->count - i) * sizeof *s->variables);
        return AT_OK;
    }
    char *copy = at_copy_text(value);
    char *key = there ? NULL : at_copy_text(name);
    variable *grown = at_grow(s->variables, &s->capacity, s->count + 1, sizeof *grown);
    if (grown)
        s->variables = grown;
    if (!copy || (!there && !key) || !grown) {
        at_free(copy);
        at_free(key);
        return at_fail(err, AT_NO_MEMORY, "no memory left for a variable");
    }
    if (there) {
        at_free(s->variables[i].value);
        s->variables[i].value = copy;
        return AT_OK;
    }
    if (s->count >= AT_VARIABLES_MAX) {
        at_free(copy);
        at_free(key);
        return at_fail(err, AT_LIMIT, "there are %d variables already", AT_VARIABLES_MAX);
    }
    memmove(s->variables + i + 1, s->variables + i,
            (s->count - i) * sizeof *s->variables);
    s->variables[i] = (variable){key, copy};
    s->count++;
    return AT_OK;
}

void at_session_each(const at_session *s,
                     void (*visit)(void *context, const char *name, const char *value),
                     void *context) {
    for (size_t i = 0; i < s->count; i++)
        visit(context, s->variables[i].name, s->variables[i].value);
}

at_status at_session_bindings(const at_session *s, at_arena *arena,
                              const at_sql_binding **out, size_t *count, at_error *err) {
    at_sql_binding *bindings = at_arena_alloc(arena, (s->count + 1) * sizeof *bindings);
    if (!bindings)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the variables");
    for (size_t i = 0; i < s->count; i++)
        bindings[i] = (at_sql_binding){s->variables[i].name, s->variables[i].value};
    *out = bindings;
    *count = s->count;
    return AT_OK;
}

at_pool *at_session_pool(at_session *s) {
    if (!s->pool && !s->pool_failed) {
        at_error err = {0};
        if (at_pool_new(0, &s->pool, &err)) {
            s->pool_failed = true;
            at_log(AT_LOG_WARN, "no compute pool: %s", err.text);
        }
    }
    return s->pool;
}

const at_cancel *at_session_shutdown(const at_session *s) {
    return &s->shutdown;
}

void at_session_shut_down(at_session *s) {
    at_cancel_raise(&s->shutdown);
}

const char *at_session_folder(at_session *s) {
    if (!s->folder)
        s->folder = at_workspace_locate();
    return s->folder;
}

at_status at_session_workspace(at_session *s, at_display *display, at_workspace **out,
                               at_error *err) {
    if (!s->workspace) {
        const char *folder = at_session_folder(s);
        if (!folder)
            return at_fail(err, AT_NO_MEMORY, "no memory left to open the workspace");
        AT_TRY(at_workspace_open(folder, &s->workspace, err));
    } else {
        /* A job that ended since the last cell: what it made is there from now on. */
        at_error why;
        if (at_jobs_reconcile(s->workspace, &why))
            at_log(AT_LOG_WARN, "jobs: %s", why.text);
    }
    /* Completion opens the workspace too, and has nowhere to say it. */
    const char *notice = display ? at_workspace_notice(s->workspace) : NULL;
    if (notice) {
        at_display_stream(display, AT_STDERR, notice, strlen(notice));
        at_display_stream(display, AT_STDERR, "\n", 1);
    }
    *out = s->workspace;
    return AT_OK;
}

at_workspace *at_session_peek(at_session *s) {
    const char *folder = at_session_folder(s);
    at_workspace *workspace = NULL;
    at_error err = {0};
    if (!folder || (!s->workspace && !at_folder_exists(folder)))
        return NULL;
    if (at_session_workspace(s, NULL, &workspace, &err))
        at_log(AT_LOG_WARN, "the workspace does not open: %s", err.text);
    return workspace;
}

const char *at_session_history(at_session *s) {
    if (s->history)
        return s->history;
    at_error err = {0};
    const char *folder = at_session_folder(s);
    if (!folder || at_folder_make(folder, &err)) {
        at_log(AT_LOG_WARN, "no history file: %s", err.text);
        return NULL;
    }
    return s->history = at_path_join(folder, "history.db");
}

/* The catalogue of SQL: a table is a dataset. */
static at_status find_table(void *context, const char *name, at_frame **out,
                            at_error *err) {
    at_session *s = context;
    AT_TRY(at_store_frame(s->workspace, name, out, err));
    if (s->used && json_object_set_new(s->used, name, json_true()) < 0)
        at_log(AT_LOG_WARN, "no memory left for the lineage of a query");
    return AT_OK;
}

static const char *const *table_names(void *context, at_arena *arena) {
    at_session *s = context;
    at_entry *entries = NULL;
    size_t count = 0;
    at_error err = {0};
    if (at_store_list(s->workspace, AT_KIND_DATASET, arena, &entries, &count, &err))
        count = 0;
    const char **names = at_arena_alloc(arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++) {
        if (names)
            names[i] = entries[i].name;
        at_entry_fini(&entries[i]);
    }
    return names;
}

at_status at_session_sql(at_session *s, at_workspace *workspace, at_sql **out,
                         at_error *err) {
    if (!s->sql) {
        at_sql_catalogue catalogue = {
            .context = s, .find = find_table, .names = table_names};
        s->workspace = workspace;
        AT_TRY(at_sql_new(&catalogue, &s->sql, err));
    }
    *out = s->sql;
    return AT_OK;
}

void at_session_sql_mark(at_session *s) {
    json_decref(s->used);
    s->used = json_object();
}

json_t *at_session_sql_used(at_session *s) {
    json_t *ids = json_array();
    const char *name;
    json_t *ignored;
    json_object_foreach(s->used, name, ignored) {
        at_arena arena = {0};
        at_entry entry = {0};
        at_error err = {0};
        if (!at_store_find(s->workspace, AT_KIND_DATASET, name, &arena, &entry, &err)) {
            json_array_append_new(ids, json_string(entry.id));
            at_entry_fini(&entry);
        }
        at_arena_fini(&arena);
    }
    return ids;
}

at_running at_session_cell(at_session *s, at_running cell) {
    at_running before = s->cell;
    s->cell = cell;
    return before;
}

at_running at_session_running(const at_session *s) {
    return s->cell;
}

at_status at_context_point(const at_context *context, int line, int column, int width,
                           at_error *err) {
    const at_session *s = context->session;
    if (s && s->cell.code && line > 0) {
        size_t from = at_point_offset(s->cell.code, s->cell.length, line, column);
        at_point(err, s->cell.code, s->cell.length, from,
                 from + (width > 0 ? (size_t)width : 1));
    }
    return err ? err->code : AT_INVALID;
}
