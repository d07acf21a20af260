/* lower C: texts in small letters. */
#include "ops/recipe/fold.h"
#include "ops/recipe/map.h"

static bool lower(const void *context, const char **bytes, int64_t *length,
                  at_text *scratch) {
    (void)context;
    const char *at = *bytes, *end = at + *length;
    while (at < end)
        at_fold_put(scratch, at_fold_small(at_fold_next(&at, end)));
    *bytes = at_text_get(scratch);
    *length = (int64_t)scratch->length;
    return true;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    return at_map_apply(step, sheet, lower, report, err);
}

const at_step_kind at_step_lower = {
    .verb = "lower",
    .pattern = "COLUMNS",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary = "Writes texts in small letters, so that Yes and yes are one",
    .example = "lower category",
    .fit = at_map_fit,
    .apply = apply,
};
