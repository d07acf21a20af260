/* Bootstrap: how far a figure would move if other rows of the same kind had been drawn
 * (Efron and Tibshirani, 1993): rows are drawn with replacement, the figure is computed
 * again, and the middle 95 % of the answers is the interval. */
#ifndef ATELIER_OPS_LEARN_BOOTSTRAP_H
#define ATELIER_OPS_LEARN_BOOTSTRAP_H

#include "ops/learn/metrics.h"

#include <stdint.h>

enum { AT_BOOTSTRAP_FIGURES = 16, AT_BOOTSTRAP_RESAMPLES = 10000 };

/* Computes `values` (count) of the rows, each as often as `times` (rows) says; NULL:
 * once. */
typedef void at_bootstrap_fn(const void *context, const uint32_t *times, double *values);

/* The figures of the rows as they are, and 95 % intervals (percentile method, linear
 * interpolation) from `resamples` draws; 0: intervals are NaN. Draws where a figure is
 * NaN (one class only) do not count for it. count <= AT_BOOTSTRAP_FIGURES; more than
 * AT_BOOTSTRAP_RESAMPLES: AT_LIMIT. */
AT_MUST_USE at_status at_bootstrap(at_bootstrap_fn *measure, const void *context,
                                   int64_t rows, int resamples, uint64_t seed, int count,
                                   at_interval *out, at_error *err);

#endif
