/* Facets: the columns of a frame made ready for the statistics of pairs: each cell as a
 * small code, numbers beside that as doubles with their ranks. */
#ifndef ATELIER_OPS_EXPLORE_FACET_H
#define ATELIER_OPS_EXPLORE_FACET_H

#include "ops/base/cancel.h"
#include "ops/base/pool.h"
#include "ops/frame/frame.h"

typedef struct at_facet {
    const at_column *column; /* borrowed from the frame */
    bool number;             /* int, float, bool, date, timestamp (as at_axis_value) */
    int64_t rows, missing;
    int32_t *codes;   /* (rows) -1: missing. Numbers: rank among the distinct values, from
                         0; texts: levels in order of appearance */
    int64_t distinct; /* codes are in [0, distinct) */
    int64_t *counts;  /* (distinct) rows of each code */
    double *values;   /* numbers: (rows), NaN where missing; NULL for texts */
    double *unit, *ranks; /* numbers without missing cells: values and average ranks less
                             their means, over the length of that: (rows); else NULL */
} at_facet;

typedef struct at_facets {
    at_facet *items;
    int count; /* the columns of the frame */
    int64_t rows;
} at_facets; /* zero-initialise */

AT_MUST_USE at_status at_facets_of(const at_frame *frame, at_pool *pool,
                                   const at_cancel *cancel, at_facets *out,
                                   at_error *err);
void at_facets_fini(at_facets *facets);

/* The frame itself (retained) where it has at most `most` rows; else one row of each of
 * `most` equal stretches of it, which one drawn from `seed`. */
AT_MUST_USE at_status at_sample(const at_frame *frame, int64_t most, uint64_t seed,
                                at_frame **out, at_error *err);

#endif
