/* Profile: what a column holds, for %describe, previews and checks on targets. */
#ifndef ATELIER_OPS_FRAME_PROFILE_H
#define ATELIER_OPS_FRAME_PROFILE_H

#include "ops/base/memory.h"
#include "ops/frame/frame.h"

enum { AT_PROFILE_BINS = 24, AT_PROFILE_TOP = 10 };

typedef struct at_profile {
    int64_t rows, missing, distinct; /* distinct: of valid cells, exact */
    /* numeric, bool, date, timestamp (as at_column_real): */
    double min, q25, median, q75, max, mean,
        deviation;                 /* sample deviation; NaN if no rows.
                                      quantiles: linear interpolation */
    int64_t bins[AT_PROFILE_BINS]; /* equal widths from min to max; one a value where
                                      whole numbers span fewer than AT_PROFILE_BINS */
    int bin_count;                 /* 0 for text */
    int64_t zeros;
    /* most frequent values first; ties: text in order of appearance, numbers ascending */
    const char *top[AT_PROFILE_TOP]; /* as formatted for CSV; in the arena */
    int64_t top_count[AT_PROFILE_TOP];
    int tops;
    int64_t shortest, longest; /* text: lengths in code points */
    bool looks_like_id;        /* ten valid cells or more, all distinct: text or a run of
                                  integers */
} at_profile;

AT_MUST_USE at_status at_profile_column(const at_column *column, at_arena *arena,
                                        at_profile *out, at_error *err);

#endif
