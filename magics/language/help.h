/* Help: what the specs say, for a reader. One description serves %help, `?`, --help,
 * Shift-Tab and the reference page. */
#ifndef ATELIER_MAGICS_LANGUAGE_HELP_H
#define ATELIER_MAGICS_LANGUAGE_HELP_H

#include "magics/language/spec.h"
#include "ops/base/text.h"

/* All of a magic as plain text, as HTML, as Markdown (for the reference page). Appends.
 */
void at_help_text(const at_magic *magic, at_text *out);
void at_help_html(const at_magic *magic, at_text *out);
void at_help_markdown(const at_magic *magic, at_text *out);
/* The list of all magics by stage. Appends. */
void at_help_overview_text(at_text *out);
void at_help_overview_html(at_text *out);
/* One option, argument or setting in a line or two of text: "--train F  fraction ...". */
void at_help_param(const at_param *param, bool option, at_text *out);
/* "Data", "Clean", ...: the heading of a stage. */
const char *at_help_stage(at_stage stage);
const char *at_help_sigil(const at_magic *magic); /* "%" or "%%" */

/* Help on one magic as a bundle; caller finishes it. */
AT_MUST_USE at_status at_help_bundle(const at_magic *magic, at_bundle *out,
                                     at_error *err);
/* The list of all magics as a bundle. */
AT_MUST_USE at_status at_help_overview(at_bundle *out, at_error *err);
/* Help on a magic through the pager. */
AT_MUST_USE at_status at_help_page(at_display *display, const at_magic *magic,
                                   at_error *err);
/* `name?`: a magic (`magic`: it had a %), else a dataset, through the pager. */
AT_MUST_USE at_status at_help_name(at_context *context, const char *name, bool magic,
                                   at_error *err);

#endif
