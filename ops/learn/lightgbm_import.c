/* The library's model text ("tree", version v3 or v4) as a forest. A block a tree, a line
 * an array; a child below 0 is the leaf ~child. It asks "x <= threshold" of doubles, we
 * ask "x < threshold" of floats: of floats that is the same, with the next float above.
 */
#include "ops/base/memory.h"
#include "ops/learn/lightgbm.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAVES_MOST = 1 << 24 };

static at_status strange(const char *what, at_error *err) {
    return at_fail(err, AT_CORRUPT,
                   "this version of lightgbm saves its models in another way than 3 and "
                   "4: %s",
                   what);
}

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory for the trees");
}

/* The values of the line "name=...", between text and end; NULL: there is none. */
static const char *line_of(const char *text, const char *end, const char *name) {
    size_t length = strlen(name);
    while (text && text < end) {
        if ((size_t)(end - text) > length && memcmp(text, name, length) == 0 &&
            text[length] == '=')
            return text + length + 1;
        text = memchr(text, '\n', (size_t)(end - text));
        text = text ? text + 1 : NULL;
    }
    return NULL;
}

/* `count` numbers of a line; false: there are less. */
static bool read_numbers(const char *line, size_t count, double *out) {
    for (size_t i = 0; i < count; i++) {
        char *end = NULL;
        if (!line || *line == '\n')
            return false;
        out[i] = strtod(line, &end);
        if (end == line)
            return false;
        line = end + (*end == ' ');
    }
    return true;
}

enum { COLUMN, GAIN, THRESHOLD, DECISION, LEFT, RIGHT, COVER, INNER };

/* One tree of the library's. */
typedef struct source {
    size_t leaves;
    double *inner[INNER];       /* (leaves - 1) each */
    double *value, *leaf_cover; /* (leaves) */
    double *all;
} source;

static at_status read_source(const char *text, const char *end, source *s,
                             at_error *err) {
    static const char *const names[INNER] = {
        "split_feature", "split_gain",  "threshold",      "decision_type",
        "left_child",    "right_child", "internal_weight"};
    double leaves = 0, categories = 0, linear = 0;
    *s = (source){0};
    if (!read_numbers(line_of(text, end, "num_leaves"), 1, &leaves) || leaves < 1 ||
        leaves > LEAVES_MOST)
        return strange("a tree without leaves", err);
    (void)!read_numbers(line_of(text, end, "num_cat"), 1, &categories);
    (void)!read_numbers(line_of(text, end, "is_linear"), 1, &linear);
    if (categories != 0 || linear != 0)
        return strange("a tree of another kind", err);
    s->leaves = (size_t)leaves;
    size_t inner = s->leaves - 1;
    s->all = at_alloc_array(INNER * inner + 2 * s->leaves, sizeof *s->all);
    if (!s->all)
        return no_memory(err);
    for (size_t k = 0; k < INNER; k++) {
        s->inner[k] = s->all + k * inner;
        if (!read_numbers(line_of(text, end, names[k]), inner, s->inner[k]))
            return strange(names[k], err);
    }
    s->value = s->all + INNER * inner;
    s->leaf_cover = s->value + s->leaves;
    if (!read_numbers(line_of(text, end, "leaf_value"), s->leaves, s->value))
        return strange("leaf_value", err);
    if (inner > 0 &&
        !read_numbers(line_of(text, end, "leaf_weight"), s->leaves, s->leaf_cover))
        return strange("leaf_weight", err);
    return AT_OK;
}

/* The least float above t, so that x <= t of a float x is x < it. */
static float above(double t) {
    if (t >= (double)FLT_MAX)
        return FLT_MAX;
    float f = t < -(double)FLT_MAX ? -FLT_MAX : (float)t;
    return (double)f > t ? f : nextafterf(f, INFINITY);
}

static bool missing_left(int decision, double threshold) {
    enum { DEFAULT_LEFT = 2, MISSING_TYPE = 12 };
    /* Without missing rows in training one counts as 0. */
    return (decision & MISSING_TYPE) ? (decision & DEFAULT_LEFT) != 0 : 0 <= threshold;
}

/* `queue`: for each node of ours the child number of the source. */
static at_status copy_tree(const source *s, int64_t cols, at_tree *tree, double *gains,
                           double *queue, at_error *err) {
    double inner = (double)(s->leaves - 1);
    if (at_tree_add_nodes(tree, 1) < 0)
        return no_memory(err);
    queue[0] = s->leaves > 1 ? 0 : -1;
    for (int32_t i = 0; i < tree->node_count; i++) {
        double from = queue[i];
        if (!(from >= -(double)s->leaves && from < inner))
            return strange("a tree leads nowhere", err);
        if (from < 0) {
            size_t leaf = (size_t)(-from - 1);
            float value = (float)s->value[leaf];
            tree->nodes[i].cover = (float)s->leaf_cover[leaf];
            if (!at_tree_set_leaf(tree, i, &value, 1))
                return no_memory(err);
            continue;
        }
        size_t at = (size_t)from;
        double column = s->inner[COLUMN][at];
        if (!(column >= 0 && column < (double)cols) ||
            (size_t)tree->node_count + 2 > 2 * s->leaves - 1)
            return strange("a tree leads nowhere", err);
        int32_t left = at_tree_add_nodes(tree, 2);
        if (left < 0)
            return no_memory(err);
        at_tree_node *n = &tree->nodes[i];
        n->split = (int32_t)column << 1 |
                   missing_left((int)s->inner[DECISION][at], s->inner[THRESHOLD][at]);
        n->threshold = above(s->inner[THRESHOLD][at]);
        n->left = left;
        n->cover = (float)s->inner[COVER][at];
        gains[(size_t)column] += fmax(s->inner[GAIN][at], 0);
        queue[left] = s->inner[LEFT][at];
        queue[left + 1] = s->inner[RIGHT][at];
    }
    return AT_OK;
}

static at_status read_trees(const char *text, at_tree *trees, int64_t count, int outputs,
                            int64_t cols, double *gains, at_error *err) {
    const char *at = strstr(text, "\nTree=");
    for (int64_t t = 0; t < count; t++) {
        if (!at)
            return strange("trees are lacking", err);
        const char *next = strstr(at + 1, "\nTree=");
        const char *end = next ? next : at + strlen(at);
        source s;
        at_status status = read_source(at + 1, end, &s, err);
        double *queue =
            status == AT_OK ? at_alloc_array(2 * s.leaves + 1, sizeof *queue) : NULL;
        if (status == AT_OK)
            status = queue ? copy_tree(&s, cols, &trees[t], gains, queue, err)
                           : no_memory(err);
        trees[t].output = (int32_t)(t % outputs);
        at_free(queue);
        at_free(s.all);
        AT_TRY(status);
        at = next;
    }
    return AT_OK;
}

at_status at_lightgbm_import(const char *text, const at_fit_task *task, int64_t rounds,
                             json_t *facts, at_forest **out, at_error *err) {
    int outputs = task->problem == AT_MULTICLASS ? task->classes : 1;
    int64_t count = rounds * outputs;
    at_tree *trees = at_alloc_array((size_t)count + 1, sizeof *trees);
    double *gains = at_alloc_array((size_t)task->train.cols, sizeof *gains);
    at_status status = trees && gains ? read_trees(text, trees, count, outputs,
                                                   task->train.cols, gains, err)
                                      : no_memory(err);
    at_forest_parts parts = {.problem = task->problem,
                             .classes = task->classes,
                             .width = 1,
                             .link = task->problem == AT_BINARY       ? AT_FOREST_LOGISTIC
                                     : task->problem == AT_MULTICLASS ? AT_FOREST_SOFTMAX
                                                                      : AT_FOREST_SUM,
                             .cols = task->train.cols,
                             .trees = trees,
                             .tree_count = count,
                             .importance = gains,
                             .facts = facts};
    if (status == AT_OK)
        status = at_forest_new(&parts, out, err);
    else
        json_decref(facts);
    for (int64_t t = 0; trees && t < count; t++)
        at_tree_fini(&trees[t]);
    at_free(trees);
    at_free(gains);
    return status;
}
