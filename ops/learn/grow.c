#include "ops/learn/grow.h"
#include "ops/base/memory.h"
#include "ops/learn/fit.h"

#include <inttypes.h>
#include <string.h>

enum { WEIGHT, ROWS, S, POLL = 4096 /* rows looked at between two looks at the clock */ };

/* A node whose samples are [from, to). */
typedef struct at_grow_place {
    int64_t from, to, depth;
    int32_t node;
} at_grow_place;

at_status at_grow_scratch_init(at_grow_scratch *s, const at_grow_task *task,
                               at_error *err) {
    size_t rows = (size_t)task->fit->train.rows, tally = (size_t)task->sums + S;
    *s = (at_grow_scratch){0};
    s->samples = at_alloc_array(rows, sizeof *s->samples);
    s->times = at_alloc_array(rows, sizeof *s->times);
    s->columns = at_alloc_array((size_t)task->fit->train.cols, sizeof *s->columns);
    s->histogram = at_alloc_array(AT_BINS_MOST + 1, tally * sizeof *s->histogram);
    s->total = at_alloc_array(tally, 5 * sizeof *s->total);
    s->values = at_alloc_array(task->bins ? 1 : rows, sizeof *s->values);
    s->leaf = at_alloc_array((size_t)task->sums, sizeof *s->leaf);
    if (!s->samples || !s->times || !s->columns || !s->histogram || !s->total ||
        !s->values || !s->leaf) {
        at_grow_scratch_fini(s);
        return at_fail(err, AT_NO_MEMORY, "not enough memory to grow trees on %zu rows",
                       rows);
    }
    s->missing = s->total + tally;
    s->left = s->missing + tally;
    s->right = s->left + tally; /* and a fifth one behind it */
    return AT_OK;
}

void at_grow_scratch_fini(at_grow_scratch *s) {
    at_free(s->samples);
    at_free(s->times);
    at_free(s->columns);
    at_free(s->histogram);
    at_free(s->total);
    at_free(s->values);
    at_free(s->stack);
    at_free(s->leaf);
    *s = (at_grow_scratch){0};
}

/* How often each row is in the tree. */
static void draw(const at_grow_task *task, at_grow_scratch *s) {
    int64_t rows = task->fit->train.rows;
    int64_t wanted = (int64_t)((double)rows * task->share + 0.5);
    wanted = wanted < 1 ? 1 : wanted;
    memset(s->times, 0, (size_t)rows * sizeof *s->times);
    for (int64_t i = 0; task->bootstrap && i < wanted; i++)
        s->times[at_rng_below(&s->rng, (uint64_t)rows)]++;
    /* Without replacement: each row with the chance that is left (Knuth's algorithm S).
     */
    for (int64_t i = 0, chosen = 0; !task->bootstrap && i < rows; i++)
        if (wanted >= rows ||
            at_rng_uniform(&s->rng) * (double)(rows - i) < (double)(wanted - chosen)) {
            s->times[i] = 1;
            chosen++;
        }
}

static int64_t take_samples(const at_grow_task *task, at_grow_scratch *s) {
    const at_design *d = &task->fit->train;
    bool classes = task->sums > 1;
    int64_t count = 0;
    for (int64_t i = 0; i < d->rows; i++) {
        double weight = s->times[i] * (d->weight ? d->weight[i] : 1);
        if (!(weight > 0))
            continue;
        s->samples[count++] = (at_grow_sample){.row = (int32_t)i,
                                               .sum = classes ? (int32_t)d->y[i] : 0,
                                               .weight = weight,
                                               .s = classes ? weight : weight * d->y[i]};
    }
    return count;
}

/* The tally of some samples; true: all have the same label. */
static bool tally(const at_grow_task *task, at_grow_scratch *s, const at_grow_place *p) {
    const double *y = task->fit->train.y;
    double label = y[s->samples[p->from].row];
    bool pure = true;
    memset(s->total, 0, (size_t)(task->sums + S) * sizeof *s->total);
    for (int64_t i = p->from; i < p->to; i++) {
        const at_grow_sample *sample = &s->samples[i];
        s->total[WEIGHT] += sample->weight;
        s->total[ROWS] += 1;
        s->total[S + sample->sum] += sample->s;
        pure = pure && y[sample->row] == label;
    }
    return pure;
}

/* The best split by some of the columns, in a random order: `tried` of those that are not
 * constant in the node. */
static at_grow_cut find_cut(const at_grow_task *task, at_grow_scratch *s,
                            const at_grow_place *p) {
    int64_t cols = task->fit->train.cols, looked = 0;
    at_grow_cut best = {.col = -1, .gain = -1};
    for (int64_t i = 0; i < cols && looked < task->tried; i++) {
        int64_t other = i + (int64_t)at_rng_below(&s->rng, (uint64_t)(cols - i));
        int32_t col = s->columns[other];
        s->columns[other] = s->columns[i];
        s->columns[i] = col;
        looked +=
            at_grow_split(task, s, s->samples + p->from, p->to - p->from, col, &best);
    }
    return best;
}

static double worth(const double *total, int sums) {
    double squares = 0;
    for (int k = 0; k < sums; k++)
        squares += total[S + k] * total[S + k];
    return squares / total[WEIGHT];
}

/* Moves the samples that go left before the others, in their order where they are few
 * enough to tell (it decides nothing); the first of the others. */
static int64_t part(const at_grow_task *task, at_grow_scratch *s, const at_grow_place *p,
                    const at_grow_cut *cut) {
    int64_t i = p->from, j = p->to;
    while (i < j) {
        if (at_grow_left(task, cut, s->samples[i].row)) {
            i++;
            continue;
        }
        at_grow_sample kept = s->samples[i];
        s->samples[i] = s->samples[--j];
        s->samples[j] = kept;
    }
    return i;
}

static bool push(at_grow_scratch *s, size_t *depth, at_grow_place place) {
    at_grow_place *stack = at_grow(s->stack, &s->stack_room, *depth + 1, sizeof *stack);
    if (!stack)
        return false;
    s->stack = stack;
    stack[(*depth)++] = place;
    return true;
}

static bool make_leaf(const at_grow_task *task, at_grow_scratch *s, at_tree *tree,
                      int32_t node) {
    for (int k = 0; k < task->sums; k++)
        s->leaf[k] = (float)(s->total[S + k] / s->total[WEIGHT]);
    return at_tree_set_leaf(tree, node, s->leaf, task->sums);
}

/* Splits the place, or makes a leaf of it. false: no memory. */
static bool settle(const at_grow_task *task, at_grow_scratch *s, const at_grow_place *p,
                   at_tree *tree, double *gains, size_t *depth) {
    bool pure = tally(task, s, p);
    tree->nodes[p->node].cover = (float)s->total[WEIGHT];
    double own = worth(s->total, task->sums);
    at_grow_cut cut = {.col = -1};
    if (!pure && p->to - p->from >= task->min_split &&
        p->to - p->from >= 2 * task->min_leaf && p->depth < task->max_depth)
        cut = find_cut(task, s, p);
    if (cut.col < 0)
        return make_leaf(task, s, tree, p->node);
    int64_t middle = part(task, s, p, &cut);
    if (middle == p->from || middle == p->to)
        return make_leaf(task, s, tree, p->node);
    int32_t left = at_tree_add_nodes(tree, 2);
    if (left < 0)
        return false;
    tree->nodes[p->node].split = (int32_t)(cut.col << 1 | cut.missing_left);
    tree->nodes[p->node].threshold = cut.threshold;
    tree->nodes[p->node].left = left;
    gains[cut.col] += cut.gain > own ? cut.gain - own : 0;
    at_grow_place right = {middle, p->to, p->depth + 1, left + 1};
    at_grow_place first = {p->from, middle, p->depth + 1, left};
    return push(s, depth, right) && push(s, depth, first);
}

at_status at_grow_tree(const at_grow_task *task, int64_t index, at_grow_scratch *s,
                       at_tree *out, double *gains) {
    int64_t cols = task->fit->train.cols, looked = 0;
    size_t depth = 0;
    at_rng_init(&s->rng, task->fit->seed ^ ((uint64_t)index + 1) * 0x9E3779B97F4A7C15u);
    for (int64_t j = 0; j < cols; j++)
        s->columns[j] = (int32_t)j;
    draw(task, s);
    at_grow_place root = {.to = take_samples(task, s)};
    if (root.to == 0) { /* only rows of weight 0 were drawn: all count */
        for (int64_t i = 0; i < task->fit->train.rows; i++)
            s->times[i] = 1;
        root.to = take_samples(task, s);
    }
    if (at_tree_add_nodes(out, 1) < 0 || !push(s, &depth, root))
        return AT_NO_MEMORY;
    while (depth > 0) {
        at_grow_place place = s->stack[--depth];
        looked += place.to - place.from;
        if (looked >= POLL) {
            looked = 0;
            if (at_fit_over(task->fit))
                return AT_CANCELLED;
        }
        if (!settle(task, s, &place, out, gains, &depth))
            return AT_NO_MEMORY;
    }
    double sum = 0;
    for (int64_t j = 0; j < cols; j++)
        sum += gains[j];
    for (int64_t j = 0; sum > 0 && j < cols; j++)
        gains[j] /= sum;
    return AT_OK;
}
