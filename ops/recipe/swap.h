/* Swap: cells that hold one of some values get another, or none: replace and missing.
 * Texts and categories are compared as text, byte by byte; others as values of the
 * column's type: "1.0" is 1 in an int column. A value that the type cannot hold stands in
 * no cell. */
#ifndef ATELIER_OPS_RECIPE_SWAP_H
#define ATELIER_OPS_RECIPE_SWAP_H

#include "ops/recipe/step.h"

typedef struct at_swap {
    const char *const *from; /* (count) */
    size_t count;
    const char *to; /* NULL: the cell becomes missing */
} at_swap;

/* Resolves; AT_INVALID if a column cannot hold `to`. */
AT_MUST_USE at_status at_swap_fit(const at_swap *swap, at_step *step,
                                  const at_sheet *sheet, const at_step_context *context,
                                  at_error *err);
AT_MUST_USE at_status at_swap_apply(const at_swap *swap, const at_step *step,
                                    at_sheet *sheet, at_step_report *report,
                                    at_error *err);

#endif
