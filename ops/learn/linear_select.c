/* Which of the models that were trained side by side is kept, and where its decision
 * threshold lies: binary_classifier_model_selection_criteria. */
#include "ops/base/memory.h"
#include "ops/learn/linear.h"
#include "ops/learn/ranking.h"

#include <math.h>
#include <string.h>

typedef struct counts {
    double tp, fp, positives, rows;
} counts;

typedef double measure_fn(const at_linear_params *p, counts n);

static double accuracy(const at_linear_params *p, counts n) {
    (void)p;
    return (n.tp + (n.rows - n.positives - n.fp)) / n.rows;
}

static double f_measure(double beta, counts n) {
    double square = beta * beta, below = square * n.positives + n.tp + n.fp;
    return below > 0 ? (1 + square) * n.tp / below : 0;
}

static double f_1(const at_linear_params *p, counts n) {
    (void)p;
    return f_measure(1, n);
}

static double f_beta(const at_linear_params *p, counts n) {
    return f_measure(p->f_beta, n);
}

static double precision(counts n) {
    return n.tp + n.fp > 0 ? n.tp / (n.tp + n.fp) : 0;
}

static double recall(counts n) {
    return n.positives > 0 ? n.tp / n.positives : 0;
}

/* What misses the target counts below all that meets it, and more so the farther off. */
static double precision_at_recall(const at_linear_params *p, counts n) {
    double got = recall(n);
    return got >= p->target_recall ? precision(n) : got - p->target_recall;
}

static double recall_at_precision(const at_linear_params *p, counts n) {
    double got = precision(n);
    return got >= p->target_precision ? recall(n) : got - p->target_precision;
}

static const struct {
    const char *name;
    measure_fn *of;
} MEASURES[] = {
    {"accuracy", accuracy},
    {"f1", f_1},
    {"f_beta", f_beta},
    {"precision_at_target_recall", precision_at_recall},
    {"recall_at_target_precision", recall_at_precision},
};

static measure_fn *find(const char *name) {
    for (size_t i = 0; i < sizeof MEASURES / sizeof *MEASURES; i++)
        if (strcmp(MEASURES[i].name, name) == 0)
            return MEASURES[i].of;
    return NULL; /* loss_function, cross_entropy_loss */
}

/* Above `low`, at most `high`: a score of `high` is on its upper side. */
static double between(double low, double high) {
    double middle = low + (high - low) / 2;
    return middle > low ? middle : high;
}

/* Tries the middle between each two neighbouring scores. The threshold stays at a half
 * unless another gains more than chance explains (accuracy: one standard error), since a
 * threshold fitted to few validation rows is mostly noise. */
static at_linear_choice best_cut(const at_linear_params *p, measure_fn *of,
                                 const double *y, const double *weight,
                                 const at_ranked *ranked, int64_t rows) {
    counts n = {0}, half;
    for (int64_t i = 0; i < rows; i++) {
        n.rows += weight ? weight[i] : 1;
        n.positives += weight ? weight[i] * y[i] : y[i];
    }
    half = n;
    at_linear_choice best = {-INFINITY, 0.5};
    for (int64_t i = 0; i < rows; i++) {
        double score = ranked[i].score, truth = y[ranked[i].row];
        double counted = weight ? weight[ranked[i].row] : 1;
        n.tp += counted * truth;
        n.fp += counted * (1 - truth);
        if (score >= 0.5)
            half = n;
        double next = i + 1 < rows ? ranked[i + 1].score : 0;
        double value = of(p, n);
        if ((i + 1 == rows || next != score) && value > best.value)
            best = (at_linear_choice){value, between(next, score)};
    }
    double plain = of(p, half);
    double noise = of == accuracy ? sqrt(fmax(plain * (1 - plain), 0) / (double)rows) : 0;
    return best.value > plain + noise ? best : (at_linear_choice){plain, 0.5};
}

at_status at_linear_choose(const at_linear_params *p, const double *y,
                           const double *weight, const double *score, int64_t rows,
                           double loss, at_linear_choice *out, at_error *err) {
    measure_fn *of = find(p->binary_classifier_model_selection_criteria);
    *out = (at_linear_choice){-loss, 0.5};
    if (!of)
        return AT_OK;
    at_ranked *ranked;
    AT_TRY(at_ranking(y, score, rows, &ranked, err));
    *out = best_cut(p, of, y, weight, ranked, rows);
    at_free(ranked);
    return AT_OK;
}
