/* missing V, V in C: cells that hold one of these values are missing. */
#include "ops/recipe/swap.h"

static at_swap swap_of(const at_step *step) {
    return (at_swap){step->args.values, step->args.value_count, NULL};
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    at_swap swap = swap_of(step);
    return at_swap_fit(&swap, step, sheet, context, err);
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    at_swap swap = swap_of(step);
    return at_swap_apply(&swap, step, sheet, report, err);
}

const at_step_kind at_step_missing = {
    .verb = "missing",
    .pattern = "VALUES in COLUMNS",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary = "Makes cells missing that hold one of these values",
    .example = "missing \"unknown\", \"n/a\" in job, education",
    .fit = fit,
    .apply = apply,
};
