#include "magics/deploy/payload.h"
#include "ops/frame/csv_cell.h"

#include <math.h>
#include <string.h>

static at_status wrong_value(at_payload *payload, size_t row, size_t column,
                             const at_payload_cell *cell, const char *what,
                             at_error *err) {
    const char *name = payload->intake->columns[column].name;
    return at_payload_fail(payload, row + 1, name, err, "'%.100s' is not %s", cell->text,
                           what);
}

/* Numbers are written with a point and no thousands marks. */
static const at_cell_rules rules = {.decimal = '.', .lax_bool = true};

static bool put_bool(at_column_builder *b, const at_payload_cell *cell) {
    uint8_t value;
    if (!at_cell_bool(cell->text, cell->length, &rules, &value))
        return false;
    at_column_builder_int(b, value);
    return true;
}

/* Days and months in ISO's order alone: 1/2/2024 means two days, and a row that comes
 * alone cannot tell which. */
static bool put_date(at_column_builder *b, const at_payload_cell *cell) {
    int32_t days;
    if (!at_cell_date(cell->text, cell->length, &days))
        return false;
    at_column_builder_int(b, days);
    return true;
}

static bool put_timestamp(at_column_builder *b, const at_payload_cell *cell) {
    int64_t us;
    if (!at_cell_stamp(cell->text, cell->length, false, &us) &&
        !at_cell_stamp(cell->text, cell->length, true, &us))
        return false;
    at_column_builder_int(b, us);
    return true;
}

/* A number as it would stand in a FLOAT column; false if it is none or not finite. */
static bool put_real(at_column_builder *b, const at_payload_cell *cell) {
    double value;
    if (!at_cell_real(cell->text, cell->length, &rules, &value) || isinf(value))
        return false;
    if (isnan(value))
        at_column_builder_missing(b);
    else
        at_column_builder_real(b, value);
    return true;
}

/* Whole numbers, however written: 5, 5.0, 5e0; false if it is none. */
static bool put_int(at_column_builder *b, const at_payload_cell *cell) {
    int64_t whole;
    double value;
    if (at_cell_int(cell->text, cell->length, &rules, &whole)) {
        at_column_builder_int(b, whole);
        return true;
    }
    if (!at_cell_real(cell->text, cell->length, &rules, &value))
        return false;
    if (isnan(value))
        at_column_builder_missing(b);
    else if (value == floor(value) && fabs(value) < 9007199254740992.0)
        at_column_builder_int(b, (int64_t)value);
    else
        return false;
    return true;
}

static const char *description(at_type type) {
    switch (type) {
    case AT_TYPE_INT:
        return "a whole number";
    case AT_TYPE_FLOAT:
        return "a number";
    case AT_TYPE_BOOL:
        return "true or false";
    case AT_TYPE_DATE:
        return "a date like 2024-01-31";
    case AT_TYPE_TIMESTAMP:
        return "a time like 2024-01-31 12:30:00";
    default:
        return "a text";
    }
}

static bool put_cell(at_column_builder *b, at_type type, const at_payload_cell *cell) {
    switch (type) {
    case AT_TYPE_INT:
        return put_int(b, cell);
    case AT_TYPE_FLOAT:
        return put_real(b, cell);
    case AT_TYPE_BOOL:
        return put_bool(b, cell);
    case AT_TYPE_DATE:
        return put_date(b, cell);
    case AT_TYPE_TIMESTAMP:
        return put_timestamp(b, cell);
    default:
        at_column_builder_text(b, cell->text, (int64_t)cell->length);
        return true;
    }
}

/* One column of the frame. */
static at_status build(at_payload *payload, size_t column, at_column_builder **out,
                       at_error *err) {
    const at_intake *intake = payload->intake;
    at_type type = intake->columns[column].type;
    at_column_builder *b = NULL;
    AT_TRY(at_column_builder_new(intake->columns[column].name, type, &b, err));
    if (payload->rows > 16)
        at_column_builder_reserve(b, (int64_t)payload->rows);
    at_status status = AT_OK;
    for (size_t row = 0; row < payload->rows && !status; row++) {
        const at_payload_cell *cell = &payload->cells[row * intake->count + column];
        if (!cell->text)
            at_column_builder_missing(b);
        else if (!put_cell(b, type, cell))
            status = wrong_value(payload, row, column, cell, description(type), err);
    }
    if (status) {
        at_column_builder_release(b);
        b = NULL;
    }
    *out = b;
    return status;
}

at_status at_payload_frame(at_payload *payload, at_frame **out, at_error *err) {
    const at_intake *intake = payload->intake;
    at_frame_builder *frame = NULL;
    AT_TRY(at_frame_builder_new(&frame, err));
    at_status status = AT_OK;
    for (size_t i = 0; i < intake->count && !status; i++) {
        at_column_builder *column = NULL;
        status = build(payload, i, &column, err);
        if (!status)
            status = at_frame_builder_take(frame, column, err);
    }
    if (status) {
        at_frame_builder_release(frame);
        return status;
    }
    return at_frame_builder_finish(frame, out, err);
}
