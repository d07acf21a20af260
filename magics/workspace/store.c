/* Store: the entries of the index. */
#include "magics/workspace/store.h"
#include "magics/workspace/workspace.h"
#include "ops/base/clock.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS "kind, id, name, created_us, card"

void at_entry_fini(at_entry *entry) {
    json_decref(entry->card);
    entry->card = NULL;
}

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "no memory left to read the index");
}

static at_status read_entry(at_query *query, at_arena *arena, at_entry *out,
                            at_error *err) {
    const char *kind = at_query_text(query, 0), *id = at_query_text(query, 1);
    const char *name = at_query_text(query, 2), *card = at_query_text(query, 4);
    if (!kind || !id || !name || !card || !at_kind_from_name(kind, &out->kind))
        return at_fail(err, AT_CORRUPT, "the index of the workspace holds a damaged row");
    out->id = at_arena_format(arena, "%s", id);
    out->name = at_arena_format(arena, "%s", name);
    out->created_us = at_query_int(query, 3);
    if (!out->id || !out->name)
        return no_memory(err);
    out->card = json_loads(card, 0, NULL);
    return out->card
               ? AT_OK
               : at_fail(err, AT_CORRUPT, "the card of %s '%s' is damaged", kind, name);
}

static at_status read_one(at_query *query, at_arena *arena, at_entry *out, bool *found,
                          at_error *err) {
    memset(out, 0, sizeof *out);
    at_status status = at_query_step(query, found, err);
    if (!status && *found)
        status = read_entry(query, arena, out, err);
    at_query_release(query);
    return status;
}

static const char *maker(at_kind kind) {
    switch (kind) {
    case AT_KIND_DATASET:
        return "%fetch, %generate and CREATE TABLE ... AS make datasets; %datasets lists "
               "them";
    case AT_KIND_RECIPE:
        return "%%prepare makes recipes";
    case AT_KIND_MODEL:
        return "%%train makes models; %models lists them";
    case AT_KIND_JOB:
        return "%%train starts jobs; %jobs lists them";
    case AT_KIND_ENDPOINT:
        return "%deploy makes endpoints; %endpoints lists them";
    }
    return "";
}

/* The error of a name that is not there: with the nearest one, or with what makes one. */
static at_status missing(at_workspace *workspace, at_kind kind, const char *name,
                         at_error *err) {
    if (!err)
        return AT_NOT_FOUND;
    at_arena arena = {0};
    at_entry *entries = NULL;
    size_t count = 0;
    at_status status = at_store_list(workspace, kind, &arena, &entries, &count, err);
    if (!status) {
        const char **names = at_arena_alloc(&arena, (count + 1) * sizeof *names);
        for (size_t i = 0; i < count; i++) {
            if (names)
                names[i] = entries[i].name;
            at_entry_fini(&entries[i]);
        }
        const char *near = names ? at_nearest(name, names, count) : NULL;
        status =
            at_fail(err, AT_NOT_FOUND, "there is no %s '%s'", at_kind_name(kind), name);
        if (near)
            (void)at_hint(err, "did you mean '%s'?", near);
        else
            (void)at_hint(err, "%s", maker(kind));
    }
    at_arena_fini(&arena);
    return status;
}

at_status at_store_find(at_workspace *workspace, at_kind kind, const char *name,
                        at_arena *arena, at_entry *out, at_error *err) {
    at_query *query;
    bool found;
    memset(out, 0, sizeof *out);
    AT_TRY(at_store_ask(workspace, &query, err,
                        "SELECT " COLUMNS
                        " FROM entries WHERE kind = ? AND name = ? AND live = 1",
                        "ss", at_kind_name(kind), name));
    AT_TRY(read_one(query, arena, out, &found, err));
    return found ? AT_OK : missing(workspace, kind, name, err);
}

at_status at_store_by_id(at_workspace *workspace, at_kind kind, const char *id,
                         at_arena *arena, at_entry *out, at_error *err) {
    at_query *query;
    bool found;
    memset(out, 0, sizeof *out);
    AT_TRY(at_store_ask(workspace, &query, err,
                        "SELECT " COLUMNS " FROM entries WHERE kind = ? AND id = ?", "ss",
                        at_kind_name(kind), id));
    AT_TRY(read_one(query, arena, out, &found, err));
    return found ? AT_OK
                 : at_fail(err, AT_NOT_FOUND, "there is no %s with the id %s any more",
                           at_kind_name(kind), id);
}

at_status at_store_list(at_workspace *workspace, at_kind kind, at_arena *arena,
                        at_entry **out, size_t *count, at_error *err) {
    *out = NULL;
    *count = 0;
    at_query *query;
    AT_TRY(at_store_ask(workspace, &query, err,
                        kind == AT_KIND_JOB ? "SELECT " COLUMNS
                                              " FROM entries WHERE kind = ? AND live = 1"
                                              " ORDER BY created_us DESC, name"
                                            : "SELECT " COLUMNS
                                              " FROM entries WHERE kind = ? AND live = 1"
                                              " ORDER BY name",
                        "s", at_kind_name(kind)));
    at_entry *items = NULL;
    size_t capacity = 0;
    bool row = true;
    at_status status = AT_OK;
    while (!(status = at_query_step(query, &row, err)) && row) {
        at_entry *more = at_grow(items, &capacity, *count + 1, sizeof *items);
        if (!more) {
            status = no_memory(err);
            break;
        }
        items = more;
        status = read_entry(query, arena, &items[*count], err);
        if (status)
            break;
        ++*count;
    }
    at_query_release(query);
    if (!status && *count) {
        *out = at_arena_alloc(arena, *count * sizeof **out);
        if (*out)
            memcpy(*out, items, *count * sizeof **out);
        else
            status = no_memory(err);
    }
    if (status) {
        for (size_t i = 0; i < *count; i++)
            at_entry_fini(&items[i]);
        *count = 0;
    }
    at_free(items);
    return status;
}

static at_status check_uses(at_workspace *workspace, const char *const *uses,
                            size_t count, at_arena *arena, at_error *err) {
    for (size_t i = 0; i < count; i++) {
        const char *found;
        AT_TRY(at_store_text(workspace, arena, &found, err,
                             "SELECT id FROM entries WHERE id = ?", "s", uses[i]));
        if (!found)
            return at_fail(err, AT_NOT_FOUND,
                           "what this is made from was deleted in the meantime");
    }
    return AT_OK;
}

/* A magic replaces what it made before, never what it was made from. */
static at_status check_ancestors(at_workspace *workspace, const char *id,
                                 const char *name, const json_t *card, at_arena *arena,
                                 at_error *err) {
    const json_t *lineage = json_object_get(card, "from");
    const char *old;
    AT_TRY(at_store_text(workspace, arena, &old, err,
                         "SELECT id FROM entries WHERE kind = 'dataset' AND name = ?"
                         " AND live = 1",
                         "s", name));
    if (!old || strcmp(old, id) == 0 || !lineage)
        return AT_OK;
    bool found;
    AT_TRY(at_lineage_has(workspace, lineage, old, &found, err));
    if (!found)
        return AT_OK;
    (void)at_fail(err, AT_INVALID, "'%s' is what this dataset is made from", name);
    return err ? at_hint(err, "give the new one another name: %s_2, say", name)
               : AT_INVALID;
}

at_status at_store_job_runs(const char *name, at_error *err) {
    (void)at_fail(err, AT_BUSY, "a job '%s' is running", name);
    if (err)
        (void)at_hint(err,
                      "%%resume %s follows it, %%jobs --stop %s stops it; or take "
                      "another name",
                      name, name);
    return AT_BUSY;
}

/* A running job keeps its name: of two kernels that start one, the second is refused. */
static at_status check_runs(at_workspace *workspace, const char *id, const char *name,
                            at_arena *arena, at_error *err) {
    const char *other;
    AT_TRY(at_store_text(workspace, arena, &other, err,
                         "SELECT id FROM entries WHERE kind = 'job' AND name = ?"
                         " AND live = 1 AND id <> ?"
                         " AND json_extract(card, '$.state') = 'running'",
                         "ss", name, id));
    return other ? at_store_job_runs(name, err) : AT_OK;
}

static at_status write_rows(at_workspace *workspace, at_kind kind, const char *id,
                            const char *name, const char *card, const char *const *uses,
                            size_t use_count, at_error *err) {
    AT_TRY(at_store_do(workspace, NULL, err,
                       "UPDATE entries SET live = 0"
                       " WHERE kind = ? AND name = ? AND live = 1 AND id <> ?",
                       "sss", at_kind_name(kind), name, id));
    AT_TRY(at_store_do(workspace, NULL, err,
                       "INSERT INTO entries(id, kind, name, live, created_us, card)"
                       " VALUES(?, ?, ?, 1, ?, ?) ON CONFLICT(id) DO UPDATE"
                       " SET name = excluded.name, live = 1, card = excluded.card",
                       "sssis", id, at_kind_name(kind), name, at_wall_us(), card));
    AT_TRY(at_store_drop_uses(workspace, id, err));
    for (size_t i = 0; i < use_count; i++)
        AT_TRY(at_store_do(workspace, NULL, err,
                           "INSERT OR IGNORE INTO uses(user, used) VALUES(?, ?)", "ss",
                           id, uses[i]));
    return AT_OK;
}

static at_status card_text(const json_t *card, char **out, at_error *err) {
    *out = json_dumps(card, JSON_COMPACT);
    if (!*out)
        return at_fail(err, AT_INTERNAL, "a card cannot be written as JSON");
    if (strlen(*out) <= AT_CARD_MAX)
        return AT_OK;
    free(*out);
    *out = NULL;
    return at_fail(err, AT_LIMIT, "the description is larger than %d MB",
                   AT_CARD_MAX >> 20);
}

at_status at_store_put(at_workspace *workspace, at_kind kind, const char *id,
                       const char *name, const json_t *card, const char *const *uses,
                       size_t use_count, at_error *err) {
    AT_TRY(at_store_check_name(kind, name, err));
    char *text;
    AT_TRY(card_text(card, &text, err));
    at_sweep sweep = {0};
    at_status status = at_store_begin(workspace, err);
    if (!status) {
        status = check_uses(workspace, uses, use_count, &sweep.arena, err);
        if (!status && kind == AT_KIND_DATASET)
            status = check_ancestors(workspace, id, name, card, &sweep.arena, err);
        if (!status && kind == AT_KIND_JOB)
            status = check_runs(workspace, id, name, &sweep.arena, err);
        if (!status)
            status = write_rows(workspace, kind, id, name, text, uses, use_count, err);
        if (!status)
            status = at_sweep_rows(workspace, &sweep, err);
        status = at_store_end(workspace, status, err);
    }
    free(text);
    if (status)
        at_sweep_fini(&sweep);
    else
        at_sweep_files(workspace, &sweep);
    return status;
}

at_status at_store_update(at_workspace *workspace, at_kind kind, const char *id,
                          const json_t *card, at_error *err) {
    char *text;
    AT_TRY(card_text(card, &text, err));
    int64_t changes = 0;
    at_status status = at_store_do(
        workspace, &changes, err, "UPDATE entries SET card = ? WHERE kind = ? AND id = ?",
        "sss", text, at_kind_name(kind), id);
    free(text);
    if (!status && changes == 0)
        return at_fail(err, AT_NOT_FOUND, "there is no %s with the id %s any more",
                       at_kind_name(kind), id);
    return status;
}

/* AT_BUSY if an endpoint serves it, a running job reads it, or it is a running job. */
static at_status check_free(at_workspace *workspace, at_kind kind, const char *id,
                            const char *name, at_error *err) {
    at_query *query;
    AT_TRY(at_store_ask(workspace, &query, err,
                        "SELECT e.kind, e.name FROM entries e WHERE"
                        " (e.id = ?1 AND e.kind = 'job'"
                        "  AND json_extract(e.card, '$.state') = 'running')"
                        " OR (e.id IN (SELECT user FROM uses WHERE used = ?1)"
                        "  AND (e.kind = 'endpoint' OR (e.kind = 'job'"
                        "   AND json_extract(e.card, '$.state') = 'running')))"
                        " ORDER BY e.kind LIMIT 1",
                        "s", id));
    bool row;
    at_status status = at_query_step(query, &row, err);
    if (!status && row) {
        const char *user_kind = at_query_text(query, 0), *user = at_query_text(query, 1);
        bool job = strcmp(user_kind, "job") == 0;
        if (kind == AT_KIND_JOB)
            status = at_fail(err, AT_BUSY, "the job '%s' is running", name);
        else
            status = at_fail(err, AT_BUSY, "the %s '%s' is in use: the %s '%s' %s it",
                             at_kind_name(kind), name, user_kind, user,
                             job ? "reads" : "serves");
        if (err)
            (void)at_hint(err,
                          job ? "stop it first: %%jobs --stop %s"
                              : "delete the endpoint first: %%delete %s",
                          user);
    }
    at_query_release(query);
    return status;
}

static at_status forget(at_workspace *workspace, at_kind kind, const char *name,
                        at_sweep *sweep, at_error *err) {
    const char *id;
    AT_TRY(
        at_store_text(workspace, &sweep->arena, &id, err,
                      "SELECT id FROM entries WHERE kind = ? AND name = ? AND live = 1",
                      "ss", at_kind_name(kind), name));
    if (!id)
        return missing(workspace, kind, name, err);
    AT_TRY(check_free(workspace, kind, id, name, err));
    AT_TRY(at_store_do(workspace, NULL, err, "UPDATE entries SET live = 0 WHERE id = ?",
                       "s", id));
    return at_sweep_rows(workspace, sweep, err);
}

at_status at_store_delete(at_workspace *workspace, at_kind kind, const char *name,
                          at_error *err) {
    at_sweep sweep = {0};
    AT_TRY(at_store_begin(workspace, err));
    at_status status = forget(workspace, kind, name, &sweep, err);
    status = at_store_end(workspace, status, err);
    if (status)
        at_sweep_fini(&sweep);
    else
        at_sweep_files(workspace, &sweep);
    return status;
}
