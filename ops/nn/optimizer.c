#include "ops/nn/optimizer.h"

#include <math.h>
#include <string.h>

at_optimizer_options at_optimizer_defaults(void) {
    return (at_optimizer_options){.momentum = 0.9F,
                                  .decay = 1e-4F,
                                  .beta1 = 0.9F,
                                  .beta2 = 0.999F,
                                  .epsilon = 1e-8F,
                                  .gamma = 0.9F};
}

/* sgd: m = momentum m - rate (g + decay w), w += m.
 * nag: m = momentum m + g + decay w, w -= rate (g + decay w + momentum m). */
static void settle_momentum(const at_optimizer_options *options, double rate,
                            uint64_t step, at_update *update) {
    (void)step;
    update->rate = (float)rate;
    update->momentum = options->momentum;
}

/* The corrections of both means for their start at zero go into the rate. */
static void settle_adam(const at_optimizer_options *options, double rate, uint64_t step,
                        at_update *update) {
    double first = 1 - pow((double)options->beta1, (double)step);
    double second = 1 - pow((double)options->beta2, (double)step);
    update->rate = (float)(rate * sqrt(second) / first);
    update->beta1 = options->beta1;
    update->beta2 = options->beta2;
    update->epsilon = options->epsilon;
}

/* m = gamma m + (1 - gamma) g^2, w -= rate g / sqrt(m + epsilon). */
static void settle_rmsprop(const at_optimizer_options *options, double rate,
                           uint64_t step, at_update *update) {
    (void)step;
    update->rate = (float)rate;
    update->momentum = options->gamma;
    update->epsilon = options->epsilon;
}

static void sgd(const at_pointwise *kernels, const at_update *update) {
    kernels->sgd(update);
}
static void nag(const at_pointwise *kernels, const at_update *update) {
    kernels->nag(update);
}
static void adam(const at_pointwise *kernels, const at_update *update) {
    kernels->adam(update);
}
static void rmsprop(const at_pointwise *kernels, const at_update *update) {
    kernels->rmsprop(update);
}

static const at_optimizer all[] = {
    {"sgd", 1, true, settle_momentum, sgd},
    {"nag", 1, true, settle_momentum, nag},
    {"adam", 2, false, settle_adam, adam},
    {"rmsprop", 1, false, settle_rmsprop, rmsprop},
};

enum { ALL = sizeof all / sizeof *all };

const at_optimizer *at_optimizer_at(size_t index) {
    return index < ALL ? &all[index] : NULL;
}

const at_optimizer *at_optimizer_named(const char *name) {
    for (size_t i = 0; i < ALL; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

double at_learning_rate(double base, double factor, const int *steps, size_t count,
                        int epoch) {
    for (size_t i = 0; i < count; i++)
        if (epoch >= steps[i])
            base *= factor;
    return base;
}
