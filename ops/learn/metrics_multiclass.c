#include "ops/base/memory.h"
#include "ops/learn/bootstrap.h"
#include "ops/learn/metrics.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { ACCURACY, BALANCED, PRECISION, RECALL, F1, LOG_LOSS, FIGURES };

typedef struct rows_of {
    int64_t count;
    int classes;
    const int32_t *truth, *label; /* (count) */
    const double *log_loss;       /* (count) */
    int64_t *right, *is, *called; /* (classes): scratch */
} rows_of;

static void count_classes(const rows_of *all, const uint32_t *times, double *log_loss) {
    size_t bytes = (size_t)all->classes * sizeof(int64_t);
    memset(all->right, 0, bytes);
    memset(all->is, 0, bytes);
    memset(all->called, 0, bytes);
    *log_loss = 0;
    for (int64_t i = 0; i < all->count; i++) {
        int64_t n = times ? times[i] : 1;
        all->is[all->truth[i]] += n;
        all->called[all->label[i]] += n;
        all->right[all->truth[i]] += all->truth[i] == all->label[i] ? n : 0;
        *log_loss += (double)n * all->log_loss[i];
    }
}

static void measure(const void *context, const uint32_t *times, double *values) {
    const rows_of *all = context;
    double log_loss;
    count_classes(all, times, &log_loss);
    double right = 0, precision = 0, recall = 0, f1 = 0;
    int present = 0, occurring = 0;
    for (int k = 0; k < all->classes; k++) {
        double r = (double)all->right[k], is = (double)all->is[k];
        double called = (double)all->called[k];
        if (is + called == 0)
            continue;
        present++;
        occurring += is > 0;
        right += r;
        precision += called > 0 ? r / called : 0;
        recall += is > 0 ? r / is : 0;
        f1 += 2 * r / (is + called);
    }
    double rows = (double)all->count;
    values[ACCURACY] = right / rows;
    values[BALANCED] = recall / occurring; /* over the classes that occur */
    values[PRECISION] = precision / present;
    values[RECALL] = recall / present;
    values[F1] = f1 / present;
    values[LOG_LOSS] = log_loss / rows;
}

static at_status check_row(const double *y, const double *scores, const int32_t *label,
                           int64_t row, int classes, at_error *err) {
    if (!(y[row] >= 0 && y[row] < classes) || y[row] != floor(y[row]))
        return at_fail(err, AT_INVALID,
                       "row %" PRId64 " has the class %g; 0 to %d was expected", row + 1,
                       y[row], classes - 1);
    if (label[row] < 0 || label[row] >= classes)
        return at_fail(err, AT_INVALID,
                       "row %" PRId64 " has the label %d; 0 to %d was expected", row + 1,
                       (int)label[row], classes - 1);
    for (int k = 0; k < classes; k++)
        if (!(scores[row * classes + k] >= 0 && scores[row * classes + k] <= 1))
            return at_fail(err, AT_INVALID,
                           "row %" PRId64
                           " has the score %g, which is no probability from 0 "
                           "to 1",
                           row + 1, scores[row * classes + k]);
    return AT_OK;
}

static void per_class(const rows_of *all, at_multiclass_metrics *out) {
    for (int64_t i = 0; i < all->count; i++)
        out->confusion[(int64_t)all->truth[i] * all->classes + all->label[i]]++;
    double log_loss;
    count_classes(all, NULL, &log_loss);
    for (int k = 0; k < all->classes; k++) {
        double r = (double)all->right[k], is = (double)all->is[k];
        double called = (double)all->called[k];
        bool absent = is + called == 0;
        out->precision[k] = absent ? (double)NAN : called > 0 ? r / called : 0;
        out->recall[k] = absent ? (double)NAN : is > 0 ? r / is : 0;
        out->f1[k] = absent ? (double)NAN : 2 * r / (is + called);
    }
}

static at_status fill(const double *y, const double *scores, const int32_t *label,
                      const rows_of *all, int32_t *truth, double *losses, int resamples,
                      uint64_t seed, at_multiclass_metrics *out, at_error *err) {
    for (int64_t i = 0; i < all->count; i++) {
        AT_TRY(check_row(y, scores, label, i, all->classes, err));
        truth[i] = (int32_t)y[i];
        double p = scores[i * all->classes + truth[i]];
        losses[i] = -log(fmin(fmax(p, DBL_EPSILON), 1 - DBL_EPSILON));
    }
    at_interval figures[FIGURES];
    AT_TRY(
        at_bootstrap(measure, all, all->count, resamples, seed, FIGURES, figures, err));
    out->accuracy = figures[ACCURACY];
    out->balanced_accuracy = figures[BALANCED];
    out->precision_macro = figures[PRECISION];
    out->recall_macro = figures[RECALL];
    out->f1_macro = figures[F1];
    out->log_loss = figures[LOG_LOSS];
    per_class(all, out);
    return AT_OK;
}

at_status at_metrics_multiclass(const double *y, const double *scores,
                                const int32_t *label, int64_t rows, int classes,
                                int resamples, uint64_t seed, at_multiclass_metrics *out,
                                at_error *err) {
    *out = (at_multiclass_metrics){.rows = rows, .classes = classes};
    if (rows <= 0)
        return at_fail(err, AT_INVALID, "there are no rows to score");
    if (classes < 2 || classes > AT_METRICS_CLASSES)
        return at_fail(err, AT_LIMIT, "%d classes were given; 2 to %d can be scored",
                       classes, AT_METRICS_CLASSES);
    size_t n = (size_t)rows, k = (size_t)classes;
    int32_t *truth = at_alloc_array(n, sizeof *truth);
    double *losses = at_alloc_array(n, sizeof *losses);
    int64_t *scratch = at_alloc_array(3 * k, sizeof *scratch);
    out->confusion = at_alloc_array(k * k, sizeof *out->confusion);
    out->precision = at_alloc_array(k, sizeof *out->precision);
    out->recall = at_alloc_array(k, sizeof *out->recall);
    out->f1 = at_alloc_array(k, sizeof *out->f1);
    at_status status;
    if (!truth || !losses || !scratch || !out->confusion || !out->precision ||
        !out->recall || !out->f1) {
        status = at_fail(err, AT_NO_MEMORY, "no memory for the metrics of %d classes",
                         classes);
    } else {
        rows_of all = {rows,   classes, truth,       label,
                       losses, scratch, scratch + k, scratch + 2 * k};
        status = fill(y, scores, label, &all, truth, losses, resamples, seed, out, err);
    }
    at_free(truth);
    at_free(losses);
    at_free(scratch);
    if (status != AT_OK)
        at_multiclass_metrics_fini(out);
    return status;
}

void at_multiclass_metrics_fini(at_multiclass_metrics *metrics) {
    at_free(metrics->confusion);
    at_free(metrics->precision);
    at_free(metrics->recall);
    at_free(metrics->f1);
    *metrics = (at_multiclass_metrics){0};
}

bool at_in_top_k(const double *scores, int classes, int label, int k) {
    int above = 0;
    for (int c = 0; c < classes; c++)
        above += scores[c] > scores[label] || (scores[c] == scores[label] && c < label);
    return above < k;
}
