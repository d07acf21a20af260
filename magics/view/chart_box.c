/* Boxes and whiskers, one below the other over one axis. */
#include "magics/view/chart_draw.h"
#include "magics/view/style.h"

#include <math.h>

enum { ROW = 27, NAME_POINTS = 28 };

static void put_box(at_canvas *c, const at_box *box, double y) {
    if (isnan(box->median))
        return;
    const char *color = box->color ? box->color : at_style_color(0);
    double low = at_canvas_x(c, box->low), high = at_canvas_x(c, box->high);
    double q25 = at_canvas_x(c, box->q25), q75 = at_canvas_x(c, box->q75);
    double median = at_canvas_x(c, box->median);
    at_text_format(c->out,
                   "<path d=\"M%.1f %.1fH%.1fM%.1f %.1fH%.1fM%.1f %.1fv8M%.1f %.1fv8\" "
                   "stroke=\"%s\" stroke-width=\"1.3\" fill=\"none\"/>",
                   low, y, q25, q75, y, high, low, y - 4, high, y - 4, color);
    at_text_format(c->out,
                   "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"14\" rx=\"2\" "
                   "fill=\"%s\" fill-opacity=\"0.28\" stroke=\"%s\" "
                   "stroke-width=\"1.3\"/>",
                   q25, y - 7, fmax(q75 - q25, 0.5), color, color);
    at_canvas_line(c, median, y - 7, median, y + 7, color, "stroke-width=\"2.6\"");
    if (isfinite(box->mean))
        at_text_format(c->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.3\" fill=\"%s\"/>",
                       at_canvas_x(c, box->mean), y, c->ink);
    if (!box->outside_count)
        return;
    at_text_format(c->out, "<g fill=\"%s\" fill-opacity=\"0.5\">", color);
    for (size_t i = 0; i < box->outside_count; i++)
        at_text_format(c->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1.6\"/>",
                       at_canvas_x(c, box->outside[i]), y);
    at_text_put(c->out, "</g>");
}

static void extent(const at_chart *chart, double *low, double *high) {
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t i = 0; i < chart->box_count; i++) {
        const at_box *box = &chart->boxes[i];
        if (isnan(box->median))
            continue;
        *low = fmin(*low, box->low);
        *high = fmax(*high, box->high);
        for (size_t k = 0; k < box->outside_count; k++) {
            *low = fmin(*low, box->outside[k]);
            *high = fmax(*high, box->outside[k]);
        }
    }
}

void at_chart_draw_boxes(at_canvas *c, const at_chart *chart) {
    double widest = 0, notes = 0, low, high;
    for (size_t i = 0; i < chart->box_count; i++) {
        widest =
            fmax(widest, at_chart_names_width(&chart->boxes[i].name, 1, NAME_POINTS));
        if (chart->boxes[i].note)
            notes = fmax(notes, at_canvas_measure(chart->boxes[i].note, 10.5));
    }
    c->left = fmin(widest, 0.4 * c->width) + 16;
    c->right = c->width - 12 - (notes > 0 ? notes + 6 : 0);
    int legend = at_chart_legend(c, chart, true, 0, true);
    double head = chart->title ? 24 : 6;
    c->top = head + AT_LEGEND_ROW * legend + (legend ? 2 : 0);
    c->bottom = c->top + ROW * (double)chart->box_count + 4;
    c->height = c->bottom + (chart->x_label ? 38 : 22);
    extent(chart, &low, &high);
    double room = high > low ? (high - low) * 0.015 : 0;
    if (chart->x_time)
        at_scale_time(&c->x, low - room, high + room, 7);
    else
        at_scale_init(&c->x, low - room, high + room, 7, false);
    at_canvas_open(c, chart->title);
    at_canvas_x_axis(c, chart->x_label, true);
    at_chart_legend(c, chart, true, head + 12, false);
    for (size_t i = 0; i < chart->box_count; i++) {
        const at_box *box = &chart->boxes[i];
        double y = c->top + 2 + ROW * ((double)i + 0.5);
        char name[160];
        if (box->name)
            at_canvas_words(c, c->left - 9, y + 4, AT_ANCHOR_END, 11.5, c->ink, "400",
                            at_canvas_cut(box->name, NAME_POINTS, name, sizeof name));
        if (box->note)
            at_canvas_words(c, c->width - 4, y + 4, AT_ANCHOR_END, 10.5, c->dim, "400",
                            box->note);
        put_box(c, box, y);
    }
    at_canvas_close(c);
}
