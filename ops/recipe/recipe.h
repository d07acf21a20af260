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

/* Fits step after step, each on what the ones before made. *out (may be NULL) is the
 * frame after the last; reports (may be NULL) has one place a step. A failure names the
 * step. */
AT_MUST_USE at_status at_recipe_fit(at_recipe *recipe, const at_frame *frame,
                                    const at_step_context *context, at_frame **out,
                                    at_step_report *reports, at_error *err);
/* Applies a fitted recipe; `skip_rows`: row steps are passed over (at an endpoint). Does
 * not change the recipe: safe from several threads at once. A column that is absent is
 * AT_NOT_FOUND, unless the recipe spares it. */
AT_MUST_USE at_status at_recipe_apply(const at_recipe *recipe, const at_frame *frame,
                                      const at_step_context *context, bool skip_rows,
                                      at_frame **out, at_error *err);

/* The same on a sheet that the caller has begun and will end: spares the frame where its
 * columns are read at once. After a failure the sheet is only good for at_sheet_fini. */
AT_MUST_USE at_status at_recipe_run(const at_recipe *recipe, at_sheet *sheet,
                                    const at_step_context *context, bool skip_rows,
                                    at_error *err);
/* Can an endpoint do without this column of the source? *out is true for the target
 * (NULL: none), for columns that are dropped, and for what only goes into those. Fitted
 * recipes. */
AT_MUST_USE at_status at_recipe_spares(const at_recipe *recipe, const char *name,
                                       const char *target, bool *out, at_error *err);

/* What the automatic recipe is for. */
typedef enum at_recipe_style {
    AT_RECIPE_SMOOTH, /* learners of sums and distances */
    AT_RECIPE_TREES,  /* learners of splits: numbers stay as they are, missing ones too */
} at_recipe_style;

/* The default preparation for this frame and target, by column type: numbers are imputed
 * by their median and standardized, unless it is for trees; categories and bools become
 * 0/1 columns, of the 50 most frequent levels where there are more. What it leaves out
 * (free text, dates, identifiers, constants) is said in `note` (arena), which may be "".
 * All that is left after it, the target apart, is int or float. Unfitted. AT_INVALID if
 * no column is left.
 */
AT_MUST_USE at_status at_recipe_auto(const at_frame *frame, const char *target,
                                     at_recipe_style style, at_arena *arena,
                                     at_recipe **out, const char **note, at_error *err);

json_t *at_recipe_to_json(const at_recipe *recipe); /* array of steps; new reference */
AT_MUST_USE at_status at_recipe_from_json(const json_t *json, at_recipe **out,
                                          at_error *err);

#endif
