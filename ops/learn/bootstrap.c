#include "ops/learn/bootstrap.h"

#include "ops/base/memory.h"
#include "ops/base/order.h"
#include "ops/base/rng.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The q-quantile of sorted values, interpolated as numpy.percentile does. */
static double quantile(const double *sorted, int count, double q) {
    double place = q * (count - 1);
    int below = (int)place;
    int above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

static void interval(double *samples, int count, at_interval *out) {
    int kept = 0;
    for (int i = 0; i < count; i++)
        if (!isnan(samples[i]))
            samples[kept++] = samples[i];
    if (kept < 2)
        return;
    qsort(samples, (size_t)kept, sizeof *samples, at_order_doubles);
    out->low = quantile(samples, kept, 0.025);
    out->high = quantile(samples, kept, 0.975);
}

at_status at_bootstrap(at_bootstrap_fn *measure, const void *context, int64_t rows,
                       int resamples, uint64_t seed, int count, at_interval *out,
                       at_error *err) {
    assert(count <= AT_BOOTSTRAP_FIGURES && rows > 0);
    if (resamples < 0 || resamples > AT_BOOTSTRAP_RESAMPLES)
        return at_fail(err, AT_LIMIT, "%d bootstrap samples were asked for; at most %d",
                       resamples, AT_BOOTSTRAP_RESAMPLES);
    double values[AT_BOOTSTRAP_FIGURES];
    measure(context, NULL, values);
    for (int f = 0; f < count; f++)
        out[f] = (at_interval){values[f], NAN, NAN};
    if (resamples == 0)
        return AT_OK;

    uint32_t *times = at_alloc_array((size_t)rows, sizeof *times);
    double *samples = at_alloc_array((size_t)count * (size_t)resamples, sizeof *samples);
    if (!times || !samples) {
        at_free(times);
        at_free(samples);
        return at_fail(err, AT_NO_MEMORY, "no memory for %d bootstrap samples",
                       resamples);
    }
    at_rng rng;
    at_rng_init(&rng, seed);
    for (int r = 0; r < resamples; r++) {
        memset(times, 0, (size_t)rows * sizeof *times);
        for (int64_t i = 0; i < rows; i++)
            times[at_rng_below(&rng, (uint64_t)rows)]++;
        measure(context, times, values);
        for (int f = 0; f < count; f++)
            samples[f * resamples + r] = values[f];
    }
    for (int f = 0; f < count; f++)
        interval(samples + f * resamples, resamples, &out[f]);
    at_free(times);
    at_free(samples);
    return AT_OK;
}
