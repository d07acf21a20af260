/* Plot: what the kinds of %plot share. A kind gathers its numbers in one pass over the
 * rows (ops/explore) and sends one figure, so that a chart of a million rows is as small
 * as one of a thousand. */
#ifndef ATELIER_MAGICS_DATA_PLOT_H
#define ATELIER_MAGICS_DATA_PLOT_H

#include "magics/view/chart.h"
#include "magics/workspace/context.h"
#include "ops/explore/axis.h"

enum {
    AT_PLOT_GROUPS = 8,    /* colours that can be told apart */
    AT_PLOT_LEVELS = 20,   /* names down a chart */
    AT_PLOT_POINTS = 4000, /* more make a density */
    AT_PLOT_WIDTH = 660,
    AT_PLOT_HEIGHT = 340,
};

typedef struct at_plot {
    at_context *context;
    const char *data; /* the dataset's name */
    const at_frame *frame;
    const at_column *x, *y, *by; /* y, by: NULL where not asked for */
    int bins;                    /* asked for; 0: choose */
    at_axis groups;              /* of `by`; count 0 without one */
    at_text notes;               /* of the caption: " · " before each */
} at_plot;

/* What a column is to a chart. */
typedef enum at_plot_role { AT_ROLE_NUMBER, AT_ROLE_TIME, AT_ROLE_NAMES } at_plot_role;
at_plot_role at_plot_role_of(const at_column *column);
/* Names, or numbers so few (at most 10, whole) that each stands for itself. */
bool at_plot_names(const at_column *column);

/* Fills plot->groups from plot->by: levels, or quarters of many numbers. */
AT_MUST_USE at_status at_plot_group(at_plot *plot, at_error *err);
/* Levels of x for the names down a chart; AT_INVALID for many different numbers. */
AT_MUST_USE at_status at_plot_levels(at_plot *plot, const at_column *column, int most,
                                     at_axis *out, at_error *err);
void at_plot_note(at_plot *plot, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Notes what is missing or beyond the range. */
void at_plot_note_axis(at_plot *plot, const at_column *column, const at_axis *axis);
/* Sends the figure: its caption counts the rows and holds the notes. */
AT_MUST_USE at_status at_plot_send(at_plot *plot, const char *title,
                                   const at_chart *charts, size_t count, at_error *err);
/* Colour of a group: that of the rest is grey. */
const char *at_plot_color(const at_plot *plot, int group);

/* The kinds. */
AT_MUST_USE at_status at_plot_hist(at_plot *plot, at_error *err);
AT_MUST_USE at_status at_plot_bar(at_plot *plot, at_error *err);
AT_MUST_USE at_status at_plot_box(at_plot *plot, at_error *err);
AT_MUST_USE at_status at_plot_scatter(at_plot *plot, at_error *err);
AT_MUST_USE at_status at_plot_line(at_plot *plot, at_error *err);
AT_MUST_USE at_status at_plot_heatmap(at_plot *plot, at_error *err);

#endif
