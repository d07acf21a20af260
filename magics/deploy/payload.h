/* Payload: the rows of a request, read from CSV, JSON or JSON lines into cells in the
 * order of an intake, and from there into a frame. Errors name row (from 1, a header not
 * counted) and column, in words and in `bad_row` and `bad_column`. */
#ifndef ATELIER_MAGICS_DEPLOY_PAYLOAD_H
#define ATELIER_MAGICS_DEPLOY_PAYLOAD_H

#include "magics/deploy/intake.h"
#include "ops/frame/csv.h"

/* text NULL: missing. NUL-terminated, in the request's arena. */
typedef struct at_payload_cell {
    const char *text;
    size_t length;
} at_payload_cell;

typedef struct at_payload {
    at_arena *arena;
    const at_intake *intake;
    at_payload_cell *cells; /* (rows, intake->count) row-major */
    size_t rows, capacity;
    size_t bad_row;         /* where an error is; 0: not in a row */
    const char *bad_column; /* borrowed; NULL: not in one column */
} at_payload;

void at_payload_init(at_payload *payload, const at_intake *intake, at_arena *arena);

/* Comma-separated records. A first record made of column names is a header: then columns
 * are matched by name and dropped ones passed over. header AT_YES or AT_NO says so for
 * sure. */
AT_MUST_USE at_status at_payload_csv(at_payload *payload, const char *bytes,
                                     size_t length, at_tristate header, at_error *err);
/* {"instances": [ROW, ...]}, a ROW an object by name, an array in order, or
 * {"features": array}. */
AT_MUST_USE at_status at_payload_json(at_payload *payload, const char *bytes,
                                      size_t length, at_error *err);
/* One ROW a line; blank lines are passed over. */
AT_MUST_USE at_status at_payload_jsonl(at_payload *payload, const char *bytes,
                                       size_t length, at_error *err);

/* The rows as a frame of the intake's types. A value that its column cannot hold, a
 * fraction among whole numbers too, is AT_INVALID: an answer never depends on the batch.
 */
AT_MUST_USE at_status at_payload_frame(at_payload *payload, at_frame **out,
                                       at_error *err);

/* For the readers: a new row of missing cells, or NULL (no memory); and an error at a
 * place: "row 2, column 'age': ...". */
at_payload_cell *at_payload_row(at_payload *payload);
at_status at_payload_fail(at_payload *payload, size_t row, const char *column,
                          at_error *err, const char *format, ...) AT_PRINTF(5, 6);

#endif
