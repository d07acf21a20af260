#include "magics/language/spec.h"
#include "magics/train/quality.h"
#include "magics/view/chart.h"
#include "magics/view/grid.h"

enum { CURVE_POINTS = 160 };

static at_status show_curves(at_context *context, const at_quality *q,
                             const at_binary_metrics *m, at_error *err) {
    at_curve roc = {0}, pr = {0};
    at_status status = at_curve_roc(q->y, q->scores, q->rows, CURVE_POINTS, &roc, err);
    if (status == AT_OK)
        status = at_curve_pr(q->y, q->scores, q->rows, CURVE_POINTS, &pr, err);
    if (status == AT_OK) {
        at_series lines[] = {
            {.name = "true positive rate",
             .x = roc.x,
             .y = roc.y,
             .count = (size_t)roc.count},
            {.name = "precision", .x = pr.x, .y = pr.y, .count = (size_t)pr.count},
        };
        at_chart charts[] = {
            {.title =
                 at_arena_format(context->arena, "ROC curve · area %.3f", m->auc.value),
             .x_label = "false positive rate",
             .y_label = "true positive rate",
             .series = &lines[0],
             .series_count = 1,
             .width = 360,
             .height = 290,
             .x_max = 1,
             .y_max = 1,
             .diagonal = true},
            {.title =
                 at_arena_format(context->arena, "Precision and recall · average %.3f",
                                 m->average_precision.value),
             .x_label = "recall",
             .y_label = "precision",
             .series = &lines[1],
             .series_count = 1,
             .width = 360,
             .height = 290,
             .x_max = 1,
             .y_max = 1},
        };
        at_bundle bundle;
        status = at_view_charts(NULL, charts, 2, &bundle, err);
        if (status == AT_OK)
            at_view_send(context->call->display, &bundle);
    }
    at_curve_fini(&roc);
    at_curve_fini(&pr);
    return status;
}

at_status at_quality_binary(at_context *context, const at_quality *q, json_t *kept,
                            at_error *err) {
    at_binary_metrics m;
    AT_TRY(at_metrics_binary(q->y, q->scores, q->labels, q->rows, q->resamples, q->seed,
                             &m, err));
    const char *no = at_model_label(q->model, 0), *yes = at_model_label(q->model, 1);
    at_arena *arena = context->arena;
    const at_quality_line lines[] = {
        {"AUC", "auc", m.auc,
         at_arena_format(arena, "chance that a %s scores higher than a %s", yes, no)},
        {"F1", "f1", m.f1, "balance of precision and recall"},
        {"precision", "precision", m.precision,
         at_arena_format(arena, "of those called %s, share that are", yes)},
        {"recall", "recall", m.recall,
         at_arena_format(arena, "of those that are %s, share that is found", yes)},
        {"accuracy", "accuracy", m.accuracy, "share of rows that are right"},
        {"balanced accuracy", "balanced_accuracy", m.balanced_accuracy,
         "the same, both labels counting alike"},
        {"log loss", "log_loss", m.log_loss,
         "how far the probabilities are off; 0 is perfect"},
        {"Brier score", "brier", m.brier, "mean squared error of the probability"},
    };
    AT_TRY(at_quality_table(context, q, lines, AT_COUNT(lines), kept, err));
    const char *const labels[] = {no, yes};
    const int64_t counts[] = {m.tn, m.fp, m.fn, m.tp};
    at_bundle bundle;
    AT_TRY(at_view_confusion(labels, counts, 2, &bundle, err));
    at_view_send(context->call->display, &bundle);
    if (m.tp + m.fn == 0 || m.tn + m.fp == 0) {
        at_display_print(
            context->call->display,
            "Every row is %s: without both labels there are no curves and no AUC.\n",
            m.tp + m.fn == 0 ? no : yes);
        return AT_OK;
    }
    return show_curves(context, q, &m, err);
}
