#include "ops/base/memory.h"
#include "ops/learn/metrics.h"
#include "ops/learn/ranking.h"

#include <math.h>

void at_curve_fini(at_curve *curve) {
    at_free(curve->x);
    at_free(curve->y);
    at_free(curve->threshold);
    *curve = (at_curve){0};
}

/* Walks the distinct scores downwards: after each, (true, false) positives so far. */
typedef struct walk {
    const at_ranked *ranked;
    const double *y;
    int64_t rows, next;
    int64_t tp, fp;
    double threshold;
} walk;

static bool walk_on(walk *w) {
    if (w->next == w->rows)
        return false;
    w->threshold = w->ranked[w->next].score;
    while (w->next < w->rows && w->ranked[w->next].score == w->threshold) {
        bool positive = w->y[w->ranked[w->next++].row] > 0;
        w->tp += positive;
        w->fp += !positive;
    }
    return true;
}

typedef struct place {
    double x, y;
} place;

static place roc_place(const walk *w, double positives) {
    return (place){(double)w->fp / ((double)w->rows - positives),
                   (double)w->tp / positives};
}

static place pr_place(const walk *w, double positives) {
    int64_t called = w->tp + w->fp;
    return (place){(double)w->tp / positives,
                   called ? (double)w->tp / (double)called : 1};
}

typedef place place_fn(const walk *w, double positives);

static double distance(place a, place b) {
    return fabs(a.x - b.x) + fabs(a.y - b.y);
}

static void keep(at_curve *out, place p, double threshold) {
    out->x[out->count] = p.x;
    out->y[out->count] = p.y;
    out->threshold[out->count++] = threshold;
}

/* Two walks: the first measures how many points there are and how long the curve is, the
 * second keeps those that enter a new one of `limit` - 2 equal parts of that length. */
static void draw(walk start, place_fn *at, double positives, int limit, at_curve *out) {
    walk w = start;
    place first = at(&start, positives), last = first;
    int64_t points = 1;
    double length = 0;
    while (walk_on(&w)) {
        place p = at(&w, positives);
        length += distance(last, p);
        last = p;
        points++;
    }
    keep(out, first, INFINITY);
    w = start;
    place before = first;
    double gone = 0;
    int64_t part = 0;
    while (walk_on(&w)) {
        place p = at(&w, positives);
        gone += distance(before, p);
        before = p;
        int64_t now = (int64_t)(gone / length * (limit - 1));
        bool end = w.next == w.rows;
        bool room = points <= limit || (now > part && out->count < limit - 1);
        if (end || room)
            keep(out, p, w.threshold);
        part = now;
    }
}

static at_status curve(const double *y, const double *score, int64_t rows, int limit,
                       place_fn *at, bool both, at_curve *out, at_error *err) {
    *out = (at_curve){0};
    if (limit < 2)
        return at_fail(err, AT_INVALID,
                       "a curve needs at least 2 points, %d were asked for", limit);
    at_ranked *ranked;
    AT_TRY(at_ranking(y, score, rows, &ranked, err));
    int64_t positives = 0;
    for (int64_t i = 0; i < rows; i++)
        positives += y[i] > 0;
    at_status status = AT_OK;
    if (positives == 0 || (both && positives == rows))
        status =
            at_fail(err, AT_INVALID, "all %lld rows are of one class: there is no curve",
                    (long long)rows);
    size_t room = rows < limit ? (size_t)rows + 1 : (size_t)limit;
    if (status == AT_OK) {
        out->x = at_alloc_array(room, sizeof *out->x);
        out->y = at_alloc_array(room, sizeof *out->y);
        out->threshold = at_alloc_array(room, sizeof *out->threshold);
        if (!out->x || !out->y || !out->threshold)
            status =
                at_fail(err, AT_NO_MEMORY, "no memory for a curve of %d points", limit);
    }
    if (status == AT_OK)
        draw((walk){.ranked = ranked, .y = y, .rows = rows}, at, (double)positives, limit,
             out);
    else
        at_curve_fini(out);
    at_free(ranked);
    return status;
}

at_status at_curve_roc(const double *y, const double *score, int64_t rows, int limit,
                       at_curve *out, at_error *err) {
    return curve(y, score, rows, limit, roc_place, true, out, err);
}

at_status at_curve_pr(const double *y, const double *score, int64_t rows, int limit,
                      at_curve *out, at_error *err) {
    return curve(y, score, rows, limit, pr_place, false, out, err);
}
