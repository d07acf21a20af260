/* Grow: one tree of a random forest (Breiman, 2001) or of extremely randomised trees
 * (Geurts, Ernst and Wehenkel, 2006), on binned columns or on raw ones.
 *
 * A split maximises sum(s_left^2) / w_left + sum(s_right^2) / w_right, w being the weight
 * and s the weighted sum of the label, or of each class: that is the least variance, and
 * the least Gini impurity. Missing values go to the side where they fit better.
 *
 *   grow.c        samples, nodes, leaves
 *   grow_split.c  the best split of a node by one column */
#ifndef ATELIER_OPS_LEARN_GROW_H
#define ATELIER_OPS_LEARN_GROW_H

#include "ops/base/rng.h"
#include "ops/learn/bins.h"
#include "ops/learn/forest.h"

typedef struct at_grow_task {
    const at_fit_task *fit; /* its training rows; polled for a stop */
    const at_bins *bins;    /* splits between bins, the best one; or NULL: */
    const float *columns;   /* (cols, rows): splits at a random place */
    int sums;               /* s of a node: the classes of a multiclass problem, or 1 */
    int64_t tried;          /* columns a split chooses from */
    int64_t max_depth, min_split, min_leaf;
    bool bootstrap;
    double share; /* of the rows that each tree sees (bootstrap: as many draws) */
} at_grow_task;

/* A row in a node. */
typedef struct at_grow_sample {
    int32_t row, sum; /* which s it adds to */
    double weight, s;
} at_grow_sample;

typedef struct at_grow_cut {
    int64_t col; /* -1: none found */
    float threshold;
    int32_t code; /* of bins: left is code <= this */
    bool missing_left;
    double gain; /* what is maximised */
} at_grow_cut;

/* What one thread needs beside the task. Arrays of a tally are: weight, rows, s (sums).
 */
typedef struct at_grow_scratch {
    at_grow_sample *samples;                /* (rows) */
    uint32_t *times;                        /* (rows): drawn so often */
    int32_t *columns;                       /* (cols): an order */
    double *histogram;                      /* (AT_BINS_MOST + 1, sums + 2) */
    double *total, *missing, *left, *right; /* (sums + 2) */
    float *values;                          /* (rows): of one column in one node */
    struct at_grow_place *stack;            /* nodes to be split */
    size_t stack_room;
    float *leaf; /* (sums) */
    at_rng rng;
} at_grow_scratch;

AT_MUST_USE at_status at_grow_scratch_init(at_grow_scratch *s, const at_grow_task *task,
                                           at_error *err);
void at_grow_scratch_fini(at_grow_scratch *s);

/* Grows tree number `index` of the fit; gains (cols) is added what its splits gain, as a
 * share of all that the tree gains. AT_CANCELLED: it must stop; AT_NO_MEMORY. */
AT_MUST_USE at_status at_grow_tree(const at_grow_task *task, int64_t index,
                                   at_grow_scratch *s, at_tree *out, double *gains);

/* Betters *best by the best split of these samples by column `col`, if there is one;
 * false: the column is constant here. s->total is the samples' tally. */
bool at_grow_split(const at_grow_task *task, at_grow_scratch *s,
                   const at_grow_sample *samples, int64_t count, int64_t col,
                   at_grow_cut *best);

/* Does the row go left? */
static inline bool at_grow_left(const at_grow_task *task, const at_grow_cut *cut,
                                int32_t row) {
    int64_t at = cut->col * task->fit->train.rows + row;
    if (task->bins) {
        uint8_t code = task->bins->codes[at];
        return code == AT_BINS_MISSING ? cut->missing_left : code <= cut->code;
    }
    float x = task->columns[at];
    return x != x ? cut->missing_left : x < cut->threshold;
}

#endif
