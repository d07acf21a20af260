/* A pass over rows: losses of all models, and their gradients. Rows are cut into chunks
 * by their number alone and chunk sums are added in order, so that the sums have the same
 * bits on any number of threads. Private to linear_*.c. */
#ifndef ATELIER_OPS_LEARN_LINEAR_PASS_H
#define ATELIER_OPS_LEARN_LINEAR_PASS_H

#include "ops/learn/linear.h"

enum { AT_LINEAR_CHUNKS = 16, AT_LINEAR_CHUNK_ROWS = 128 };

/* Of one model: the loss as it is trained, and as it would be with positive rows weighing
 * no more than others, by which models of different weights are compared. */
typedef struct at_linear_tally {
    double loss, weight, even_loss, even_weight; /* sums over rows, weighted */
} at_linear_tally;

typedef struct at_linear_pass {
    const at_linear_config *c;
    const at_fit_task *task;
    double *raw; /* (cols + 1, width): the weights that meet raw rows */
    double *sum; /* (chunks, cols + 1, width): gradients; the answer is in the first */
    double *z;   /* (AT_LINEAR_CHUNKS, width) */
    at_linear_tally *tally; /* (AT_LINEAR_CHUNKS, models) */
    /* Of the rows in hand: */
    const at_design *design;
    const int64_t *rows; /* (count) row numbers; NULL: from `first` on */
    int64_t first, count, chunk_rows;
    bool learn;
} at_linear_pass;

AT_MUST_USE at_status at_linear_pass_init(at_linear_pass *p, const at_linear_config *c,
                                          const at_fit_task *task, at_error *err);
void at_linear_pass_fini(at_linear_pass *p);

/* raw from standardised weights w (cols + 1, width). */
void at_linear_unscale(const at_linear_config *c, const double *w, double *raw);
/* One batch of training rows with p->raw: the mean gradient by standardised weights lands
 * in p->sum; the tallies (models) are added to. */
void at_linear_pass_learn(at_linear_pass *p, const int64_t *rows, int64_t count,
                          at_linear_tally *tallies);
/* The losses of each model (models) over all rows of a design, with p->raw. */
void at_linear_pass_loss(at_linear_pass *p, const at_design *design,
                         at_linear_tally *tallies);

#endif
