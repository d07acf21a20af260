/* Any bytes as JSON lines; what is read can be read cell by cell. */
#include "ops/base/text.h"
#include "ops/frame/jsonl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (int skip = 0; skip < 2; skip++) {
        at_frame *frame;
        at_error err = {0};
        at_csv_report report;
        if (at_jsonl_read((const char *)data, size, skip, NULL, &frame, &report, &err) !=
            AT_OK)
            continue;
        at_text text = {0};
        for (int c = 0; c < at_frame_columns(frame); c++)
            for (int64_t i = 0; i < at_frame_rows(frame); i++)
                at_column_format(at_frame_column(frame, c), i, &text);
        at_text_fini(&text);
        at_frame_release(frame);
    }
    return 0;
}
