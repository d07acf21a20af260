/* %resume: a job that died or was stopped starts again; one that runs is followed. */
#include "magics/language/spec.h"
#include "magics/workspace/job.h"
#include "magics/workspace/listing.h"

#include <string.h>

struct resume_options {
    const char *name;
};

static const at_param arguments[] = {
    {.name = "job",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_JOB,
     .offset = offsetof(struct resume_options, name),
     .required = true,
     .help = "the job, as %jobs lists it"},
};

static at_status wait_for(at_context *context, const char *id, at_error *err) {
    json_t *result = NULL;
    at_status status = at_job_wait(context, id, NULL, NULL, &result, err);
    json_decref(result);
    return status;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct resume_options *o = given;
    AT_TRY(at_jobs_reconcile(context->workspace, err));
    at_entry job;
    AT_TRY(at_store_find(context->workspace, AT_KIND_JOB, o->name, context->arena, &job,
                         err));
    const char *state = at_card_text(&job, "state"), *what = at_card_text(&job, "what");
    const at_job_kind *kind = what ? at_job_kind_find(what) : NULL;
    bool running = state && strcmp(state, "running") == 0;
    at_status status = running ? AT_OK : at_job_resume(context->workspace, job.id, err);
    if (status == AT_EXISTS) /* another kernel was faster */
        status = AT_OK;
    if (!status)
        at_display_print(context->call->display, "%s: %s.\n", job.name,
                         running                 ? "it runs; following it"
                         : kind && kind->resumes ? kind->resumes
                                                 : "it starts again");
    if (!status)
        status = kind && kind->watch ? kind->watch(context, job.id, job.name, err)
                                     : wait_for(context, job.id, err);
    at_entry_fini(&job);
    return status;
}

static const char *const examples[] = {"%resume subscriber", NULL};

const at_magic at_magic_resume = {
    .name = "resume",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_TRAIN,
    .summary = "Starts a job again that died or was stopped, or follows one that runs",
    .details =
        "The job reads its `job.json` once more: the same data, settings and seed. "
        "Training on rows keeps no checkpoints: it starts again at the first epoch; on "
        "pictures it goes on from its last one, to the same weights. The model "
        "that a stopped job kept stays until the new one is there. A job that ended by "
        "an error of its own would fail in the same way, and is not started.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .examples = examples,
    .options_size = sizeof(struct resume_options),
    .run = run,
};
