/* Metrics, as scikit-learn defines them (1e-9). y and scores as in model.h; rows whose y
 * is NaN are left out by the caller. Undefined values (AUC of one class) are NaN; a
 * precision, recall or F1 whose denominator is 0 is 0, as scikit-learn's zero_division
 * has it.
 *
 * All fail with AT_INVALID for 0 rows, for a class out of range and for a score that is
 * not a finite number (a probability outside 0..1), naming the row (from 1). */
#ifndef ATELIER_OPS_LEARN_METRICS_H
#define ATELIER_OPS_LEARN_METRICS_H

#include "ops/base/error.h"

#include <stdint.h>

typedef struct at_interval {
    double value, low,
        high; /* 95 % bootstrap percentile interval; NaN when not asked for */
} at_interval;

typedef struct at_binary_metrics {
    int64_t rows, tp, fp, tn, fn;
    at_interval accuracy, balanced_accuracy, precision, recall, f1, auc, log_loss, brier;
    at_interval average_precision;
} at_binary_metrics;

/* score: probability of class 1, (rows); label: predicted 0/1, (rows). resamples 0: no
 * intervals; else that many bootstrap samples with `seed` (at most 10,000). */
AT_MUST_USE at_status at_metrics_binary(const double *y, const double *score,
                                        const int32_t *label, int64_t rows, int resamples,
                                        uint64_t seed, at_binary_metrics *out,
                                        at_error *err);

typedef struct at_multiclass_metrics {
    int64_t rows;
    int classes;
    int64_t *confusion; /* (classes, classes): [truth * classes + predicted]; at_free */
    /* (classes), one allocation each; at_free. NaN for a class that is neither true nor
     * predicted in any row; such classes do not count in the macro averages. */
    double *precision, *recall, *f1;
    at_interval accuracy, balanced_accuracy, precision_macro, recall_macro, f1_macro,
        log_loss;
} at_multiclass_metrics;

enum { AT_METRICS_CLASSES = 10000 }; /* at most */

/* scores: (rows, classes) probabilities. */
AT_MUST_USE at_status at_metrics_multiclass(const double *y, const double *scores,
                                            const int32_t *label, int64_t rows,
                                            int classes, int resamples, uint64_t seed,
                                            at_multiclass_metrics *out, at_error *err);
void at_multiclass_metrics_fini(at_multiclass_metrics *metrics);

/* Several labels a row, each predicted where its probability is at least this. */
#define AT_LABEL_THRESHOLD 0.5

typedef struct at_multilabel_metrics {
    int64_t rows;
    int labels;
    int64_t *positives; /* (labels): rows that have it; these five: at_free */
    /* (labels); average precision is NaN for a label that no row has. */
    double *average_precision, *precision, *recall, *f1;
    at_interval accuracy;               /* share of all (row, label) that are right */
    at_interval exact_match;            /* share of rows with every label right */
    at_interval mean_average_precision; /* over the labels that some row has */
    at_interval f1_macro, f1_micro;
    at_interval log_loss; /* binary cross-entropy, mean of all (row, label) */
} at_multilabel_metrics;

/* y: (rows, labels) of 0 and 1; score: (rows, labels) probabilities. Far more cells than
 * can be held: AT_LIMIT. */
AT_MUST_USE at_status at_metrics_multilabel(const double *y, const double *score,
                                            int64_t rows, int labels, int resamples,
                                            uint64_t seed, at_multilabel_metrics *out,
                                            at_error *err);
void at_multilabel_metrics_fini(at_multilabel_metrics *metrics);

/* Is label `label` among the k highest scores? Of equal scores the first comes first.
 * scores: (classes). */
bool at_in_top_k(const double *scores, int classes, int label, int k);

typedef struct at_regression_metrics {
    int64_t rows;
    at_interval mse, rmse, mae, r2;
    double median_absolute_error, max_error;
} at_regression_metrics;

AT_MUST_USE at_status at_metrics_regression(const double *y, const double *score,
                                            int64_t rows, int resamples, uint64_t seed,
                                            at_regression_metrics *out, at_error *err);

/* A curve of at most `limit` points (>= 2), thinned evenly along the curve, ends kept.
 * The first point of each has the threshold +inf (nothing is called positive). */
typedef struct at_curve {
    int count;
    double *x, *y, *threshold; /* one at_free each */
} at_curve;
/* x FPR, y TPR, both rising; AT_INVALID unless y holds both classes. */
AT_MUST_USE at_status at_curve_roc(const double *y, const double *score, int64_t rows,
                                   int limit, at_curve *out, at_error *err);
/* x recall (rising), y precision; AT_INVALID without a row of class 1. */
AT_MUST_USE at_status at_curve_pr(const double *y, const double *score, int64_t rows,
                                  int limit, at_curve *out, at_error *err);
void at_curve_fini(at_curve *curve);

#endif
