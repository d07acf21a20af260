/* Any bytes as a CSV: never a crash, and the same table, or the same refusal, however the
 * input is cut. */
#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/frame/csv.h"

#include <stdlib.h>
#include <string.h>

/* Where the encoding is guessed, which of two faults is told depends on whether they fall
 * into one chunk: then only that it is refused counts. */
static char *spell(const at_frame *frame, const at_error *err, bool guessed) {
    at_text out = {0};
    if (!frame) {
        at_text_put(&out, guessed ? "refused" : err->text);
        return at_text_take(&out);
    }
    for (int c = 0; c < at_frame_columns(frame); c++) {
        const at_column *column = at_frame_column(frame, c);
        at_text_format(&out, "%s\x1f%s\x1f%u\x1f%lld", column->name,
                       at_type_name(column->type), column->levels,
                       (long long)column->missing);
        for (int64_t i = 0; i < column->rows; i++) {
            at_text_char(&out, at_column_valid(column, i) ? '=' : '!');
            at_column_format(column, i, &out);
        }
    }
    return at_text_take(&out);
}

static char *read_with(const char *chunk, const char *isa, const uint8_t *data,
                       size_t size, const at_csv_options *options) {
    at_frame *frame = NULL;
    at_error err = {0};
    at_csv_report report;
    setenv("ATELIER_CSV_CHUNK", chunk, 1);
    setenv("ATELIER_ISA", isa, 1);
    if (at_csv_read((const char *)data, size, options, NULL, &frame, &report, &err) !=
        AT_OK)
        frame = NULL;
    char *text = spell(frame, &err, !options->encoding);
    at_frame_release(frame);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    at_csv_options options = at_csv_options_default();
    static const char *const encodings[] = {NULL, "utf-8", "windows-1252", "utf-16le"};
    options.skip_bad_rows = data[0] & 1;
    options.fill_short_rows = data[0] & 32;
    options.encoding = encodings[data[0] >> 1 & 3];
    options.delimiter = data[0] & 8 ? ',' : 0;
    options.quote = data[0] & 16 ? -1 : 0;
    char *whole = read_with("16000000", "scalar", data + 1, size - 1, &options);
    char *cut = read_with("64", "", data + 1, size - 1, &options);
    if (!whole || !cut || strcmp(whole, cut) != 0)
        abort();
    at_free(whole);
    at_free(cut);
    return 0;
}
