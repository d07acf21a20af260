#include "magics/view/canvas.h"

#include "magics/view/grid.h"
#include "magics/view/style.h"

#include <stdio.h>
#include <string.h>

at_canvas at_canvas_fixed(at_text *out) {
    return (at_canvas){.out = out,
                       .ink = "#7c828b",
                       .dim = "#8a8f98",
                       .line = "#a9adb455",
                       .paper = "#8a8f98"};
}

at_canvas at_canvas_themed(at_text *out, at_text *labels) {
    return (at_canvas){.out = out,
                       .labels = labels,
                       .ink = "var(--jp-content-font-color1,#24292f)",
                       .dim = "var(--jp-content-font-color2,#6b7280)",
                       .line = "var(--jp-border-color2,#d5d9de)",
                       .paper = "var(--jp-layout-color0,#fff)"};
}

double at_canvas_x(const at_canvas *c, double x) {
    return c->left + (x - c->x.low) / (c->x.high - c->x.low) * (c->right - c->left);
}

double at_canvas_y(const at_canvas *c, double y) {
    return c->bottom - (y - c->y.low) / (c->y.high - c->y.low) * (c->bottom - c->top);
}

void at_canvas_open(at_canvas *c, const char *title) {
    at_text_format(
        c->out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
        "viewBox=\"0 0 %.0f %.0f\" role=\"img\">",
        c->width, c->height, c->width, c->height);
    if (title)
        at_canvas_words(c, 2, 14, AT_ANCHOR_START, 12.5, c->ink, "600", title);
}

void at_canvas_close(at_canvas *c) {
    at_text_put(c->out, "</svg>");
}

void at_canvas_words(at_canvas *c, double x, double y, at_anchor anchor, double size,
                     const char *color, const char *weight, const char *text) {
    static const char *const anchors[] = {"start", "middle", "end"};
    static const char *const shifts[] = {"0", "-50%", "-100%"};
    if (c->labels) {
        at_text_format(c->labels,
                       "<span class=\"atl-t\" style=\"left:%.1fpx;top:%.1fpx;color:%s;"
                       "font-size:%.1fpx;font-weight:%s;transform:translateX(%s)\" "
                       "data-t=\"",
                       x, y - 0.84 * size, color, size, weight, shifts[anchor]);
        at_text_html(c->labels, text, strlen(text));
        at_text_put(c->labels, "\"></span>");
        return;
    }
    at_text_format(c->out,
                   "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\" "
                   "font-size=\"%.1f\" font-weight=\"%s\" font-family=\"sans-serif\">",
                   x, y, anchors[anchor], color, size, weight);
    at_text_html(c->out, text, strlen(text));
    at_text_put(c->out, "</text>");
}

void at_canvas_upright(at_canvas *c, double x, double y, const char *text) {
    if (c->labels) {
        at_text_format(c->labels,
                       "<span class=\"atl-t\" style=\"left:%.1fpx;top:%.1fpx;color:%s;"
                       "font-size:11px;transform:translate(-50%%,-50%%) rotate(-90deg)\" "
                       "data-t=\"",
                       x - 4, y, c->dim);
        at_text_html(c->labels, text, strlen(text));
        at_text_put(c->labels, "\"></span>");
        return;
    }
    at_text_format(c->out,
                   "<text transform=\"translate(%.1f %.1f) rotate(-90)\" "
                   "text-anchor=\"middle\" fill=\"%s\" font-size=\"11\" "
                   "font-family=\"sans-serif\">",
                   x, y, c->dim);
    at_text_html(c->out, text, strlen(text));
    at_text_put(c->out, "</text>");
}

void at_canvas_slanted(at_canvas *c, double x, double y, const char *text) {
    if (c->labels) {
        at_text_format(c->labels,
                       "<span class=\"atl-t\" style=\"left:%.1fpx;top:%.1fpx;color:%s;"
                       "font-size:10.5px;transform-origin:100%% 0;"
                       "transform:translateX(-100%%) rotate(-40deg)\" data-t=\"",
                       x, y - 4, c->dim);
        at_text_html(c->labels, text, strlen(text));
        at_text_put(c->labels, "\"></span>");
        return;
    }
    at_text_format(c->out,
                   "<text transform=\"translate(%.1f %.1f) rotate(-40)\" "
                   "text-anchor=\"end\" fill=\"%s\" font-size=\"10.5\" "
                   "font-family=\"sans-serif\">",
                   x, y + 4, c->dim);
    at_text_html(c->out, text, strlen(text));
    at_text_put(c->out, "</text>");
}

void at_canvas_line(at_canvas *c, double x1, double y1, double x2, double y2,
                    const char *color, const char *extra) {
    at_text_format(
        c->out,
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" %s/>", x1,
        y1, x2, y2, color, extra);
}

void at_canvas_rect(at_canvas *c, double x, double y, double width, double height,
                    const char *color, double opacity) {
    at_text_format(c->out,
                   "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                   "fill=\"%s\"",
                   x, y, width > 0 ? width : 0, height > 0 ? height : 0, color);
    if (opacity < 1)
        at_text_format(c->out, " fill-opacity=\"%.3f\"", opacity);
    at_text_put(c->out, "/>");
}

void at_canvas_x_axis(at_canvas *c, const char *label, bool grid) {
    char text[32];
    for (int i = 0; i < c->x.tick_count; i++) {
        double x = at_canvas_x(c, c->x.ticks[i]);
        if (x < c->left - 0.5 || x > c->right + 0.5)
            continue;
        if (grid)
            at_canvas_line(c, x, c->top, x, c->bottom, c->line,
                           "stroke-width=\"1\" opacity=\"0.7\"");
        else
            at_canvas_line(c, x, c->bottom, x, c->bottom + 4, c->line,
                           "stroke-width=\"1\"");
        at_scale_label(&c->x, c->x.ticks[i], text);
        at_canvas_words(c, x, c->bottom + 16, AT_ANCHOR_MIDDLE, 10.5, c->dim, "400",
                        text);
    }
    if (label)
        at_canvas_words(c, (c->left + c->right) / 2, c->height - 4, AT_ANCHOR_MIDDLE, 11,
                        c->dim, "400", label);
}

void at_canvas_y_axis(at_canvas *c, const char *label, bool percent) {
    char text[40];
    at_scale hundredths = c->y;
    hundredths.low *= 100;
    hundredths.high *= 100;
    hundredths.decimals = c->y.decimals > 2 ? c->y.decimals - 2 : 0;
    for (int i = 0; i < c->y.tick_count; i++) {
        double y = at_canvas_y(c, c->y.ticks[i]);
        if (y < c->top - 0.5 || y > c->bottom + 0.5)
            continue;
        at_canvas_line(c, c->left, y, c->right, y, c->line,
                       "stroke-width=\"1\" opacity=\"0.7\"");
        if (percent) {
            at_scale_label(&hundredths, 100 * c->y.ticks[i], text);
            size_t end = strlen(text);
            snprintf(text + end, sizeof text - end, " %%");
        } else {
            at_scale_label(&c->y, c->y.ticks[i], text);
        }
        at_canvas_words(c, c->left - 7, y + 3.6, AT_ANCHOR_END, 10.5, c->dim, "400",
                        text);
    }
    if (label)
        at_canvas_upright(c, 11, (c->top + c->bottom) / 2, label);
}

int at_canvas_legend(at_canvas *c, const at_key *keys, size_t count, double left,
                     double right, double y) {
    double x = left;
    int rows = 0;
    for (size_t i = 0; i < count; i++) {
        if (!keys[i].name)
            continue;
        char name[128];
        at_canvas_cut(keys[i].name, 30, name, sizeof name);
        double wide = (keys[i].box ? 30 : 36) + at_canvas_measure(name, 11);
        if (rows == 0) {
            rows = 1;
        } else if (x + wide > right) {
            x = left;
            rows++;
        }
        double base = y + AT_LEGEND_ROW * (rows - 1);
        if (c && keys[i].box) {
            at_text_format(c->out,
                           "<rect x=\"%.1f\" y=\"%.1f\" width=\"10\" height=\"10\" "
                           "rx=\"2\" fill=\"%s\"/>",
                           x, base - 9, keys[i].color);
            at_canvas_words(c, x + 15, base, AT_ANCHOR_START, 11, c->ink, "400", name);
        } else if (c) {
            at_canvas_line(c, x, base - 3.8, x + 16, base - 3.8, keys[i].color,
                           keys[i].dashed ? "stroke-width=\"2.5\" "
                                            "stroke-dasharray=\"4 3\""
                                          : "stroke-width=\"2.5\"");
            at_canvas_words(c, x + 21, base, AT_ANCHOR_START, 11, c->ink, "400", name);
        }
        x += wide;
    }
    return rows;
}

double at_canvas_measure(const char *text, double size) {
    double width = 0.56 * (double)at_view_width(text, strlen(text));
    for (const char *c = text; *c; c++) {
        if ((*c >= 'A' && *c <= 'Z') || *c == 'm' || *c == 'w' || *c == '%')
            width += 0.14;
        else if (*c == 'i' || *c == 'l' || *c == '.' || *c == ',' || *c == 39 ||
                 *c == '|')
            width -= 0.22;
    }
    return size * width;
}

const char *at_canvas_cut(const char *text, size_t points, char *out, size_t size) {
    size_t length = strlen(text), bytes = at_utf8_offset(text, length, points);
    while (bytes + 4 > size)
        bytes = at_utf8_offset(text, length, --points);
    snprintf(out, size, "%.*s%s", (int)bytes, text, bytes < length ? "…" : "");
    return out;
}
