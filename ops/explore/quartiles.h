/* Quartiles of groups of rows, and what lies outside Tukey's fences: box plots, and the
 * outliers that %describe names.
 *
 * Quantiles by linear interpolation (NumPy's default). Fences lie 1.5 times the distance
 * of the quartiles beyond them (Tukey, Exploratory Data Analysis, 1977); whiskers reach
 * to the last cell within. */
#ifndef ATELIER_OPS_EXPLORE_QUARTILES_H
#define ATELIER_OPS_EXPLORE_QUARTILES_H

#include "ops/explore/axis.h"

enum { AT_QUARTILES_SHOWN = 48 };

typedef struct at_quartiles {
    int64_t count; /* known cells; 0: the rest is NaN */
    double min, max, q25, median, q75, mean;
    double low, high;                 /* ends of the whiskers */
    int64_t below, above;             /* cells outside the fences */
    double shown[AT_QUARTILES_SHOWN]; /* some of them, evenly by rank, ends included */
    int shown_count;
} at_quartiles;

/* One of the whole column (groups NULL), or groups->count of them, into out. */
AT_MUST_USE at_status at_quartiles_of(const at_column *column, const at_axis *groups,
                                      at_quartiles *out, at_error *err);

#endif
