#include "ops/learn/grow.h"

#include <float.h>
#include <string.h>

/* Tallies: weight, rows, s ... */
enum { WEIGHT, ROWS, S };

static inline void count(double *tally, const at_grow_sample *sample) {
    tally[WEIGHT] += sample->weight;
    tally[ROWS] += 1;
    tally[S + sample->sum] += sample->s;
}

static double worth(const double *tally, int sums) {
    double squares = 0;
    for (int k = 0; k < sums; k++)
        squares += tally[S + k] * tally[S + k];
    return squares / tally[WEIGHT];
}

/* A split under way: all that is known of the column in the node. */
typedef struct search {
    const at_grow_task *task;
    at_grow_scratch *s;
    int64_t col;
    at_grow_cut *best;
} search;

/* The split with s->left (missing ones apart) on the left. */
static void offer_side(const search *w, int32_t code, float threshold,
                       bool missing_left) {
    at_grow_scratch *s = w->s;
    int sums = w->task->sums;
    const double *left = s->left;
    double both[3]; /* enough for one sum */
    double *with = sums == 1 ? both : s->right + sums + S;
    if (missing_left && s->missing[ROWS] > 0) {
        for (int k = 0; k < sums + S; k++)
            with[k] = s->left[k] + s->missing[k];
        left = with;
    }
    for (int k = 0; k < sums + S; k++)
        s->right[k] = s->total[k] - left[k];
    double least = (double)w->task->min_leaf;
    if (left[ROWS] < least || s->right[ROWS] < least || !(left[WEIGHT] > 0) ||
        !(s->right[WEIGHT] > 0))
        return;
    double gain = worth(left, sums) + worth(s->right, sums);
    if (gain > w->best->gain)
        *w->best = (at_grow_cut){w->col, threshold, code, missing_left, gain};
}

/* Where nothing is missing, a missing value goes later where most rows went. */
static void offer(const search *w, int32_t code, float threshold) {
    at_grow_scratch *s = w->s;
    if (s->missing[ROWS] > 0) {
        offer_side(w, code, threshold, false);
        offer_side(w, code, threshold, true);
    } else {
        offer_side(w, code, threshold, 2 * s->left[WEIGHT] >= s->total[WEIGHT]);
    }
}

/* Those that are there on the left, the missing ones on the right. */
static void offer_missing(const search *w) {
    at_grow_scratch *s = w->s;
    for (int k = 0; k < w->task->sums + S; k++)
        s->left[k] = s->total[k] - s->missing[k];
    if (s->missing[ROWS] > 0)
        offer_side(w, AT_BINS_MOST, FLT_MAX, false);
}

static void clear(double *tally, int sums) {
    memset(tally, 0, (size_t)(sums + S) * sizeof *tally);
}

/* Few samples: sorted by code, an insertion at a time. */
static bool split_sorted(const search *w, const at_grow_sample *samples, int64_t n,
                         const uint8_t *codes, const float *cuts) {
    enum { FEW = 64 };
    at_grow_scratch *s = w->s;
    int sums = w->task->sums;
    uint8_t order[FEW], code[FEW];
    int64_t there = 0;
    clear(s->missing, sums);
    for (int64_t i = 0; i < n && i < FEW; i++) {
        uint8_t c = codes[samples[i].row];
        if (c == AT_BINS_MISSING) {
            count(s->missing, &samples[i]);
            continue;
        }
        int64_t at = there++;
        for (; at > 0 && code[at - 1] > c; at--) {
            code[at] = code[at - 1];
            order[at] = order[at - 1];
        }
        code[at] = c;
        order[at] = (uint8_t)i;
    }
    bool varies = there > 0 && (code[0] != code[there - 1] || there < n);
    clear(s->left, sums);
    for (int64_t i = 0; varies && i + 1 < there; i++) {
        count(s->left, &samples[order[i]]);
        int32_t middle = (code[i] + code[i + 1]) / 2;
        if (code[i] != code[i + 1])
            offer(w, middle, cuts[middle]);
    }
    if (varies)
        offer_missing(w);
    return varies;
}

/* Many: a tally a bin. */
static bool split_histogram(const search *w, const at_grow_sample *samples, int64_t n,
                            const uint8_t *codes, const float *cuts, int32_t bins) {
    at_grow_scratch *s = w->s;
    int sums = w->task->sums, stride = sums + S;
    double *h = s->histogram;
    memset(h, 0, (size_t)(bins * stride) * sizeof *h);
    clear(s->missing, sums);
    for (int64_t i = 0; i < n; i++) {
        uint8_t c = codes[samples[i].row];
        count(c == AT_BINS_MISSING ? s->missing : h + c * stride, &samples[i]);
    }
    clear(s->left, sums);
    int32_t used = 0, last = 0;
    for (int32_t c = 0; c < bins; c++) {
        const double *bin = h + c * stride;
        if (!(bin[ROWS] > 0))
            continue;
        if (used++ > 0) /* in the middle of the gap, where there is one */
            offer(w, (last + c) / 2, cuts[(last + c) / 2]);
        last = c;
        for (int k = 0; k < stride; k++)
            s->left[k] += bin[k];
    }
    bool varies = used > 1 || (used == 1 && s->missing[ROWS] > 0);
    if (varies)
        offer_missing(w);
    return varies;
}

/* A place drawn between the least and the most value of the node. */
static bool split_random(const search *w, const at_grow_sample *samples, int64_t n) {
    at_grow_scratch *s = w->s;
    int sums = w->task->sums;
    const float *column = w->task->columns + w->col * w->task->fit->train.rows;
    float low = FLT_MAX, high = -FLT_MAX;
    clear(s->missing, sums);
    for (int64_t i = 0; i < n; i++) {
        float x = s->values[i] = column[samples[i].row];
        low = x < low ? x : low;
        high = x > high ? x : high;
        if (x != x)
            count(s->missing, &samples[i]);
    }
    bool any = s->missing[ROWS] < s->total[ROWS];
    if (!any || (low == high && !(s->missing[ROWS] > 0)))
        return false;
    if (low < high) {
        float place =
            (float)((double)low + at_rng_uniform(&s->rng) * ((double)high - (double)low));
        if (!(place > low && place <= high))
            place = high;
        clear(s->left, sums);
        for (int64_t i = 0; i < n; i++)
            if (s->values[i] < place)
                count(s->left, &samples[i]);
        offer(w, 0, place);
    }
    offer_missing(w);
    return true;
}

bool at_grow_split(const at_grow_task *task, at_grow_scratch *s,
                   const at_grow_sample *samples, int64_t n, int64_t col,
                   at_grow_cut *best) {
    const search w = {task, s, col, best};
    if (!task->bins)
        return split_random(&w, samples, n);
    const uint8_t *codes = task->bins->codes + col * task->fit->train.rows;
    const float *cuts = task->bins->cuts + col * AT_BINS_MOST;
    int32_t bins = task->bins->bins[col];
    if (bins < 1)
        return false;
    /* n * n / 4 moves of a sort against clearing and walking the bins. */
    return n <= 64 && n * n < 16 * (int64_t)bins
               ? split_sorted(&w, samples, n, codes, cuts)
               : split_histogram(&w, samples, n, codes, cuts, bins);
}
