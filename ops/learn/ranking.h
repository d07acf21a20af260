/* Ranking: rows in the order of their scores, for AUC, average precision, curves and
 * thresholds. Private to ops/learn. */
#ifndef ATELIER_OPS_LEARN_RANKING_H
#define ATELIER_OPS_LEARN_RANKING_H

#include "ops/base/error.h"

#include <stdint.h>

typedef struct at_ranked {
    double score;
    int64_t row;
} at_ranked;

/* Checks y (0 or 1) and score (0..1), and lists the rows by falling score; equal scores
 * by row. *out: (rows), at_free. */
AT_MUST_USE at_status at_ranking(const double *y, const double *score, int64_t rows,
                                 at_ranked **out, at_error *err);

#endif
