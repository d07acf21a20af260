#include "magics/deploy/payload.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void at_payload_init(at_payload *payload, const at_intake *intake, at_arena *arena) {
    *payload = (at_payload){.arena = arena, .intake = intake};
}

at_payload_cell *at_payload_row(at_payload *payload) {
    size_t width = payload->intake->count;
    if (payload->rows == payload->capacity) {
        size_t capacity = payload->capacity ? 2 * payload->capacity : 1;
        at_payload_cell *cells =
            at_arena_alloc(payload->arena, capacity * width * sizeof *cells);
        if (!cells)
            return NULL;
        if (payload->rows)
            memcpy(cells, payload->cells, payload->rows * width * sizeof *cells);
        payload->cells = cells;
        payload->capacity = capacity;
    }
    return payload->cells + payload->rows++ * width;
}

at_status at_payload_fail(at_payload *payload, size_t row, const char *column,
                          at_error *err, const char *format, ...) {
    payload->bad_row = row;
    payload->bad_column = column;
    char what[600];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (column)
        return at_fail(err, AT_INVALID, "row %zu, column '%.200s': %s", row, column,
                       what);
    if (row)
        return at_fail(err, AT_INVALID, "row %zu: %s", row, what);
    return at_fail(err, AT_INVALID, "%s", what);
}
