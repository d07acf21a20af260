#include "magics/data/filter.h"

#include "ops/frame/sql.h"

at_status at_filter_rows(at_context *context, const char *where, at_frame **frame,
                         at_error *err) {
    at_expression *expression = NULL;
    AT_TRY(at_expression_new(where, *frame, &expression, err));
    int64_t rows = at_frame_rows(*frame), kept = 0;
    uint8_t *keep = at_alloc_array((size_t)rows, 1);
    int64_t *which = at_alloc_array((size_t)rows, sizeof *which);
    at_status status =
        keep && which
            ? at_expression_filter(expression, *frame, keep, context->call->cancel, err)
            : at_fail(err, AT_NO_MEMORY, "not enough memory to filter the rows");
    if (status == AT_OK) {
        for (int64_t r = 0; r < rows; r++)
            if (keep[r])
                which[kept++] = r;
        at_frame *filtered = NULL;
        status = at_frame_take_rows(*frame, which, kept, &filtered, err);
        if (status == AT_OK) {
            at_frame_release(*frame);
            *frame = filtered;
        }
    }
    at_free(keep);
    at_free(which);
    at_expression_release(expression);
    return status;
}
