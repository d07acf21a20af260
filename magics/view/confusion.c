/* The confusion matrix: truth down, prediction across, shaded by the share of the row. */
#include "magics/view/chart.h"
#include "magics/view/grid.h"
#include "ops/base/memory.h"

#include <stdio.h>

enum { CONFUSION_MOST = 15 };

at_status at_view_confusion(const char *const *labels, const int64_t *counts, int classes,
                            at_bundle *out, at_error *err) {
    at_arena arena = {0};
    size_t shown = (size_t)(classes < CONFUSION_MOST ? classes : CONFUSION_MOST);
    at_grid_column *columns = at_arena_alloc(&arena, (shown + 2) * sizeof *columns);
    at_grid_cell *cells = at_arena_alloc(&arena, shown * (shown + 2) * sizeof *cells);
    if (!columns || !cells) {
        at_arena_fini(&arena);
        return at_fail(err, AT_NO_MEMORY, "not enough memory to show a confusion matrix");
    }
    columns[0] = (at_grid_column){"truth \\ predicted", NULL, false};
    columns[shown + 1] = (at_grid_column){"recall", NULL, true};
    for (size_t t = 0; t < shown; t++) {
        columns[t + 1] = (at_grid_column){labels[t], NULL, true};
        int64_t row = 0;
        for (int p = 0; p < classes; p++)
            row += counts[t * (size_t)classes + (size_t)p];
        at_grid_cell *line = &cells[t * (shown + 2)];
        line[0].text = labels[t];
        for (size_t p = 0; p < shown; p++) {
            int64_t count = counts[t * (size_t)classes + p];
            double share = row ? (double)count / (double)row : 0;
            line[p + 1].text = at_view_count(&arena, count);
            line[p + 1].shade =
                at_arena_format(&arena, "rgba(%s,%.2f)",
                                t == p ? "47,158,110" : "214,69,80", share * 0.55);
        }
        line[shown + 1].text =
            row ? at_arena_format(&arena, "%.1f %%",
                                  100.0 * (double)counts[t * (size_t)classes + t] /
                                      (double)row)
                : NULL;
    }
    at_grid grid = {.title = "Confusion matrix",
                    .caption = classes > CONFUSION_MOST ? "the first 15 classes are shown"
                                                        : NULL,
                    .columns = columns,
                    .column_count = shown + 2,
                    .cells = cells,
                    .row_count = shown};
    at_status status = at_view_grid(&grid, out, err);
    at_arena_fini(&arena);
    return status;
}
