#include "magics/language/help.h"
#include "magics/language/describe.h"
#include "magics/language/session.h"

/* Wraps text and HTML; consumes both. */
static at_status bundle(at_text *plain, at_text *html, at_bundle *out, at_error *err) {
    at_status status = AT_OK;
    if (at_text_ok(plain) && at_text_ok(html)) {
        *out = at_bundle_new(at_text_get(plain));
        at_bundle_put(out, "text/html", at_text_get(html));
    }
    if (!at_text_ok(plain) || !at_text_ok(html) || !at_bundle_ok(out)) {
        at_bundle_fini(out);
        status = at_fail(err, AT_NO_MEMORY, "no memory left for the help");
    }
    at_text_fini(plain);
    at_text_fini(html);
    return status;
}

at_status at_help_bundle(const at_magic *magic, at_bundle *out, at_error *err) {
    at_text plain = {0}, html = {0};
    *out = (at_bundle){0};
    at_help_text(magic, &plain);
    at_help_html(magic, &html);
    return bundle(&plain, &html, out, err);
}

at_status at_help_overview(at_bundle *out, at_error *err) {
    at_text plain = {0}, html = {0};
    *out = (at_bundle){0};
    at_help_overview_text(&plain);
    at_help_overview_html(&html);
    return bundle(&plain, &html, out, err);
}

at_status at_help_page(at_display *display, const at_magic *magic, at_error *err) {
    at_bundle page;
    AT_TRY(at_help_bundle(magic, &page, err));
    at_display_page(display, &page);
    at_bundle_fini(&page);
    return AT_OK;
}

at_status at_help_name(at_context *context, const char *name, bool magic, at_error *err) {
    const at_magic *found = at_magic_find(name);
    at_workspace *workspace = NULL;
    at_bundle page = {0};
    at_error other = {0};
    if (!magic) {
        workspace = at_session_peek(context->session);
        at_status status =
            workspace ? at_describe_name(workspace, name, &page, &other) : AT_NOT_FOUND;
        if (!status) {
            at_display_page(context->call->display, &page);
            at_bundle_fini(&page);
            return AT_OK;
        }
    }
    if (found)
        return at_help_page(context->call->display, found, err);
    if (magic)
        at_fail(err, AT_NOT_FOUND, "there is no magic %%%.100s", name);
    else if (other.text[0] && err)
        *err = other;
    else
        at_fail(err, AT_NOT_FOUND, "there is no dataset or magic '%.100s'", name);
    if (err && !err->hint[0])
        (void)at_hint(err, "%%help lists the magics");
    return AT_NOT_FOUND;
}
