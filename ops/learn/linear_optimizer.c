/* Optimisers. Weight decay is an L2 penalty in the gradient, so that the minimum is that
 * of the penalised loss (ridge) whatever the optimiser; l1 is a proximal step of the size
 * of the coordinate's own rate, which makes weights exactly 0.
 *
 * adam: Kingma and Ba, 2015. rmsprop: Tieleman and Hinton, 2012 (decay 0.9). */
#include "ops/learn/linear.h"

#include <math.h>

static const double EPSILON = 1e-8, RMSPROP_DECAY = 0.9;

typedef struct update {
    double along, rate; /* the direction, and the step length a unit of it */
} update;

static inline update direction(const at_linear_config *c, at_linear_descent *d,
                               int64_t at, double g, double correct_1, double correct_2) {
    switch (c->optimizer) {
    case AT_LINEAR_SGD:
        d->first[at] = c->momentum * d->first[at] + g;
        return (update){d->first[at], 1};
    case AT_LINEAR_RMSPROP:
        d->second[at] = RMSPROP_DECAY * d->second[at] + (1 - RMSPROP_DECAY) * g * g;
        return (update){g, 1 / (sqrt(d->second[at]) + EPSILON)};
    case AT_LINEAR_ADAM:
        break;
    }
    d->first[at] = c->beta_1 * d->first[at] + (1 - c->beta_1) * g;
    d->second[at] = c->beta_2 * d->second[at] + (1 - c->beta_2) * g * g;
    return (update){d->first[at] * correct_1,
                    1 / (sqrt(d->second[at] * correct_2) + EPSILON)};
}

static double soften(double w, double by) {
    return w > by ? w - by : w < -by ? w + by : 0;
}

void at_linear_step(const at_linear_config *c, at_linear_descent *d, const double *rate,
                    const double *g, double *w) {
    d->step++;
    bool adam = c->optimizer == AT_LINEAR_ADAM;
    double correct_1 = adam ? 1 / (1 - pow(c->beta_1, (double)d->step)) : 1;
    double correct_2 = adam ? 1 / (1 - pow(c->beta_2, (double)d->step)) : 1;
    for (int64_t j = 0; j <= c->cols; j++) {
        bool bias = j == c->cols;
        if (bias && !c->params->use_bias)
            break;
        for (int m = 0; m < c->models; m++) {
            double wd = bias ? c->wd[m] * c->bias_wd : c->wd[m];
            double lr = bias ? rate[m] * c->bias_lr : rate[m];
            int64_t at = j * c->width + (int64_t)m * c->outputs, end = at + c->outputs;
            for (; at < end; at++) {
                update u = direction(c, d, at, g[at] + wd * w[at], correct_1, correct_2);
                w[at] -= lr * u.rate * u.along;
                if (c->l1 > 0 && !bias)
                    w[at] = soften(w[at], c->l1 * lr * u.rate);
            }
        }
    }
}
