#include "magics/language/spec.h"
#include "magics/train/quality.h"
#include "magics/view/chart.h"
#include "magics/view/grid.h"

#include <math.h>

enum { CLASSES_SHOWN = 30 };

static at_status show_classes(at_context *context, const at_quality *q,
                              const at_multiclass_metrics *m, at_error *err) {
    static const at_grid_column heads[] = {{"class", NULL, false},
                                           {"rows", NULL, true},
                                           {"precision", NULL, true},
                                           {"recall", NULL, true},
                                           {"F1", NULL, true}};
    at_arena *arena = context->arena;
    size_t shown = (size_t)(m->classes < CLASSES_SHOWN ? m->classes : CLASSES_SHOWN);
    at_grid_cell *cells = at_arena_alloc(arena, (shown * 5 + 1) * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to show the classes");
    for (size_t c = 0; c < shown; c++) {
        int64_t rows = 0;
        for (int p = 0; p < m->classes; p++)
            rows += m->confusion[c * (size_t)m->classes + (size_t)p];
        at_grid_cell *line = cells + 5 * c;
        line[0].text = at_model_label(q->model, (int)c);
        line[1].text = at_view_count(arena, rows);
        const double values[] = {m->precision[c], m->recall[c], m->f1[c]};
        for (int k = 0; k < 3; k++) /* NaN: neither true nor predicted anywhere */
            line[2 + k].text =
                values[k] == values[k] ? at_arena_format(arena, "%.3f", values[k]) : NULL;
    }
    at_grid grid = {
        .title = "By class",
        .caption = m->classes > CLASSES_SHOWN ? "the first 30 classes are shown" : NULL,
        .columns = heads,
        .column_count = 5,
        .cells = cells,
        .row_count = shown};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

static double top_k_accuracy(const at_quality *q) {
    double right = 0;
    for (int64_t r = 0; r < q->rows; r++)
        right +=
            at_in_top_k(q->scores + r * q->outputs, q->outputs, (int)q->y[r], q->top_k);
    return right / (double)q->rows;
}

static at_status show(at_context *context, const at_quality *q,
                      const at_multiclass_metrics *m, json_t *kept, at_error *err) {
    at_quality_line lines[] = {
        {"accuracy", "accuracy", m->accuracy, "share of rows that are right"},
        {"balanced accuracy", "balanced_accuracy", m->balanced_accuracy,
         "the same, all classes counting alike"},
        {"F1, macro", "f1_macro", m->f1_macro,
         "balance of precision and recall, mean of classes"},
        {"precision, macro", "precision_macro", m->precision_macro,
         "of those called a class, share that is; mean of classes"},
        {"recall, macro", "recall_macro", m->recall_macro,
         "of those of a class, share that is found; mean of classes"},
        {"log loss", "log_loss", m->log_loss,
         "how far the probabilities are off; 0 is perfect"},
        {.meaning = "share of rows whose class is among the k most probable"},
    };
    at_quality_line *top = &lines[AT_COUNT(lines) - 1];
    bool asked = q->top_k > 1;
    if (asked) {
        top->name = at_arena_format(context->arena, "top-%d accuracy", q->top_k);
        top->key = at_arena_format(context->arena, "top_%d_accuracy", q->top_k);
        top->value = (at_interval){top_k_accuracy(q), (double)NAN, (double)NAN};
        if (!top->name || !top->key)
            return at_fail(err, AT_NO_MEMORY, "not enough memory to show the metrics");
    }
    AT_TRY(at_quality_table(context, q, lines, AT_COUNT(lines) - !asked, kept, err));
    const char **labels =
        at_arena_alloc(context->arena, (size_t)(m->classes + 1) * sizeof *labels);
    if (!labels)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to show the classes");
    for (int c = 0; c < m->classes; c++)
        labels[c] = at_model_label(q->model, c);
    at_bundle bundle;
    AT_TRY(at_view_confusion(labels, m->confusion, m->classes, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return show_classes(context, q, m, err);
}

at_status at_quality_multiclass(at_context *context, const at_quality *q, json_t *kept,
                                at_error *err) {
    at_multiclass_metrics m;
    AT_TRY(at_metrics_multiclass(q->y, q->scores, q->labels, q->rows, q->outputs,
                                 q->resamples, q->seed, &m, err));
    at_status status = show(context, q, &m, kept, err);
    at_multiclass_metrics_fini(&m);
    return status;
}
