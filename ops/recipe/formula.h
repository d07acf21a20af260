/* Formula: the SQL expression of a step, compiled for the columns that it reads. Compiled
 * expressions serve one thread at a time: a formula keeps those that are free, and
 * compiles another where all are at work. */
#ifndef ATELIER_OPS_RECIPE_FORMULA_H
#define ATELIER_OPS_RECIPE_FORMULA_H

#include "ops/frame/sql.h"
#include "ops/recipe/step.h"

typedef struct at_formula at_formula;

/* Compiles step->args.expression against the sheet; what it reads becomes step->columns.
 * AT_INVALID if it reads the target. */
AT_MUST_USE at_status at_formula_fit(at_step *step, const at_sheet *sheet,
                                     const at_step_context *context, at_formula **out,
                                     at_error *err);
void at_formula_release(at_formula *formula); /* NULL is fine */

/* One column of the sheet's rows; type NULL: from the values. *out = NULL: a column that
 * it reads is absent, and the recipe can do without. */
AT_MUST_USE at_status at_formula_column(at_formula *formula, const at_step *step,
                                        const at_sheet *sheet, const char *name,
                                        const at_type *type, const at_cancel *cancel,
                                        at_column_builder **out, at_error *err);
/* keep: (sheet->rows), 1 where the expression is true. */
AT_MUST_USE at_status at_formula_filter(at_formula *formula, const at_step *step,
                                        const at_sheet *sheet, uint8_t *keep,
                                        const at_cancel *cancel, at_error *err);

/* The types of step->columns: ["int", ...], and back. */
json_t *at_formula_save(const at_formula *formula);
AT_MUST_USE at_status at_formula_load(const at_step *step, const json_t *types,
                                      at_formula **out, at_error *err);

#endif
