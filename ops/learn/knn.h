/* Nearest neighbours, after Amazon SageMaker's k-NN: the answer is what the k nearest
 * training rows say, found by looking at all of them (its index faiss.Flat). Private to
 * ops/learn.
 *
 *   knn.c       the table of hyperparameters, fit, the choice of k
 *   knn_near.c  the nearest rows, their answers
 *   knn_io.c    to and from a file */
#ifndef ATELIER_OPS_LEARN_KNN_H
#define ATELIER_OPS_LEARN_KNN_H

#include "ops/learn/learner.h"

enum {
    AT_KNN_MOST = 500,     /* neighbours */
    AT_KNN_COLUMNS = 2048, /* inputs */
    AT_KNN_CLASSES = 1000,
};

typedef struct at_knn_params {
    const char *predictor_type, *index_metric, *index_type, *weights;
    int64_t k, sample_size, feature_dim;
} at_knn_params;

typedef enum at_knn_metric {
    AT_KNN_L2,
    AT_KNN_COSINE,
    AT_KNN_INNER_PRODUCT
} at_knn_metric;

typedef struct at_knn {
    at_problem problem;
    int classes, outputs;
    at_knn_metric metric;
    bool by_distance; /* a neighbour counts as 1 / distance */
    int64_t k, rows, cols, blocks;
    float *points;  /* (blocks, cols, AT_DISTANCE_LANES); of COSINE at length 1 */
    double *y;      /* (rows) */
    double *weight; /* (rows); NULL: all 1 */
} at_knn;

/* What is near to one row, the nearest first; of two equally near the one that came first
 * in training. */
typedef struct at_knn_near {
    int64_t count;
    float distance[AT_KNN_MOST]; /* squared for L2, 1 - cosine, minus the product */
    int32_t row[AT_KNN_MOST];
} at_knn_near;

/* The `k` nearest of `count` rows x (count, cols), at most AT_DISTANCE_ASKED of them. */
void at_knn_find(const at_knn *model, const double *x, size_t count, int64_t k,
                 at_knn_near *out);
/* What the first `k` of them say: scores (outputs). */
void at_knn_answer(const at_knn *model, const at_knn_near *near, int64_t k,
                   double *scores);

/* The row as points are kept: float, of COSINE at length 1. */
void at_knn_point(at_knn_metric metric, const double *x, int64_t cols, float *out);
/* Space for `rows` points, all zero; NULL on no memory. */
at_knn *at_knn_new(int64_t rows, int64_t cols, bool weights);
/* Puts a point (cols) in its place. */
void at_knn_put(at_knn *model, int64_t row, const float *point);

void at_knn_predict(const at_learned *state, const double *x, int64_t rows,
                    double *scores);
at_status at_knn_save(const at_learned *state, const char *path, at_error *err);
at_status at_knn_load(const char *path, at_learned **out, at_error *err);
void at_knn_release(at_learned *state);

static inline const at_knn *at_knn_of(const at_learned *state) {
    return (const at_knn *)(const void *)state;
}

#endif
