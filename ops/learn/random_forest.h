/* Random forests and extra-trees. Private to ops/learn.
 *
 *   random_forest.c        the tables of hyperparameters, checks
 *   random_forest_fit.c    trees on all threads, the curve, what is kept
 *   bins.c, grow*.c        columns as codes; one tree */
#ifndef ATELIER_OPS_LEARN_RANDOM_FOREST_H
#define ATELIER_OPS_LEARN_RANDOM_FOREST_H

#include "ops/learn/grow.h"

typedef struct at_random_forest_params {
    const char *predictor_type, *max_features;
    int64_t n_estimators, max_depth, min_samples_split, min_samples_leaf;
    bool bootstrap;
    double max_samples;
} at_random_forest_params;

/* Grows `trees` trees; fewer if the fit is over before, AT_CANCELLED or AT_LIMIT without
 * a single one. The same bits for any number of threads. */
AT_MUST_USE at_status at_random_forest_grow(const at_grow_task *task, int64_t trees,
                                            at_learned **out, at_error *err);

#endif
