/* Split: which rows go into which part, at random, stratified. Used by %split, and by
 * training for its hold-out. */
#ifndef ATELIER_OPS_FRAME_SPLIT_H
#define ATELIER_OPS_FRAME_SPLIT_H

#include "ops/frame/frame.h"

enum { AT_SPLIT_PARTS = 8 };

typedef struct at_split {
    int64_t *rows[AT_SPLIT_PARTS]; /* ascending; all in one allocation */
    int64_t count[AT_SPLIT_PARTS];
    int64_t *storage;
} at_split;

/* Deals the rows of every stratum (rows with equal cells in column `by`; -1: one stratum
 * of all) over `parts` parts by `share` (sums to 1). Within a stratum the rows are
 * shuffled and the counts rounded by largest remainder, carried from stratum to stratum,
 * so that the totals are right to one row and every stratum's to one. The same seed gives
 * the same parts. */
AT_MUST_USE at_status at_split_rows(const at_frame *frame, int by, const double *share,
                                    int parts, uint64_t seed, at_split *out,
                                    at_error *err);
void at_split_fini(at_split *split);

#endif
