#include "ops/explore/quartiles.h"

#include "ops/base/memory.h"
#include "ops/base/order.h"

#include <math.h>
#include <stdlib.h>

static double quantile(const double *sorted, int64_t count, double q) {
    double place = q * (double)(count - 1), part = place - floor(place);
    int64_t k = (int64_t)place;
    return part > 0 ? sorted[k] + part * (sorted[k + 1] - sorted[k]) : sorted[k];
}

/* A part of the cells outside, which are the first `below` and the last `above`. */
static void pick(const double *sorted, at_quartiles *q) {
    int64_t outside = q->below + q->above;
    q->shown_count = (int)(outside < AT_QUARTILES_SHOWN ? outside : AT_QUARTILES_SHOWN);
    for (int i = 0; i < q->shown_count; i++) {
        int64_t k = q->shown_count < 2 ? 0 : (outside - 1) * i / (q->shown_count - 1);
        q->shown[i] = sorted[k < q->below ? k : q->count - outside + k];
    }
}

static void summarise(double *cells, int64_t count, at_quartiles *q) {
    const double nan = (double)NAN;
    *q = (at_quartiles){.count = count,
                        .min = nan,
                        .max = nan,
                        .q25 = nan,
                        .median = nan,
                        .q75 = nan,
                        .mean = nan,
                        .low = nan,
                        .high = nan};
    if (count == 0)
        return;
    at_sort_doubles(cells, (size_t)count);
    double sum = 0, lost = 0; /* Neumaier */
    for (int64_t i = 0; i < count; i++) {
        double next = sum + cells[i];
        lost += fabs(sum) >= fabs(cells[i]) ? (sum - next) + cells[i]
                                            : (cells[i] - next) + sum;
        sum = next;
    }
    q->mean = (sum + lost) / (double)count;
    q->min = cells[0];
    q->max = cells[count - 1];
    q->q25 = quantile(cells, count, 0.25);
    q->median = quantile(cells, count, 0.5);
    q->q75 = quantile(cells, count, 0.75);
    double reach = 1.5 * (q->q75 - q->q25);
    while (q->below < count && cells[q->below] < q->q25 - reach)
        q->below++;
    while (q->above < count - q->below && cells[count - 1 - q->above] > q->q75 + reach)
        q->above++;
    q->low = cells[q->below];
    q->high = cells[count - 1 - q->above];
    pick(cells, q);
}

at_status at_quartiles_of(const at_column *column, const at_axis *groups,
                          at_quartiles *out, at_error *err) {
    int count = groups ? groups->count : 1;
    double *cells = at_alloc_array((size_t)column->rows + 1, sizeof *cells);
    int64_t *starts = at_alloc_array((size_t)count + 2, sizeof *starts);
    if (!cells || !starts) {
        at_free(cells);
        at_free(starts);
        return at_fail(err, AT_NO_MEMORY, "not enough memory to sort column %s",
                       column->name);
    }
    /* starts[g + 1] first counts group g, then is where its next cell goes, which ends as
     * where group g + 1 begins */
    for (int64_t r = 0; r < column->rows; r++) {
        int32_t g = groups ? groups->codes[r] : 0;
        if (g >= 0 && !isnan(at_axis_value(column, r)))
            starts[g + 2]++;
    }
    for (int g = 2; g <= count; g++)
        starts[g] += starts[g - 1];
    for (int64_t r = 0; r < column->rows; r++) {
        int32_t g = groups ? groups->codes[r] : 0;
        double value = at_axis_value(column, r);
        if (g >= 0 && !isnan(value))
            cells[starts[g + 1]++] = value;
    }
    for (int g = 0; g < count; g++)
        summarise(cells + starts[g], starts[g + 1] - starts[g], &out[g]);
    at_free(cells);
    at_free(starts);
    return AT_OK;
}
