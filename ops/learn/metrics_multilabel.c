/* Several labels a row: each label is a binary problem of its own, and the figures are
 * means over the labels. */
#include "ops/base/memory.h"
#include "ops/learn/bootstrap.h"
#include "ops/learn/metrics.h"
#include "ops/learn/ranking.h"

#include <float.h>
#include <math.h>

enum { ACCURACY, EXACT, MEAN_AVERAGE, F1_MACRO, F1_MICRO, LOG_LOSS, FIGURES };
enum { CELLS_MAX = 1 << 28 };

typedef struct sheet {
    int64_t rows;
    int labels;
    const double *y, *score; /* (rows, labels) */
    uint32_t *order; /* (labels, rows): rows by falling score, << 1 | last of its score */
    double *loss;    /* (rows): mean over the labels */
    uint32_t *wrong; /* (rows): labels */
} sheet;

/* One label over the rows, each as often as `times` says. */
typedef struct tally {
    double tp, fp, fn, average; /* average: sum over the positives */
} tally;

static double ratio(double a, double b) {
    return b > 0 ? a / b : 0;
}

static bool called(double score) {
    return score >= AT_LABEL_THRESHOLD;
}

static tally count_label(const sheet *s, int label, const uint32_t *times) {
    const uint32_t *order = s->order + (size_t)label * (size_t)s->rows;
    tally t = {0};
    double positives = 0, rows = 0, above = 0;
    for (int64_t i = 0; i < s->rows; i++) {
        size_t row = order[i] >> 1;
        size_t cell = row * (size_t)s->labels + (size_t)label;
        double n = times ? times[row] : 1;
        bool is = s->y[cell] > 0, says = called(s->score[cell]);
        t.tp += is && says ? n : 0;
        t.fp += !is && says ? n : 0;
        t.fn += is && !says ? n : 0;
        positives += is ? n : 0;
        rows += n;
        if (!(order[i] & 1))
            continue;
        if (positives > above)
            t.average += (positives - above) * positives / rows;
        above = positives;
    }
    return t;
}

static void measure(const void *context, const uint32_t *times, double *values) {
    const sheet *s = context;
    double wrong = 0, exact = 0, loss = 0, rows = (double)s->rows;
    for (int64_t r = 0; r < s->rows; r++) {
        double n = times ? times[r] : 1;
        wrong += n * s->wrong[r];
        exact += s->wrong[r] == 0 ? n : 0;
        loss += n * s->loss[r];
    }
    tally all = {0};
    double f1 = 0, average = 0, present = 0;
    for (int k = 0; k < s->labels; k++) {
        tally t = count_label(s, k, times);
        f1 += ratio(2 * t.tp, 2 * t.tp + t.fp + t.fn);
        all.tp += t.tp;
        all.fp += t.fp;
        all.fn += t.fn;
        if (t.tp + t.fn > 0) {
            average += t.average / (t.tp + t.fn);
            present++;
        }
    }
    values[ACCURACY] = 1 - wrong / (rows * s->labels);
    values[EXACT] = exact / rows;
    values[LOG_LOSS] = loss / rows;
    values[F1_MACRO] = f1 / s->labels;
    values[F1_MICRO] = ratio(2 * all.tp, 2 * all.tp + all.fp + all.fn);
    values[MEAN_AVERAGE] = present > 0 ? average / present : (double)NAN;
}

static void look(sheet *s) {
    for (int64_t r = 0; r < s->rows; r++)
        for (int k = 0; k < s->labels; k++) {
            size_t cell = (size_t)r * (size_t)s->labels + (size_t)k;
            bool is = s->y[cell] > 0;
            double p = is ? s->score[cell] : 1 - s->score[cell];
            p = fmin(fmax(p, DBL_EPSILON), 1 - DBL_EPSILON);
            s->loss[r] -= log(p) / s->labels;
            s->wrong[r] += is != called(s->score[cell]);
        }
}

/* Checks and ranks one label. */
static at_status rank_label(sheet *s, int label, double *y, double *score,
                            at_error *err) {
    for (int64_t r = 0; r < s->rows; r++) {
        size_t cell = (size_t)r * (size_t)s->labels + (size_t)label;
        y[r] = s->y[cell];
        score[r] = s->score[cell];
    }
    at_ranked *ranked;
    AT_TRY(at_ranking(y, score, s->rows, &ranked, err));
    uint32_t *order = s->order + (size_t)label * (size_t)s->rows;
    for (int64_t i = 0; i < s->rows; i++) {
        bool last = i + 1 == s->rows || ranked[i + 1].score != ranked[i].score;
        order[i] = (uint32_t)ranked[i].row << 1 | last;
    }
    at_free(ranked);
    return AT_OK;
}

static at_status make_sheet(sheet *s, at_error *err) {
    size_t rows = (size_t)s->rows;
    double *y = at_alloc_array(rows + 1, sizeof *y);
    double *score = at_alloc_array(rows + 1, sizeof *score);
    s->order = at_alloc_array(rows * (size_t)s->labels + 1, sizeof *s->order);
    s->loss = at_alloc_array(rows + 1, sizeof *s->loss);
    s->wrong = at_alloc_array(rows + 1, sizeof *s->wrong);
    at_status status = y && score && s->order && s->loss && s->wrong
                           ? AT_OK
                           : at_fail(err, AT_NO_MEMORY, "no memory for metrics");
    for (int k = 0; status == AT_OK && k < s->labels; k++)
        status = rank_label(s, k, y, score, err);
    if (status == AT_OK)
        look(s);
    at_free(y);
    at_free(score);
    return status;
}

static void sheet_fini(sheet *s) {
    at_free(s->order);
    at_free(s->loss);
    at_free(s->wrong);
}

static at_status by_label(const sheet *s, at_multilabel_metrics *out, at_error *err) {
    size_t labels = (size_t)s->labels;
    out->positives = at_alloc_array(labels, sizeof *out->positives);
    out->average_precision = at_alloc_array(labels, sizeof(double));
    out->precision = at_alloc_array(labels, sizeof(double));
    out->recall = at_alloc_array(labels, sizeof(double));
    out->f1 = at_alloc_array(labels, sizeof(double));
    if (!out->positives || !out->average_precision || !out->precision || !out->recall ||
        !out->f1)
        return at_fail(err, AT_NO_MEMORY, "no memory for metrics");
    for (int k = 0; k < s->labels; k++) {
        tally t = count_label(s, k, NULL);
        double positives = t.tp + t.fn;
        out->positives[k] = (int64_t)positives;
        out->average_precision[k] = positives > 0 ? t.average / positives : (double)NAN;
        out->precision[k] = ratio(t.tp, t.tp + t.fp);
        out->recall[k] = ratio(t.tp, positives);
        out->f1[k] = ratio(2 * t.tp, 2 * t.tp + t.fp + t.fn);
    }
    return AT_OK;
}

at_status at_metrics_multilabel(const double *y, const double *score, int64_t rows,
                                int labels, int resamples, uint64_t seed,
                                at_multilabel_metrics *out, at_error *err) {
    *out = (at_multilabel_metrics){.rows = rows, .labels = labels};
    if (rows < 1 || labels < 1)
        return at_fail(err, AT_INVALID, "there are no rows to measure");
    if (rows > CELLS_MAX / labels)
        return at_fail(err, AT_LIMIT, "more than %d labels in all cannot be measured",
                       CELLS_MAX);
    sheet s = {.rows = rows, .labels = labels, .y = y, .score = score};
    at_interval figures[FIGURES];
    at_status status = make_sheet(&s, err);
    if (status == AT_OK)
        status = at_bootstrap(measure, &s, rows, resamples, seed, FIGURES, figures, err);
    if (status == AT_OK)
        status = by_label(&s, out, err);
    sheet_fini(&s);
    if (status != AT_OK) {
        at_multilabel_metrics_fini(out);
        return status;
    }
    out->accuracy = figures[ACCURACY];
    out->exact_match = figures[EXACT];
    out->mean_average_precision = figures[MEAN_AVERAGE];
    out->f1_macro = figures[F1_MACRO];
    out->f1_micro = figures[F1_MICRO];
    out->log_loss = figures[LOG_LOSS];
    return AT_OK;
}

void at_multilabel_metrics_fini(at_multilabel_metrics *metrics) {
    at_free(metrics->positives);
    at_free(metrics->average_precision);
    at_free(metrics->precision);
    at_free(metrics->recall);
    at_free(metrics->f1);
    *metrics = (at_multilabel_metrics){0};
}
