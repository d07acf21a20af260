/* %jobs: what works, or worked, in the background. */
#include "magics/language/spec.h"
#include "magics/workspace/job.h"
#include "magics/workspace/listing.h"
#include "ops/base/clock.h"

#include <string.h>

#define STOP_SECONDS 10.0 /* until a job that does not listen is killed */

struct jobs_options {
    const char *name, *stop;
    int64_t lines;
};

static const at_param arguments[] = {
    {.name = "job",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_JOB,
     .offset = offsetof(struct jobs_options, name),
     .help = "show this one, with the end of its log"},
};

static const at_param options[] = {
    {.name = "stop",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_JOB,
     .offset = offsetof(struct jobs_options, stop),
     .help = "stop this one; what it has learned so far is kept"},
    {.name = "lines",
     .kind = AT_PARAM_INT,
     .offset = offsetof(struct jobs_options, lines),
     .fallback = "20",
     .min = 1,
     .max = 1000,
     .help = "lines of the log to show"},
};

static double seconds_of(const at_entry *job) {
    const json_t *ended = json_object_get(job->card, "ended_us");
    const json_t *resumed = json_object_get(job->card, "resumed_us");
    int64_t begin = resumed ? json_integer_value(resumed) : job->created_us;
    int64_t end = ended ? json_integer_value(ended) : at_wall_us();
    return (double)(end - begin) / 1e6;
}

static at_status list(at_context *context, at_error *err) {
    static const at_grid_column heads[] = {
        {"job", NULL, false}, {"what", NULL, false}, {"state", NULL, false},
        {"for", NULL, true},  {"data", NULL, false}, {"started", NULL, false}};
    at_listing listing = {
        .context = context, .columns = heads, .column_count = AT_COUNT(heads)};
    at_entry *jobs;
    size_t count;
    AT_TRY(at_store_list(context->workspace, AT_KIND_JOB, context->arena, &jobs, &count,
                         err));
    for (size_t i = 0; i < count; i++) {
        const char *what = at_card_text(&jobs[i], "what");
        const char *state = at_card_text(&jobs[i], "state");
        const char *data = at_card_text(&jobs[i], "data_name");
        at_listing_put(&listing, jobs[i].name);
        at_listing_format(&listing, "%s", what ? what : "");
        at_listing_format(&listing, "%s", state ? state : "");
        at_listing_put(&listing, at_view_seconds(context->arena, seconds_of(&jobs[i])));
        at_listing_format(&listing, "%s", data ? data : "");
        at_listing_put(&listing, at_listing_when(context->arena, jobs[i].created_us));
        at_entry_fini(&jobs[i]);
    }
    return at_listing_show(&listing, NULL, "%jobs NAME shows one, with its log",
                           "No jobs yet: %%train starts them.", err);
}

static at_status show(at_context *context, const at_entry *job, int lines,
                      at_error *err) {
    at_arena *arena = context->arena;
    at_fact facts[4];
    size_t n = 0;
    const char *state = at_card_text(job, "state");
    const json_t *error = json_object_get(job->card, "error");
    const char *text = json_string_value(json_object_get(error, "text"));
    const char *hint = json_string_value(json_object_get(error, "hint"));
    facts[n++] = (at_fact){"what", at_card_text(job, "what")};
    facts[n++] = (at_fact){"state", state};
    facts[n++] = (at_fact){"for", at_view_seconds(arena, seconds_of(job))};
    facts[n++] = (at_fact){"started", at_listing_when(arena, job->created_us)};
    at_bundle bundle;
    AT_TRY(at_view_facts(at_arena_format(arena, "job %s", job->name), facts, n, &bundle,
                         err));
    at_view_send(context->call->display, &bundle);
    /* Lines of their own: in a table they would be cut. */
    const char *folder = at_store_path(context->workspace, AT_KIND_JOB, job->id, arena);
    if (folder)
        at_display_print(context->call->display, "in %s\n", folder);
    if (text)
        at_display_print(context->call->display, "error: %s\n", text);
    if (hint && *hint)
        at_display_print(context->call->display, "what to do: %s\n", hint);
    const char *tail = at_job_log_tail(context->workspace, job->id, lines, arena);
    if (*tail)
        at_display_print(context->call->display, "the end of its log:\n%s\n", tail);
    return AT_OK;
}

static at_status stop(at_context *context, const char *name, at_error *err) {
    at_entry job;
    AT_TRY(
        at_store_find(context->workspace, AT_KIND_JOB, name, context->arena, &job, err));
    const char *state = at_card_text(&job, "state");
    at_status status = AT_OK;
    if (!state || strcmp(state, "running") != 0)
        at_display_print(context->call->display, "The job %s does not run: it is %s.\n",
                         job.name, state ? state : "gone");
    else
        status = at_job_stop(context->workspace, job.id, STOP_SECONDS,
                             context->call->cancel, err);
    if (!status && state && strcmp(state, "running") == 0)
        at_display_print(context->call->display, "Stopped the job %s.\n", job.name);
    at_entry_fini(&job);
    return status;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct jobs_options *o = given;
    AT_TRY(at_jobs_reconcile(context->workspace, err));
    if (o->stop)
        return stop(context, o->stop, err);
    if (!o->name)
        return list(context, err);
    at_entry job;
    AT_TRY(at_store_find(context->workspace, AT_KIND_JOB, o->name, context->arena, &job,
                         err));
    at_status status = show(context, &job, (int)o->lines, err);
    at_entry_fini(&job);
    return status;
}

static const char *const examples[] = {"%jobs", "%jobs subscriber",
                                       "%jobs --stop subscriber", NULL};

const at_magic at_magic_jobs = {
    .name = "jobs",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_TRAIN,
    .summary = "Lists the jobs of the workspace, shows one with its log, or stops one",
    .details =
        "A job is a process of its own: it goes on when the kernel restarts, and when it "
        "crashes, the kernel does not.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct jobs_options),
    .run = run,
};
