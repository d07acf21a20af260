/* Selection: from the words of a step to columns. at_select_columns and at_step_resolve
 * (step.h) stand on it. */
#ifndef ATELIER_OPS_RECIPE_SELECT_H
#define ATELIER_OPS_RECIPE_SELECT_H

#include "ops/recipe/step.h"

typedef struct at_select_from {
    const at_column *columns;       /* (count) */
    const at_sheet_origin *origins; /* (count), or NULL */
    int count;
} at_select_from;

AT_MUST_USE at_status at_select(const at_select_from *from, const at_selector *selectors,
                                size_t count, const char *target, at_arena *arena,
                                int **out, size_t *found, at_error *err);
/* `*` stands for any run of letters, `?` for one; ASCII case-insensitive. */
bool at_select_glob(const char *glob, const char *name);

#endif
