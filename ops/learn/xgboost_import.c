/* The library's JSON ("Introduction to Model IO" in its documentation) as a forest. Nodes
 * are numbered anew, breadth first, so that the two children of a node stand together. */
#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/learn/xgboost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTHS = 1 << 24 }; /* most nodes of one tree */

static at_status strange(const char *what, at_error *err) {
    return at_fail(err, AT_CORRUPT,
                   "this version of xgboost saves its models in another way than 1.7 to "
                   "3.2: %s",
                   what);
}

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory for the trees");
}

/* One tree of the library's, as parallel arrays. */
typedef struct source {
    const json_t *left, *right, *column, *condition, *missing_left, *cover, *gain;
    size_t nodes;
} source;

static bool read_source(const json_t *tree, source *s) {
    *s = (source){.left = json_object_get(tree, "left_children"),
                  .right = json_object_get(tree, "right_children"),
                  .column = json_object_get(tree, "split_indices"),
                  .condition = json_object_get(tree, "split_conditions"),
                  .missing_left = json_object_get(tree, "default_left"),
                  .cover = json_object_get(tree, "sum_hessian"),
                  .gain = json_object_get(tree, "loss_changes")};
    s->nodes = json_array_size(s->left);
    const json_t *const all[] = {s->right,        s->column, s->condition,
                                 s->missing_left, s->cover,  s->gain};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (json_array_size(all[i]) != s->nodes)
            return false;
    return s->nodes > 0 && s->nodes < DEPTHS;
}

static double number_at(const json_t *array, size_t i) {
    const json_t *value = json_array_get(array, i);
    return json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
}

/* Fills node `to` of the tree from node `from` of the source. false: no memory. */
static bool copy_node(const source *s, size_t from, int32_t to, at_tree *tree,
                      double *gains) {
    float value = (float)number_at(s->condition, from);
    tree->nodes[to].cover = (float)number_at(s->cover, from);
    if (json_integer_value(json_array_get(s->left, from)) < 0)
        return at_tree_set_leaf(tree, to, &value, 1);
    int64_t column = json_integer_value(json_array_get(s->column, from));
    tree->nodes[to].split =
        (int32_t)(column << 1 | (number_at(s->missing_left, from) > 0));
    tree->nodes[to].threshold = value;
    gains[column] += number_at(s->gain, from);
    return true;
}

/* `queue`: (nodes) the source of each node of ours. */
static at_status copy_tree(const source *s, int64_t cols, at_tree *tree, double *gains,
                           size_t *queue, at_error *err) {
    if (at_tree_add_nodes(tree, 1) < 0)
        return no_memory(err);
    queue[0] = 0;
    for (int32_t i = 0; i < tree->node_count; i++) {
        json_int_t left = json_integer_value(json_array_get(s->left, queue[i]));
        json_int_t right = json_integer_value(json_array_get(s->right, queue[i]));
        json_int_t column = json_integer_value(json_array_get(s->column, queue[i]));
        bool inner = left >= 0;
        if (inner &&
            (left >= (json_int_t)s->nodes || right < 0 || right >= (json_int_t)s->nodes ||
             column < 0 || column >= cols || (size_t)tree->node_count + 2 > s->nodes))
            return strange("a tree leads nowhere", err);
        if (!copy_node(s, queue[i], i, tree, gains))
            return no_memory(err);
        if (!inner)
            continue;
        int32_t at = at_tree_add_nodes(tree, 2);
        if (at < 0)
            return no_memory(err);
        tree->nodes[i].left = at;
        queue[at] = (size_t)left;
        queue[at + 1] = (size_t)right;
    }
    return AT_OK;
}

static at_status copy_trees(const json_t *list, const json_t *outputs, int64_t cols,
                            at_tree *trees, size_t count, double *gains, int classes,
                            at_error *err) {
    for (size_t t = 0; t < count; t++) {
        source s;
        json_int_t output = json_integer_value(json_array_get(outputs, t));
        if (!read_source(json_array_get(list, t), &s) || output < 0 || output >= classes)
            return strange("a tree lacks an array", err);
        size_t *queue = at_alloc_array(s.nodes + 2, sizeof *queue);
        if (!queue)
            return no_memory(err);
        trees[t].output = (int32_t)output;
        at_status status = copy_tree(&s, cols, &trees[t], gains, queue, err);
        at_free(queue);
        AT_TRY(status);
    }
    return AT_OK;
}

/* From the scale of the answers to that of the sums. */
static double margin_of(double score, at_forest_link link) {
    return link == AT_FOREST_LOGISTIC ? -log(1 / score - 1)
           : link == AT_FOREST_EXP    ? log(score)
                                      : score;
}

/* "5E-1", or from 3.1 on "[5E-1]", with a number an output where they differ. */
static at_status read_base(const json_t *learner, at_forest_link link, int outputs,
                           double *base, at_error *err) {
    const json_t *model = json_object_get(learner, "learner_model_param");
    const char *text = json_string_value(json_object_get(model, "base_score"));
    int count = 0;
    while (text && *text && count < outputs) {
        char *end;
        text += strspn(text, "[], ");
        double score = strtod(text, &end);
        if (end == text)
            break;
        base[count++] = margin_of(score, link);
        text = end;
    }
    for (int k = 1; count == 1 && k < outputs; k++)
        base[k] = base[0];
    for (int k = 0; k < outputs; k++)
        if (count == 0 || (count != 1 && count != outputs) || !isfinite(base[k]))
            return strange("base_score", err);
    return AT_OK;
}

static at_status build(const json_t *learner, const at_fit_task *task,
                       at_forest_link link, int64_t rounds, at_forest_parts *parts,
                       at_tree **trees, double *gains, double *base, at_error *err) {
    const json_t *model =
        json_object_get(json_object_get(learner, "gradient_booster"), "model");
    const json_t *list = json_object_get(model, "trees");
    int outputs = task->problem == AT_MULTICLASS ? task->classes : 1;
    size_t count = (size_t)rounds * (size_t)outputs, there = json_array_size(list);
    if (!list || there < count)
        return strange("it has no trees", err);
    AT_TRY(read_base(learner, link, outputs, base, err));
    *trees = at_alloc_array(count + 1, sizeof **trees);
    if (!*trees)
        return no_memory(err);
    *parts = (at_forest_parts){.problem = task->problem,
                               .classes = task->classes,
                               .width = 1,
                               .link = link,
                               .cols = task->train.cols,
                               .trees = *trees,
                               .tree_count = (int64_t)count,
                               .base = base,
                               .importance = gains};
    return copy_trees(list, json_object_get(model, "tree_info"), task->train.cols, *trees,
                      count, gains, outputs, err);
}

at_status at_xgboost_import(const char *json, size_t length, const at_fit_task *task,
                            at_forest_link link, int64_t rounds, json_t *facts,
                            at_forest **out, at_error *err) {
    json_t *root = json_loadb(json, length, 0, NULL);
    at_forest_parts parts = {0};
    at_tree *trees = NULL;
    double *gains = at_alloc_array((size_t)task->train.cols, sizeof *gains);
    double *base = at_alloc_array((size_t)task->classes, sizeof *base);
    at_status status = !gains || !base ? no_memory(err)
                       : !root ? strange("its JSON cannot be read", err)
                               : build(json_object_get(root, "learner"), task, link,
                                       rounds, &parts, &trees, gains, base, err);
    json_decref(root);
    parts.facts = facts;
    if (status == AT_OK)
        status = at_forest_new(&parts, out, err);
    else
        json_decref(facts);
    for (int64_t t = 0; trees && t < parts.tree_count; t++)
        at_tree_fini(&trees[t]);
    at_free(trees);
    at_free(gains);
    at_free(base);
    return status;
}
