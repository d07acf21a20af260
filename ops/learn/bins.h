/* Bins: the columns of a design as small codes, once for all trees that are grown on it.
 * A column with few values has a bin a value; one with many has bins of about as many
 * rows each. Code c means cut[c - 1] <= x < cut[c]. */
#ifndef ATELIER_OPS_LEARN_BINS_H
#define ATELIER_OPS_LEARN_BINS_H

#include "ops/learn/learner.h"

#include <float.h>

enum {
    AT_BINS_MOST = 255,    /* codes 0 .. 254 */
    AT_BINS_MISSING = 255, /* the code of NaN */
};

typedef struct at_bins {
    int64_t rows, cols;
    uint8_t *codes; /* (cols, rows) */
    float *cuts;    /* (cols, AT_BINS_MOST): rising, finite; bins - 1 of them */
    int32_t *bins;  /* (cols): codes in use, missing apart; 0: all rows are missing */
} at_bins;          /* zero-initialise */

AT_MUST_USE at_status at_bins_init(at_bins *bins, const at_design *design, at_pool *pool,
                                   at_error *err);
void at_bins_fini(at_bins *bins);

/* The float that stands for x: finite, or NaN. */
static inline float at_bins_float(double x) {
    return x > (double)FLT_MAX ? FLT_MAX : x < -(double)FLT_MAX ? -FLT_MAX : (float)x;
}

/* A number that parts two: low < cut <= high. */
float at_bins_between(float low, float high);

#endif
