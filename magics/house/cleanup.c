/* %cleanup: stops what runs, proves it, and perhaps deletes the rest. */
#include "magics/deploy/serve.h"
#include "magics/language/spec.h"
#include "magics/workspace/job_inside.h"
#include "magics/workspace/listing.h"
#include "ops/base/file.h"
#include "ops/base/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define STOP_SECONDS 10.0 /* until a job that does not listen is killed */

struct cleanup_options {
    bool all, yes;
};

static const at_param options[] = {
    {.name = "all",
     .kind = AT_PARAM_FLAG,
     .offset = offsetof(struct cleanup_options, all),
     .help = "also delete models, recipes, jobs, datasets and downloads"},
    {.name = "yes",
     .kind = AT_PARAM_FLAG,
     .offset = offsetof(struct cleanup_options, yes),
     .help = "do it without asking"},
};

/* What there is, found before anything is touched. */
typedef struct found {
    at_entry *entries[5]; /* by at_kind */
    size_t count[5];
    size_t running; /* jobs */
    pid_t *pids;    /* of the running jobs, beside entries[AT_KIND_JOB]; 0: none */
    at_server_info server;
} found;

static void found_fini(found *f) {
    for (int k = 0; k < 5; k++)
        for (size_t i = 0; i < f->count[k]; i++)
            at_entry_fini(&f->entries[k][i]);
}

static bool running(const at_entry *job) {
    const char *state = at_card_text(job, "state");
    return state && strcmp(state, "running") == 0;
}

static at_status look(at_context *context, found *f, at_error *err) {
    AT_TRY(at_jobs_reconcile(context->workspace, err));
    for (int k = 0; k < 5; k++)
        AT_TRY(at_store_list(context->workspace, (at_kind)k, context->arena,
                             &f->entries[k], &f->count[k], err));
    size_t jobs = f->count[AT_KIND_JOB];
    f->pids = at_arena_alloc(context->arena, (jobs + 1) * sizeof *f->pids);
    if (!f->pids)
        return at_fail(err, AT_NO_MEMORY, "no memory left to clean up");
    for (size_t i = 0; i < jobs; i++) {
        const at_entry *job = &f->entries[AT_KIND_JOB][i];
        const char *folder =
            at_store_path(context->workspace, AT_KIND_JOB, job->id, context->arena);
        f->running += running(job);
        f->pids[i] = running(job) && folder ? at_job_pid(folder) : 0;
    }
    return at_server_find(context->workspace, &f->server, err);
}

static void put_names(at_text *out, const char *verb, const found *f, at_kind kind,
                      bool running_only) {
    size_t n = 0;
    for (size_t i = 0; i < f->count[kind]; i++) {
        if (running_only && !running(&f->entries[kind][i]))
            continue;
        if (n == 0)
            at_text_format(out, "- %s %s%s", verb, at_kind_name(kind),
                           (running_only ? f->running : f->count[kind]) > 1 ? "s" : "");
        if (n < 12)
            at_text_format(out, "%s %s", n ? "," : "", f->entries[kind][i].name);
        n++;
    }
    if (n > 12)
        at_text_format(out, " and %zu more", n - 12);
    if (n)
        at_text_char(out, '\n');
}

/* One line for each kind of thing that would go; empty: nothing would. */
static void list(const found *f, bool all, at_text *out) {
    put_names(out, "stop and delete the", f, AT_KIND_ENDPOINT, false);
    if (f->server.running)
        at_text_format(out, "- stop the server at 127.0.0.1:%d (process %d)\n",
                       f->server.port, f->server.pid);
    put_names(out, "stop the", f, AT_KIND_JOB, true);
    if (!all)
        return;
    put_names(out, "delete the", f, AT_KIND_JOB, false);
    put_names(out, "delete the", f, AT_KIND_MODEL, false);
    put_names(out, "delete the", f, AT_KIND_RECIPE, false);
    put_names(out, "delete the", f, AT_KIND_DATASET, false);
    at_text_put(out, "- delete the downloads that are kept\n");
}

/* *agreed: may it be done? */
static at_status ask(at_context *context, const struct cleanup_options *o,
                     const char *what, bool *agreed, at_error *err) {
    *agreed = o->yes;
    if (o->yes)
        return AT_OK;
    if (!context->call->input) {
        at_fail(err, AT_INVALID, "%%cleanup asks before it acts, and here it cannot ask");
        at_hint(err, "%%cleanup %s--yes does it", o->all ? "--all " : "");
        return at_show(err, what);
    }
    char *answer = NULL;
    at_display_print(context->call->display, "This will\n%s", what);
    AT_TRY(context->call->input->ask(context->call->input, "Go ahead? [y/N] ", false,
                                     &answer, err));
    *agreed = answer && (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0);
    at_free(answer);
    return AT_OK;
}

static at_status delete_kind(at_context *context, const found *f, at_kind kind,
                             at_error *err) {
    for (size_t i = 0; i < f->count[kind]; i++) {
        at_status status =
            at_store_delete(context->workspace, kind, f->entries[kind][i].name, err);
        if (status && status != AT_NOT_FOUND)
            return status;
    }
    return AT_OK;
}

static at_status stop(at_context *context, const found *f, at_error *err) {
    AT_TRY(delete_kind(context, f, AT_KIND_ENDPOINT, err));
    AT_TRY(at_server_stop(context->workspace, context->call->cancel, err));
    for (size_t i = 0; i < f->count[AT_KIND_JOB]; i++)
        if (running(&f->entries[AT_KIND_JOB][i]))
            AT_TRY(at_job_stop(context->workspace, f->entries[AT_KIND_JOB][i].id,
                               STOP_SECONDS, context->call->cancel, err));
    return AT_OK;
}

static at_status delete_all(at_context *context, const found *f, at_error *err) {
    static const at_kind order[] = {AT_KIND_JOB, AT_KIND_MODEL, AT_KIND_RECIPE,
                                    AT_KIND_DATASET};
    for (size_t k = 0; k < AT_COUNT(order); k++)
        AT_TRY(delete_kind(context, f, order[k], err));
    /* A model that a job made while this ran is one more. */
    found late = {0};
    at_status status =
        at_store_list(context->workspace, AT_KIND_MODEL, context->arena,
                      &late.entries[AT_KIND_MODEL], &late.count[AT_KIND_MODEL], err);
    if (!status)
        status = delete_kind(context, &late, AT_KIND_MODEL, err);
    found_fini(&late);
    const char *cache = at_arena_format(context->arena, "%s/cache",
                                        at_workspace_folder(context->workspace));
    if (!status && cache)
        status = at_file_remove(cache, err);
    if (!status && cache)
        status = at_folder_make(cache, err);
    return status;
}

/* Does anybody answer at this port of loopback? */
static bool port_answers(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers =
        fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return answers;
}

static void verdict(at_listing *proof, bool *left, bool bad, const char *good_text,
                    const char *bad_text) {
    at_listing_put(proof, bad ? bad_text : good_text);
    *left = *left || bad;
}

/* Looks at processes, locks and the port again, and shows what it saw. */
static at_status prove(at_context *context, const found *f, at_error *err) {
    static const at_grid_column heads[] = {
        {"what ran", NULL, false}, {"looked at", NULL, false}, {"now", NULL, false}};
    at_listing proof = {
        .context = context, .columns = heads, .column_count = AT_COUNT(heads)};
    bool left = false;
    if (f->server.running) {
        at_listing_put(&proof, "server");
        at_listing_format(&proof, "process %d", f->server.pid);
        verdict(&proof, &left, at_process_alive((pid_t)f->server.pid), "gone",
                "still there");
        at_listing_put(&proof, "server");
        at_listing_format(&proof, "port %d", f->server.port);
        verdict(&proof, &left, port_answers(f->server.port), "nobody answers",
                "somebody answers");
    }
    for (size_t i = 0; i < f->count[AT_KIND_JOB]; i++) {
        const at_entry *job = &f->entries[AT_KIND_JOB][i];
        if (!running(job))
            continue;
        at_listing_format(&proof, "job %s", job->name);
        if (f->pids[i])
            at_listing_format(&proof, "process %ld, lock", (long)f->pids[i]);
        else
            at_listing_put(&proof, "lock");
        const char *folder =
            at_store_path(context->workspace, AT_KIND_JOB, job->id, context->arena);
        verdict(&proof, &left,
                at_job_alive(context->workspace, job->id) ||
                    (folder && at_job_pid(folder)),
                "gone, free", "still there");
    }
    AT_TRY(at_listing_show(&proof, NULL, left ? NULL : "Nothing is left running.",
                           "Nothing was running.", err));
    if (!left)
        return AT_OK;
    at_fail(err, AT_BUSY, "something is still running: see the table above");
    return at_hint(err, "run %%cleanup again in a moment");
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct cleanup_options *o = given;
    found f = {0};
    at_text what = {0};
    bool agreed = false;
    at_status status = look(context, &f, err);
    if (!status) {
        list(&f, o->all, &what);
        if (what.length == 0)
            agreed = true; /* nothing to lose: only the proof is wanted */
        else
            status = ask(context, o, at_text_get(&what), &agreed, err);
    }
    if (!status && !agreed)
        at_display_print(context->call->display, "Nothing was changed.\n");
    if (!status && agreed) {
        status = stop(context, &f, err);
        if (!status && o->all)
            status = delete_all(context, &f, err);
        if (!status && o->yes && what.length)
            at_display_print(context->call->display, "Done:\n%s", at_text_get(&what));
        if (!status)
            status = prove(context, &f, err);
    }
    at_text_fini(&what);
    found_fini(&f);
    return status;
}

static const char *const examples[] = {"%cleanup", "%cleanup --yes",
                                       "%cleanup --all --yes", NULL};

const at_magic at_magic_cleanup = {
    .name = "cleanup",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_HOUSE,
    .summary =
        "Stops the workspace's endpoints, server and jobs, and proves that nothing is "
        "left running",
    .details = "It lists first what it would do, and asks. Models and data stay, unless "
               "`--all`.",
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct cleanup_options),
    .run = run,
};
