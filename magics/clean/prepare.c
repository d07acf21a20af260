/* %%prepare: a recipe that a model is trained with, and a preview of what it makes. */
#include "magics/clean/steps.h"
#include "magics/language/spec.h"
#include "magics/view/grid.h"

struct prepare_options {
    const char *name, *data, *target;
    at_step_lines steps;
};

static const at_param arguments[] = {
    {.name = "recipe",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_NEW_NAME,
     .offset = offsetof(struct prepare_options, name),
     .required = true,
     .help = "name of the recipe, for %%train --recipe"},
};

static const at_param options[] = {
    {.name = "data",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_DATASET,
     .offset = offsetof(struct prepare_options, data),
     .required = true,
     .help = "the dataset to try the steps on"},
    {.name = "target",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_COLUMN,
     .offset = offsetof(struct prepare_options, target),
     .help = "the column that will be predicted: left out of kinds and globs, as in "
             "training"},
};

static at_status keep(at_context *context, const struct prepare_options *o,
                      const at_recipe *recipe, at_error *err) {
    char id[33];
    at_store_new_id(id);
    json_t *card =
        json_pack("{s:o, s:s}", "steps", at_recipe_to_json(recipe), "data", o->data);
    if (card && o->target)
        json_object_set_new(card, "target", json_string(o->target));
    at_status status =
        card ? at_store_put(context->workspace, AT_KIND_RECIPE, id, o->name, card, NULL,
                            0, err)
             : at_fail(err, AT_NO_MEMORY, "not enough memory to keep the recipe");
    json_decref(card);
    return status;
}

static at_status show(at_context *context, const struct prepare_options *o,
                      const at_recipe *recipe, const at_step_report *reports,
                      const at_frame *prepared, at_error *err) {
    const char *caption = at_arena_format(
        context->arena,
        "a preview on %s · %%%%train --recipe %s fits these steps on its own data%s",
        o->data, o->name, o->target ? "" : ", without the target");
    AT_TRY(at_steps_show(context, recipe, reports,
                         at_arena_format(context->arena, "recipe %s", o->name), caption,
                         err));
    at_table_options table = {.rows = 5, .title = "first rows, prepared", .types = true};
    at_bundle bundle;
    AT_TRY(at_view_table(prepared, -1, &table, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct prepare_options *o = given;
    AT_TRY(at_store_check_name(AT_KIND_RECIPE, o->name, err));
    at_frame *frame = NULL, *prepared = NULL;
    at_recipe *recipe = NULL, *unfitted = NULL;
    AT_TRY(at_store_frame(context->workspace, o->data, &frame, err));
    at_step_context step_context = {o->target, context->call->cancel};
    at_status status = AT_OK;
    if (o->target) { /* a misspelt target is said now, with the nearest name */
        int *found = NULL;
        size_t count = 0;
        at_selector selector = {o->target, true};
        status = at_select_columns(frame, &selector, 1, NULL, context->arena, &found,
                                   &count, err);
    }
    if (status == AT_OK)
        status = at_steps_recipe(&o->steps, &recipe, err);
    at_step_report *reports = NULL;
    if (status == AT_OK) {
        reports = at_steps_reports(context, recipe);
        status =
            reports
                ? at_recipe_fit(recipe, frame, &step_context, &prepared, reports, err)
                : at_fail(err, AT_NO_MEMORY, "not enough memory to prepare %s", o->data);
    }
    /* What is kept is the definition alone: %%train fits it on its own rows. */
    if (status == AT_OK)
        status = at_steps_recipe(&o->steps, &unfitted, err);
    if (status == AT_OK)
        status = keep(context, o, unfitted, err);
    if (status == AT_OK)
        status = show(context, o, recipe, reports, prepared, err);
    at_recipe_release(unfitted);
    at_recipe_release(recipe);
    at_frame_release(prepared);
    at_frame_release(frame);
    return status;
}

static const char *const examples[] = {
    "%%prepare calls --data bank_clean_train --target y\n"
    "derive ever_called = pdays < 999\n"
    "impute mode in category\n"
    "one-hot category\n"
    "standardize numeric",
    "%%prepare calls --data bank_clean_train --target y\n"
    "missing-flag numeric\n"
    "impute median in numeric\n"
    "target-encode job, education ordered\n"
    "log campaign\n"
    "quantile age to normal",
    NULL};

const at_magic at_magic_prepare = {
    .name = "prepare",
    .forms = AT_MAGIC_CELL,
    .stage = AT_STAGE_CLEAN,
    .summary =
        "Defines a recipe of preparation steps and shows what it makes of a dataset",
    .details =
        "A recipe is fitted by `%%train` on its training rows alone, and is part of the "
        "model: an endpoint prepares each row it is sent in the same way.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .body = {.kind = AT_BODY_STEPS,
             .offset = offsetof(struct prepare_options, steps),
             .steps = AT_STEP_PREPARE,
             .help = "one preparation step a line"},
    .examples = examples,
    .options_size = sizeof(struct prepare_options),
    .run = run,
};
