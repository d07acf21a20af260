/* Numeric: what the steps share that change numbers one by one. */
#ifndef ATELIER_OPS_RECIPE_NUMERIC_H
#define ATELIER_OPS_RECIPE_NUMERIC_H

#include "ops/recipe/step.h"

/* AT_INVALID unless the column is int or float: "'job' is category: only numbers can be
 * clipped", with the way out. */
AT_MUST_USE at_status at_numeric_check(const at_column *column, const char *done,
                                       at_error *err);
/* Resolves the step's columns and checks each. */
AT_MUST_USE at_status at_numeric_resolve(at_step *step, const at_sheet *sheet,
                                         const at_step_context *context, const char *done,
                                         at_error *err);
/* The finite cells, rising; the caller frees with at_free. AT_INVALID if there is none,
 * or one is infinite. */
AT_MUST_USE at_status at_numeric_sorted(const at_column *column, double **out,
                                        int64_t *count, at_error *err);
/* The p-quantile (0 .. 1) of rising values, count > 0: between neighbours on a line, as
 * numpy.quantile's default (Hyndman and Fan's type 7, 1996). */
double at_numeric_quantile(const double *sorted, int64_t count, double p);

/* A value to another; never called for missing ones. */
typedef double (*at_numeric_map)(const void *context, double value);
/* Maps a column into a float column; *changed counts the cells whose value is another. */
AT_MUST_USE at_status at_numeric_column(at_sheet *sheet, int place, at_numeric_map map,
                                        const void *context, int64_t *changed,
                                        at_error *err);
/* Every column of the step; `states` holds one of `size` bytes a column (NULL: none). */
AT_MUST_USE at_status at_numeric_apply(const at_step *step, at_sheet *sheet,
                                       at_numeric_map map, const void *states,
                                       size_t size, at_step_report *report,
                                       at_error *err);

#endif
