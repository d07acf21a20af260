#include "ops/explore/axis.h"

#include "ops/base/clock.h"
#include "ops/base/memory.h"
#include "ops/base/order.h"
#include "ops/base/text.h"

#include <math.h>
#include <string.h>

double at_axis_value(const at_column *column, int64_t row) {
    double value = at_column_real(column, row);
    if (column->type == AT_TYPE_DATE)
        return value * 86400;
    if (column->type == AT_TYPE_TIMESTAMP)
        return value / 1e6;
    return isfinite(value) ? value : (double)NAN;
}

static at_status no_memory(const at_column *column, at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory to look at column %s",
                   column->name);
}

void at_axis_fini(at_axis *axis) {
    for (int i = 0; axis->names && i < axis->count; i++)
        at_free(axis->names[i]);
    at_free(axis->names);
    at_free(axis->counts);
    at_free(axis->codes);
    at_free(axis->edges);
    *axis = (at_axis){0};
}

/* ---- a range of numbers in round steps -----------------------------------------------
 */

typedef struct range {
    double low, high;                        /* of the known cells */
    double inner_low, inner_high, quartiles; /* of a sample: 0.5 and 99.5 %, q75 - q25 */
    int64_t known;
    bool whole; /* all cells are whole numbers */
} range;

static double quantile(const double *sorted, size_t count, double q) {
    double place = q * (double)(count - 1), part = place - floor(place);
    size_t k = (size_t)place;
    return part > 0 ? sorted[k] + part * (sorted[k + 1] - sorted[k]) : sorted[k];
}

static at_status survey(const at_column *column, range *out, at_error *err) {
    *out = (range){.low = INFINITY, .high = -INFINITY, .whole = true};
    double *sample = at_alloc_array(AT_AXIS_SAMPLE, sizeof *sample);
    if (!sample)
        return no_memory(column, err);
    int64_t stride = column->rows / AT_AXIS_SAMPLE + 1;
    size_t taken = 0;
    for (int64_t r = 0; r < column->rows; r++) {
        double v = at_axis_value(column, r);
        if (isnan(v))
            continue;
        out->known++;
        out->low = fmin(out->low, v);
        out->high = fmax(out->high, v);
        out->whole = out->whole && v == floor(v);
        if (r % stride == 0)
            sample[taken++] = v;
    }
    out->inner_low = out->low;
    out->inner_high = out->high;
    if (taken > 20) {
        at_sort_doubles(sample, taken);
        out->inner_low = quantile(sample, taken, 0.005);
        out->inner_high = quantile(sample, taken, 0.995);
        out->quartiles = quantile(sample, taken, 0.75) - quantile(sample, taken, 0.25);
    }
    at_free(sample);
    if (out->known == 0)
        return at_fail(err, AT_INVALID, "column %s holds no value", column->name);
    return AT_OK;
}

/* 1, 2 or 5 times a power of ten, not below `least`. */
static double round_up(double least) {
    double power = pow(10, floor(log10(least)));
    double unit = least / power;
    return power * (unit <= 1.0001 ? 1 : unit <= 2.0001 ? 2 : unit <= 5.0001 ? 5 : 10);
}

enum { FEW = 32 }; /* so many whole numbers have a bin each */

static int wanted_bins(const range *r, double width, int wish, int most) {
    if (wish > 0)
        return wish;
    double step = 2 * r->quartiles / cbrt((double)r->known);
    double bins = step > 0 ? width / step : sqrt((double)r->known);
    return (int)fmin(fmax(bins, 8), most);
}

static at_status equal_edges(const range *r, double low, double high, int wish, int most,
                             at_axis *out, at_error *err) {
    int bins = wanted_bins(r, high - low, wish, most);
    double width = high > low ? high - low : fmax(fabs(low) * 0.1, 1);
    double step = wish > 0 ? width / bins : round_up(width / bins);
    if (r->whole) /* as many whole numbers in each bin */
        step = wish == 0 && width < fmin(most, FEW) ? 1 : ceil(step - 1e-9);
    double first = wish > 0 ? low : floor(low / step) * step;
    if (r->whole && step <= 1) /* its number in the middle of the bin */
        first = low - 0.5;
    int count = (int)fmax(ceil((high - first) / step - 1e-9), 1);
    if (r->whole && first + step * count <= high) /* the last number has a bin too */
        count++;
    out->edges = at_alloc_array((size_t)count + 1, sizeof *out->edges);
    if (!out->edges)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for an axis");
    for (int i = 0; i <= count; i++)
        out->edges[i] = first + step * i;
    out->count = count;
    return AT_OK;
}

static double month_start(int64_t month) { /* months since year 0 */
    return (double)at_days_from_civil(month / 12, (unsigned)(month % 12) + 1, 1) * 86400;
}

static at_status time_edges(double low, double high, int bins, at_axis *out,
                            at_error *err) {
    static const double steps[] = {1,    5,     15,    60,    300,   900,        1800,
                                   3600, 10800, 21600, 43200, 86400, 7 * 86400.0};
    static const int months[] = {1, 3, 6, 12, 24, 60, 120, 240, 600, 1200};
    enum {
        STEPS = sizeof steps / sizeof *steps,
        MONTHS = sizeof months / sizeof *months
    };
    size_t s = 0, m = 0;
    while (s < STEPS && (high - low) / steps[s] >= bins)
        s++;
    while (m + 1 < MONTHS && (high - low) / (months[m] * 30.44 * 86400) >= bins)
        m++;
    int64_t year;
    unsigned month, day;
    at_civil_from_days((int64_t)floor(low / 86400), &year, &month, &day);
    int64_t first = (year * 12 + (int64_t)month - 1) / months[m] * months[m];
    /* weeks begin on Mondays: 1970-01-05 was one */
    double base = s + 1 == STEPS ? 4 * 86400 : 0;
    double start =
        s < STEPS ? floor((low - base) / steps[s]) * steps[s] + base : month_start(first);
    size_t capacity = 0;
    double edge = start;
    for (int count = 0;; count++) {
        double *grown =
            at_grow(out->edges, &capacity, (size_t)count + 1, sizeof *out->edges);
        if (!grown)
            return at_fail(err, AT_NO_MEMORY, "not enough memory for an axis");
        out->edges = grown;
        out->edges[count] = edge;
        out->count = count;
        if (count && edge > high)
            return AT_OK;
        edge = s < STEPS ? start + steps[s] * (count + 1)
                         : month_start(first + (int64_t)months[m] * (count + 1));
    }
}

/* The slot of a value by the edges; -1: outside. */
static int32_t slot_of(const at_axis *axis, double value, double scale) {
    const double *e = axis->edges;
    if (isnan(value) || value < e[0] || value > e[axis->count])
        return -1;
    int32_t k = (int32_t)fmin((value - e[0]) * scale, axis->count - 1);
    while (k > 0 && value < e[k])
        k--;
    while (k + 1 < axis->count && value >= e[k + 1])
        k++;
    return k;
}

static at_status fill_bins(const at_column *column, at_axis *out, at_error *err) {
    out->rows = column->rows;
    out->codes = at_alloc_array((size_t)column->rows + 1, sizeof *out->codes);
    out->counts = at_alloc_array((size_t)out->count + 1, sizeof *out->counts);
    if (!out->codes || !out->counts)
        return no_memory(column, err);
    double span = out->edges[out->count] - out->edges[0];
    double scale = span > 0 ? out->count / span : 0;
    for (int64_t r = 0; r < column->rows; r++) {
        double value = at_axis_value(column, r);
        int32_t k = out->codes[r] = slot_of(out, value, scale);
        if (k >= 0)
            out->counts[k]++;
        else if (isnan(value))
            out->missing++;
        else
            out->beyond++;
    }
    return AT_OK;
}

at_status at_axis_bins(const at_column *column, int wish, int most, bool trim,
                       at_axis *out, at_error *err) {
    *out = (at_axis){.time = column->type == AT_TYPE_DATE ||
                             column->type == AT_TYPE_TIMESTAMP};
    if (wish > most)
        wish = most;
    range r;
    AT_TRY(survey(column, &r, err));
    double low = r.low, high = r.high, inner = r.inner_high - r.inner_low;
    if (trim && inner > 0 && high - low > 4 * inner) {
        low = fmax(low, r.inner_low - 0.5 * inner);
        high = fmin(high, r.inner_high + 0.5 * inner);
    }
    at_status status = out->time ? time_edges(low, high, wish > 0 ? wish : most, out, err)
                                 : equal_edges(&r, low, high, wish, most, out, err);
    if (status == AT_OK)
        status = fill_bins(column, out, err);
    if (status != AT_OK)
        at_axis_fini(out);
    return status;
}

/* ---- quantiles ------------------------------------------------------------------------
 */

/* Edges between the sorted values: between two that differ, near each quantile. */
static int quantile_edges(const double *sorted, size_t count, int most, double *edges) {
    size_t distinct = 1;
    for (size_t i = 1; i < count && distinct <= (size_t)most; i++)
        distinct += sorted[i] > sorted[i - 1];
    int used = 0;
    edges[used] = sorted[0];
    if (distinct <= (size_t)most) {
        for (size_t i = 1; i < count; i++)
            if (sorted[i] > sorted[i - 1])
                edges[++used] = sorted[i];
    } else {
        for (int k = 1; k < most; k++) {
            double edge = sorted[count * (size_t)k / (size_t)most];
            if (edge > edges[used])
                edges[++used] = edge;
        }
    }
    edges[++used] = INFINITY;
    return used; /* slots */
}

static int32_t search(const double *edges, int count, double value) {
    int32_t low = 0, high = count; /* edges[low] <= value < edges[high] */
    while (high - low > 1) {
        int32_t middle = (low + high) / 2;
        if (value >= edges[middle])
            low = middle;
        else
            high = middle;
    }
    return low;
}

static at_status quantile_codes(const at_column *column, double *known, int most,
                                at_axis *out, at_error *err) {
    size_t count = 0;
    for (int64_t r = 0; r < column->rows; r++) {
        double value = at_axis_value(column, r);
        if (!isnan(value))
            known[count++] = value;
    }
    out->rows = column->rows;
    out->missing = column->rows - (int64_t)count;
    out->edges = at_alloc_array((size_t)most + 2, sizeof *out->edges);
    out->counts = at_alloc_array((size_t)most + 2, sizeof *out->counts);
    out->codes = at_alloc_array((size_t)column->rows + 1, sizeof *out->codes);
    if (!out->edges || !out->counts || !out->codes)
        return no_memory(column, err);
    at_sort_doubles(known, count);
    int slots = count ? quantile_edges(known, count, most, out->edges) : 0;
    for (int64_t r = 0; r < column->rows; r++) {
        double value = at_axis_value(column, r);
        out->codes[r] = isnan(value) ? slots : search(out->edges, slots, value);
        out->counts[out->codes[r]]++;
    }
    out->count = slots + (out->missing > 0);
    return AT_OK;
}

/* Missing texts get the slot after the last. */
static void seat_missing(at_axis *out) {
    if (out->missing == 0)
        return;
    for (int64_t r = 0; r < out->rows; r++)
        if (out->codes[r] < 0)
            out->codes[r] = out->count;
    out->counts[out->count++] = out->missing; /* room for it is there */
}

at_status at_axis_quantiles(const at_column *column, int most, at_axis *out,
                            at_error *err) {
    if (at_type_textual(column->type)) {
        AT_TRY(at_axis_levels(column, most, out, err));
        seat_missing(out);
        return AT_OK;
    }
    *out = (at_axis){0};
    double *known = at_alloc_array((size_t)column->rows + 1, sizeof *known);
    at_status status =
        known ? quantile_codes(column, known, most, out, err) : no_memory(column, err);
    at_free(known);
    if (status != AT_OK)
        at_axis_fini(out);
    return status;
}

void at_axis_cross(const at_axis *a, const at_axis *b, int64_t *counts) {
    memset(counts, 0, (size_t)a->count * (size_t)b->count * sizeof *counts);
    for (int64_t r = 0; r < a->rows; r++)
        if (a->codes[r] >= 0 && b->codes[r] >= 0)
            counts[(int64_t)a->codes[r] * b->count + b->codes[r]]++;
}
