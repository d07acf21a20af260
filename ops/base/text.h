/* Text: a growing byte string that is always NUL-terminated, and small helpers on UTF-8.
 *
 * A failed allocation makes the text sticky-failed: later appends do nothing, and
 * at_text_ok() says so once at the end, so that building needs no check a line. */
#ifndef ATELIER_OPS_BASE_TEXT_H
#define ATELIER_OPS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct at_text {
    char *data;    /* NUL-terminated; NULL while empty and never written */
    size_t length; /* without the NUL */
    size_t capacity;
    bool failed;
} at_text; /* zero-initialise */

void at_text_append(at_text *text, const char *bytes, size_t length);
void at_text_put(at_text *text, const char *string);
void at_text_char(at_text *text, char c);
void at_text_format(at_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Appends with &, <, >, " and ' escaped for HTML and SVG. */
void at_text_html(at_text *text, const char *bytes, size_t length);
/* Keeps capacity, drops content. */
void at_text_clear(at_text *text);
bool at_text_ok(const at_text *text);
/* The content, "" when empty; valid until the next change. */
const char *at_text_get(const at_text *text);
/* Hands the buffer to the caller (who frees it with at_free) and empties the text.
 * NULL if it failed. */
char *at_text_take(at_text *text);
void at_text_fini(at_text *text);

/* UTF-8. `bytes` need not be NUL-terminated. */
bool at_utf8_valid(const char *bytes, size_t length);
size_t at_utf8_count(const char *bytes, size_t length); /* code points */
/* Byte offset of code point `index` (clamped to length), and back. */
size_t at_utf8_offset(const char *bytes, size_t length, size_t index);
size_t at_utf8_index(const char *bytes, size_t length, size_t offset);

/* Strict number parsing of a whole string (blanks around it are allowed); false
 * otherwise. Locale-independent. */
bool at_parse_int(const char *string, int64_t *out);
bool at_parse_real(const char *string, double *out); /* also nan, inf */
/* Shortest decimal that reads back as the same double; `out` holds at least 32 bytes. */
size_t at_format_real(double value, char *out);

/* ASCII case-insensitive. */
bool at_equal_fold(const char *a, const char *b);
/* Does `text` end in `end`, with something before it? "a.csv" in ".CSV". */
bool at_ends_fold(const char *text, const char *end);

#endif
