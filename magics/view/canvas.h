/* Canvas: what every drawing of ours is put on. Private to magics/view.
 *
 * One drawing, two inks: theme variables where the page has them, fixed greys that read
 * on white and on black in the <img> twin.
 *
 * A page that does not trust a notebook drops <svg> but leaves the text in it standing as
 * a heap of words. So the words of a themed chart are empty <span>s over the drawing,
 * which the style sheet fills from an attribute: without the sheet they are nothing. */
#ifndef ATELIER_MAGICS_VIEW_CANVAS_H
#define ATELIER_MAGICS_VIEW_CANVAS_H

#include "magics/view/scale.h"
#include "ops/base/text.h"

typedef struct at_canvas {
    at_text *out;
    at_text *labels;                 /* themed: the spans; NULL: words are <text> */
    const char *ink, *dim, *line;    /* text, labels, grid */
    const char *paper;               /* what the drawing lies on */
    double left, right, top, bottom; /* of the plot, px */
    double width, height;
    at_scale x, y;
} at_canvas;

typedef enum at_anchor { AT_ANCHOR_START, AT_ANCHOR_MIDDLE, AT_ANCHOR_END } at_anchor;

at_canvas at_canvas_fixed(at_text *out);
at_canvas at_canvas_themed(at_text *out, at_text *labels);

/* Where a value lies, px. */
double at_canvas_x(const at_canvas *c, double x);
double at_canvas_y(const at_canvas *c, double y);

/* Opens the <svg> of c->width by c->height; the title (may be NULL) at the top left. */
void at_canvas_open(at_canvas *c, const char *title);
void at_canvas_close(at_canvas *c);

/* Words whose baseline is at y. Sizes in px. */
void at_canvas_words(at_canvas *c, double x, double y, at_anchor anchor, double size,
                     const char *color, const char *weight, const char *text);
/* Words turned by `degrees` round (x, y): around their middle, or (slanted) their end. */
void at_canvas_upright(at_canvas *c, double x, double y, const char *text);
void at_canvas_slanted(at_canvas *c, double x, double y, const char *text);
/* `extra`: more attributes of the <line>. */
void at_canvas_line(at_canvas *c, double x1, double y1, double x2, double y2,
                    const char *color, const char *extra);
void at_canvas_rect(at_canvas *c, double x, double y, double width, double height,
                    const char *color, double opacity);

/* Grid lines and labels of the numeric axes; labels (may be NULL) beside them.
 * `percent`: the y axis counts in hundredths. */
void at_canvas_x_axis(at_canvas *c, const char *label, bool grid);
void at_canvas_y_axis(at_canvas *c, const char *label, bool percent);

typedef struct at_key {
    const char *name, *color;
    bool dashed, box; /* box: a square, else a stroke */
} at_key;
enum { AT_LEGEND_ROW = 19 };
/* Rows that the legend takes between x = `left` and `right`; drawn with its first row's
 * baseline at y unless `c` is NULL. */
int at_canvas_legend(at_canvas *c, const at_key *keys, size_t count, double left,
                     double right, double y);

/* About how wide the words are, px. */
double at_canvas_measure(const char *text, double size);
/* The text, cut with an ellipsis at `points` code points, into out (of `size` bytes). */
const char *at_canvas_cut(const char *text, size_t points, char *out, size_t size);

#endif
