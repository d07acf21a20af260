/* Chart: small, clear charts in SVG that follow the notebook's theme and need no script.
 *
 * A bundle holds text/html (an inline SVG with theme colours, and an <img> twin that
 * shows where a notebook is not trusted) and text/plain (a sparkline or bars of blocks).
 */
#ifndef ATELIER_MAGICS_VIEW_CHART_H
#define ATELIER_MAGICS_VIEW_CHART_H

#include "kernel/display.h"
#include "ops/base/text.h"

typedef enum at_chart_kind {
    AT_CHART_LINE,
    AT_CHART_SCATTER,
    AT_CHART_BAR,  /* horizontal: names and values */
    AT_CHART_HIST, /* y: counts of equal bins between x[0] and x[1] */
} at_chart_kind;

typedef struct at_series {
    const char *name;    /* legend; may be NULL with a single series */
    const double *x, *y; /* (count); BAR: x unused; HIST: x holds 2 */
    size_t count;
    const char *const *names; /* BAR: (count) */
    bool dashed;
} at_series;

typedef struct at_chart {
    at_chart_kind kind;
    const char *title, *x_label, *y_label; /* may be NULL */
    const at_series *series;
    size_t series_count;
    int width, height;                 /* px; 0 = 460 x 260 */
    double x_min, x_max, y_min, y_max; /* both of a pair 0: from the data */
    bool diagonal;                     /* a faint x = y line (ROC) */
} at_chart;

AT_MUST_USE at_status at_view_chart(const at_chart *chart, at_bundle *out, at_error *err);
/* Several charts side by side, wrapping, under one title. */
AT_MUST_USE at_status at_view_charts(const char *title, const at_chart *charts,
                                     size_t count, at_bundle *out, at_error *err);

/* Pieces, for those who compose: appends a standalone <svg> in fixed colours that read on
 * white and on black. */
void at_chart_svg(const at_chart *chart, at_text *out);
/* Appends the HTML of a chart: themed and its twin. */
void at_chart_html(const at_chart *chart, at_text *out);
/* Appends the text form. */
void at_chart_plain(const at_chart *chart, at_text *out);
/* A tiny histogram for a table cell: HTML with a twin; counts of `bins`. */
void at_chart_spark(const int64_t *counts, int bins, at_text *html);
/* "▁▂▅█": the same as text. */
void at_chart_blocks(const double *values, size_t count, at_text *out);

/* A confusion matrix as a shaded table: labels (classes), counts (classes, classes)
 * [truth][predicted]. At most 15 classes are shown. */
AT_MUST_USE at_status at_view_confusion(const char *const *labels, const int64_t *counts,
                                        int classes, at_bundle *out, at_error *err);

#endif
