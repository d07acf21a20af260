#include "magics/deploy/payload.h"
#include "ops/base/clock.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static at_status wrong_value(at_payload *payload, size_t row, size_t column,
                             const at_cell *cell, const char *what, at_error *err) {
    const char *name = payload->intake->columns[column].name;
    return at_payload_fail(payload, row + 1, name, err, "'%.100s' is not %s", cell->text,
                           what);
}

static bool put_bool(at_column_builder *b, const char *text) {
    static const char *const words[][2] = {
        {"true", "false"}, {"1", "0"}, {"yes", "no"}, {"t", "f"}, {"y", "n"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (int k = 0; k < 2; k++)
            if (at_equal_fold(text, words[i][k])) {
                at_column_builder_int(b, k == 0);
                return true;
            }
    return false;
}

/* Exactly `digits` digits. */
static bool take_number(const char **at, int digits, unsigned *out) {
    *out = 0;
    for (int i = 0; i < digits; i++) {
        if (!isdigit((unsigned char)(*at)[i]))
            return false;
        *out = *out * 10 + (unsigned)((*at)[i] - '0');
    }
    *at += digits;
    return true;
}

static bool take_char(const char **at, char c) {
    if (**at != c)
        return false;
    ++*at;
    return true;
}

/* 2024-01-31; the days since 1970. */
static bool take_date(const char **at, int64_t *days) {
    unsigned year, month, day;
    if (!take_number(at, 4, &year) || !take_char(at, '-') ||
        !take_number(at, 2, &month) || !take_char(at, '-') || !take_number(at, 2, &day))
        return false;
    *days = at_days_from_civil(year, month, day);
    int64_t y;
    unsigned m, d;
    at_civil_from_days(*days, &y, &m, &d); /* 31 April is no day */
    return y == year && m == month && d == day;
}

/* 2024-01-31, 2024-01-31 12:30, 2024-01-31T12:30:15.25Z; microseconds since 1970. */
static bool parse_timestamp(const char *text, int64_t *out) {
    unsigned hour = 0, minute = 0, second = 0, micro = 0;
    int64_t days;
    if (!take_date(&text, &days))
        return false;
    if (take_char(&text, 'T') || take_char(&text, ' ')) {
        if (!take_number(&text, 2, &hour) || !take_char(&text, ':') ||
            !take_number(&text, 2, &minute))
            return false;
        if (take_char(&text, ':') && !take_number(&text, 2, &second))
            return false;
        if (take_char(&text, '.'))
            for (unsigned unit = 100000; isdigit((unsigned char)*text); unit /= 10)
                micro += unit * (unsigned)(*text++ - '0');
        take_char(&text, 'Z');
    }
    *out = ((days * 24 + hour) * 60 + minute) * 60 * 1000000 + second * 1000000LL + micro;
    return *text == '\0' && hour < 24 && minute < 60 && second < 60;
}

static bool put_date(at_column_builder *b, const char *text) {
    int64_t days;
    if (!take_date(&text, &days) || *text)
        return false;
    at_column_builder_int(b, days);
    return true;
}

static bool put_timestamp(at_column_builder *b, const char *text) {
    int64_t us;
    if (!parse_timestamp(text, &us))
        return false;
    at_column_builder_int(b, us);
    return true;
}

/* A number as it would stand in a FLOAT column; false if it is none or not finite. */
static bool put_real(at_column_builder *b, const char *text) {
    double value;
    if (!at_parse_real(text, &value) || isinf(value))
        return false;
    if (isnan(value))
        at_column_builder_missing(b);
    else
        at_column_builder_real(b, value);
    return true;
}

/* Whole numbers, however written: 5, 5.0, 5e0. *fraction: it is a number, but not whole.
 */
static bool put_int(at_column_builder *b, const char *text, bool *fraction) {
    int64_t whole;
    double value;
    if (at_parse_int(text, &whole)) {
        at_column_builder_int(b, whole);
        return true;
    }
    if (!at_parse_real(text, &value) || isinf(value))
        return false;
    if (isnan(value))
        at_column_builder_missing(b);
    else if (value == floor(value) && fabs(value) < 9007199254740992.0)
        at_column_builder_int(b, (int64_t)value);
    else
        *fraction = true;
    return true;
}

static const char *description(at_type type) {
    switch (type) {
    case AT_TYPE_INT:
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

static bool put_cell(at_column_builder *b, at_type type, const at_cell *cell,
                     bool *fraction) {
    switch (type) {
    case AT_TYPE_INT:
        return put_int(b, cell->text, fraction);
    case AT_TYPE_FLOAT:
        return put_real(b, cell->text);
    case AT_TYPE_BOOL:
        return put_bool(b, cell->text);
    case AT_TYPE_DATE:
        return put_date(b, cell->text);
    case AT_TYPE_TIMESTAMP:
        return put_timestamp(b, cell->text);
    default:
        at_column_builder_text(b, cell->text, (int64_t)cell->length);
        return true;
    }
}

/* One column of the frame. *fraction: an INT column holds a fraction: nothing is made. */
static at_status build(at_payload *payload, size_t column, at_type type, size_t from,
                       size_t to, at_column_builder **out, bool *fraction,
                       at_error *err) {
    const at_intake *intake = payload->intake;
    at_column_builder *b = NULL;
    AT_TRY(at_column_builder_new(intake->columns[column].name, type, &b, err));
    if (to - from > 16)
        at_column_builder_reserve(b, (int64_t)(to - from));
    at_status status = AT_OK;
    for (size_t row = from; row < to && !status && !*fraction; row++) {
        const at_cell *cell = &payload->cells[row * intake->count + column];
        if (!cell->text)
            at_column_builder_missing(b);
        else if (!put_cell(b, type, cell, fraction))
            status = wrong_value(payload, row, column, cell, description(type), err);
    }
    if (status || *fraction) {
        at_column_builder_release(b);
        b = NULL;
    }
    *out = b;
    return status;
}

at_status at_payload_frame(at_payload *payload, size_t from, size_t to, at_frame **out,
                           bool *mixed, at_error *err) {
    const at_intake *intake = payload->intake;
    at_frame_builder *frame = NULL;
    *mixed = false;
    AT_TRY(at_frame_builder_new(&frame, err));
    at_status status = AT_OK;
    for (size_t i = 0; i < intake->count && !status; i++) {
        at_column_builder *column = NULL;
        bool fraction = false;
        status =
            build(payload, i, intake->columns[i].type, from, to, &column, &fraction, err);
        if (!status && fraction) {
            *mixed = true;
            fraction = false;
            status = build(payload, i, AT_TYPE_FLOAT, from, to, &column, &fraction, err);
        }
        if (!status)
            status = at_frame_builder_take(frame, column, err);
    }
    if (status) {
        at_frame_builder_release(frame);
        return status;
    }
    return at_frame_builder_finish(frame, out, err);
}
