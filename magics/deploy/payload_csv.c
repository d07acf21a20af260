#include "magics/deploy/payload.h"

#include <string.h>

/* Which cell of a row each field of a record goes to, for a payload with a header. */
typedef struct layout {
    int *places; /* (count): of the intake, or AT_INTAKE_IGNORED; NULL: in order */
    size_t count;
} layout;

/* A header is a record of which most fields are names of columns. Data never is: no cell
 * of a table is named like its own column in most of a row. */
static bool is_header(const at_intake *intake, const at_csv_record *record) {
    size_t known = 0, strange = 0;
    for (size_t i = 0; i < record->count && 2 * strange < record->count; i++)
        if (at_intake_find(intake, record->fields[i], record->lengths[i], i) !=
            AT_INTAKE_UNKNOWN)
            known++;
        else
            strange++;
    return 2 * known > record->count;
}

static at_status read_header(at_payload *payload, const at_csv_record *record,
                             layout *out, at_error *err) {
    const at_intake *intake = payload->intake;
    bool *seen = at_arena_alloc(payload->arena, intake->count * sizeof *seen);
    out->places = at_arena_alloc(payload->arena, record->count * sizeof *out->places);
    out->count = record->count;
    if (!seen || !out->places)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the header");
    for (size_t i = 0; i < record->count; i++) {
        int place = at_intake_find(intake, record->fields[i], record->lengths[i], i);
        out->places[i] = place;
        if (place == AT_INTAKE_UNKNOWN) {
            at_payload_fail(
                payload, 0, NULL, err,
                "the header names a column '%.100s' that the model does not know",
                record->fields[i]);
            return at_intake_hint(intake, record->fields[i], err);
        }
        if (place >= 0 && seen[place])
            return at_payload_fail(payload, 0, NULL, err,
                                   "the header names the column '%.100s' twice",
                                   record->fields[i]);
        if (place >= 0)
            seen[place] = true;
    }
    for (size_t i = 0; i < intake->count; i++)
        if (!seen[i]) {
            at_payload_fail(payload, 0, NULL, err, "the header lacks the column '%.100s'",
                            intake->columns[i].name);
            return at_hint(err, "leave its fields empty where the value is unknown");
        }
    return AT_OK;
}

static at_status wrong_count(at_payload *payload, const at_csv_record *record,
                             size_t want, at_error *err) {
    const at_intake *intake = payload->intake;
    at_payload_fail(payload, payload->rows + 1, NULL, err,
                    "there are %zu fields where %zu are expected", record->count, want);
    if (record->count == 1 && want > 1 && strpbrk(record->fields[0], ";\t|"))
        return at_hint(err, "separate the fields by commas");
    if (record->count == intake->count + intake->ignored_count && intake->ignored_count) {
        at_text names = {0};
        for (size_t i = 0; i < intake->ignored_count && names.length < 300; i++)
            at_text_format(&names, "%s%s", i ? ", " : "", intake->ignored[i]);
        at_hint(err, "leave out %s, or send a header so that columns are matched by name",
                at_text_get(&names));
        at_text_fini(&names);
        return AT_INVALID;
    }
    at_text names = {0};
    for (size_t i = 0; i < intake->count && names.length < 400; i++)
        at_text_format(&names, "%s%s", i ? "," : "", intake->columns[i].name);
    at_hint(err, "one row is %s", at_text_get(&names));
    at_text_fini(&names);
    return AT_INVALID;
}

static at_status read_record(at_payload *payload, const at_csv_record *record,
                             const layout *order, at_error *err) {
    const at_intake *intake = payload->intake;
    size_t want = order->places ? order->count : intake->count;
    if (record->count != want)
        return wrong_count(payload, record, want, err);
    at_payload_cell *cells = at_payload_row(payload);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the rows");
    for (size_t i = 0; i < want; i++) {
        int place = order->places ? order->places[i] : (int)i;
        if (place >= 0 && record->lengths[i] &&
            !at_missing_is(&intake->missing, record->fields[i], record->lengths[i]))
            cells[place] = (at_payload_cell){record->fields[i], record->lengths[i]};
    }
    return AT_OK;
}

static bool is_blank(const at_csv_record *record) {
    return record->count == 0 || (record->count == 1 && record->lengths[0] == 0);
}

at_status at_payload_csv(at_payload *payload, const char *bytes, size_t length,
                         at_tristate header, at_error *err) {
    at_error own; /* the record reader tells its end from an error by it */
    err = err ? err : &own;
    at_error_clear(err);
    const char *cursor = bytes, *end = bytes + length;
    if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        cursor += 3;
    int64_t line = 1;
    layout order = {0};
    at_csv_record record = {0};
    bool first = true;
    while (at_csv_next(&cursor, end, ',', &line, payload->arena, &record, err)) {
        if (is_blank(&record) && payload->intake->count > 1)
            continue;
        if (first && header != AT_NO &&
            (header == AT_YES || is_header(payload->intake, &record)))
            AT_TRY(read_header(payload, &record, &order, err));
        else
            AT_TRY(read_record(payload, &record, &order, err));
        first = false;
    }
    if (err->code) {
        payload->bad_row = payload->rows + 1;
        return at_prefix(err, "row %zu", payload->rows + 1);
    }
    if (payload->rows == 0) {
        at_payload_fail(payload, 0, NULL, err, "the body holds no rows");
        return at_hint(err, "send one row a line");
    }
    return AT_OK;
}
