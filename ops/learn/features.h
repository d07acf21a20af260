/* Features: the numeric columns that a preparation leaves, as the matrix a learner takes.
 */
#ifndef ATELIER_OPS_LEARN_FEATURES_H
#define ATELIER_OPS_LEARN_FEATURES_H

#include "ops/base/text.h"
#include "ops/recipe/sheet.h"

typedef struct at_feature {
    char *name;
    double fill; /* stands for a missing or infinite cell: the mean of the training rows,
                    or NaN where the learner takes missing ones */
} at_feature;

typedef struct at_features {
    at_feature *items;
    int count;
} at_features; /* zero-initialise */

/* All int, float and bool columns but `target`. What is left out for its type, and what
 * will be filled, is said in sentences appended to *note. `missing`: nothing is filled.
 * AT_INVALID if there is none. */
AT_MUST_USE at_status at_features_learn(const at_sheet *sheet, const char *target,
                                        bool missing, at_features *out, at_text *note,
                                        at_error *err);
void at_features_fini(at_features *features);
/* Finds the columns in `sheet` (indices into *columns: (count)). AT_INVALID names one
 * that is not there or is no number. */
AT_MUST_USE at_status at_features_find(const at_features *features, const at_sheet *sheet,
                                       int *columns, at_error *err);
/* Rows [first, first + rows) of the found columns: x (rows, count). */
void at_features_fill(const at_features *features, const at_sheet *sheet,
                      const int *columns, int64_t first, int64_t rows, double *x);

#endif
