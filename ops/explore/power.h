/* Power: how well one column alone predicts a target, out of fold.
 *
 * The predictor is the simplest that bends: the column is cut into slots (its values
 * where they are few, else at most 64 bins of equal counts, the square root of the rows
 * for small tables; at most 256 of the most frequent names; a slot for missing), and a
 * slot predicts the mean of the target over its rows in four fifths of the table, drawn
 * towards the overall mean by one row. It is scored on the other fifth, five times.
 *
 *   classes   2 AUC - 1 (of several classes: one against the rest, weighted by their
 *             shares; Hand and Till's aim, Provost and Domingos's weights), averaged over
 *             the folds
 *   numbers   R squared of all out-of-fold predictions
 *
 * Never below 0; 1 is a copy of the target. SageMaker Data Wrangler's target leakage
 * report and the predictive power score (Wetschoreck 2020) measure the same with a tree.
 */
#ifndef ATELIER_OPS_EXPLORE_POWER_H
#define ATELIER_OPS_EXPLORE_POWER_H

#include "ops/explore/facet.h"

enum { AT_POWER_FOLDS = 5, AT_POWER_BINS = 64, AT_POWER_NAMES = 256 };

/* The target of the rows: class indices, or numbers; all of them known. */
typedef struct at_goal {
    int64_t rows;
    int classes; /* 0: y is a number */
    const double *y;
    const uint8_t *fold; /* (rows) below AT_POWER_FOLDS */
} at_goal;

/* A column cut into slots, crossed with the target. */
typedef struct at_slots {
    int count;      /* the last one is that of missing cells */
    int32_t *codes; /* (rows) */
    double *low;    /* numbers: (count) least value of each slot; NULL for names */
} at_slots;

/* Folds that depend on the row's number alone. fold: (rows). */
void at_power_folds(int64_t rows, uint8_t *fold);
AT_MUST_USE at_status at_slots_of(const at_facet *facet, at_slots *out, at_error *err);
void at_slots_fini(at_slots *slots);
/* Into *power: 0 to 1. */
AT_MUST_USE at_status at_power_of(const at_slots *slots, const at_goal *goal,
                                  double *power, at_error *err);

#endif
