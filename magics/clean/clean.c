/* %%clean: a new dataset from an old one, step by step. */
#include "magics/clean/steps.h"
#include "magics/language/spec.h"
#include "magics/view/grid.h"

#include <string.h>
#include <strings.h>

struct clean_options {
    const char *data, *into;
    bool preview;
    at_step_lines steps;
};

static const at_param arguments[] = {
    {.name = "dataset",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_DATASET,
     .offset = offsetof(struct clean_options, data),
     .required = true,
     .help = "the dataset to clean; it stays as it is"},
};

static const at_param options[] = {
    {.name = "into",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_NEW_NAME,
     .offset = offsetof(struct clean_options, into),
     .help = "name of the cleaned dataset; D_clean if not given"},
    {.name = "preview",
     .kind = AT_PARAM_FLAG,
     .offset = offsetof(struct clean_options, preview),
     .help = "show what the steps would do and change nothing"},
};

/* The fitted value steps as JSON: what travels with a model trained on the result. */
static json_t *value_steps(const at_recipe *recipe) {
    json_t *steps = json_array();
    for (size_t i = 0; steps && i < at_recipe_count(recipe); i++) {
        const at_step *step = at_recipe_step(recipe, i);
        if (!step->kind->rows &&
            json_array_append_new(steps, at_step_to_json(step)) != 0) {
            json_decref(steps);
            return NULL;
        }
    }
    return steps;
}

static at_status keep(at_context *context, const at_entry *parent, const char *name,
                      const at_recipe *recipe, const at_frame *frame, at_error *err) {
    json_t *steps = value_steps(recipe);
    json_t *lineage = steps ? at_lineage_child(parent, "clean", steps, NULL) : NULL;
    at_status status =
        lineage ? at_store_put_frame(context->workspace, name, frame, lineage, err)
                : at_fail(err, AT_NO_MEMORY, "not enough memory to keep %s", name);
    json_decref(steps);
    json_decref(lineage);
    return status;
}

static at_status show_rows(at_context *context, const char *title, const at_frame *frame,
                           at_error *err) {
    at_table_options table = {.rows = 5, .title = title, .types = true};
    at_bundle bundle;
    AT_TRY(at_view_table(frame, -1, &table, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

static at_status clean(at_context *context, const struct clean_options *o,
                       const char *name, const at_entry *parent, at_error *err) {
    at_frame *frame = NULL, *cleaned = NULL;
    at_recipe *recipe = NULL;
    at_step_context step_context = {NULL, context->call->cancel};
    at_status status = at_store_frame_by_id(context->workspace, parent->id, &frame, err);
    if (status == AT_OK)
        status = at_steps_recipe(&o->steps, &recipe, err);
    at_step_report *reports = NULL;
    if (status == AT_OK) {
        reports = at_steps_reports(context, recipe);
        status =
            reports
                ? at_recipe_fit(recipe, frame, &step_context, &cleaned, reports, err)
                : at_fail(err, AT_NO_MEMORY, "not enough memory to clean %s", o->data);
    }
    if (status == AT_OK && !o->preview)
        status = keep(context, parent, name, recipe, cleaned, err);
    if (status == AT_OK) {
        const char *size = at_arena_format(
            context->arena, "%s × %s",
            at_view_plural(context->arena, at_frame_rows(cleaned), "row"),
            at_view_plural(context->arena, at_frame_columns(cleaned), "column"));
        const char *caption =
            at_arena_format(context->arena,
                            o->preview ? "%s · preview only: nothing was changed; "
                                         "without --preview this makes %s"
                                       : "%s · made %s",
                            size, name);
        status = at_steps_show(context, recipe, reports,
                               at_arena_format(context->arena, "%s → %s", o->data, name),
                               caption, err);
    }
    if (status == AT_OK && o->preview)
        status = show_rows(context, "first rows as they would be", cleaned, err);
    at_recipe_release(recipe);
    at_frame_release(cleaned);
    at_frame_release(frame);
    return status;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct clean_options *o = given;
    const char *name =
        o->into ? o->into : at_arena_format(context->arena, "%s_clean", o->data);
    if (!name)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to clean %s", o->data);
    AT_TRY(at_store_check_name(AT_KIND_DATASET, name, err));
    if (strcasecmp(name, o->data) == 0) {
        at_fail(err, AT_INVALID,
                "%%%%clean cannot replace %s, the dataset it is made from", o->data);
        return at_hint(err, "leave --into out to make %s_clean, or choose another name",
                       o->data);
    }
    at_entry parent;
    AT_TRY(at_store_find(context->workspace, AT_KIND_DATASET, o->data, context->arena,
                         &parent, err));
    at_status status = clean(context, o, name, &parent, err);
    at_entry_fini(&parent);
    return status;
}

static const char *const examples[] = {
    "%%clean bank\n"
    "missing \"unknown\" in job, education\n"
    "replace \"unknown\" -> \"single\" in marital\n"
    "drop duplicates\n"
    "drop column duration            # known only after the call: a leak",
    "%%clean orders --into paid --preview\n"
    "merge similar country except \"Iceland\"\n"
    "parse number price\n"
    "parse date ordered day first\n"
    "drop rows where status <> 'paid'",
    NULL};

const at_magic at_magic_clean = {
    .name = "clean",
    .forms = AT_MAGIC_CELL,
    .stage = AT_STAGE_CLEAN,
    .summary =
        "Makes a cleaned dataset, one step a line, and says what each step changed",
    .details =
        "Value steps (`missing`, `replace`, `derive` ...) travel with every model that "
        "is "
        "trained on the result, so that an endpoint takes the columns of the dataset you "
        "started from. Steps over rows (`drop duplicates`, `drop rows where`, `fill "
        "forward`) do not.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .body = {.kind = AT_BODY_STEPS,
             .offset = offsetof(struct clean_options, steps),
             .steps = AT_STEP_CLEAN,
             .help = "one cleaning step a line"},
    .examples = examples,
    .options_size = sizeof(struct clean_options),
    .run = run,
};
