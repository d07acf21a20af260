/* Chart: small, clear charts in SVG that follow the notebook's theme and need no script.
 *
 * A bundle holds text/html (an inline SVG with theme colours, and an <img> twin that
 * shows where a notebook is not trusted) and text/plain: a sparkline or bars of blocks,
 * or, where `tall` is set, a drawing of several lines. */
#ifndef ATELIER_MAGICS_VIEW_CHART_H
#define ATELIER_MAGICS_VIEW_CHART_H

#include "kernel/display.h"
#include "ops/base/text.h"

typedef enum at_chart_kind {
    AT_CHART_LINE,
    AT_CHART_SCATTER,
    AT_CHART_BAR,   /* horizontal: names and values; series side by side, or stacked */
    AT_CHART_HIST,  /* y: counts of equal bins between x[0] and x[1]; series overlaid */
    AT_CHART_BOX,   /* horizontal: boxes */
    AT_CHART_CELLS, /* a density or a heat map: cells */
} at_chart_kind;

typedef struct at_series {
    const char *name;    /* legend; may be NULL with a single series */
    const double *x, *y; /* (count); BAR: x unused; HIST: x holds 2 */
    size_t count;
    const char *const *names; /* BAR: (count), those of the first series */
    bool dashed;
    const char *color; /* NULL: the series' own of at_style_color */
} at_series;

/* A box: the quartiles, whiskers to the last cells within 1.5 times their distance
 * (Tukey), and the mean as a dot. */
typedef struct at_box {
    const char *name;  /* NULL: that of the box above goes on */
    const char *group; /* what its colour says, for the text form; may be NULL */
    const char *note;  /* at the right: "1,203"; may be NULL */
    const char *color;
    double low, q25, median, q75, high, mean;
    const double *outside; /* cells beyond the whiskers; may be NULL */
    size_t outside_count;
} at_box;

/* A map of cells, row 0 at the bottom where y is numeric, else at the top. */
typedef struct at_cells {
    const double *values; /* (rows, columns), 0 or more; NaN: nothing is there */
    size_t columns, rows;
    const char *const *x_names; /* categories; NULL: numbers from .. to */
    const char *const *y_names;
    double x_from, x_to, y_from, y_to;
    bool logarithmic; /* shades by the logarithm: densities */
    bool written;     /* the values stand in the cells */
    const char *unit; /* of the values, for the legend: "rows" */
} at_cells;

typedef struct at_chart {
    at_chart_kind kind;
    const char *title, *x_label, *y_label; /* may be NULL */
    const at_series *series;               /* not of BOX, CELLS */
    size_t series_count;
    int width, height; /* px; 0 = 460 x 260; bars and boxes choose height */
    double x_min, x_max, y_min, y_max; /* both of a pair 0: from the data */
    bool diagonal;                     /* a faint x = y line (ROC) */
    bool x_time, y_time;               /* x, y are seconds since 1970-01-01 */
    bool percent;                      /* values are fractions, shown as percentages */
    bool stacked;                      /* BAR */
    bool from_zero;                    /* LINE: the y axis begins at 0 */
    bool tall;
    const at_box *boxes; /* BOX */
    size_t box_count;
    const at_cells *cells; /* CELLS */
} at_chart;

AT_MUST_USE at_status at_view_chart(const at_chart *chart, at_bundle *out, at_error *err);
/* Several charts side by side, wrapping, under one title. */
AT_MUST_USE at_status at_view_charts(const char *title, const at_chart *charts,
                                     size_t count, at_bundle *out, at_error *err);
/* The same with a caption below; both may be NULL. */
AT_MUST_USE at_status at_view_figure(const char *title, const char *caption,
                                     const at_chart *charts, size_t count, at_bundle *out,
                                     at_error *err);

/* Pieces, for those who compose: appends a standalone <svg> in fixed colours that read on
 * white and on black. */
void at_chart_svg(const at_chart *chart, at_text *out);
/* Appends the HTML of a chart: themed and its twin. */
void at_chart_html(const at_chart *chart, at_text *out);
/* Appends the text form. */
void at_chart_plain(const at_chart *chart, at_text *out);
/* A tiny histogram for a table cell: HTML with a twin; counts of `bins`. `apart`: the
 * bars are of categories, not of a range. */
void at_chart_spark(const int64_t *counts, int bins, bool apart, at_text *html);
/* "▁▂▅█": the same as text. */
void at_chart_blocks(const double *values, size_t count, at_text *out);
/* A share (0 to 1) as a small bar with its number, and as text: "██████▌    0.65". */
void at_chart_meter(double share, const char *color, const char *label, at_text *html);
void at_chart_meter_plain(double share, const char *label, at_text *out);

/* A confusion matrix as a shaded table: labels (classes), counts (classes, classes)
 * [truth][predicted]. At most 15 classes are shown. */
AT_MUST_USE at_status at_view_confusion(const char *const *labels, const int64_t *counts,
                                        int classes, at_bundle *out, at_error *err);

#endif
