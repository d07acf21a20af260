/* Relations: how strongly two columns go together.
 *
 *   two of numbers     Pearson's r and Spearman's rho (average ranks), over the rows that
 *                      have both; the strength is the larger of the two sizes
 *   two of names       Cramer's V, corrected for its bias (Bergsma 2013, "A
 * bias-correction for Cramer's V and Tschuprow's T") one of each        the correlation
 * ratio: the square root of the share of the variance that lies between the names,
 * corrected for their number (Kelley's epsilon squared, 1935)
 *
 * Names: text, category and bool; of at most AT_RELATION_LEVELS levels, and not mostly
 * distinct. What has fewer than two values relates to nothing. */
#ifndef ATELIER_OPS_EXPLORE_RELATION_H
#define ATELIER_OPS_EXPLORE_RELATION_H

#include "ops/explore/facet.h"

enum { AT_RELATION_LEVELS = 100 };

typedef enum at_measure { AT_PEARSON, AT_SPEARMAN, AT_CRAMERS_V, AT_ETA } at_measure;
const char *at_measure_name(at_measure measure);

typedef struct at_relation {
    int a, b; /* columns, a < b */
    at_measure measure;
    double strength;          /* 0 to 1 */
    double pearson, spearman; /* of two of numbers; else NaN */
    int64_t rows;             /* that have both */
} at_relation;

/* The relation of two columns; strength NaN where there is none to compute. */
AT_MUST_USE at_status at_relation_of(const at_facets *facets, int a, int b,
                                     at_relation *out, at_error *err);

/* All pairs, strongest first: *out (at_free), *count. Pairs without a relation are left
 * out. `skip`: a column to leave out, or -1. */
AT_MUST_USE at_status at_relations(const at_facets *facets, int skip, at_pool *pool,
                                   const at_cancel *cancel, at_relation **out,
                                   size_t *count, at_error *err);

/* Of a table of counts (rows, columns). NaN where either has fewer than two that occur.
 */
double at_cramers_v(const int64_t *counts, int rows, int columns);

#endif
