/* Progress: one line that lives while long work runs: a bar, what is done, the rate, the
 * time left, and perhaps a chart under it. At most five updates a second reach the
 * display; the last state is always shown. */
#ifndef ATELIER_MAGICS_VIEW_PROGRESS_H
#define ATELIER_MAGICS_VIEW_PROGRESS_H

#include "kernel/display.h"
#include "magics/view/chart.h"

typedef enum at_progress_unit {
    AT_UNIT_NONE,
    AT_UNIT_BYTES,
    AT_UNIT_ROWS
} at_progress_unit;

typedef struct at_progress at_progress;

/* Nothing is shown before 0.3 s have passed, so that quick work stays quiet, unless
 * `eager`. `title`: "Training subscriber". The display is borrowed. */
AT_MUST_USE at_status at_progress_new(at_display *display, const char *title,
                                      at_progress_unit unit, bool eager,
                                      at_progress **out, at_error *err);
/* done of total (total <= 0: unknown); what: "epoch 3 of 15", may be NULL. Thread-safe.
 */
void at_progress_update(at_progress *progress, double done, double total,
                        const char *what);
/* The charts to show under the bar from now on, side by side where there is room (copied
 * into markup now). */
void at_progress_charts(at_progress *progress, const at_chart *charts, size_t count);
/* Shows the final state with `summary` ("done in 1.2 s, best epoch 9"); `failed` colours
 * it so. Then nothing more may be sent. */
void at_progress_finish(at_progress *progress, bool failed, const char *summary);
void at_progress_release(at_progress *progress); /* NULL is fine */

#endif
