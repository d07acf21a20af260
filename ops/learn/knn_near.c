#include "ops/base/memory.h"
#include "ops/isa/distance.h"
#include "ops/learn/bins.h"
#include "ops/learn/knn.h"

#include <math.h>
#include <string.h>

at_knn *at_knn_new(int64_t rows, int64_t cols, bool weights) {
    at_knn *m = at_alloc_zero(sizeof *m);
    if (!m)
        return NULL;
    m->rows = rows;
    m->cols = cols;
    m->blocks = (rows + AT_DISTANCE_LANES - 1) / AT_DISTANCE_LANES;
    m->points = at_alloc_array((size_t)m->blocks * AT_DISTANCE_LANES,
                               (size_t)cols * sizeof *m->points);
    m->y = at_alloc_array((size_t)rows, sizeof *m->y);
    m->weight = weights ? at_alloc_array((size_t)rows, sizeof *m->weight) : NULL;
    if (m->points && m->y && (m->weight || !weights))
        return m;
    at_knn_release((at_learned *)(void *)m);
    return NULL;
}

void at_knn_release(at_learned *state) {
    at_knn *m = (at_knn *)(void *)state;
    if (!m)
        return;
    at_free(m->points);
    at_free(m->y);
    at_free(m->weight);
    at_free(m);
}

void at_knn_put(at_knn *m, int64_t row, const float *point) {
    float *block = m->points + row / AT_DISTANCE_LANES * m->cols * AT_DISTANCE_LANES;
    for (int64_t j = 0; j < m->cols; j++)
        block[j * AT_DISTANCE_LANES + row % AT_DISTANCE_LANES] = point[j];
}

void at_knn_point(at_knn_metric metric, const double *x, int64_t cols, float *out) {
    double length = 0;
    for (int64_t j = 0; j < cols; j++)
        length += x[j] * x[j];
    double scale = metric == AT_KNN_COSINE && length > 0 ? 1 / sqrt(length) : 1;
    for (int64_t j = 0; j < cols; j++)
        out[j] = at_bins_float(x[j] * scale);
}

/* A heap whose root is the farthest: of equal distances, the row that came last. */
static bool farther(const at_knn_near *n, int64_t a, int64_t b) {
    return n->distance[a] > n->distance[b] ||
           (n->distance[a] == n->distance[b] && n->row[a] > n->row[b]);
}

static void swap(at_knn_near *n, int64_t a, int64_t b) {
    float distance = n->distance[a];
    int32_t row = n->row[a];
    n->distance[a] = n->distance[b];
    n->row[a] = n->row[b];
    n->distance[b] = distance;
    n->row[b] = row;
}

static void sink(at_knn_near *n, int64_t at, int64_t count) {
    for (int64_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && farther(n, child + 1, child))
            child++;
        if (!farther(n, child, at))
            return;
        swap(n, child, at);
    }
}

/* Rows come in their order: one as far as the farthest does not better it. */
static void take(at_knn_near *n, int64_t k, float distance, int32_t row) {
    if (n->count < k) {
        int64_t at = n->count++;
        n->distance[at] = distance;
        n->row[at] = row;
        for (; at > 0 && farther(n, at, (at - 1) / 2); at = (at - 1) / 2)
            swap(n, at, (at - 1) / 2);
        return;
    }
    if (!(distance < n->distance[0]))
        return;
    n->distance[0] = distance;
    n->row[0] = row;
    sink(n, 0, k);
}

static void sort(at_knn_near *n) {
    for (int64_t left = n->count - 1; left > 0; left--) {
        swap(n, 0, left);
        sink(n, 0, left);
    }
}

void at_knn_find(const at_knn *m, const double *x, size_t count, int64_t k,
                 at_knn_near *out) {
    const at_distance *kernels = at_distance_pick();
    float asked[AT_DISTANCE_ASKED * AT_KNN_COLUMNS];
    float found[AT_DISTANCE_ASKED * AT_DISTANCE_LANES];
    for (size_t q = 0; q < count; q++) {
        at_knn_point(m->metric, x + (int64_t)q * m->cols, m->cols,
                     asked + (int64_t)q * m->cols);
        out[q].count = 0;
    }
    for (int64_t b = 0; b < m->blocks; b++) {
        const float *points = m->points + b * m->cols * AT_DISTANCE_LANES;
        int64_t first = b * AT_DISTANCE_LANES, lanes = m->rows - first;
        lanes = lanes < AT_DISTANCE_LANES ? lanes : AT_DISTANCE_LANES;
        if (m->metric == AT_KNN_L2)
            kernels->squares(points, asked, count, m->cols, found);
        else
            kernels->products(points, asked, count, m->cols, found);
        for (size_t q = 0; q < count; q++)
            for (int64_t i = 0; i < lanes; i++) {
                float d = found[q * AT_DISTANCE_LANES + (size_t)i];
                d = m->metric == AT_KNN_L2 ? d : m->metric == AT_KNN_COSINE ? 1 - d : -d;
                take(&out[q], k, d, (int32_t)(first + i));
            }
    }
    for (size_t q = 0; q < count; q++)
        sort(&out[q]);
}

/* What neighbour i counts. Rows at the very place outdo all others. */
static double vote(const at_knn *m, const at_knn_near *near, int64_t i) {
    double weight = m->weight ? m->weight[near->row[i]] : 1;
    if (!m->by_distance)
        return weight;
    double nearest = (double)near->distance[0], d = (double)near->distance[i];
    if (nearest <= 0)
        return d <= 0 ? weight : 0;
    return weight / (m->metric == AT_KNN_L2 ? sqrt(d) : d);
}

void at_knn_answer(const at_knn *m, const at_knn_near *near, int64_t k, double *scores) {
    double sum = 0;
    k = k < near->count ? k : near->count;
    for (int o = 0; o < m->outputs; o++)
        scores[o] = 0;
    for (int64_t i = 0; i < k; i++)
        sum += vote(m, near, i);
    for (int64_t i = 0; i < k; i++) {
        /* Where no neighbour has weight, all have the same. */
        double share = sum > 0 ? vote(m, near, i) / sum : 1 / (double)k;
        double y = m->y[near->row[i]];
        if (m->problem == AT_MULTICLASS)
            scores[(int64_t)y] += share;
        else
            scores[0] += share * y;
    }
    for (int o = 0; m->problem != AT_REGRESSION && o < m->outputs; o++)
        scores[o] = fmin(scores[o], 1); /* a sum of shares may be 1 and a rounding */
}

void at_knn_predict(const at_learned *state, const double *x, int64_t rows,
                    double *scores) {
    const at_knn *m = at_knn_of(state);
    at_knn_near near[AT_DISTANCE_ASKED];
    for (int64_t r = 0; r < rows; r += AT_DISTANCE_ASKED) {
        size_t count =
            (size_t)(rows - r < AT_DISTANCE_ASKED ? rows - r : AT_DISTANCE_ASKED);
        at_knn_find(m, x + r * m->cols, count, m->k, near);
        for (size_t q = 0; q < count; q++)
            at_knn_answer(m, &near[q], m->k, scores + (r + (int64_t)q) * m->outputs);
    }
}
