/* What %%clean and %%prepare share: from the parsed lines of a body to a recipe, and the
 * table that says what each step did. */
#ifndef ATELIER_MAGICS_CLEAN_STEPS_H
#define ATELIER_MAGICS_CLEAN_STEPS_H

#include "magics/language/spec.h"
#include "ops/recipe/recipe.h"

/* An unfitted recipe of these lines; the caller releases it. */
AT_MUST_USE at_status at_steps_recipe(const at_step_lines *lines, at_recipe **out,
                                      at_error *err);
/* One row a step: what it was, what it changed, with examples. */
AT_MUST_USE at_status at_steps_show(at_context *context, const at_recipe *recipe,
                                    const at_step_report *reports, const char *title,
                                    const char *caption, at_error *err);
/* Zeroed reports, one a step, that write into the context's arena. NULL: no memory. */
at_step_report *at_steps_reports(at_context *context, const at_recipe *recipe);

#endif
