/* Radar: columns that know the target too well to have been known before it. A model that
 * is given one is good on paper and useless at work.
 *
 *   copy         predicts alone almost perfectly: power 0.99, or 0.9 where what it leaves
 *                open is less than a fifth of what the next best column leaves
 *   presence     is there, or missing, (almost) only where the target is of one class:
 *                filled in after the event
 *   gate         a quantity that begins at zero and has a long tail, such as a duration
 * or an amount; near zero a class (almost) never occurs, above it the class grows with
 * it; and no other column explains it (no relation of 0.3). What is known before an event
 * is related to other such things; what is measured while it happens is not identifier a
 * running number or a key that predicts: the rows are in the order of the target, or the
 * key was given after it
 *
 * "Almost only": where 20 rows or more would be usual, at most 2 % of them are there. */
#ifndef ATELIER_OPS_EXPLORE_RADAR_H
#define ATELIER_OPS_EXPLORE_RADAR_H

#include "ops/explore/power.h"
#include "ops/explore/relation.h"

typedef enum at_leak_kind {
    AT_LEAK_NONE,
    AT_LEAK_COPY,
    AT_LEAK_PRESENCE,
    AT_LEAK_GATE,
    AT_LEAK_IDENTIFIER,
} at_leak_kind;

typedef struct at_leak {
    at_leak_kind kind;
    int column;
    int class;       /* PRESENCE, GATE: the class that is told; of PRESENCE the only one,
                        of GATE the one that near zero does not occur */
    bool missing;    /* PRESENCE: it is told where the cell is missing */
    double bound;    /* GATE: near zero is below this */
    int64_t rows;    /* PRESENCE, GATE: rows of the group, or near zero */
    double hits;     /* of these, rows against the rule */
    double usual;    /* how many would be usual */
    double top;      /* GATE: share of the class in the uppermost tenth */
    int closest;     /* GATE: the most related column, or -1 */
    double relation; /* and how strongly */
} at_leak;

typedef struct at_radar {
    const at_facets *facets;
    const at_slots *slots; /* (columns) */
    const at_goal *goal;
    int target;              /* its column; -1: not in the facets */
    const double *powers;    /* (columns); NaN for the target and what is left out */
    const bool *identifiers; /* (columns) */
    const at_relation *relations;
    size_t relation_count;
} at_radar;

/* The leak that `column` is; kind AT_LEAK_NONE: none. */
at_leak at_radar_column(const at_radar *radar, int column);

#endif
