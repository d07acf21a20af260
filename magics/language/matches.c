#include "magics/language/matches.h"
#include "magics/language/spec.h"
#include "ops/base/letter.h"
#include "ops/base/text.h"
#include "ops/learn/algorithm.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Does the name need quotes where it goes? */
static bool odd(const char *text, at_quoting quoting) {
    bool first = true;
    for (const char *c = text; *c; c++, first = false) {
        if (quoting == AT_QUOTING_SQL ? !at_is_name(*c) || (first && at_is_digit(*c))
                                      : strchr(" \t'\"`\\#$,=", *c) != NULL)
            return true;
    }
    return false;
}

/* The name as it must be typed. Doubles a quote that is in it. */
static void put_quoted(at_text *out, const char *text, at_quoting quoting) {
    static const char quotes[] = {0, '\'', '`', '"'};
    if (quoting == AT_QUOTING_NONE || !odd(text, quoting)) {
        at_text_put(out, text);
        return;
    }
    char quote = quotes[quoting];
    if (quoting == AT_QUOTING_SHELL && strchr(text, '\''))
        quote = '"';
    at_text_char(out, quote);
    for (; *text; text++) {
        if (*text == quote && quoting != AT_QUOTING_SHELL)
            at_text_char(out, quote);
        else if (quote == '"' && strchr("\"\\", *text))
            at_text_char(out, quoting == AT_QUOTING_SHELL ? '\\' : *text);
        at_text_char(out, *text);
    }
    at_text_char(out, quote);
}

static bool there(const at_matches *m, const char *match) {
    size_t i;
    json_t *value;
    json_array_foreach(m->out->matches, i, value) {
        if (strcmp(json_string_value(value), match) == 0)
            return true;
    }
    return false;
}

void at_matches_add_as(at_matches *m, const char *match, const char *text,
                       const char *type) {
    if (m->failed || json_array_size(m->out->matches) >= AT_MATCHES_MAX ||
        strncasecmp(text, m->typed, m->typed_length) != 0 || there(m, match))
        return;
    json_t *shown =
        json_pack("{s:I,s:I,s:s,s:s,s:s}", "start", (json_int_t)m->start, "end",
                  (json_int_t)m->end, "text", match, "type", type, "signature", "");
    if (!shown || json_array_append_new(m->out->types, shown) < 0 ||
        json_array_append_new(m->out->matches, json_string(match)) < 0)
        m->failed = true;
}

void at_matches_add(at_matches *m, const char *text, const char *type) {
    at_text match = {0};
    put_quoted(&match, text, m->quoting);
    if (at_text_ok(&match))
        at_matches_add_as(m, at_text_get(&match), text, type);
    else
        m->failed = true;
    at_text_fini(&match);
}

void at_matches_kind(at_matches *m, at_workspace *workspace, at_kind kind) {
    at_arena arena = {0};
    at_entry *entries = NULL;
    size_t count = 0;
    at_error err = {0};
    if (workspace && at_store_list(workspace, kind, &arena, &entries, &count, &err))
        count = 0;
    for (size_t i = 0; i < count; i++) {
        at_matches_add(m, entries[i].name, at_kind_name(kind));
        at_entry_fini(&entries[i]);
    }
    at_arena_fini(&arena);
}

void at_matches_columns(at_matches *m, at_workspace *workspace, const char *dataset) {
    at_frame *frame = NULL;
    at_error err = {0};
    if (!workspace || !dataset || at_store_frame(workspace, dataset, &frame, &err))
        return;
    for (int i = 0; i < at_frame_columns(frame); i++)
        at_matches_add(m, at_frame_column(frame, i)->name, "column");
    at_frame_release(frame);
}

void at_matches_paths(at_matches *m) {
    at_text folder = {0};
    const char *slash = NULL;
    for (size_t i = 0; i < m->typed_length; i++)
        if (m->typed[i] == '/')
            slash = m->typed + i;
    size_t kept = slash ? (size_t)(slash - m->typed) + 1 : 0;
    const char *home = getenv("HOME");
    bool tilde = kept >= 2 && m->typed[0] == '~' && m->typed[1] == '/' && home;
    at_text_put(&folder, tilde ? home : kept ? "" : ".");
    at_text_append(&folder, m->typed + (tilde ? 1 : 0), kept - (tilde ? 1 : 0));
    DIR *dir = at_text_ok(&folder) ? opendir(at_text_get(&folder)) : NULL;
    at_text_fini(&folder);
    if (!dir)
        return;
    bool hidden = m->typed_length > kept && m->typed[kept] == '.';
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!at_utf8_valid(entry->d_name, strlen(entry->d_name)) ||
            (entry->d_name[0] == '.' && !hidden) || strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0)
            continue;
        at_text path = {0};
        at_text_append(&path, m->typed, kept);
        at_text_put(&path, entry->d_name);
        at_text_put(&path, entry->d_type == DT_DIR ? "/" : "");
        if (at_text_ok(&path))
            at_matches_add(m, at_text_get(&path), "path");
        at_text_fini(&path);
    }
    closedir(dir);
}

static void add_variable(void *context, const char *name, const char *value) {
    at_text match = {0};
    (void)value;
    at_text_format(&match, "%s}", name);
    if (at_text_ok(&match))
        at_matches_add_as(context, at_text_get(&match), name, "variable");
    at_text_fini(&match);
}

void at_matches_variables(at_matches *m, const at_session *session) {
    at_session_each(session, add_variable, m);
}

static void add_magics(at_matches *m) {
    size_t count;
    const at_magic *const *magics = at_magics(&count);
    for (size_t i = 0; i < count; i++)
        at_matches_add(m, magics[i]->name, "magic");
}

static void add_algorithms(at_matches *m) {
    at_algorithm algorithm;
    for (size_t i = 0; at_algorithm_at(i, &algorithm); i++)
        at_matches_add(m, algorithm.name, "algorithm");
}

void at_matches_refers(at_matches *m, at_session *session, at_refers refers,
                       const char *dataset) {
    static const at_kind kinds[] = {[AT_REFERS_DATASET] = AT_KIND_DATASET,
                                    [AT_REFERS_MODEL] = AT_KIND_MODEL,
                                    [AT_REFERS_ENDPOINT] = AT_KIND_ENDPOINT,
                                    [AT_REFERS_JOB] = AT_KIND_JOB,
                                    [AT_REFERS_RECIPE] = AT_KIND_RECIPE};
    switch (refers) {
    case AT_REFERS_DATASET:
    case AT_REFERS_MODEL:
    case AT_REFERS_ENDPOINT:
    case AT_REFERS_JOB:
    case AT_REFERS_RECIPE:
        at_matches_kind(m, at_session_peek(session), kinds[refers]);
        return;
    case AT_REFERS_ANY:
        for (at_kind kind = AT_KIND_DATASET; kind <= AT_KIND_ENDPOINT; kind++)
            at_matches_kind(m, at_session_peek(session), kind);
        return;
    case AT_REFERS_COLUMN:
        at_matches_columns(m, at_session_peek(session), dataset);
        return;
    case AT_REFERS_PATH:
    case AT_REFERS_SOURCE:
        at_matches_paths(m);
        return;
    case AT_REFERS_MAGIC:
        add_magics(m);
        return;
    case AT_REFERS_ALGORITHM:
        add_algorithms(m);
        return;
    case AT_REFERS_NOTHING:
    case AT_REFERS_NEW_NAME:
    case AT_REFERS_SQL:
        return;
    }
}
