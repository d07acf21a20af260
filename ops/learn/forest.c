#include "ops/learn/forest.h"
#include "ops/base/memory.h"

#include <math.h>
#include <string.h>

enum { NODES_MAX = INT32_MAX / 2, BLOCK = 64 };

int32_t at_tree_add_nodes(at_tree *tree, int32_t count) {
    if (tree->node_count > NODES_MAX - count)
        return -1;
    at_tree_node *nodes = at_grow(tree->nodes, &tree->node_room,
                                  (size_t)(tree->node_count + count), sizeof *nodes);
    if (!nodes)
        return -1;
    tree->nodes = nodes;
    int32_t at = tree->node_count;
    memset(nodes + at, 0, (size_t)count * sizeof *nodes);
    tree->node_count += count;
    return at;
}

bool at_tree_set_leaf(at_tree *tree, int32_t node, const float *values, int width) {
    size_t used = (size_t)tree->leaf_count * (size_t)width;
    float *room =
        at_grow(tree->values, &tree->value_room, used + (size_t)width, sizeof *room);
    if (!room)
        return false;
    tree->values = room;
    memcpy(room + used, values, (size_t)width * sizeof *values);
    tree->nodes[node].split = -1;
    tree->nodes[node].left = tree->leaf_count++;
    return true;
}

void at_tree_fini(at_tree *tree) {
    at_free(tree->nodes);
    at_free(tree->values);
    *tree = (at_tree){0};
}

bool at_forest_allocate(at_forest *f) {
    size_t trees = (size_t)f->trees;
    f->first = at_alloc_array(trees + 1, sizeof *f->first);
    f->first_leaf = at_alloc_array(trees + 1, sizeof *f->first_leaf);
    f->output = at_alloc_array(trees, sizeof *f->output);
    f->nodes = at_alloc_array((size_t)f->nodes_count, sizeof *f->nodes);
    f->values = at_alloc_array((size_t)f->leaves, (size_t)f->width * sizeof *f->values);
    f->base = at_alloc_array((size_t)f->outputs, sizeof *f->base);
    f->importance = at_alloc_array((size_t)f->cols, sizeof *f->importance);
    return f->first && f->first_leaf && f->output && f->nodes && f->values && f->base &&
           f->importance;
}

static void copy_trees(at_forest *f, const at_forest_parts *p) {
    int64_t node = 0, leaf = 0;
    for (int64_t t = 0; t < f->trees; t++) {
        const at_tree *tree = &p->trees[t];
        f->first[t] = node;
        f->first_leaf[t] = leaf;
        f->output[t] = tree->output;
        memcpy(f->nodes + node, tree->nodes,
               (size_t)tree->node_count * sizeof *tree->nodes);
        memcpy(f->values + leaf * f->width, tree->values,
               (size_t)(tree->leaf_count * f->width) * sizeof *tree->values);
        node += tree->node_count;
        leaf += tree->leaf_count;
    }
    f->first[f->trees] = node;
    f->first_leaf[f->trees] = leaf;
}

at_status at_forest_new(const at_forest_parts *p, at_forest **out, at_error *err) {
    at_forest *f = at_alloc_zero(sizeof *f);
    *out = NULL;
    if (!f) {
        json_decref(p->facts);
        return at_fail(err, AT_NO_MEMORY, "not enough memory for a forest");
    }
    int outputs = p->problem == AT_MULTICLASS ? p->classes : 1;
    *f = (at_forest){.problem = p->problem,
                     .classes = p->classes,
                     .outputs = outputs,
                     .width = p->width,
                     .link = p->link,
                     .cols = p->cols,
                     .trees = p->tree_count,
                     .facts = p->facts};
    double total = 0;
    for (int64_t t = 0; t < p->tree_count; t++) {
        f->nodes_count += p->trees[t].node_count;
        f->leaves += p->trees[t].leaf_count;
    }
    if (!at_forest_allocate(f)) {
        at_fail(err, AT_NO_MEMORY, "not enough memory for a forest of %lld nodes",
                (long long)f->nodes_count);
        at_forest_release((at_learned *)(void *)f);
        return AT_NO_MEMORY;
    }
    copy_trees(f, p);
    for (int k = 0; p->base && k < outputs; k++)
        f->base[k] = p->base[k];
    for (int64_t j = 0; p->importance && j < p->cols; j++)
        total += p->importance[j];
    for (int64_t j = 0; total > 0 && j < p->cols; j++)
        f->importance[j] = p->importance[j] / total;
    *out = f;
    return AT_OK;
}

void at_forest_release(at_learned *state) {
    at_forest *f = (at_forest *)(void *)state;
    if (!f)
        return;
    at_free(f->first);
    at_free(f->first_leaf);
    at_free(f->output);
    at_free(f->nodes);
    at_free(f->values);
    at_free(f->base);
    at_free(f->importance);
    json_decref(f->facts);
    at_free(f);
}

/* The row's leaf in tree t. */
static inline const float *leaf_of(const at_forest *f, int64_t t, const double *x) {
    const at_tree_node *tree = f->nodes + f->first[t], *n = tree;
    while (n->split >= 0) {
        float value = (float)x[n->split >> 1];
        bool left = isnan(value) ? n->split & 1 : value < n->threshold;
        n = tree + n->left + !left;
    }
    return f->values + (f->first_leaf[t] + n->left) * f->width;
}

static inline void add(const at_forest *f, int64_t t, const double *x, double *sums) {
    const float *leaf = leaf_of(f, t, x);
    if (f->width == 1) {
        sums[f->output[t]] += (double)*leaf;
        return;
    }
    for (int k = 0; k < f->outputs; k++)
        sums[k] += (double)leaf[k];
}

void at_forest_sums(const at_forest *f, const double *x, int64_t from, int64_t to,
                    double *sums) {
    for (int k = 0; k < f->outputs; k++)
        sums[k] = 0;
    for (int64_t t = from; t < to; t++)
        add(f, t, x, sums);
}

void at_forest_finish(const at_forest *f, int64_t trees, double *scores) {
    double most = -INFINITY, sum = 0;
    for (int k = 0; k < f->outputs; k++) {
        scores[k] = f->link == AT_FOREST_MEAN ? scores[k] / (double)(trees ? trees : 1)
                                              : scores[k] + f->base[k];
        most = fmax(most, scores[k]);
    }
    if (f->link == AT_FOREST_LOGISTIC)
        scores[0] = 1 / (1 + exp(-scores[0]));
    else if (f->link == AT_FOREST_EXP)
        scores[0] = exp(scores[0]);
    else if (f->link == AT_FOREST_SOFTMAX) {
        for (int k = 0; k < f->outputs; k++)
            sum += scores[k] = exp(scores[k] - most);
        for (int k = 0; k < f->outputs; k++)
            scores[k] /= sum;
    }
}

/* Some rows meet a tree while it is in the cache; each row's sum has the order of the
 * trees all the same. */
void at_forest_predict(const at_learned *state, const double *x, int64_t rows,
                       double *scores) {
    const at_forest *f = at_forest_of(state);
    memset(scores, 0, (size_t)(rows * f->outputs) * sizeof *scores);
    for (int64_t first = 0; first < rows; first += BLOCK) {
        int64_t last = rows - first < BLOCK ? rows : first + BLOCK;
        for (int64_t t = 0; t < f->trees; t++)
            for (int64_t r = first; r < last; r++)
                add(f, t, x + r * f->cols, scores + r * f->outputs);
        for (int64_t r = first; r < last; r++)
            at_forest_finish(f, f->trees, scores + r * f->outputs);
    }
}

int64_t at_forest_inputs(const at_learned *state) {
    return at_forest_of(state)->cols;
}

double at_forest_threshold(const at_learned *state) {
    (void)state;
    return 0.5;
}

void at_forest_importance(const at_learned *state, double *importance) {
    const at_forest *f = at_forest_of(state);
    memcpy(importance, f->importance, (size_t)f->cols * sizeof *importance);
}

bool at_forest_describe(const at_learned *state, json_t *facts) {
    const at_forest *f = at_forest_of(state);
    return (!f->facts || json_object_update(facts, f->facts) == 0) &&
           json_object_set_new(facts, "trees", json_integer((json_int_t)f->trees)) == 0 &&
           json_object_set_new(facts, "leaves", json_integer((json_int_t)f->leaves)) == 0;
}
