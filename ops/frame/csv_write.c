#include "ops/base/sink.h"
#include "ops/frame/csv.h"

#include <string.h>

void at_csv_put_cell(at_text *out, const char *bytes, size_t length, char delimiter) {
    bool quote = length == 0;
    for (size_t i = 0; i < length && !quote; i++)
        quote = bytes[i] == delimiter || bytes[i] == '"' || bytes[i] == '\n' ||
                bytes[i] == '\r';
    if (!quote) {
        at_text_append(out, bytes, length);
        return;
    }
    at_text_char(out, '"');
    while (length > 0) {
        const char *inner = memchr(bytes, '"', length);
        size_t part = inner ? (size_t)(inner - bytes) + 1 : length;
        at_text_append(out, bytes, part);
        if (inner)
            at_text_char(out, '"');
        bytes += part;
        length -= part;
    }
    at_text_char(out, '"');
}

static void put_value(at_text *out, const at_column *column, int64_t row,
                      char delimiter) {
    int64_t length;
    if (at_type_textual(column->type)) {
        const char *bytes = at_column_text(column, row, &length);
        if (bytes)
            at_csv_put_cell(out, bytes, (size_t)length, delimiter);
    } else {
        at_column_format(column, row, out);
    }
}

static at_status write_rows(const at_frame *frame, char delimiter, at_sink *sink,
                            at_error *err) {
    int columns = at_frame_columns(frame);
    at_text *out = &sink->buffer;
    for (int c = 0; c < columns; c++) {
        const char *name = at_frame_column(frame, c)->name;
        if (c)
            at_text_char(out, delimiter);
        at_csv_put_cell(out, name, strlen(name), delimiter);
    }
    at_text_char(out, '\n');
    for (int64_t row = 0; row < at_frame_rows(frame); row++) {
        size_t before = out->length;
        for (int c = 0; c < columns; c++) {
            if (c)
                at_text_char(out, delimiter);
            put_value(out, at_frame_column(frame, c), row, delimiter);
        }
        if (out->length == before) /* else it were a blank line, which is no row */
            at_text_put(out, "\"\"");
        at_text_char(out, '\n');
        AT_TRY(at_sink_drain(sink, err));
    }
    return AT_OK;
}

at_status at_csv_write_file(const at_frame *frame, const char *path, char delimiter,
                            at_error *err) {
    at_sink sink;
    AT_TRY(at_sink_open(&sink, path, err));
    at_status status = write_rows(frame, delimiter ? delimiter : ',', &sink, err);
    return at_sink_close(&sink, status, err);
}
