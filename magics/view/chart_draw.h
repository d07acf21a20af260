/* The drawings of each kind of chart, for chart_svg.c, and what they share. Private to
 * magics/view. Each sizes the canvas, opens and closes it. */
#ifndef ATELIER_MAGICS_VIEW_CHART_DRAW_H
#define ATELIER_MAGICS_VIEW_CHART_DRAW_H

#include "magics/view/canvas.h"
#include "magics/view/chart.h"

void at_chart_draw_bars(at_canvas *c, const at_chart *chart);
void at_chart_draw_boxes(at_canvas *c, const at_chart *chart);
void at_chart_draw_cells(at_canvas *c, const at_chart *chart);

/* Range of all series; false if nothing finite is there. */
bool at_chart_extent(const at_chart *chart, bool of_x, double *low, double *high);
const char *at_chart_color(const at_chart *chart, size_t series);
/* Draws the legend of the series between c->left and c->right, `y` its first baseline.
 * Boxes instead of strokes where `box`. Gives its rows; draws nothing if `measure`. */
int at_chart_legend(at_canvas *c, const at_chart *chart, bool box, double y,
                    bool measure);
/* The longest of the names in px, at most that of `most` code points. */
double at_chart_names_width(const char *const *names, size_t count, size_t most);
/* "12,345", "0.1234", "12.3 %". */
void at_chart_number(double value, bool percent, char out[32]);

#endif
