#include "magics/deploy/sample.h"
#include "ops/base/text.h"
#include "ops/frame/csv.h"

#include <string.h>

at_status at_sample_source(at_workspace *workspace, const json_t *model_card,
                           at_arena *arena, const char **out, at_error *err) {
    const char *data = json_string_value(json_object_get(model_card, "data"));
    at_entry entry;
    *out = NULL;
    if (!data)
        return AT_OK;
    at_status status =
        at_store_by_id(workspace, AT_KIND_DATASET, data, arena, &entry, err);
    if (status == AT_NOT_FOUND) {
        at_error_clear(err);
        return AT_OK;
    }
    AT_TRY(status);
    const json_t *from = json_object_get(entry.card, "from");
    const char *source = json_string_value(json_object_get(from, "source"));
    source = source ? source : data; /* a dataset that starts a chain is its own source */
    *out = at_arena_text(arena, source, strlen(source));
    at_entry_fini(&entry);
    return *out ? AT_OK : at_fail(err, AT_NO_MEMORY, "no memory left for an example");
}

/* A cell as a CSV field. */
static void put_field(const at_column *column, int64_t row, at_text *out) {
    at_text cell = {0};
    at_column_format(column, row, &cell);
    if (at_column_valid(column, row))
        at_csv_put_cell(out, at_text_get(&cell), cell.length, ',');
    at_text_fini(&cell);
}

const char *at_sample_row(at_workspace *workspace, const at_model *model,
                          const char *source, at_arena *arena) {
    const json_t *inputs = at_model_inputs(model);
    at_frame *frame = NULL;
    if (source && at_store_frame_by_id(workspace, source, &frame, NULL) != AT_OK)
        frame = NULL;
    at_text row = {0};
    for (size_t i = 0; i < json_array_size(inputs); i++) {
        const char *name =
            json_string_value(json_object_get(json_array_get(inputs, i), "name"));
        int column = frame && name ? at_frame_find(frame, name) : -1;
        if (i)
            at_text_char(&row, ',');
        if (column >= 0 && at_frame_rows(frame) > 0)
            put_field(at_frame_column(frame, column), 0, &row);
        else
            at_text_put(&row, name ? name : "");
    }
    const char *copy =
        at_text_ok(&row) ? at_arena_text(arena, at_text_get(&row), row.length) : NULL;
    at_text_fini(&row);
    at_frame_release(frame);
    return copy;
}
