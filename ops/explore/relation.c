#include "ops/explore/relation.h"

#include "ops/base/memory.h"

#include <math.h>
#include <stdlib.h>

const char *at_measure_name(at_measure measure) {
    static const char *const names[] = {"Pearson", "Spearman", "Cramér's V",
                                        "correlation ratio"};
    return names[measure];
}

static bool is_names(const at_facet *f) {
    return !f->number || f->column->type == AT_TYPE_BOOL;
}

/* May this column be compared? */
static bool comparable(const at_facet *f) {
    if (f->distinct < 2)
        return false;
    return !is_names(f) ||
           (f->distinct <= AT_RELATION_LEVELS && 2 * f->distinct <= f->rows - f->missing);
}

static double dot(const double *x, const double *y, int64_t rows) {
    double sums[4] = {0}; /* side by side, so that they need not wait for each other */
    int64_t r = 0;
    for (; r + 4 <= rows; r += 4)
        for (int k = 0; k < 4; k++)
            sums[k] += x[r + k] * y[r + k];
    for (; r < rows; r++)
        sums[0] += x[r] * y[r];
    return fmin(fmax((sums[0] + sums[1]) + (sums[2] + sums[3]), -1), 1);
}

/* Correlation of the (rows) pairs, by their means first. */
static double correlation(const double *x, const double *y, int64_t rows) {
    double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
    for (int64_t r = 0; r < rows; r++) {
        mean_x += (x[r] - mean_x) / (double)(r + 1);
        mean_y += (y[r] - mean_y) / (double)(r + 1);
    }
    for (int64_t r = 0; r < rows; r++) {
        double u = x[r] - mean_x, v = y[r] - mean_y;
        xx += u * u;
        yy += v * v;
        xy += u * v;
    }
    return xx > 0 && yy > 0 ? fmin(fmax(xy / sqrt(xx * yy), -1), 1) : (double)NAN;
}

/* Average ranks among the rows where both are known, into out. */
static bool shared_ranks(const at_facet *f, const at_facet *other, double *out) {
    double *average = at_alloc_array((size_t)f->distinct + 1, sizeof *average);
    if (!average)
        return false;
    for (int64_t r = 0; r < f->rows; r++)
        if (f->codes[r] >= 0 && other->codes[r] >= 0)
            average[f->codes[r]]++;
    double before = 0;
    for (int64_t k = 0; k < f->distinct; k++) {
        double n = average[k];
        average[k] = before + (n + 1) / 2;
        before += n;
    }
    int64_t at = 0;
    for (int64_t r = 0; r < f->rows; r++)
        if (f->codes[r] >= 0 && other->codes[r] >= 0)
            out[at++] = average[f->codes[r]];
    at_free(average);
    return true;
}

static at_status relate_numbers(const at_facet *a, const at_facet *b, at_relation *out,
                                at_error *err) {
    if (a->unit && b->unit) {
        out->rows = a->rows;
        out->pearson = dot(a->unit, b->unit, a->rows);
        out->spearman = dot(a->ranks, b->ranks, a->rows);
    } else {
        double *x = at_alloc_array((size_t)a->rows + 1, 2 * sizeof *x);
        double *y = x ? x + a->rows : NULL;
        bool ok = x;
        for (int64_t r = 0; ok && r < a->rows; r++)
            if (a->codes[r] >= 0 && b->codes[r] >= 0) {
                x[out->rows] = a->values[r];
                y[out->rows++] = b->values[r];
            }
        if (ok && out->rows > 1)
            out->pearson = correlation(x, y, out->rows);
        ok = ok && shared_ranks(a, b, x) && shared_ranks(b, a, y);
        if (ok && out->rows > 1)
            out->spearman = correlation(x, y, out->rows);
        at_free(x);
        if (!ok)
            return at_fail(err, AT_NO_MEMORY, "not enough memory to compare columns");
    }
    bool ranked = fabs(out->spearman) > fabs(out->pearson);
    out->measure = ranked ? AT_SPEARMAN : AT_PEARSON;
    out->strength = fabs(ranked ? out->spearman : out->pearson);
    return AT_OK;
}

double at_cramers_v(const int64_t *counts, int rows, int columns) {
    double all = 0, phi = 0;
    int live_rows = 0, live_columns = 0;
    for (int i = 0; i < rows * columns; i++)
        all += (double)counts[i];
    for (int j = 0; j < columns; j++) {
        double column = 0;
        for (int i = 0; i < rows; i++)
            column += (double)counts[i * columns + j];
        live_columns += column > 0;
        for (int i = 0; i < rows && column > 0; i++) {
            double row = 0, n = (double)counts[i * columns + j];
            if (n == 0)
                continue;
            for (int k = 0; k < columns; k++)
                row += (double)counts[i * columns + k];
            phi += n * n / (row * column);
        }
    }
    for (int i = 0; i < rows; i++) {
        int64_t row = 0;
        for (int k = 0; k < columns; k++)
            row += counts[i * columns + k];
        live_rows += row > 0;
    }
    if (live_rows < 2 || live_columns < 2 || all < 2)
        return (double)NAN;
    double r = live_rows, k = live_columns;
    phi = fmax(0, phi - 1 - (r - 1) * (k - 1) / (all - 1));
    r -= (r - 1) * (r - 1) / (all - 1);
    k -= (k - 1) * (k - 1) / (all - 1);
    double least = fmin(r, k) - 1;
    return least > 0 ? fmin(sqrt(phi / least), 1) : (double)NAN;
}

static at_status relate_names(const at_facet *a, const at_facet *b, at_relation *out,
                              at_error *err) {
    size_t cells = (size_t)(a->distinct * b->distinct);
    int64_t *counts = at_alloc_array(cells + 1, sizeof *counts);
    if (!counts)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to compare columns");
    for (int64_t r = 0; r < a->rows; r++)
        if (a->codes[r] >= 0 && b->codes[r] >= 0) {
            counts[a->codes[r] * b->distinct + b->codes[r]]++;
            out->rows++;
        }
    out->measure = AT_CRAMERS_V;
    out->strength = at_cramers_v(counts, (int)a->distinct, (int)b->distinct);
    at_free(counts);
    return AT_OK;
}

/* Sums of each level's deviations from the mean, over all rows that have both: sums,
 * known (levels). Gives the sum of squares. */
static double part_squares(const at_facet *names, const at_facet *numbers, double *sums,
                           double *known, int64_t *rows) {
    double mean = 0, total = 0;
    if (numbers->unit && names->missing == 0) { /* mean 0, squares 1 */
        for (int64_t r = 0; r < names->rows; r++) {
            sums[names->codes[r]] += numbers->unit[r];
            known[names->codes[r]]++;
        }
        *rows = names->rows;
        return 1;
    }
    *rows = 0;
    for (int64_t r = 0; r < names->rows; r++)
        if (names->codes[r] >= 0 && numbers->codes[r] >= 0)
            mean += (numbers->values[r] - mean) / (double)++*rows;
    for (int64_t r = 0; r < names->rows; r++)
        if (names->codes[r] >= 0 && numbers->codes[r] >= 0) {
            double d = numbers->values[r] - mean;
            sums[names->codes[r]] += d;
            known[names->codes[r]]++;
            total += d * d;
        }
    return total;
}

static void relate_both(const at_facet *names, const at_facet *numbers,
                        at_relation *out) {
    double sums[AT_RELATION_LEVELS] = {0}, known[AT_RELATION_LEVELS] = {0};
    double total = part_squares(names, numbers, sums, known, &out->rows);
    double between = 0, levels = 0, n = (double)out->rows;
    for (int64_t k = 0; k < names->distinct; k++)
        if (known[k] > 0) {
            between += sums[k] * sums[k] / known[k];
            levels++;
        }
    out->measure = AT_ETA;
    if (total > 0 && levels >= 2 && n > levels)
        out->strength = sqrt(fmax(0, 1 - (1 - between / total) * (n - 1) / (n - levels)));
}

at_status at_relation_of(const at_facets *facets, int a, int b, at_relation *out,
                         at_error *err) {
    const double nan = (double)NAN;
    const at_facet *x = &facets->items[a], *y = &facets->items[b];
    *out =
        (at_relation){.a = a, .b = b, .strength = nan, .pearson = nan, .spearman = nan};
    if (!comparable(x) || !comparable(y))
        return AT_OK;
    if (!is_names(x) && !is_names(y))
        return relate_numbers(x, y, out, err);
    if (is_names(x) && is_names(y))
        return relate_names(x, y, out, err);
    relate_both(is_names(x) ? x : y, is_names(x) ? y : x, out);
    return AT_OK;
}

typedef struct work {
    const at_facets *facets;
    const at_cancel *cancel;
    at_relation *pairs;
    bool *failed;
    int skip;
} work;

/* All pairs (a, b > a) of one column a. */
static void relate_row(void *context, size_t i) {
    const work *w = context;
    int a = (int)i, count = w->facets->count;
    for (int b = a + 1; b < count && a != w->skip; b++) {
        at_relation *pair = &w->pairs[(size_t)a * (size_t)count + (size_t)b];
        if (b == w->skip || at_cancelled(w->cancel))
            pair->strength = (double)NAN;
        else if (at_relation_of(w->facets, a, b, pair, NULL) != AT_OK)
            w->failed[a] = true;
    }
}

static int by_strength(const void *a, const void *b) {
    const at_relation *x = a, *y = b;
    if (x->strength < y->strength || x->strength > y->strength)
        return x->strength < y->strength ? 1 : -1;
    return x->a != y->a ? (x->a < y->a ? -1 : 1) : (x->b > y->b) - (x->b < y->b);
}

at_status at_relations(const at_facets *facets, int skip, at_pool *pool,
                       const at_cancel *cancel, at_relation **out, size_t *count,
                       at_error *err) {
    size_t columns = (size_t)facets->count;
    *count = 0;
    *out = at_alloc_array(columns * columns + 1, sizeof **out);
    bool *failed = at_alloc_array(columns + 1, sizeof *failed);
    bool ok = *out && failed;
    if (ok) {
        work w = {facets, cancel, *out, failed, skip};
        at_pool_run(pool, columns, relate_row, &w);
    }
    for (size_t i = 0; ok && i < columns; i++)
        ok = !failed[i];
    at_free(failed);
    if (!ok || at_cancelled(cancel)) {
        at_free(*out);
        *out = NULL;
        return ok ? at_fail(err, AT_CANCELLED, "interrupted while comparing columns")
                  : at_fail(err, AT_NO_MEMORY, "not enough memory to compare columns");
    }
    for (size_t a = 0; a < columns; a++)
        for (size_t b = a + 1; b < columns; b++) {
            at_relation pair = (*out)[a * columns + b];
            if ((int)a != skip && (int)b != skip && !isnan(pair.strength))
                (*out)[(*count)++] = pair;
        }
    qsort(*out, *count, sizeof **out, by_strength);
    return AT_OK;
}
