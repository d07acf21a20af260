#include "ops/base/memory.h"
#include "ops/base/order.h"
#include "ops/learn/bootstrap.h"
#include "ops/learn/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { MSE, RMSE, MAE, R2, FIGURES };

typedef struct rows_of {
    int64_t count;
    const double *y, *score;
    double centre; /* of y: keeps the sums of squares small */
} rows_of;

static void measure(const void *context, const uint32_t *times, double *values) {
    const rows_of *all = context;
    double rows = (double)all->count, squares = 0, absolute = 0, sum = 0, total = 0;
    for (int64_t i = 0; i < all->count; i++) {
        double n = times ? (double)times[i] : 1;
        double error = all->y[i] - all->score[i], y = all->y[i] - all->centre;
        squares += n * error * error;
        absolute += n * fabs(error);
        sum += n * y;
        total += n * y * y;
    }
    total -= sum * sum / rows;
    values[MSE] = squares / rows;
    values[RMSE] = sqrt(values[MSE]);
    values[MAE] = absolute / rows;
    /* A constant truth: 1 for a perfect score and 0 for another, as r2_score. */
    values[R2] = all->count < 2 ? (double)NAN
                 : total > 0    ? 1 - squares / total
                 : squares > 0  ? 0
                                : 1;
}

at_status at_metrics_regression(const double *y, const double *score, int64_t rows,
                                int resamples, uint64_t seed, at_regression_metrics *out,
                                at_error *err) {
    *out = (at_regression_metrics){.rows = rows};
    if (rows <= 0)
        return at_fail(err, AT_INVALID, "there are no rows to score");
    double sum = 0;
    for (int64_t i = 0; i < rows; i++) {
        if (!isfinite(y[i]) || !isfinite(score[i]))
            return at_fail(err, AT_INVALID,
                           "row %" PRId64
                           " has the value %g and the score %g; both must be "
                           "finite numbers",
                           i + 1, y[i], score[i]);
        sum += y[i];
    }
    rows_of all = {rows, y, score, sum / (double)rows};
    at_interval figures[FIGURES];
    AT_TRY(at_bootstrap(measure, &all, rows, resamples, seed, FIGURES, figures, err));
    double *errors = at_alloc_array((size_t)rows, sizeof *errors);
    if (!errors)
        return at_fail(err, AT_NO_MEMORY, "no memory for metrics");
    for (int64_t i = 0; i < rows; i++)
        errors[i] = fabs(y[i] - score[i]);
    qsort(errors, (size_t)rows, sizeof *errors, at_order_doubles);
    out->median_absolute_error = (errors[(rows - 1) / 2] + errors[rows / 2]) / 2;
    out->max_error = errors[rows - 1];
    out->mse = figures[MSE];
    out->rmse = figures[RMSE];
    out->mae = figures[MAE];
    out->r2 = figures[R2];
    at_free(errors);
    return AT_OK;
}
