#include "ops/explore/facet.h"

#include "ops/base/memory.h"
#include "ops/base/order.h"
#include "ops/base/rng.h"
#include "ops/explore/axis.h"
#include "ops/frame/dictionary.h"

#include <math.h>
#include <string.h>

static void facet_fini(at_facet *f) {
    at_free(f->codes);
    at_free(f->counts);
    at_free(f->values);
    at_free(f->unit);
    at_free(f->ranks);
}

void at_facets_fini(at_facets *facets) {
    for (int i = 0; facets->items && i < facets->count; i++)
        facet_fini(&facets->items[i]);
    at_free(facets->items);
    *facets = (at_facets){0};
}

/* Less the mean, over the length: the dot product of two such is their correlation. All 0
 * where nothing varies. */
static void normalise(double *x, int64_t rows) {
    double sum = 0, lost = 0, squares = 0; /* Neumaier */
    for (int64_t r = 0; r < rows; r++) {
        double next = sum + x[r];
        lost += fabs(sum) >= fabs(x[r]) ? (sum - next) + x[r] : (x[r] - next) + sum;
        sum = next;
    }
    double mean = rows ? (sum + lost) / (double)rows : 0;
    for (int64_t r = 0; r < rows; r++) {
        x[r] -= mean;
        squares += x[r] * x[r];
    }
    double scale = squares > 0 ? 1 / sqrt(squares) : 0;
    for (int64_t r = 0; r < rows; r++)
        x[r] *= scale;
}

static bool unite(at_facet *f) {
    f->unit = at_alloc_array((size_t)f->rows + 1, sizeof *f->unit);
    f->ranks = at_alloc_array((size_t)f->rows + 1, sizeof *f->ranks);
    double *average = at_alloc_array((size_t)f->distinct + 1, sizeof *average);
    if (f->unit && f->ranks && average) {
        double before = 0;
        for (int64_t k = 0; k < f->distinct; k++) {
            average[k] = before + ((double)f->counts[k] + 1) / 2;
            before += (double)f->counts[k];
        }
        for (int64_t r = 0; r < f->rows; r++) {
            f->unit[r] = f->values[r];
            f->ranks[r] = average[f->codes[r]];
        }
        normalise(f->unit, f->rows);
        normalise(f->ranks, f->rows);
    }
    at_free(average);
    return f->unit && f->ranks;
}

static bool fill_numbers(at_facet *f) {
    f->values = at_alloc_array((size_t)f->rows + 1, sizeof *f->values);
    double *known = at_alloc_array((size_t)f->rows + 1, sizeof *known);
    bool ok = f->values && known;
    size_t count = 0;
    for (int64_t r = 0; ok && r < f->rows; r++) {
        f->values[r] = at_axis_value(f->column, r);
        if (!isnan(f->values[r]))
            known[count++] = f->values[r];
    }
    if (ok)
        at_sort_doubles(known, count);
    for (size_t i = 0; ok && i < count; i++)
        if (f->distinct == 0 || known[i] > known[f->distinct - 1])
            known[f->distinct++] = known[i];
    f->counts = at_alloc_array((size_t)f->distinct + 1, sizeof *f->counts);
    ok = ok && f->counts;
    for (int64_t r = 0; ok && r < f->rows; r++) {
        int64_t low = 0, high = f->distinct;
        while (high - low > 1) {
            int64_t middle = (low + high) / 2;
            bool above = f->values[r] >= known[middle];
            low = above ? middle : low;
            high = above ? high : middle;
        }
        f->codes[r] = isnan(f->values[r]) ? -1 : (int32_t)low;
        if (f->codes[r] >= 0)
            f->counts[low]++;
    }
    at_free(known);
    f->missing = f->rows - (int64_t)count;
    return ok && (f->missing > 0 || unite(f));
}

static bool fill_texts(at_facet *f) {
    const at_column *c = f->column;
    at_dictionary levels = {0};
    bool ok = true;
    for (int64_t r = 0; ok && r < f->rows; r++) {
        int64_t length = 0;
        f->codes[r] = -1;
        if (!at_column_valid(c, r)) {
            f->missing++;
        } else if (c->type == AT_TYPE_CATEGORY) {
            f->codes[r] = (int32_t)c->codes[r];
        } else {
            const char *text = at_column_text(c, r, &length);
            uint32_t code = at_dictionary_add(&levels, text, (size_t)length);
            ok = code < INT32_MAX;
            f->codes[r] = (int32_t)code;
        }
    }
    f->distinct = c->type == AT_TYPE_CATEGORY ? c->levels : levels.count;
    f->counts = at_alloc_array((size_t)f->distinct + 1, sizeof *f->counts);
    ok = ok && f->counts;
    for (int64_t r = 0; ok && r < f->rows; r++)
        if (f->codes[r] >= 0)
            f->counts[f->codes[r]]++;
    at_dictionary_fini(&levels);
    return ok;
}

typedef struct work {
    at_facets *facets;
    const at_cancel *cancel;
} work;

static void fill(void *context, size_t i) {
    const work *w = context;
    at_facet *f = &w->facets->items[i];
    f->codes = at_cancelled(w->cancel)
                   ? NULL
                   : at_alloc_array((size_t)f->rows + 1, sizeof *f->codes);
    if (f->codes && !(f->number ? fill_numbers(f) : fill_texts(f))) {
        at_free(f->codes); /* the mark of failure */
        f->codes = NULL;
    }
}

at_status at_facets_of(const at_frame *frame, at_pool *pool, const at_cancel *cancel,
                       at_facets *out, at_error *err) {
    *out = (at_facets){.count = at_frame_columns(frame), .rows = at_frame_rows(frame)};
    out->items = at_alloc_array((size_t)out->count + 1, sizeof *out->items);
    if (!out->items)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to compare columns");
    for (int i = 0; i < out->count; i++) {
        const at_column *column = at_frame_column(frame, i);
        out->items[i] = (at_facet){.column = column,
                                   .rows = out->rows,
                                   .number = !at_type_textual(column->type)};
    }
    work w = {out, cancel};
    at_pool_run(pool, (size_t)out->count, fill, &w);
    bool failed = false;
    for (int i = 0; i < out->count; i++)
        failed |= !out->items[i].codes;
    if (!failed)
        return AT_OK;
    at_facets_fini(out);
    if (at_cancelled(cancel))
        return at_fail(err, AT_CANCELLED, "interrupted while comparing columns");
    return at_fail(err, AT_NO_MEMORY, "not enough memory to compare columns");
}

at_status at_sample(const at_frame *frame, int64_t most, uint64_t seed, at_frame **out,
                    at_error *err) {
    int64_t rows = at_frame_rows(frame);
    if (rows <= most) {
        *out = at_frame_retain(frame);
        return AT_OK;
    }
    int64_t *which = at_alloc_array((size_t)most, sizeof *which);
    if (!which)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for a sample");
    at_rng rng;
    at_rng_init(&rng, seed);
    double stretch = (double)rows / (double)most;
    for (int64_t i = 0; i < most; i++) {
        int64_t from = (int64_t)((double)i * stretch);
        int64_t to = (int64_t)((double)(i + 1) * stretch);
        to = to > rows ? rows : to;
        which[i] =
            from + (int64_t)at_rng_below(&rng, (uint64_t)(to > from ? to - from : 1));
    }
    at_status status = at_frame_take_rows(frame, which, most, out, err);
    at_free(which);
    return status;
}
