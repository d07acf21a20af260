#include "ops/learn/linear_pass.h"

#include "ops/base/memory.h"

#include <string.h>

/* Below so many multiplications a batch is not worth waking threads. */
static const double WORTH_THREADS = 3e5;

at_status at_linear_pass_init(at_linear_pass *p, const at_linear_config *c,
                              const at_fit_task *task, at_error *err) {
    *p = (at_linear_pass){.c = c, .task = task};
    size_t cells = (size_t)(c->cols + 1) * (size_t)c->width;
    int64_t chunks = (c->batch + AT_LINEAR_CHUNK_ROWS - 1) / AT_LINEAR_CHUNK_ROWS;
    size_t sums = chunks < AT_LINEAR_CHUNKS ? (size_t)chunks : AT_LINEAR_CHUNKS;
    p->raw = at_alloc_array(cells, sizeof *p->raw);
    p->sum = at_alloc_array(cells * sums, sizeof *p->sum);
    p->z = at_alloc_array((size_t)c->width * AT_LINEAR_CHUNKS, sizeof *p->z);
    p->tally = at_alloc_array((size_t)c->models * AT_LINEAR_CHUNKS, sizeof *p->tally);
    if (p->raw && p->sum && p->z && p->tally)
        return AT_OK;
    at_linear_pass_fini(p);
    return at_fail(err, AT_NO_MEMORY,
                   "no memory for %d models of %lld inputs side by side", c->models,
                   (long long)c->cols);
}

void at_linear_pass_fini(at_linear_pass *p) {
    at_free(p->raw);
    at_free(p->sum);
    at_free(p->z);
    at_free(p->tally);
    *p = (at_linear_pass){0};
}

void at_linear_unscale(const at_linear_config *c, const double *w, double *raw) {
    double *bias = raw + c->cols * c->width;
    memcpy(bias, w + c->cols * c->width, (size_t)c->width * sizeof *bias);
    for (int64_t j = 0; j < c->cols; j++)
        for (int k = 0; k < c->width; k++) {
            int64_t at = j * c->width + k;
            raw[at] = w[at] * c->scale[j];
            bias[k] -= raw[at] * c->shift[j];
        }
}

/* Losses of one row's margins z, which become the derivatives. */
static void row_losses(const at_linear_pass *p, double y, double row_weight, double *z,
                       at_linear_tally *tally) {
    const at_linear_config *c = p->c;
    bool binary = p->task->problem == AT_BINARY;
    bool number = p->task->problem == AT_REGRESSION;
    double label = number ? (y - c->label_shift) / c->label_scale : y;
    for (int m = 0; m < c->models; m++) {
        double *own = z + m * c->outputs;
        double weight = row_weight;
        if (!number)
            weight *= at_linear_weight(c, m, y, binary);
        double even = binary ? row_weight : weight;
        double loss = c->loss->of(c, own, label, own);
        tally[m].loss += weight * loss;
        tally[m].weight += weight;
        tally[m].even_loss += even * loss;
        tally[m].even_weight += even;
        for (int k = 0; k < c->outputs; k++)
            own[k] *= weight;
    }
}

static void run_chunk(void *context, size_t index) {
    at_linear_pass *p = context;
    const at_linear_config *c = p->c;
    const at_design *d = p->design;
    int64_t from = (int64_t)index * p->chunk_rows, to = from + p->chunk_rows;
    if (to > p->count)
        to = p->count;
    double *z = p->z + (int64_t)index * c->width;
    at_linear_tally *tally = p->tally + (int64_t)index * c->models;
    size_t cells = (size_t)(c->cols + 1) * (size_t)c->width;
    double *sum = p->sum + index * cells;
    memset(tally, 0, (size_t)c->models * sizeof *tally);
    if (p->learn)
        memset(sum, 0, cells * sizeof *sum);
    for (int64_t i = from; i < to; i++) {
        int64_t row = p->rows ? p->rows[i] : p->first + i;
        const double *x = d->x + row * c->cols;
        at_linear_forward(x, p->raw, c->cols, c->width, z);
        row_losses(p, d->y[row], d->weight ? d->weight[row] : 1, z, tally);
        if (p->learn)
            at_linear_backward(x, z, c->cols, c->width, sum);
    }
}

static size_t run(at_linear_pass *p, at_linear_tally *tallies) {
    const at_linear_config *c = p->c;
    size_t chunks = (size_t)((p->count + p->chunk_rows - 1) / p->chunk_rows);
    double work = (double)p->count * (double)c->cols * c->width;
    at_pool_run(work > WORTH_THREADS ? p->task->pool : NULL, chunks, run_chunk, p);
    for (size_t i = 0; i < chunks; i++)
        for (int m = 0; m < c->models; m++) {
            const at_linear_tally *own = &p->tally[(int64_t)i * c->models + m];
            tallies[m].loss += own->loss;
            tallies[m].weight += own->weight;
            tallies[m].even_loss += own->even_loss;
            tallies[m].even_weight += own->even_weight;
        }
    return chunks;
}

void at_linear_pass_learn(at_linear_pass *p, const int64_t *rows, int64_t count,
                          at_linear_tally *tallies) {
    const at_linear_config *c = p->c;
    int64_t even = (c->batch + AT_LINEAR_CHUNKS - 1) / AT_LINEAR_CHUNKS;
    p->chunk_rows = even > AT_LINEAR_CHUNK_ROWS ? even : AT_LINEAR_CHUNK_ROWS;
    p->design = &p->task->train;
    p->rows = rows;
    p->count = count;
    p->learn = true;
    size_t chunks = run(p, tallies);
    int64_t cells = (c->cols + 1) * c->width;
    for (size_t i = 1; i < chunks; i++)
        for (int64_t at = 0; at < cells; at++)
            p->sum[at] += p->sum[(int64_t)i * cells + at];
    double per_row = (double)c->rows / (c->weight_sum * (double)count);
    double *bias = p->sum + c->cols * c->width;
    for (int k = 0; k < c->width; k++)
        bias[k] *= per_row;
    for (int64_t j = 0; j < c->cols; j++)
        for (int k = 0; k < c->width; k++) {
            double *g = &p->sum[j * c->width + k];
            *g = (*g * per_row - c->shift[j] * bias[k]) * c->scale[j];
        }
}

void at_linear_pass_loss(at_linear_pass *p, const at_design *design,
                         at_linear_tally *tallies) {
    memset(tallies, 0, (size_t)p->c->models * sizeof *tallies);
    p->design = design;
    p->rows = NULL;
    p->learn = false;
    p->chunk_rows = AT_LINEAR_CHUNK_ROWS;
    const int64_t most = (int64_t)AT_LINEAR_CHUNKS * AT_LINEAR_CHUNK_ROWS;
    for (p->first = 0; p->first < design->rows; p->first += most) {
        int64_t left = design->rows - p->first;
        p->count = left < most ? left : most;
        run(p, tallies);
    }
}
