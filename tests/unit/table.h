/* Small frames written as text, for tests: a first line of name:type, then rows; cells
 * are parted by '|', an empty cell is missing, ~ is the empty text. */
#ifndef ATELIER_TESTS_TABLE_H
#define ATELIER_TESTS_TABLE_H

#include "ops/base/clock.h"
#include "ops/base/text.h"
#include "ops/frame/frame.h"
#include "tests/unit/unit.h"

static inline void at_test_cell(at_column_builder *b, at_type type, const char *cell) {
    int64_t integer = 0;
    double real = 0;
    if (!*cell) {
        at_column_builder_missing(b);
    } else if (type == AT_TYPE_TEXT || type == AT_TYPE_CATEGORY) {
        cell = strcmp(cell, "~") ? cell : "";
        at_column_builder_text(b, cell, (int64_t)strlen(cell));
    } else if (type == AT_TYPE_FLOAT) {
        assert_true(at_parse_real(cell, &real));
        at_column_builder_real(b, real);
    } else if (type == AT_TYPE_BOOL) {
        at_column_builder_int(b, strcmp(cell, "true") == 0);
    } else if (type == AT_TYPE_DATE || type == AT_TYPE_TIMESTAMP) {
        int y, m, d, h = 0, n = 0;
        assert_true(sscanf(cell, "%d-%d-%d %d:%d", &y, &m, &d, &h, &n) >= 3);
        int64_t days = at_days_from_civil(y, (unsigned)m, (unsigned)d);
        at_column_builder_int(
            b, type == AT_TYPE_DATE ? days : ((days * 24 + h) * 60 + n) * 60000000);
    } else {
        assert_true(at_parse_int(cell, &integer));
        at_column_builder_int(b, integer);
    }
}

static inline at_frame *at_test_table(const char *text) {
    enum { MOST = 64 };
    at_column_builder *columns[MOST] = {0};
    at_type types[MOST];
    int width = 0;
    for (int line = 0; *text; line++) {
        size_t end = strcspn(text, "\n");
        char *copy = at_copy_bytes(text, end), *cell = copy;
        for (int c = 0; cell; c++) {
            char *bar = strchr(cell, '|');
            if (bar)
                *bar = '\0';
            if (line == 0) {
                char *colon = strrchr(cell, ':');
                assert_non_null(colon);
                *colon = '\0';
                assert_true(at_type_from_name(colon + 1, &types[c]));
                assert_int_equal(at_column_builder_new(cell, types[c], &columns[c], NULL),
                                 0);
                width = c + 1;
            } else {
                assert_true(c < width);
                at_test_cell(columns[c], types[c], cell);
            }
            cell = bar ? bar + 1 : NULL;
        }
        at_free(copy);
        text += end + (text[end] == '\n');
    }
    at_frame_builder *builder;
    at_frame *frame;
    assert_int_equal(at_frame_builder_new(&builder, NULL), AT_OK);
    for (int c = 0; c < width; c++)
        assert_int_equal(at_frame_builder_take(builder, columns[c], NULL), AT_OK);
    assert_int_equal(at_frame_builder_finish(builder, &frame, NULL), AT_OK);
    return frame;
}

/* The frame in the same form. Caller frees with at_free. */
static inline char *at_test_text(const at_frame *frame) {
    at_text out = {0};
    for (int c = 0; c < at_frame_columns(frame); c++)
        at_text_format(&out, "%s%s:%s", c ? "|" : "", at_frame_column(frame, c)->name,
                       at_type_name(at_frame_column(frame, c)->type));
    for (int64_t row = 0; row < at_frame_rows(frame); row++)
        for (int c = 0; c < at_frame_columns(frame); c++) {
            const at_column *column = at_frame_column(frame, c);
            int64_t length = 1;
            at_text_char(&out, c ? '|' : '\n');
            if (column->type == AT_TYPE_TEXT || column->type == AT_TYPE_CATEGORY)
                at_column_text(column, row, &length);
            if (at_column_valid(column, row) && length == 0)
                at_text_char(&out, '~');
            else
                at_column_format(column, row, &out);
        }
    return at_text_take(&out);
}

#define assert_table(frame, expected)                                                    \
    do {                                                                                 \
        char *table_ = at_test_text(frame);                                              \
        assert_string_equal(table_, expected);                                           \
        at_free(table_);                                                                 \
    } while (0)

#endif
