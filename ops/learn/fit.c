#include "ops/learn/fit.h"
#include "ops/base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

const char *at_fit_over(const at_fit_task *task) {
    if (at_cancelled(task->cancel))
        return "Interrupted";
    return task->deadline > 0 && at_now() >= task->deadline ? "The time is up" : NULL;
}

at_status at_fit_too_soon(const at_fit_task *task, const char *what, at_error *err) {
    if (at_cancelled(task->cancel))
        return at_fail(err, AT_CANCELLED, "training was interrupted before %s", what);
    at_fail(err, AT_LIMIT, "the time for the training was up before %s", what);
    return at_hint(err, "allow more time");
}

void at_fit_say(const at_fit_task *task, const char *format, ...) {
    if (!task->events || !task->events->log)
        return;
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    task->events->log(task->events->context, line);
}

void at_fit_point(const at_fit_task *task, const char *series, const char *metric,
                  double x, double y) {
    if (task->events && task->events->point)
        task->events->point(task->events->context, series, metric, x, y);
}

void at_fit_progress(const at_fit_task *task, double done, double total,
                     const char *what) {
    if (task->events && task->events->progress)
        task->events->progress(task->events->context, done, total, what);
}

static at_status bad_cell(const char *part, int64_t row, int64_t col, double value,
                          bool missing, at_error *err) {
    at_fail(err, AT_INVALID, "%s row %" PRId64 ", prepared input %" PRId64 " is %g", part,
            row + 1, col + 1, value);
    return missing ? at_hint(err, "an input is a finite number or missing")
                   : at_hint(err, "every input must be a finite number: add `impute` or "
                                  "`standardize` to the preparation");
}

static at_status check_part(const at_design *d, const char *part, bool missing,
                            at_error *err) {
    double sum = 0;
    for (int64_t i = 0; i < d->rows; i++) {
        double weight = d->weight ? d->weight[i] : 1;
        if (!isfinite(d->y[i]))
            return at_fail(err, AT_INVALID, "%s row %" PRId64 " has the label %g", part,
                           i + 1, d->y[i]);
        if (!isfinite(weight) || weight < 0)
            return at_fail(err, AT_INVALID, "%s row %" PRId64 " has the weight %g", part,
                           i + 1, weight);
        sum += weight;
        const double *x = d->x + i * d->cols;
        for (int64_t j = 0; j < d->cols; j++)
            if (!isfinite(x[j]) && !(missing && isnan(x[j])))
                return bad_cell(part, i, j, x[j], missing, err);
    }
    if (d->rows > 0 && !(sum > 0))
        return at_fail(err, AT_INVALID, "all %s rows have the weight 0", part);
    return AT_OK;
}

at_status at_fit_check_rows(const at_fit_task *task, bool missing, at_error *err) {
    if (task->train.rows < 1)
        return at_fail(err, AT_INVALID, "there are no rows to train on");
    AT_TRY(check_part(&task->train, "training", missing, err));
    return check_part(&task->validation, "validation", missing, err);
}

at_status at_fit_check_classes(const at_fit_task *task, int64_t given, at_error *err) {
    if (task->problem != AT_MULTICLASS || given == AT_AUTO_INT || given == task->classes)
        return AT_OK;
    at_fail(err, AT_INVALID, "num_class is %" PRId64 ", but the target has %d classes",
            given, task->classes);
    return at_hint(err, "leave it out: the classes are counted");
}

static double log_loss(double probability) {
    return -log(fmin(fmax(probability, 1e-15), 1 - 1e-15));
}

double at_fit_loss(const at_fit_task *task, const at_design *part, const double *scores) {
    int outputs = task->problem == AT_MULTICLASS ? task->classes : 1;
    double sum = 0, weights = 0;
    for (int64_t i = 0; i < part->rows; i++, scores += outputs) {
        double weight = part->weight ? part->weight[i] : 1, y = part->y[i], loss;
        if (task->problem == AT_REGRESSION)
            loss = (scores[0] - y) * (scores[0] - y);
        else if (task->problem == AT_BINARY)
            loss = log_loss(y > 0 ? scores[0] : 1 - scores[0]);
        else
            loss = log_loss(scores[(int64_t)y]);
        sum += weight * loss;
        weights += weight;
    }
    double mean = sum / weights;
    return task->problem == AT_REGRESSION ? sqrt(mean) : mean;
}

const char *at_fit_loss_name(at_problem problem) {
    return problem == AT_REGRESSION ? "rmse"
           : problem == AT_BINARY   ? "logloss"
                                    : "mlogloss";
}
