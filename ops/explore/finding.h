/* Findings: what is odd about a table, and the steps of %%clean that mend it, as they
 * would be typed. */
#ifndef ATELIER_OPS_EXPLORE_FINDING_H
#define ATELIER_OPS_EXPLORE_FINDING_H

#include "ops/base/memory.h"
#include "ops/explore/relation.h"
#include "ops/frame/profile.h"

typedef enum at_finding_kind { /* in the order in which their steps make sense */
                               AT_FINDING_BLANKS,    /* blanks around values */
                               AT_FINDING_SPELLINGS, /* spellings that mean the same */
                               AT_FINDING_MARKERS, /* texts that say that nothing is known
                                                    */
                               AT_FINDING_SENTINEL,   /* a far number that says it: 999 */
                               AT_FINDING_NUMBERS,    /* numbers kept as text */
                               AT_FINDING_DUPLICATES, /* rows */
                               AT_FINDING_EMPTY,      /* a column without a value */
                               AT_FINDING_CONSTANT,
                               AT_FINDING_TWINS, /* two columns that say the same */
                               AT_FINDING_IDENTIFIER,
                               AT_FINDING_OUTLIERS,
} at_finding_kind;

typedef struct at_finding {
    at_finding_kind kind;
    const char *columns; /* "job, marital"; "rows" for duplicates */
    const char *text;    /* a sentence without its full stop */
    const char *step;    /* a line of %%clean, or NULL */
    double weight;       /* OUTLIERS: their share */
    bool perhaps;        /* the step is a matter of taste: shown as a comment */
} at_finding;

typedef struct at_findings_task {
    const at_frame *frame;
    const at_profile *profiles;   /* (columns) of the whole frame */
    const at_facets *facets;      /* of a sample of it */
    const at_relation *relations; /* of the facets */
    size_t relation_count;
    int target; /* its column, or -1: is never dropped */
    at_pool *pool;
    const at_cancel *cancel;
    at_arena *arena; /* texts and *out live here */
} at_findings_task;

AT_MUST_USE at_status at_findings_of(const at_findings_task *task, at_finding **out,
                                     size_t *count, at_error *err);

#endif
