/* Rows of a frame as a grid. */
#include "magics/view/grid.h"

#include "ops/base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Decimals that a float column is shown with: what its cells need, at most 4 when they
 * are of everyday size, so that the points stand under one another. */
static int decimals_of(const at_column *column, int64_t first, int64_t rows) {
    int most = 1; /* a float looks like one */
    for (int64_t r = first; r < first + rows; r++) {
        double value = at_column_real(column, r);
        if (!isfinite(value))
            continue;
        double size = fabs(value);
        if (size >= 1e15 || (size != 0 && size < 1e-4))
            return -1;
        int digits = 0;
        while (digits < 6 && fabs(value * pow(10, digits) -
                                  round(value * pow(10, digits))) > 1e-7 * fmax(1, size))
            digits++;
        most = digits > most ? digits : most;
    }
    return most > 4 ? 4 : most;
}

static const char *cell_text(const at_column *column, int64_t row, int decimals,
                             at_arena *arena, at_text *scratch) {
    if (!at_column_valid(column, row))
        return NULL;
    if (column->type == AT_TYPE_FLOAT) {
        double value = column->reals[row];
        if (isnan(value))
            return NULL;
        if (decimals >= 0)
            return at_arena_format(arena, "%.*f", decimals, value);
        return at_arena_format(arena, "%.6g", value);
    }
    at_text_clear(scratch);
    if (at_type_textual(column->type)) {
        int64_t length = 0;
        const char *text = at_column_text(column, row, &length);
        size_t shown = (size_t)length;
        if (shown > 240) /* a long document: its beginning */
            shown = at_utf8_offset(text, shown, at_utf8_index(text, shown, 230));
        at_text_append(scratch, text, shown);
        if (shown < (size_t)length)
            at_text_put(scratch, "…");
    } else {
        at_column_format(column, row, scratch);
    }
    return at_arena_text(arena, at_text_get(scratch), scratch->length);
}

static const char *caption_of(const at_frame *frame, int64_t total, int64_t first,
                              int64_t shown, const at_table_options *options,
                              at_arena *arena) {
    const char *size =
        at_arena_format(arena, "%s × %s", at_view_plural(arena, total, "row"),
                        at_view_plural(arena, at_frame_columns(frame), "column"));
    if (!size || shown >= total)
        return size;
    const char *part = first == 0 ? at_arena_format(arena, "%s · first %s shown", size,
                                                    at_view_count(arena, shown))
                                  : at_arena_format(arena, "%s · rows %s to %s shown",
                                                    size, at_view_count(arena, first + 1),
                                                    at_view_count(arena, first + shown));
    if (part && options && options->more)
        part = at_arena_format(arena, "%s · %s", part, options->more);
    return part;
}

at_status at_view_table(const at_frame *frame, int64_t total,
                        const at_table_options *options, at_bundle *out, at_error *err) {
    int64_t all = at_frame_rows(frame);
    int64_t first = options ? options->first : 0;
    int64_t rows = options && options->rows ? options->rows : 20;
    first = first < 0 ? 0 : first > all ? all : first;
    rows = rows > all - first ? all - first : rows;
    size_t columns = (size_t)at_frame_columns(frame);

    at_arena arena = {0};
    at_text scratch = {0};
    at_grid_column *heads = at_arena_alloc(&arena, columns * sizeof *heads);
    at_grid_cell *cells =
        at_arena_alloc(&arena, ((size_t)rows * columns + 1) * sizeof *cells);
    at_status status = AT_OK;
    if (!heads || !cells) {
        status = at_fail(err, AT_NO_MEMORY, "not enough memory to show a table");
        goto done;
    }
    for (size_t c = 0; c < columns; c++) {
        const at_column *column = at_frame_column(frame, (int)c);
        heads[c].title = column->name;
        heads[c].note = options && options->types ? at_type_name(column->type) : NULL;
        heads[c].right = at_type_numeric(column->type);
        int decimals =
            column->type == AT_TYPE_FLOAT ? decimals_of(column, first, rows) : 0;
        for (int64_t r = 0; r < rows; r++)
            cells[(size_t)r * columns + c].text =
                cell_text(column, first + r, decimals, &arena, &scratch);
    }
    at_grid grid = {.title = options ? options->title : NULL,
                    .caption = caption_of(frame, total < 0 ? all : total, first, rows,
                                          options, &arena),
                    .columns = heads,
                    .column_count = columns,
                    .cells = cells,
                    .row_count = (size_t)rows};
    status = at_view_grid(&grid, out, err);
done:
    at_text_fini(&scratch);
    at_arena_fini(&arena);
    return status;
}
