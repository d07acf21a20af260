#include "ops/base/sink.h"
#include "ops/frame/jsonl.h"

#include <math.h>
#include <string.h>

static void put_string(at_text *out, const char *bytes, size_t length) {
    at_text_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '"' || c == '\\') {
            at_text_char(out, '\\');
            at_text_char(out, (char)c);
        } else if (c == '\n') {
            at_text_put(out, "\\n");
        } else if (c < 0x20) {
            at_text_format(out, "\\u%04x", c);
        } else {
            at_text_char(out, (char)c);
        }
    }
    at_text_char(out, '"');
}

/* JSON knows no infinity: null. */
static void put_value(at_text *out, const at_column *column, int64_t row) {
    int64_t length;
    const char *bytes;
    bool infinite =
        column->type == AT_TYPE_FLOAT && !isfinite(at_column_real(column, row));
    if (!at_column_valid(column, row) || infinite) {
        at_text_put(out, "null");
        return;
    }
    switch (column->type) {
    case AT_TYPE_TEXT:
    case AT_TYPE_CATEGORY:
        bytes = at_column_text(column, row, &length);
        put_string(out, bytes, (size_t)length);
        break;
    case AT_TYPE_DATE:
    case AT_TYPE_TIMESTAMP:
        at_text_char(out, '"');
        at_column_format(column, row, out);
        at_text_char(out, '"');
        break;
    case AT_TYPE_INT:
    case AT_TYPE_FLOAT:
    case AT_TYPE_BOOL:
        at_column_format(column, row, out);
        break;
    }
}

static at_status write_rows(const at_frame *frame, at_sink *sink, at_error *err) {
    at_text *out = &sink->buffer;
    for (int64_t row = 0; row < at_frame_rows(frame); row++) {
        for (int c = 0; c < at_frame_columns(frame); c++) {
            const at_column *column = at_frame_column(frame, c);
            at_text_put(out, c ? ", " : "{");
            put_string(out, column->name, strlen(column->name));
            at_text_put(out, ": ");
            put_value(out, column, row);
        }
        at_text_put(out, "}\n");
        AT_TRY(at_sink_drain(sink, err));
    }
    return AT_OK;
}

at_status at_jsonl_write_file(const at_frame *frame, const char *path, at_error *err) {
    at_sink sink;
    AT_TRY(at_sink_open(&sink, path, err));
    at_status status = write_rows(frame, &sink, err);
    return at_sink_close(&sink, status, err);
}
