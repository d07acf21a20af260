/* log C: the logarithm of one more, with the sign kept, so that 0 stays 0 and a heavy
 * tail on either side comes near: sign(x) log(1 + |x|). */
#include "ops/recipe/numeric.h"

#include <math.h>

static double fold_tail(const void *context, double value) {
    (void)context;
    return copysign(log1p(fabs(value)), value);
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    return at_numeric_resolve(step, sheet, context, "taken the logarithm of", err);
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    return at_numeric_apply(step, sheet, fold_tail, NULL, 0, report, err);
}

const at_step_kind at_step_log = {
    .verb = "log",
    .pattern = "COLUMNS",
    .where = AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary = "Takes the logarithm of 1 + a number, its sign kept: for sums, counts and "
               "prices, whose few large values would outweigh all others",
    .example = "log fare, campaign",
    .fit = fit,
    .apply = apply,
};
