/* Several labels a row: means over the labels, then each label. */
#include "magics/language/spec.h"
#include "magics/train/quality.h"
#include "magics/view/grid.h"

enum { LABELS_SHOWN = 30 };

static at_status show_labels(at_context *context, const at_quality *q,
                             const at_multilabel_metrics *m, at_error *err) {
    static const at_grid_column heads[] = {{"label", NULL, false},
                                           {"rows", NULL, true},
                                           {"average precision", NULL, true},
                                           {"precision", NULL, true},
                                           {"recall", NULL, true},
                                           {"F1", NULL, true}};
    at_arena *arena = context->arena;
    size_t shown = (size_t)(m->labels < LABELS_SHOWN ? m->labels : LABELS_SHOWN);
    at_grid_cell *cells = at_arena_alloc(arena, (shown * 6 + 1) * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to show the labels");
    for (size_t k = 0; k < shown; k++) {
        at_grid_cell *line = cells + 6 * k;
        line[0].text = at_model_label(q->model, (int)k);
        line[1].text = at_view_count(arena, m->positives[k]);
        const double values[] = {m->average_precision[k], m->precision[k], m->recall[k],
                                 m->f1[k]};
        for (int i = 0; i < 4; i++) /* NaN: no row has it */
            line[2 + i].text =
                values[i] == values[i] ? at_arena_format(arena, "%.3f", values[i]) : NULL;
    }
    at_grid grid = {.title = "By label",
                    .caption =
                        m->labels > LABELS_SHOWN ? "the first 30 labels are shown" : NULL,
                    .columns = heads,
                    .column_count = AT_COUNT(heads),
                    .cells = cells,
                    .row_count = shown};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

static at_status show(at_context *context, const at_quality *q,
                      const at_multilabel_metrics *m, json_t *kept, at_error *err) {
    const at_quality_line lines[] = {
        {"accuracy", "accuracy", m->accuracy,
         "share of labels that are right, present or absent, over all rows"},
        {"exact match", "exact_match", m->exact_match,
         "share of rows with every label right"},
        {"mean average precision", "mean_average_precision", m->mean_average_precision,
         "how well each label's rows come before the others; mean of labels"},
        {"F1, macro", "f1_macro", m->f1_macro,
         "balance of precision and recall, mean of labels"},
        {"F1, micro", "f1_micro", m->f1_micro, "the same over all labels together"},
        {"log loss", "log_loss", m->log_loss,
         "how far the probabilities are off; 0 is perfect"},
    };
    AT_TRY(at_quality_table(context, q, lines, AT_COUNT(lines), kept, err));
    return show_labels(context, q, m, err);
}

at_status at_quality_multilabel(at_context *context, const at_quality *q, json_t *kept,
                                at_error *err) {
    at_multilabel_metrics m;
    AT_TRY(at_metrics_multilabel(q->y, q->scores, q->rows, q->outputs, q->resamples,
                                 q->seed, &m, err));
    at_status status = show(context, q, &m, kept, err);
    at_multilabel_metrics_fini(&m);
    return status;
}
