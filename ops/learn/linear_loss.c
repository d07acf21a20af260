/* Losses. The shapes are those of SageMaker's linear learner; labels of regressions are
 * normalised (see normalize_label), so huber_delta and loss_insensitivity are in units of
 * the label's standard deviation. */
#include "ops/learn/linear.h"

#include <math.h>
#include <string.h>

static double logistic(const at_linear_config *c, const double *z, double y, double *g) {
    (void)c;
    double margin = *z, e = exp(-fabs(margin));
    double p = (margin >= 0 ? 1 : e) / (1 + e);
    double loss = log1p(e) + (y > 0 ? fmax(-margin, 0) : fmax(margin, 0));
    *g = p - y;
    return loss;
}

static double hinge(const at_linear_config *c, const double *z, double y, double *g) {
    (void)c;
    double sign = y > 0 ? 1 : -1, loss = 1 - sign * *z;
    *g = loss > 0 ? -sign : 0;
    return fmax(loss, 0);
}

static double softmax(const at_linear_config *c, const double *z, double y, double *g) {
    int n = c->outputs, truth = (int)y;
    double most = z[0], own = z[truth], sum = 0;
    for (int k = 1; k < n; k++)
        most = fmax(most, z[k]);
    for (int k = 0; k < n; k++)
        sum += g[k] = exp(z[k] - most);
    for (int k = 0; k < n; k++)
        g[k] /= sum;
    g[truth] -= 1;
    return log(sum) + most - own;
}

static double squared(const at_linear_config *c, const double *z, double y, double *g) {
    (void)c;
    double error = *z - y;
    *g = 2 * error;
    return error * error;
}

static double absolute(const at_linear_config *c, const double *z, double y, double *g) {
    (void)c;
    double error = *z - y;
    *g = (error > 0) - (error < 0);
    return fabs(error);
}

static double eps_squared(const at_linear_config *c, const double *z, double y,
                          double *g) {
    double error = *z - y, beyond = fmax(fabs(error) - c->params->loss_insensitivity, 0);
    *g = error > 0 ? 2 * beyond : -2 * beyond;
    return beyond * beyond;
}

static double eps_absolute(const at_linear_config *c, const double *z, double y,
                           double *g) {
    double error = *z - y, beyond = fmax(fabs(error) - c->params->loss_insensitivity, 0);
    *g = beyond == 0 ? 0 : error > 0 ? 1 : -1;
    return beyond;
}

static double quantile(const at_linear_config *c, const double *z, double y, double *g) {
    double q = c->params->quantile, error = *z - y;
    *g = error > 0 ? 1 - q : error < 0 ? -q : 0;
    return error > 0 ? (1 - q) * error : -q * error;
}

static double huber(const at_linear_config *c, const double *z, double y, double *g) {
    double delta = c->params->huber_delta, error = *z - y, size = fabs(error);
    *g = size <= delta ? error : error > 0 ? delta : -delta;
    return size <= delta ? error * error / 2 : delta * (size - delta / 2);
}

static const at_linear_loss LOSSES[] = {
    {"logistic", "logistic_loss", "binary_classification_cross_entropy_objective",
     AT_BINARY, logistic},
    {"hinge_loss", "hinge_loss", "binary_classification_hinge_objective", AT_BINARY,
     hinge},
    {"softmax_loss", "softmax_loss", "multiclass_cross_entropy_objective", AT_MULTICLASS,
     softmax},
    {"squared_loss", "squared_loss", "mse_objective", AT_REGRESSION, squared},
    {"absolute_loss", "absolute_loss", "absolute_loss_objective", AT_REGRESSION,
     absolute},
    {"eps_insensitive_squared_loss", "eps_insensitive_squared_loss",
     "eps_insensitive_squared_loss_objective", AT_REGRESSION, eps_squared},
    {"eps_insensitive_absolute_loss", "eps_insensitive_absolute_loss",
     "eps_insensitive_absolute_loss_objective", AT_REGRESSION, eps_absolute},
    {"quantile_loss", "quantile_loss", "quantile_loss_objective", AT_REGRESSION,
     quantile},
    {"huber_loss", "huber_loss", "huber_loss_objective", AT_REGRESSION, huber},
};

const at_linear_loss *at_linear_losses(size_t *count) {
    *count = sizeof LOSSES / sizeof *LOSSES;
    return LOSSES;
}

const at_linear_loss *at_linear_loss_find(const char *name, at_problem problem) {
    bool any = strcmp(name, "auto") == 0;
    for (size_t i = 0; i < sizeof LOSSES / sizeof *LOSSES; i++)
        if ((LOSSES[i].problems & (unsigned)problem) &&
            (any || strcmp(LOSSES[i].name, name) == 0))
            return &LOSSES[i];
    return NULL;
}
