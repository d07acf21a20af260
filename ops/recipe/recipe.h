/* Recipe: a list of steps that is fitted once and applied to any frame of that shape. */
#ifndef ATELIER_OPS_RECIPE_RECIPE_H
#define ATELIER_OPS_RECIPE_RECIPE_H

#include "ops/recipe/step.h"

typedef struct at_recipe at_recipe;

AT_MUST_USE at_status at_recipe_new(at_recipe **out, at_error *err);
void at_recipe_release(at_recipe *recipe);
/* Takes ownership of the step, also on failure. */
AT_MUST_USE at_status at_recipe_take(at_recipe *recipe, at_step *step, at_error *err);
size_t at_recipe_count(const at_recipe *recipe);
const at_step *at_recipe_step(const at_recipe *recipe, size_t index); /* borrowed */
bool at_recipe_fitted(const at_recipe *recipe);

/* Fits step after step, each on what the ones before made. *out (may be NULL) is the frame
 * after the last; reports (may be NULL) has one place a step. A failure names the step. */
AT_MUST_USE at_status at_recipe_fit(at_recipe *recipe, const at_frame *frame,
                                    const at_step_context *context, at_frame **out,
                                    at_step_report *reports, at_error *err);
/* Applies a fitted recipe; `skip_rows`: row steps are passed over (at an endpoint). Does not
 * change the recipe: safe from several threads, unless a step holds an expression: those are
 * compiled a thread at first use inside. */
AT_MUST_USE at_status at_recipe_apply(const at_recipe *recipe, const at_frame *frame,
                                      const at_step_context *context, bool skip_rows,
                                      at_frame **out, at_error *err);

/* The default preparation for this frame and target: by column type. What it leaves out
 * (identifiers, free text) is said in `note` (arena), which may be "". */
AT_MUST_USE at_status at_recipe_auto(const at_frame *frame, const char *target,
                                     at_arena *arena, at_recipe **out, const char **note,
                                     at_error *err);

json_t *at_recipe_to_json(const at_recipe *recipe); /* array of steps; new reference */
AT_MUST_USE at_status at_recipe_from_json(const json_t *json, at_recipe **out, at_error *err);

#endif
