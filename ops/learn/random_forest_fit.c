/* Trees grow on all threads at once, each from a seed of its own, so that they are the
 * same whoever grows which. Between two trees of its own the first thread measures those
 * that stand on the validation rows, in their order. */
#include "ops/base/memory.h"
#include "ops/learn/fit.h"
#include "ops/learn/random_forest.h"

#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { WAITING, GROWN, LEFT };

typedef struct fit {
    const at_grow_task *task;
    const at_fit_task *fit;
    int64_t wanted;
    at_tree *trees;            /* (wanted) */
    _Atomic unsigned char *at; /* (wanted): WAITING, GROWN or LEFT out */
    double *gains;             /* (wanted, cols) */
    at_grow_scratch *scratch;  /* (threads) */
    atomic_llong next;
    atomic_bool no_memory;
    double *sums, *scores; /* (validation rows, outputs) */
    int64_t measured;      /* trees whose answers are in sums */
    int64_t told;
} fit;

static void fit_fini(fit *f) {
    for (int64_t t = 0; f->trees && t < f->wanted; t++)
        at_tree_fini(&f->trees[t]);
    for (size_t i = 0; f->scratch && i < at_pool_threads(f->fit->pool); i++)
        at_grow_scratch_fini(&f->scratch[i]);
    at_free(f->trees);
    at_free((void *)f->at);
    at_free(f->gains);
    at_free(f->scratch);
    at_free(f->sums);
    at_free(f->scores);
}

static at_status fit_init(fit *f, const at_grow_task *task, int64_t trees,
                          at_error *err) {
    *f = (fit){.task = task, .fit = task->fit, .wanted = trees};
    size_t threads = at_pool_threads(task->fit->pool), count = (size_t)trees;
    size_t scores = (size_t)task->fit->validation.rows * (size_t)task->sums;
    f->trees = at_alloc_array(count, sizeof *f->trees);
    f->at = at_alloc_array(count, sizeof *f->at);
    f->gains = at_alloc_array(count, (size_t)task->fit->train.cols * sizeof *f->gains);
    f->scratch = at_alloc_array(threads, sizeof *f->scratch);
    f->sums = at_alloc_array(scores, sizeof *f->sums);
    f->scores = at_alloc_array(scores, sizeof *f->scores);
    if (!f->trees || !f->at || !f->gains || !f->scratch || !f->sums || !f->scores)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for %zu trees", count);
    for (size_t i = 0; i < threads; i++)
        AT_TRY(at_grow_scratch_init(&f->scratch[i], task, err));
    return AT_OK;
}

/* Adds what a tree says of the validation rows. */
static void measure(fit *f, const at_tree *tree) {
    const at_design *d = &f->fit->validation;
    int sums = f->task->sums;
    for (int64_t r = 0; r < d->rows; r++) {
        const double *x = d->x + r * d->cols;
        const at_tree_node *n = tree->nodes;
        while (n->split >= 0) {
            float value = (float)x[n->split >> 1];
            bool left = isnan(value) ? n->split & 1 : value < n->threshold;
            n = tree->nodes + n->left + !left;
        }
        for (int k = 0; k < sums; k++)
            f->sums[r * sums + k] += (double)tree->values[n->left * sums + k];
    }
    f->measured++;
}

static void tell(fit *f, int64_t grown) {
    const at_fit_task *task = f->fit;
    char text[64];
    snprintf(text, sizeof text, "tree %" PRId64 " of %" PRId64, grown, f->wanted);
    at_fit_progress(task, (double)grown, (double)f->wanted, text);
    f->told = grown;
    if (task->validation.rows == 0 || f->measured == 0)
        return;
    const char *name = at_fit_loss_name(task->problem);
    size_t count = (size_t)task->validation.rows * (size_t)f->task->sums;
    for (size_t i = 0; i < count; i++)
        f->scores[i] = f->sums[i] / (double)f->measured;
    double loss = at_fit_loss(task, &task->validation, f->scores);
    at_fit_point(task, "validation", name, (double)f->measured, loss);
    at_fit_say(task, "[%" PRId64 "]\tvalidation-%s:%.6g", f->measured, name, loss);
}

/* Measures the trees that stand in a row from the first on. */
static void catch_up(fit *f) {
    int64_t t = f->told;
    while (t < f->wanted &&
           atomic_load_explicit(&f->at[t], memory_order_acquire) == GROWN) {
        if (f->fit->validation.rows > 0)
            measure(f, &f->trees[t]);
        t++;
    }
    if (t > f->told)
        tell(f, t);
}

static void work(void *context, size_t thread) {
    fit *f = context;
    int64_t cols = f->fit->train.cols;
    for (;;) {
        int64_t t = atomic_fetch_add_explicit(&f->next, 1, memory_order_relaxed);
        if (t >= f->wanted || at_fit_over(f->fit) || atomic_load(&f->no_memory))
            return;
        at_status status = at_grow_tree(f->task, t, &f->scratch[thread], &f->trees[t],
                                        f->gains + t * cols);
        if (status == AT_NO_MEMORY)
            atomic_store(&f->no_memory, true);
        atomic_store_explicit(&f->at[t], status == AT_OK ? GROWN : LEFT,
                              memory_order_release);
        if (thread == 0)
            catch_up(f);
    }
}

/* The trees that were grown, moved together; how many. */
static int64_t gather(fit *f, double *importance) {
    int64_t kept = 0, cols = f->fit->train.cols;
    for (int64_t t = 0; t < f->wanted; t++) {
        if (atomic_load(&f->at[t]) != GROWN) {
            at_tree_fini(&f->trees[t]);
            continue;
        }
        at_tree tree = f->trees[t];
        f->trees[t] = (at_tree){0};
        f->trees[kept++] = tree;
        for (int64_t j = 0; j < cols; j++)
            importance[j] += f->gains[t * cols + j];
    }
    return kept;
}

static at_status finish(fit *f, at_learned **out, at_error *err) {
    double *importance = at_alloc_array((size_t)f->fit->train.cols, sizeof *importance);
    if (!importance)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for the trees");
    int64_t kept = gather(f, importance);
    at_forest *forest = NULL;
    at_status status = AT_OK;
    if (kept == 0) {
        status = at_fit_too_soon(f->fit, "the first tree was grown", err);
    } else {
        if (kept < f->wanted)
            at_fit_say(f->fit, "%s: %" PRId64 " trees are kept", at_fit_over(f->fit),
                       kept);
        at_forest_parts parts = {.problem = f->fit->problem,
                                 .classes = f->fit->classes,
                                 .width = f->task->sums,
                                 .link = AT_FOREST_MEAN,
                                 .cols = f->fit->train.cols,
                                 .trees = f->trees,
                                 .tree_count = kept,
                                 .importance = importance};
        status = at_forest_new(&parts, &forest, err);
    }
    if (status == AT_OK)
        *out = (at_learned *)(void *)forest;
    at_free(importance);
    return status;
}

at_status at_random_forest_grow(const at_grow_task *task, int64_t trees, at_learned **out,
                                at_error *err) {
    fit f;
    at_status status = fit_init(&f, task, trees, err);
    if (status == AT_OK) {
        at_pool_team(task->fit->pool, work, &f);
        if (atomic_load(&f.no_memory))
            status = at_fail(err, AT_NO_MEMORY, "not enough memory to grow the trees");
    }
    if (status == AT_OK) {
        catch_up(&f);
        status = finish(&f, out, err);
    }
    fit_fini(&f);
    return status;
}
