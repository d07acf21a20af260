/* quantile C to normal|uniform: a number becomes its rank among the training rows, spread
 * evenly over 0 .. 1 or as a normal distribution.
 *
 * As scikit-learn's QuantileTransformer: up to 1000 landmarks, between which the rank
 * runs on a line; a value that many rows share gets the middle of its ranks. */
#include "ops/recipe/json.h"
#include "ops/recipe/numeric.h"

#include <math.h>
#include <string.h>

enum { LANDMARKS = 1000 };

typedef struct quantile_state {
    const double *marks; /* (count), rising */
    size_t count;
    bool normal;
} quantile_state;

static double polynomial(const double *c, int count, double x) {
    double sum = c[count - 1];
    for (int i = count - 2; i >= 0; i--)
        sum = sum * x + c[i];
    return sum;
}

/* The inverse of the normal distribution: Wichura (1988), algorithm AS 241, PPND16. */
static double normal_inverse(double p) {
    static const double a[] = {3.3871328727963666080e+0, 1.3314166789178437745e+2,
                               1.9715909503065514427e+3, 1.3731693765509461125e+4,
                               4.5921953931549871457e+4, 6.7265770927008700853e+4,
                               3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double b[] = {1.0,
                               4.2313330701600911252e+1,
                               6.8718700749205790830e+2,
                               5.3941960214247511077e+3,
                               2.1213794301586595867e+4,
                               3.9307895800092710610e+4,
                               2.8729085735721942674e+4,
                               5.2264952788528545610e+3};
    static const double c[] = {1.42343711074968357734e+0, 4.63033784615654529590e+0,
                               5.76949722146069140550e+0, 3.64784832476320460504e+0,
                               1.27045825245236838258e+0, 2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[] = {1.0,
                               2.05319162663775882187e+0,
                               1.67638483018380384940e+0,
                               6.89767334985100004550e-1,
                               1.48103976427480074590e-1,
                               1.51986665636164571966e-2,
                               5.47593808499534494600e-4,
                               1.05075007164441684324e-9};
    static const double e[] = {6.65790464350110377720e+0, 5.46378491116411436990e+0,
                               1.78482653991729133580e+0, 2.96560571828504891230e-1,
                               2.65321895265761230930e-2, 1.24266094738807843860e-3,
                               2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[] = {1.0,
                               5.99832206555887937690e-1,
                               1.36929880922735805310e-1,
                               1.48753612908506148525e-2,
                               7.86869131145613259100e-4,
                               1.84631831751005468180e-5,
                               1.42151175831644588870e-7,
                               2.04426310338993978564e-15};
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(a, 8, r) / polynomial(b, 8, r);
    }
    double r = sqrt(-log(q < 0 ? p : 1 - p));
    double x = r <= 5 ? polynomial(c, 8, r - 1.6) / polynomial(d, 8, r - 1.6)
                      : polynomial(e, 8, r - 5) / polynomial(f, 8, r - 5);
    return q < 0 ? -x : x;
}

/* The share of training rows below: 0 .. 1. */
static double rank(const quantile_state *s, double value) {
    size_t below = 0, above = s->count; /* marks[below) < value; marks[above..) > value */
    for (size_t from = 0, to = s->count; from < to;) {
        size_t middle = (from + to) / 2;
        if (s->marks[middle] < value)
            from = middle + 1;
        else
            to = middle;
        below = from;
    }
    for (size_t from = below, to = s->count; from < to;) {
        size_t middle = (from + to) / 2;
        if (s->marks[middle] > value)
            to = middle;
        else
            from = middle + 1;
        above = from;
    }
    double last = (double)(s->count - 1);
    if (below == s->count)
        return 1;
    if (s->marks[below] > value) { /* between two marks, or before the first */
        if (below == 0)
            return 0;
        double low = s->marks[below - 1], high = s->marks[below];
        return ((double)(below - 1) + (value - low) / (high - low)) / last;
    }
    if (s->count == 1)
        return 0;
    return ((double)below + (double)(above - 1)) / 2 / last;
}

static double transform(const void *context, double value) {
    const quantile_state *s = context;
    const double threshold = 1e-7;
    double low = s->marks[0], high = s->marks[s->count - 1];
    if (!s->normal)
        return value <= low ? 0 : value >= high ? 1 : rank(s, value);
    /* The ends would lie at infinity. */
    const double least = threshold - 0x1p-52;
    double p = rank(s, value);
    if (value - threshold < low)
        p = 0;
    else if (value + threshold > high)
        p = 1;
    double most = 1 - least;
    return normal_inverse(p < least ? least : p > most ? most : p);
}

static at_status fit_column(at_step *step, const at_column *c, quantile_state *state,
                            at_error *err) {
    double *sorted;
    int64_t rows;
    AT_TRY(at_numeric_sorted(c, &sorted, &rows, err));
    size_t count = rows < LANDMARKS ? (size_t)rows : LANDMARKS;
    double *marks = at_arena_alloc(&step->arena, count * sizeof *marks);
    /* numpy's percentiles, to the last bit: that decides where values are tied. */
    double gap = count > 1 ? 1 / (double)(count - 1) : 0;
    for (size_t k = 0; marks && k < count; k++)
        marks[k] = at_numeric_quantile(sorted, rows,
                                       k + 1 < count ? (double)k * gap * 100 / 100 : 1);
    at_free(sorted);
    if (!marks)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (size_t k = 1; k < count; k++) /* rounding must not bend it */
        marks[k] = marks[k] < marks[k - 1] ? marks[k - 1] : marks[k];
    state->marks = marks;
    state->count = count;
    return AT_OK;
}

static at_status new_state(at_step *step, quantile_state **out, at_error *err) {
    *out = at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof **out);
    if (!*out)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < step->column_count; i++)
        (*out)[i].normal = strcmp(step->args.word, "normal") == 0;
    step->state = *out;
    return AT_OK;
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(at_numeric_resolve(step, sheet, context, "ranked", err));
    quantile_state *state;
    AT_TRY(new_state(step, &state, err));
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        AT_TRY(fit_column(step, &sheet->columns[place], &state[i], err));
    }
    return AT_OK;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    return at_numeric_apply(step, sheet, transform, step->state, sizeof(quantile_state),
                            report, err);
}

static json_t *save(const at_step *step) {
    const quantile_state *state = step->state;
    json_t *list = json_array();
    for (size_t i = 0; list && i < step->column_count; i++) {
        if (json_array_append_new(list, at_json_reals(state[i].marks, state[i].count)) !=
            0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    quantile_state *state;
    if (json_array_size(saved) != step->column_count || !step->args.word)
        return at_json_broken(err);
    AT_TRY(new_state(step, &state, err));
    for (size_t i = 0; i < step->column_count; i++) {
        double *marks;
        AT_TRY(at_json_read_reals(json_array_get(saved, i), &step->arena, &marks,
                                  &state[i].count, err));
        bool ok = state[i].count > 0;
        for (size_t k = 0; k < state[i].count; k++)
            ok = ok && isfinite(marks[k]) && (k == 0 || marks[k] >= marks[k - 1]);
        if (!ok)
            return at_json_broken(err);
        state[i].marks = marks;
    }
    return AT_OK;
}

const at_step_kind at_step_quantile = {
    .verb = "quantile",
    .pattern = "COLUMNS to {normal|uniform}",
    .where = AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary = "Puts a number's rank among the training rows in its place, spread as a "
               "normal distribution or evenly from 0 to 1: no outlier is left",
    .example = "quantile balance, income to normal",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
};
