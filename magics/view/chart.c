/* Charts as bundles. */
#include "magics/view/chart.h"

#include "magics/view/grid.h"
#include "magics/view/style.h"

#include <string.h>

static at_status finish(at_text *plain, at_text *html, at_bundle *out, at_error *err) {
    *out = at_bundle_new(at_text_get(plain));
    at_bundle_put(out, "text/html", at_text_get(html));
    at_status status = AT_OK;
    if (!at_text_ok(plain) || !at_text_ok(html) || !at_bundle_ok(out)) {
        at_bundle_fini(out);
        status = at_fail(err, AT_NO_MEMORY, "not enough memory to draw a chart");
    }
    at_text_fini(plain);
    at_text_fini(html);
    return status;
}

static void put_div(at_text *html, const char *class_name, const char *text) {
    at_text_format(html, "<div class=\"%s\">", class_name);
    at_text_html(html, text, strlen(text));
    at_text_put(html, "</div>");
}

at_status at_view_figure(const char *title, const char *caption, const at_chart *charts,
                         size_t count, at_bundle *out, at_error *err) {
    at_text plain = {0}, html = {0};
    at_text_put(&html, "<div class=\"atl\">");
    at_style_put(&html);
    if (title) {
        at_text_format(&plain, "%s\n", title);
        put_div(&html, "atl-title", title);
    }
    at_text_put(&html, "<div class=\"atl-charts\">");
    for (size_t i = 0; i < count; i++) {
        at_chart_html(&charts[i], &html);
        at_chart_plain(&charts[i], &plain);
        at_text_put(&plain, i + 1 < count ? "\n\n" : "");
    }
    at_text_put(&html, "</div>");
    if (caption) {
        at_text_format(&plain, "\n%s", caption);
        put_div(&html, "atl-cap", caption);
    }
    at_text_put(&html, "</div>");
    return finish(&plain, &html, out, err);
}

at_status at_view_charts(const char *title, const at_chart *charts, size_t count,
                         at_bundle *out, at_error *err) {
    return at_view_figure(title, NULL, charts, count, out, err);
}

at_status at_view_chart(const at_chart *chart, at_bundle *out, at_error *err) {
    return at_view_charts(NULL, chart, 1, out, err);
}
