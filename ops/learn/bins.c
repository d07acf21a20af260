#include "ops/learn/bins.h"
#include "ops/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 200000 }; /* rows that cuts are chosen on, evenly taken */

float at_bins_between(float low, float high) {
    float middle = low + (high - low) / 2;
    return middle > low && middle <= high ? middle : high;
}

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

typedef struct job {
    at_bins *bins;
    const at_design *design;
    float *room; /* (cols at work, SAMPLE + ...): a column's sample each */
    size_t sample;
} job;

/* Runs of equal values, and what is left when those of more than a bin's share have bins
 * of their own. */
typedef struct census {
    size_t distinct, heavy; /* runs */
    size_t light_rows;
    double share; /* rows that make a run heavy */
} census;

static census take_census(const float *sorted, size_t count) {
    census c = {.share = (double)count / AT_BINS_MOST};
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && sorted[end] == sorted[i];)
            end++;
        c.distinct++;
        if ((double)(end - i) > c.share)
            c.heavy++;
        else
            c.light_rows += end - i;
    }
    return c;
}

/* The sorted sample's cuts: between each two values where they are few; else a frequent
 * value has a bin of its own, and the others share the rest in equal parts. */
static int32_t choose_cuts(const float *sorted, size_t count, float *cuts) {
    census c = take_census(sorted, count);
    bool few = c.distinct <= AT_BINS_MOST;
    /* A frequent value may cut off a bin that is not full: one more each. */
    size_t rest = 2 * c.heavy < AT_BINS_MOST ? AT_BINS_MOST - 2 * c.heavy : 1;
    double quota = (double)c.light_rows / (double)rest;
    int32_t made = 0;
    size_t gathered = 0;
    bool was_heavy = false;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && sorted[end] == sorted[i];)
            end++;
        bool heavy = (double)(end - i) > c.share;
        bool cut = i > 0 && (few || heavy || was_heavy || (double)gathered >= quota);
        if (cut && made < AT_BINS_MOST - 1) {
            cuts[made++] = at_bins_between(sorted[i - 1], sorted[i]);
            gathered = 0;
        }
        gathered += end - i;
        was_heavy = heavy;
    }
    return count > 0 ? made + 1 : 0;
}

static uint8_t code_of(float x, const float *cuts, int32_t count) {
    int32_t low = 0, high = count; /* cuts before low are <= x, those from high on > x */
    while (low < high) {
        int32_t middle = (low + high) / 2;
        if (cuts[middle] <= x)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint8_t)low;
}

static void bin_column(void *context, size_t j) {
    const job *w = context;
    const at_design *d = w->design;
    float *sample = w->room + j * w->sample;
    float *cuts = w->bins->cuts + j * AT_BINS_MOST;
    uint8_t *codes = w->bins->codes + j * (size_t)d->rows;
    size_t count = 0;
    double step = (double)d->rows / (double)w->sample;
    for (size_t i = 0; i < w->sample; i++) {
        float x = at_bins_float(d->x[(int64_t)((double)i * step) * d->cols + (int64_t)j]);
        if (!isnan(x))
            sample[count++] = x;
    }
    qsort(sample, count, sizeof *sample, by_value);
    int32_t bins = choose_cuts(sample, count, cuts);
    for (int64_t i = 0; i < d->rows; i++) {
        float x = at_bins_float(d->x[i * d->cols + (int64_t)j]);
        codes[i] = isnan(x) ? AT_BINS_MISSING : code_of(x, cuts, bins > 0 ? bins - 1 : 0);
        if (!isnan(x) && bins == 0)
            bins = 1; /* the sample missed the few that are there */
    }
    w->bins->bins[j] = bins;
}

at_status at_bins_init(at_bins *b, const at_design *d, at_pool *pool, at_error *err) {
    size_t rows = (size_t)d->rows, cols = (size_t)d->cols;
    *b = (at_bins){.rows = d->rows, .cols = d->cols};
    job w = {.bins = b, .design = d, .sample = rows < SAMPLE ? rows : SAMPLE};
    b->codes = at_alloc_array(cols, rows);
    b->cuts = at_alloc_array(cols, AT_BINS_MOST * sizeof *b->cuts);
    b->bins = at_alloc_array(cols, sizeof *b->bins);
    w.room = at_alloc_array(cols, w.sample * sizeof *w.room);
    if (!b->codes || !b->cuts || !b->bins || !w.room) {
        at_free(w.room);
        at_bins_fini(b);
        return at_fail(err, AT_NO_MEMORY, "not enough memory to bin %zu columns", cols);
    }
    at_pool_run(pool, cols, bin_column, &w);
    at_free(w.room);
    return AT_OK;
}

void at_bins_fini(at_bins *b) {
    at_free(b->codes);
    at_free(b->cuts);
    at_free(b->bins);
    *b = (at_bins){0};
}
