/* Metrics, as scikit-learn defines them (1e-9). y and scores as in model.h; rows whose y is
 * NaN are left out by the caller. Undefined values (AUC of one class) are NaN. */
#ifndef ATELIER_OPS_LEARN_METRICS_H
#define ATELIER_OPS_LEARN_METRICS_H

#include "ops/base/error.h"

#include <stdint.h>

typedef struct at_interval {
    double value, low, high; /* 95 % bootstrap percentile interval; NaN when not asked for */
} at_interval;

typedef struct at_binary_metrics {
    int64_t rows, tp, fp, tn, fn;
    at_interval accuracy, balanced_accuracy, precision, recall, f1, auc, log_loss, brier;
    at_interval average_precision;
} at_binary_metrics;

/* score: probability of class 1, (rows); label: predicted 0/1, (rows). resamples 0: no
 * intervals; else that many bootstrap samples with `seed`. */
AT_MUST_USE at_status at_metrics_binary(const double *y, const double *score,
                                        const int32_t *label, int64_t rows, int resamples,
                                        uint64_t seed, at_binary_metrics *out, at_error *err);

typedef struct at_multiclass_metrics {
    int64_t rows;
    int classes;
    int64_t *confusion; /* (classes, classes): [truth * classes + predicted]; at_free */
    double *precision, *recall, *f1; /* (classes), one allocation each; at_free */
    at_interval accuracy, balanced_accuracy, precision_macro, recall_macro, f1_macro, log_loss;
} at_multiclass_metrics;

AT_MUST_USE at_status at_metrics_multiclass(const double *y, const double *scores,
                                            const int32_t *label, int64_t rows, int classes,
                                            int resamples, uint64_t seed,
                                            at_multiclass_metrics *out, at_error *err);
void at_multiclass_metrics_fini(at_multiclass_metrics *metrics);

typedef struct at_regression_metrics {
    int64_t rows;
    at_interval mse, rmse, mae, r2;
    double median_absolute_error, max_error;
} at_regression_metrics;

AT_MUST_USE at_status at_metrics_regression(const double *y, const double *score, int64_t rows,
                                            int resamples, uint64_t seed,
                                            at_regression_metrics *out, at_error *err);

/* A curve of at most `limit` points, thinned evenly along the curve, ends kept. */
typedef struct at_curve {
    int count;
    double *x, *y, *threshold; /* one at_free each */
} at_curve;
AT_MUST_USE at_status at_curve_roc(const double *y, const double *score, int64_t rows,
                                   int limit, at_curve *out, at_error *err); /* x FPR, y TPR */
AT_MUST_USE at_status at_curve_pr(const double *y, const double *score, int64_t rows, int limit,
                                  at_curve *out, at_error *err); /* x recall, y precision */
void at_curve_fini(at_curve *curve);

#endif
