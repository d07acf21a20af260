#include "magics/language/point.h"
#include "ops/base/text.h"

#include <stdio.h>
#include <string.h>

/* Longer lines are shown as a window around the caret. In code points. */
enum { WINDOW = 96, BEFORE = 60 };

static size_t line_start(const char *code, size_t offset) {
    while (offset > 0 && code[offset - 1] != '\n')
        offset--;
    return offset;
}

static size_t line_end(const char *code, size_t length, size_t offset) {
    while (offset < length && code[offset] != '\n')
        offset++;
    return offset;
}

void at_point_place(const char *code, size_t length, size_t offset, int *line,
                    int *column) {
    if (offset > length)
        offset = length;
    size_t start = line_start(code, offset);
    int lines = 1;
    for (size_t i = 0; i < start; i++)
        lines += code[i] == '\n';
    *line = lines;
    *column = (int)at_utf8_count(code + start, offset - start) + 1;
}

size_t at_point_offset(const char *code, size_t length, int line, int column) {
    size_t at = 0;
    for (int i = 1; i < line && at < length; i++) {
        at = line_end(code, length, at);
        at += at < length;
    }
    size_t end = line_end(code, length, at);
    return at + at_utf8_offset(code + at, end - at, column > 1 ? (size_t)column - 1 : 0);
}

/* One line of the cell, tabs as blanks so that carets stand right. */
static void put_line(at_text *out, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        at_text_char(out, text[i] == '\t' || text[i] == '\r' ? ' ' : text[i]);
}

void at_point(at_error *err, const char *code, size_t length, size_t from, size_t to) {
    if (!err || err->context[0])
        return;
    from = from < length ? from : length;
    size_t start = line_start(code, from), end = line_end(code, length, start);
    if (to > end)
        to = end;
    int line, column;
    at_point_place(code, length, from, &line, &column);
    size_t wide = to > from ? at_utf8_count(code + from, to - from) : 1;
    size_t total = at_utf8_count(code + start, end - start), skip = 0;
    if (total > WINDOW && (size_t)column > BEFORE)
        skip = (size_t)column - BEFORE;
    size_t shown_from = start + at_utf8_offset(code + start, end - start, skip);
    size_t shown_to =
        shown_from + at_utf8_offset(code + shown_from, end - shown_from, WINDOW);
    size_t indent = (size_t)column - 1 - skip;
    if (wide > WINDOW - indent)
        wide = indent < WINDOW ? WINDOW - indent : 1;

    at_text text = {0};
    char number[16];
    at_text_format(&text, "%4d", line);
    size_t digits = text.length;
    at_text_put(&text, skip ? " | ..." : " | ");
    put_line(&text, code + shown_from, shown_to - shown_from);
    at_text_put(&text, shown_to < end ? "...\n" : "\n");
    memset(number, ' ', sizeof number);
    at_text_append(&text, number, digits < sizeof number ? digits : sizeof number);
    at_text_put(&text, skip ? " |    " : " | ");
    for (size_t i = 0; i < indent; i++)
        at_text_char(&text, ' ');
    for (size_t i = 0; i < wide; i++)
        at_text_char(&text, '^');
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, " (line %d, column %d)", line,
             column);
    if (at_text_ok(&text))
        (void)at_show(err, at_text_get(&text));
    at_text_fini(&text);
}
