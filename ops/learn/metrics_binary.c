#include "ops/base/memory.h"
#include "ops/learn/bootstrap.h"
#include "ops/learn/metrics.h"
#include "ops/learn/ranking.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

enum {
    ACCURACY,
    BALANCED,
    PRECISION,
    RECALL,
    F1,
    AUC,
    LOG_LOSS,
    BRIER,
    AVERAGE,
    FIGURES
};

/* One row, in the order of falling scores: sorted once, then each bootstrap sample is one
 * pass with a count a row. */
typedef struct item {
    double log_loss, brier;
    uint8_t y, label;
    uint8_t last; /* of the rows with this score */
} item;

typedef struct items {
    const item *rows;
    int64_t count;
} items;

typedef struct tally {
    int64_t cells[4]; /* [2 * truth + label] */
    int64_t pairs;    /* twice the (positive, negative) pairs in the right order */
    double log_loss, brier, average;
} tally;

static double ratio(double a, double b) {
    return b > 0 ? a / b : 0;
}

static tally count_rows(const items *all, const uint32_t *times) {
    tally t = {0};
    int64_t above = 0, below = 0; /* positives and rows seen up to the last whole group */
    int64_t positives = 0, rows = 0;
    for (int64_t i = 0; i < all->count; i++) {
        const item *it = &all->rows[i];
        int64_t n = times ? times[i] : 1;
        t.cells[2 * it->y + it->label] += n;
        t.log_loss += (double)n * it->log_loss;
        t.brier += (double)n * it->brier;
        positives += it->y ? n : 0;
        rows += n;
        if (!it->last)
            continue;
        int64_t up = positives - above, down = rows - below - up;
        t.pairs += down * (2 * above + up);
        if (up)
            t.average += (double)up * ((double)positives / (double)rows);
        above = positives;
        below = rows;
    }
    return t;
}

static void measure(const void *context, const uint32_t *times, double *values) {
    const items *all = context;
    tally t = count_rows(all, times);
    double rows = (double)all->count; /* a resample has as many rows */
    double tn = (double)t.cells[0], fp = (double)t.cells[1];
    double fn = (double)t.cells[2], tp = (double)t.cells[3];
    double positives = tp + fn, negatives = tn + fp;
    values[ACCURACY] = (tp + tn) / rows;
    values[PRECISION] = ratio(tp, tp + fp);
    values[RECALL] = ratio(tp, positives);
    values[F1] = ratio(2 * tp, 2 * tp + fp + fn);
    double specificity = ratio(tn, negatives);
    /* scikit-learn averages the recalls of the classes that occur. */
    values[BALANCED] = positives == 0   ? specificity
                       : negatives == 0 ? values[RECALL]
                                        : (values[RECALL] + specificity) / 2;
    bool both = positives > 0 && negatives > 0;
    values[AUC] = both ? (double)t.pairs / (2 * positives * negatives) : (double)NAN;
    values[AVERAGE] = positives > 0 ? t.average / positives : (double)NAN;
    values[LOG_LOSS] = t.log_loss / rows;
    values[BRIER] = t.brier / rows;
}

static item make_item(double y, double score, int32_t label) {
    /* Probabilities are kept off 0 and 1 by the machine epsilon, as in sklearn.metrics.
     */
    double p = y > 0 ? score : 1 - score;
    p = fmin(fmax(p, DBL_EPSILON), 1 - DBL_EPSILON);
    return (item){.log_loss = -log(p),
                  .brier = (score - y) * (score - y),
                  .y = y > 0,
                  .label = label != 0};
}

static at_status make_items(const double *y, const double *score, const int32_t *label,
                            int64_t rows, item **out, at_error *err) {
    at_ranked *ranked;
    AT_TRY(at_ranking(y, score, rows, &ranked, err));
    item *list = at_alloc_array((size_t)rows, sizeof *list);
    at_status status = list ? AT_OK : at_fail(err, AT_NO_MEMORY, "no memory for metrics");
    for (int64_t i = 0; status == AT_OK && i < rows; i++) {
        int64_t row = ranked[i].row;
        if (label[row] != 0 && label[row] != 1)
            status = at_fail(err, AT_INVALID,
                             "row %" PRId64 " has the label %d; 0 or 1 was expected",
                             row + 1, (int)label[row]);
        list[i] = make_item(y[row], score[row], label[row]);
        list[i].last = i + 1 == rows || ranked[i + 1].score != ranked[i].score;
    }
    at_free(ranked);
    if (status != AT_OK) {
        at_free(list);
        return status;
    }
    *out = list;
    return AT_OK;
}

at_status at_metrics_binary(const double *y, const double *score, const int32_t *label,
                            int64_t rows, int resamples, uint64_t seed,
                            at_binary_metrics *out, at_error *err) {
    *out = (at_binary_metrics){.rows = rows};
    item *list;
    AT_TRY(make_items(y, score, label, rows, &list, err));
    items all = {list, rows};
    at_interval figures[FIGURES];
    at_status status =
        at_bootstrap(measure, &all, rows, resamples, seed, FIGURES, figures, err);
    if (status == AT_OK) {
        tally t = count_rows(&all, NULL);
        out->tn = t.cells[0];
        out->fp = t.cells[1];
        out->fn = t.cells[2];
        out->tp = t.cells[3];
        out->accuracy = figures[ACCURACY];
        out->balanced_accuracy = figures[BALANCED];
        out->precision = figures[PRECISION];
        out->recall = figures[RECALL];
        out->f1 = figures[F1];
        out->auc = figures[AUC];
        out->log_loss = figures[LOG_LOSS];
        out->brier = figures[BRIER];
        out->average_precision = figures[AVERAGE];
    }
    at_free(list);
    return status;
}
