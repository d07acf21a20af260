/* %delete: by name, whatever it is. */
#include "magics/deploy/serve.h"
#include "magics/language/spec.h"
#include "magics/workspace/job.h"
#include "magics/workspace/listing.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"

#include <string.h>

enum { KINDS = 5 };

/* In the order of deletion: what uses goes before what is used. */
static const at_kind order[KINDS] = {AT_KIND_ENDPOINT, AT_KIND_JOB, AT_KIND_MODEL,
                                     AT_KIND_RECIPE, AT_KIND_DATASET};

struct delete_options {
    at_words names;
    const char *kind;
};

static const char *const kind_names[] = {"dataset", "recipe",   "model",
                                         "job",     "endpoint", NULL};

static const at_param arguments[] = {
    {.name = "names",
     .kind = AT_PARAM_LIST,
     .refers = AT_REFERS_ANY,
     .offset = offsetof(struct delete_options, names),
     .required = true,
     .help = "datasets, models, endpoints, recipes or jobs"},
};

static const at_param options[] = {
    {.name = "kind",
     .kind = AT_PARAM_CHOICE,
     .choices = kind_names,
     .offset = offsetof(struct delete_options, kind),
     .help = "what the names are, where two kinds share a name"},
};

/* What is to go: a bit a kind for each name. */
typedef struct target {
    const char *name;
    bool kinds[KINDS]; /* by at_kind */
} target;

static at_status exists(at_context *context, at_kind kind, const char *name, bool *found,
                        at_error *err) {
    at_entry entry;
    at_status status =
        at_store_find(context->workspace, kind, name, context->arena, &entry, err);
    at_entry_fini(&entry);
    *found = status == AT_OK;
    return status == AT_NOT_FOUND ? AT_OK : status;
}

static at_status unknown(at_context *context, const char *name, at_error *err) {
    const char *near = NULL;
    for (int k = 0; k < KINDS && !near; k++) {
        at_entry *entries;
        size_t count;
        AT_TRY(at_store_list(context->workspace, order[k], context->arena, &entries,
                             &count, err));
        for (size_t i = 0; i < count; i++) {
            const char *candidate = entries[i].name;
            if (!near)
                near = at_nearest(name, &candidate, 1);
            at_entry_fini(&entries[i]);
        }
    }
    at_fail(err, AT_NOT_FOUND, "there is nothing called '%s' to delete", name);
    return near ? at_hint(err, "did you mean %s?", near)
                : at_hint(
                      err,
                      "%%datasets, %%models, %%endpoints and %%jobs list what is there");
}

/* A model and the job that made it share a name and go together; else a name that two
 * kinds share needs --kind. */
static at_status resolve(at_context *context, const char *name, const char *only,
                         target *out, at_error *err) {
    int found = 0;
    *out = (target){.name = name};
    for (int k = 0; k < KINDS; k++) {
        at_kind kind = order[k];
        if (only && strcmp(at_kind_name(kind), only) != 0)
            continue;
        AT_TRY(exists(context, kind, name, &out->kinds[kind], err));
        found += out->kinds[kind];
    }
    if (found == 0) {
        at_entry entry;
        for (int k = 0; only && k < KINDS; k++)
            if (strcmp(at_kind_name(order[k]), only) ==
                0) /* its error knows the nearest */
                return at_store_find(context->workspace, order[k], name, context->arena,
                                     &entry, err);
        return unknown(context, name, err);
    }
    bool pair = found == 2 && out->kinds[AT_KIND_MODEL] && out->kinds[AT_KIND_JOB];
    if (found == 1 || pair)
        return AT_OK;
    at_text kinds = {0};
    for (int k = 0; k < KINDS; k++)
        if (out->kinds[k])
            at_text_format(&kinds, "%s%s", kinds.length ? ", " : "",
                           at_kind_name((at_kind)k));
    at_fail(err, AT_INVALID, "'%s' names more than one thing: %s", name,
            at_text_get(&kinds));
    at_text_fini(&kinds);
    return at_hint(err, "say which: %%delete %s --kind %s", name,
                   out->kinds[AT_KIND_DATASET] ? "dataset" : "model");
}

static at_status remove_kind(at_context *context, at_kind kind, const target *targets,
                             size_t count, at_error *err) {
    for (size_t i = 0; i < count; i++) {
        if (!targets[i].kinds[kind])
            continue;
        AT_TRY(at_store_delete(context->workspace, kind, targets[i].name, err));
        at_display_print(context->call->display, "Deleted the %s %s.\n",
                         at_kind_name(kind), targets[i].name);
    }
    return AT_OK;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct delete_options *o = given;
    target *targets =
        at_arena_alloc(context->arena, (o->names.count + 1) * sizeof *targets);
    if (!targets)
        return at_fail(err, AT_NO_MEMORY, "no memory left to delete");
    AT_TRY(at_jobs_reconcile(context->workspace, err)); /* what has ended holds nothing */
    bool endpoints = false;
    for (size_t i = 0; i < o->names.count; i++) { /* all are known before any goes */
        AT_TRY(resolve(context, o->names.items[i], o->kind, &targets[i], err));
        endpoints = endpoints || targets[i].kinds[AT_KIND_ENDPOINT];
    }
    at_status status = AT_OK;
    for (int k = 0; k < KINDS && !status; k++)
        status = remove_kind(context, order[k], targets, o->names.count, err);
    if (!endpoints)
        return status;
    at_status live =
        at_server_reload(context->workspace, context->call->cancel, status ? NULL : err);
    return status ? status : live;
}

static const char *const examples[] = {"%delete bank_old", "%delete bank-ep subscriber",
                                       "%delete bank --kind dataset", NULL};

const at_magic at_magic_delete = {
    .name = "delete",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_HOUSE,
    .summary = "Deletes datasets, models, endpoints, recipes or jobs by name",
    .details =
        "What an endpoint serves or a running job reads is not deleted. A model goes "
        "together with the job that made it.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct delete_options),
    .run = run,
};
