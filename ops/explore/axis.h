/* Axis: a column cut into slots, for charts and for the statistics of pairs. Numbers and
 * dates fall into bins, texts into levels; whatever is asked then is a matter of counting
 * slots, at the cost of one pass over the rows.
 *
 * ops/explore is a room of its own because it stands above two: it asks ops/frame what a
 * column holds, and ops/learn what kind of problem a target is. */
#ifndef ATELIER_OPS_EXPLORE_AXIS_H
#define ATELIER_OPS_EXPLORE_AXIS_H

#include "ops/frame/frame.h"

enum { AT_AXIS_BINS = 1 << 16, AT_AXIS_SAMPLE = 100000 };

typedef struct at_axis {
    int count;       /* slots */
    char **names;    /* (count) of levels; NULL for bins */
    int64_t *counts; /* (count) rows in each slot */
    int32_t *codes;  /* (rows) the slot of a row; -1: missing, or beyond the range */
    double *edges;   /* (count + 1) of bins, rising: slot k is [edges k, edges k + 1), the
                        last one with its end; NULL for levels */
    int64_t rows;
    int64_t missing;  /* missing, NaN or infinite cells */
    int64_t beyond;   /* cells left out because the range was trimmed */
    int64_t distinct; /* levels: how many there are; those beyond `count` share a slot */
    bool other;       /* levels: the last slot holds the rest */
    bool time;        /* bins: seconds since 1970-01-01 */
} at_axis;            /* zero-initialise */

/* A cell on the axis: a number; seconds for dates and timestamps; NaN where missing. */
double at_axis_value(const at_column *column, int64_t row);

/* Levels by falling count, ties in order of appearance; numbers, bools and dates by
 * rising value. At most `most` slots: of more levels, the most frequent most - 1 and one
 * of the rest (named "other", "other 2", ... so that it is no level's name). */
AT_MUST_USE at_status at_axis_levels(const at_column *column, int most, at_axis *out,
                                     at_error *err);

/* Levels that are months or days of the week ("jan", "Monday") come into their order in
 * the calendar; others stay. */
void at_axis_calendar(at_axis *axis);

/* Bins of equal, round widths from a round start; of whole numbers never narrower than 1.
 * Time falls into whole seconds ... days, weeks, months or years. `wish` bins, or 0: by
 * Freedman and Diaconis (1981) from a sample of AT_AXIS_SAMPLE rows, between 8 and
 * `most`. `trim`: where a few far cells would squeeze the rest, the range is that of the
 * inner 99 %. AT_INVALID: no value at all. */
AT_MUST_USE at_status at_axis_bins(const at_column *column, int wish, int most, bool trim,
                                   at_axis *out, at_error *err);

/* Bins at quantiles of the known cells, at most `most`; fewer where values repeat. Where
 * there are no more than `most` distinct values, one each. Missing cells have a slot of
 * their own, the last, if there are any. Texts: levels. */
AT_MUST_USE at_status at_axis_quantiles(const at_column *column, int most, at_axis *out,
                                        at_error *err);

void at_axis_fini(at_axis *axis);

/* Rows that two axes share: counts[i * b->count + k], caller's (a->count, b->count). */
void at_axis_cross(const at_axis *a, const at_axis *b, int64_t *counts);

#endif
