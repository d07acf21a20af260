/* trim C: takes blanks away at both ends of texts. */
#include "ops/recipe/map.h"

/* Bytes of the blank at the begin: ASCII, or U+00A0, which spreadsheets leave; 0: none.
 */
static int64_t blank(const char *bytes, int64_t length) {
    if (length >= 1 && (*bytes == ' ' || (*bytes >= '\t' && *bytes <= '\r')))
        return 1;
    return length >= 2 && bytes[0] == '\xC2' && bytes[1] == '\xA0' ? 2 : 0;
}

static bool trim(const void *context, const char **bytes, int64_t *length,
                 at_text *scratch) {
    (void)context;
    (void)scratch;
    for (int64_t n; (n = blank(*bytes, *length)) > 0;) {
        *bytes += n;
        *length -= n;
    }
    while (*length) {
        const char *end = *bytes + *length;
        int64_t n = blank(end - 1, 1);
        if (!n && *length >= 2)
            n = blank(end - 2, 2) == 2 ? 2 : 0;
        if (!n)
            break;
        *length -= n;
    }
    return true;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    return at_map_apply(step, sheet, trim, report, err);
}

const at_step_kind at_step_trim = {
    .verb = "trim",
    .pattern = "COLUMNS",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary = "Takes blanks away at both ends of texts",
    .example = "trim category, text",
    .fit = at_map_fit,
    .apply = apply,
};
