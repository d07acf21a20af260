/* Target: what a model predicts. Works out the kind of problem from a column, names its
 * classes, and turns cells into the numbers a learner fits.
 *
 * The rule is AutoGluon's: exactly 2 distinct values: binary; text: multiclass; whole
 * numbers with few distinct ones (at most 5 % of the rows, 10 % of up to 1,000, and at
 * most 1,000): multiclass; else regression. Missing cells, NaN and infinities do not
 * count.
 *
 * Classes: numbers, and texts that are all whole numbers, in rising order; other texts in
 * byte order. Of two classes, 1 is the
 * positive one: 1, true, yes, y, t or positive if exactly one of them says so, else the
 * rarer, else the latter. */
#ifndef ATELIER_OPS_LEARN_TARGET_H
#define ATELIER_OPS_LEARN_TARGET_H

#include "ops/frame/dictionary.h"
#include "ops/frame/frame.h"
#include "ops/learn/learner.h"

#include <jansson.h>

enum { AT_TARGET_CLASSES = 1000, AT_TARGET_ROWS = 5 }; /* most classes, fewest rows */

typedef struct at_target {
    at_problem problem;
    at_type type;         /* of the column that it was learned from */
    int classes;          /* 2 for binary, 1 for regression */
    int label_count;      /* 0 for regression */
    char **labels;        /* (label_count) */
    at_dictionary lookup; /* label text -> class */
} at_target;              /* zero-initialise */

/* Is this cell of a target column a value (and not missing or infinite)? */
bool at_target_known(const at_column *column, int64_t row);
/* `wanted` is one at_problem, or 0: infer. AT_INVALID, with a hint, for a target that is
 * all missing, constant, an identifier or a date, that has too few rows or too many
 * classes, or that is not of the wanted kind. */
AT_MUST_USE at_status at_target_learn(const at_column *column, unsigned wanted,
                                      at_target *out, at_error *err);
/* A target whose classes are these, in this order. Texts are copied. */
AT_MUST_USE at_status at_target_of_names(at_problem problem, at_type type,
                                         const char *const *names, int count,
                                         at_target *out, at_error *err);
void at_target_fini(at_target *target);
/* y: (rows), class indices or numbers; NaN where missing or a label never seen. */
AT_MUST_USE at_status at_target_encode(const at_target *target, const at_column *column,
                                       double *y, at_error *err);
/* {"problem", "type", "labels"}: new reference; NULL on no memory. */
json_t *at_target_to_json(const at_target *target);
/* AT_CORRUPT for what to_json could not have written. */
AT_MUST_USE at_status at_target_from_json(const json_t *json, at_target *out,
                                          at_error *err);

#endif
