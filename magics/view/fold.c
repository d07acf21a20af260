/* Text that most people pass over: folded in a page, left out of a console. And text to
 * paste. */
#include "magics/view/grid.h"

#include "magics/view/style.h"
#include "ops/base/text.h"

#include <string.h>

at_status at_view_fold(const char *title, const char *text, at_bundle *out,
                       at_error *err) {
    at_text html = {0};
    at_text_put(&html, "<div class=\"atl\">");
    at_style_put(&html);
    at_text_put(&html, "<details><summary>");
    at_text_html(&html, title, strlen(title));
    at_text_put(&html, "</summary><pre>");
    at_text_html(&html, text, strlen(text));
    at_text_put(&html, "</pre></details></div>");
    *out = at_bundle_new(title);
    at_bundle_put(out, "text/html", at_text_get(&html));
    at_status status = AT_OK;
    if (!at_text_ok(&html) || !at_bundle_ok(out)) {
        at_bundle_fini(out);
        status = at_fail(err, AT_NO_MEMORY, "not enough memory to show %s", title);
    }
    at_text_fini(&html);
    return status;
}

at_status at_view_code(const char *title, const char *code, at_bundle *out,
                       at_error *err) {
    at_text html = {0}, plain = {0};
    at_text_put(&html, "<div class=\"atl\">");
    at_style_put(&html);
    at_text_put(&html, "<div class=\"atl-cap\">");
    at_text_html(&html, title, strlen(title));
    at_text_put(&html, "</div><pre class=\"atl-code\">");
    at_text_html(&html, code, strlen(code));
    at_text_put(&html, "</pre></div>");
    at_text_format(&plain, "%s\n\n%s", title, code);
    *out = at_bundle_new(at_text_get(&plain));
    at_bundle_put(out, "text/html", at_text_get(&html));
    at_status status = AT_OK;
    if (!at_text_ok(&html) || !at_text_ok(&plain) || !at_bundle_ok(out)) {
        at_bundle_fini(out);
        status = at_fail(err, AT_NO_MEMORY, "not enough memory to show %s", title);
    }
    at_text_fini(&html);
    at_text_fini(&plain);
    return status;
}
