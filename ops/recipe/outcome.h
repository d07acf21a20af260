/* Outcome: the target as numbers, for steps that learn from it: itself where it is a
 * number; of two classes 1 for the second by name; of more, one 0/1 column a class. */
#ifndef ATELIER_OPS_RECIPE_OUTCOME_H
#define ATELIER_OPS_RECIPE_OUTCOME_H

#include "ops/recipe/level.h"

enum { AT_OUTCOME_CLASSES = 100 }; /* at most */

typedef struct at_outcome {
    int64_t rows;
    size_t outputs;
    double *y;            /* (rows) numbers or class numbers; NaN: missing */
    bool classes;         /* y is a class number, output k is y == k */
    at_dictionary labels; /* of classes, sorted by their bytes */
} at_outcome;

/* AT_INVALID where the context names no target: `verb` needs it. */
AT_MUST_USE at_status at_outcome_init(at_outcome *outcome, const at_sheet *sheet,
                                      const at_step_context *context, const char *verb,
                                      at_error *err);
void at_outcome_fini(at_outcome *outcome);
/* Output k of a row whose y is no NaN. */
static inline double at_outcome_get(const at_outcome *o, int64_t row, size_t k) {
    return o->classes ? (o->y[row] >= (double)k && o->y[row] <= (double)k) : o->y[row];
}

#endif
