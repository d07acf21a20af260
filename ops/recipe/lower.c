/* lower C: texts in small letters. */
#include "ops/recipe/map.h"

/* Simple case folding (Unicode 15, UnicodeData.txt) of Latin-1, Latin Extended-A, Greek
 * and Cyrillic; every other letter stays. Both cases take two bytes of UTF-8. */
static unsigned small(unsigned c) {
    if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
        (c >= 0x391 && c <= 0x3A9 && c != 0x3A2) || (c >= 0x410 && c <= 0x42F))
        return c + 32;
    if (c >= 0x400 && c <= 0x40F)
        return c + 80;
    if (c == 0x178)
        return 0xFF;
    if (c == 0x130) /* its small letter is ASCII, with a dot of its own */
        return c;
    bool even = (c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177);
    bool odd = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
    return (even && c % 2 == 0) || (odd && c % 2 == 1) ? c + 1 : c;
}

static bool lower(const void *context, const char **bytes, int64_t *length,
                  at_text *scratch) {
    (void)context;
    const char *text = *bytes;
    for (int64_t i = 0; i < *length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 'A' && c <= 'Z') {
            at_text_char(scratch, (char)(c - 'A' + 'a'));
        } else if ((c & 0xE0) == 0xC0 && i + 1 < *length) {
            unsigned letter =
                small(((c & 0x1Fu) << 6) | ((unsigned char)text[++i] & 0x3Fu));
            at_text_char(scratch, (char)(0xC0 | letter >> 6));
            at_text_char(scratch, (char)(0x80 | (letter & 0x3F)));
        } else {
            at_text_char(scratch, (char)c);
        }
    }
    *bytes = at_text_get(scratch);
    return true;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    return at_map_apply(step, sheet, lower, report, err);
}

const at_step_kind at_step_lower = {
    .verb = "lower",
    .pattern = "COLUMNS",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary = "Writes texts in small letters, so that Yes and yes are one",
    .example = "lower category",
    .fit = at_map_fit,
    .apply = apply,
};
