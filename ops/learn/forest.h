/* Forest: fitted trees, whoever grew them. Random forests, extra-trees and boosted trees
 * end in one, so that prediction, files and explanation have one way.
 *
 * A node asks "is (float)x < threshold?": yes is left. Thresholds and values are float,
 * as boosted-tree libraries have them; sums are double, in the order of the trees.
 *
 *   forest.c      a forest of trees, prediction, importance
 *   forest_io.c   to and from a file
 *
 * Learners of trees hand it out as their at_learned. */
#ifndef ATELIER_OPS_LEARN_FOREST_H
#define ATELIER_OPS_LEARN_FOREST_H

#include "ops/learn/learner.h"

typedef struct at_tree_node {
    int32_t split;   /* column * 2, + 1 where a missing value goes left; negative: leaf */
    float threshold; /* finite */
    int32_t left; /* node of the tree, the right one follows it; of a leaf, its place in
                     the tree's values */
    float cover;  /* training weight that came here */
} at_tree_node;

/* One grown tree. Children come after their parent; node 0 is the root. */
typedef struct at_tree {
    at_tree_node *nodes;
    float *values; /* (leaves, width) */
    int32_t node_count, leaf_count;
    size_t node_room, value_room; /* allocated, for at_tree_node_add and _leaf_add */
    int32_t output;               /* the score it adds to, where width is 1 */
} at_tree;                        /* zero-initialise */

/* A node, or two beside each other: its index; -1: no memory (or 2^31 of them). */
int32_t at_tree_add_nodes(at_tree *tree, int32_t count);
/* Makes `node` a leaf of these values (width). false: no memory. */
bool at_tree_set_leaf(at_tree *tree, int32_t node, const float *values, int width);
void at_tree_fini(at_tree *tree);

/* From the sum over trees, and its base, to scores. */
typedef enum at_forest_link {
    AT_FOREST_SUM,      /* as it is */
    AT_FOREST_MEAN,     /* divided by the number of trees (base 0) */
    AT_FOREST_LOGISTIC, /* 1 / (1 + exp(-sum)) */
    AT_FOREST_SOFTMAX,  /* over the outputs */
    AT_FOREST_EXP,      /* exp(sum) */
} at_forest_link;

enum {
    AT_FOREST_TREES = 1000000,   /* most trees */
    AT_FOREST_COLUMNS = 1 << 24, /* most columns */
    AT_FOREST_OUTPUTS = 1000,    /* most outputs */
};

typedef struct at_forest {
    at_problem problem;
    int classes, outputs; /* outputs: classes of a multiclass problem, else 1 */
    int width;            /* of a leaf: outputs, or 1 */
    at_forest_link link;
    int64_t cols, trees, nodes_count, leaves;
    int64_t *first;      /* (trees + 1): a tree's first node */
    int64_t *first_leaf; /* (trees + 1): its first row of values */
    int32_t *output;     /* (trees) */
    at_tree_node *nodes; /* (nodes_count); `left` as in at_tree */
    float *values;       /* (leaves, width) */
    double *base;        /* (outputs) */
    double *importance;  /* (cols): what its splits gained; sums to 1, or all 0 */
    json_t *facts;       /* {"trees": 100, ...}: for the card */
} at_forest;

/* What a forest is made of. Trees are copied; `facts` is taken, also on failure; base
 * NULL: 0; importance is normalised. */
typedef struct at_forest_parts {
    at_problem problem;
    int classes, width;
    at_forest_link link;
    int64_t cols;
    const at_tree *trees;
    int64_t tree_count;
    const double *base, *importance;
    json_t *facts;
} at_forest_parts;
AT_MUST_USE at_status at_forest_new(const at_forest_parts *parts, at_forest **out,
                                    at_error *err);

/* The arrays, zeroed, for the sizes in it; false: no memory (some may be there). */
bool at_forest_allocate(at_forest *forest);

/* A row's sums (outputs), without base and link, over trees [from, to). */
void at_forest_sums(const at_forest *forest, const double *x, int64_t from, int64_t to,
                    double *sums);
/* Sums with their base to scores, in place; `trees`: how many were summed. */
void at_forest_finish(const at_forest *forest, int64_t trees, double *scores);

/* For the tables of learners. */
void at_forest_predict(const at_learned *state, const double *x, int64_t rows,
                       double *scores);
int64_t at_forest_inputs(const at_learned *state);
double at_forest_threshold(const at_learned *state);
void at_forest_importance(const at_learned *state, double *importance);
bool at_forest_describe(const at_learned *state, json_t *facts);
at_status at_forest_save(const at_learned *state, const char *path, at_error *err);
at_status at_forest_load(const char *path, at_learned **out, at_error *err);
void at_forest_release(at_learned *state);

static inline const at_forest *at_forest_of(const at_learned *state) {
    return (const at_forest *)(const void *)state;
}

#endif
