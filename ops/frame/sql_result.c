#include "ops/frame/sql_result.h"

#include "ops/base/clock.h"
#include "ops/base/text.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LEVELS = 1000 };

void at_sql_column_init(at_sql_column *column, const char *name, const at_type *type,
                        bool forced) {
    *column = (at_sql_column){.name = name, .known = type != NULL, .forced = forced};
    if (type)
        column->type = *type;
}

void at_sql_column_fini(at_sql_column *column) {
    at_column_builder_release(column->builder);
    column->builder = NULL;
}

static at_status begin(at_sql_column *column, at_type type, at_error *err) {
    column->type = type;
    column->known = true;
    AT_TRY(at_column_builder_new(column->name, type, &column->builder, err));
    for (; column->nulls > 0; column->nulls--)
        at_column_builder_missing(column->builder);
    return AT_OK;
}

static void add_cell(at_column_builder *to, at_type type, const at_column *from,
                     int64_t row) {
    if (!at_column_valid(from, row)) {
        at_column_builder_missing(to);
    } else if (type == AT_TYPE_FLOAT) {
        at_column_builder_real(to, at_column_real(from, row));
    } else if (type == AT_TYPE_INT) {
        at_column_builder_int(to, (int64_t)at_column_real(from, row)); /* of a bool */
    } else if (at_type_textual(from->type)) {
        int64_t length;
        const char *text = at_column_text(from, row, &length);
        at_column_builder_text(to, text, length);
    } else {
        at_text text = {0};
        at_column_format(from, row, &text);
        at_column_builder_text(to, at_text_get(&text), (int64_t)text.length);
        at_text_fini(&text);
    }
}

/* Copies what came so far into a builder of another type. */
static at_status widen(at_sql_column *column, at_type type, at_error *err) {
    at_frame_builder *frame_builder = NULL;
    at_frame *frame = NULL;
    AT_TRY(at_frame_builder_new(&frame_builder, err));
    at_status status = at_frame_builder_take(frame_builder, column->builder, err);
    column->builder = NULL;
    if (status) {
        at_frame_builder_release(frame_builder);
        return status;
    }
    AT_TRY(at_frame_builder_finish(frame_builder, &frame, err));
    status = at_column_builder_new(column->name, type, &column->builder, err);
    if (!status) {
        column->type = type;
        const at_column *old = at_frame_column(frame, 0);
        for (int64_t row = 0; row < old->rows; row++)
            add_cell(column->builder, type, old, row);
    }
    at_frame_release(frame);
    return status;
}

static bool digits(const char *text, int count, int64_t *out) {
    *out = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = *out * 10 + (text[i] - '0');
    }
    return true;
}

bool at_sql_parse_date(const char *text, int64_t length, at_type type, int64_t *out) {
    int64_t year, month, day, hour = 0, minute = 0, second = 0, part = 0;
    if (length < 10 || !digits(text, 4, &year) || text[4] != '-' ||
        !digits(text + 5, 2, &month) || text[7] != '-' || !digits(text + 8, 2, &day))
        return false;
    int64_t days = at_days_from_civil(year, (unsigned)month, (unsigned)day), y;
    unsigned m, d;
    at_civil_from_days(days, &y, &m, &d);
    if (month < 1 || month > 12 || day < 1 || y != year || m != month || d != day)
        return false;
    if (type == AT_TYPE_DATE) {
        *out = days;
        return length == 10;
    }
    if (length != 10) {
        if (length < 19 || (text[10] != ' ' && text[10] != 'T') ||
            !digits(text + 11, 2, &hour) || text[13] != ':' ||
            !digits(text + 14, 2, &minute) || text[16] != ':' ||
            !digits(text + 17, 2, &second) || hour > 23 || minute > 59 || second > 59)
            return false;
        if (length > 19) {
            int count = (int)length - 20;
            if (text[19] != '.' || count < 1 || count > 6 ||
                !digits(text + 20, count, &part))
                return false;
            for (; count < 6; count++)
                part *= 10;
        }
    }
    *out = ((days * 24 + hour) * 60 + minute) * 60000000 + second * 1000000 + part;
    return true;
}

static at_status add_missing(at_sql_column *column) {
    if (column->builder)
        at_column_builder_missing(column->builder);
    else
        column->nulls++;
    return AT_OK;
}

static at_status add_bytes(at_sql_column *column, const char *bytes, int64_t length,
                           at_error *err) {
    column->bytes += length;
    if (column->bytes > AT_SQL_MAX_TEXT)
        return at_fail(err, AT_LIMIT, "column %s holds more than %lld bytes of text",
                       column->name, (long long)AT_SQL_MAX_TEXT);
    if (at_utf8_valid(bytes, (size_t)length)) {
        at_column_builder_text(column->builder, bytes, length);
        return AT_OK;
    }
    at_text clean = {0}; /* cast(x'ff' as text): bytes that are no UTF-8 become U+FFFD */
    for (int64_t i = 0; i < length;) {
        int64_t n = 1;
        while (n <= 4 && i + n <= length && !at_utf8_valid(bytes + i, (size_t)n))
            n++;
        if (n <= 4 && i + n <= length) {
            at_text_append(&clean, bytes + i, (size_t)n);
            i += n;
        } else {
            at_text_put(&clean, "\xEF\xBF\xBD");
            i++;
        }
    }
    bool ok = at_text_ok(&clean);
    if (ok)
        at_column_builder_text(column->builder, at_text_get(&clean),
                               (int64_t)clean.length);
    at_text_fini(&clean);
    return ok ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

static at_status add_number_text(at_sql_column *column, bool whole, int64_t integer,
                                 double real, at_error *err) {
    char text[40];
    size_t length = whole
                        ? (size_t)snprintf(text, sizeof text, "%lld", (long long)integer)
                        : at_format_real(real, text);
    return add_bytes(column, text, (int64_t)length, err);
}

/* A number into a forced column: converted where it fits, else missing. */
static at_status force_number(at_sql_column *column, bool whole, int64_t integer,
                              double real, at_error *err) {
    bool fits = whole || (real >= -9.2e18 && real <= 9.2e18);
    int64_t value = whole ? integer : fits ? (int64_t)llround(real) : 0;
    switch (column->type) {
    case AT_TYPE_BOOL:
        at_column_builder_int(column->builder, whole ? integer != 0 : fabs(real) > 0);
        return AT_OK;
    case AT_TYPE_INT:
    case AT_TYPE_TIMESTAMP:
        if (!fits)
            return add_missing(column);
        at_column_builder_int(column->builder, value);
        return AT_OK;
    case AT_TYPE_DATE:
        if (!fits || value < INT32_MIN || value > INT32_MAX)
            return add_missing(column);
        at_column_builder_int(column->builder, value);
        return AT_OK;
    default:
        return add_number_text(column, whole, integer, real, err);
    }
}

static at_status add_number(at_sql_column *column, bool whole, int64_t integer,
                            double real, at_error *err) {
    if (!column->builder) {
        at_type type = column->known ? column->type : whole ? AT_TYPE_INT : AT_TYPE_FLOAT;
        AT_TRY(begin(column, type, err));
    }
    if (column->type == AT_TYPE_FLOAT) {
        at_column_builder_real(column->builder, whole ? (double)integer : real);
        return AT_OK;
    }
    if (whole && (column->type == AT_TYPE_INT ||
                  (column->type == AT_TYPE_BOOL && (integer == 0 || integer == 1)))) {
        at_column_builder_int(column->builder, integer);
        return AT_OK;
    }
    if (column->forced)
        return force_number(column, whole, integer, real, err);
    if (column->type == AT_TYPE_INT || column->type == AT_TYPE_BOOL) {
        AT_TRY(widen(column, whole ? AT_TYPE_INT : AT_TYPE_FLOAT, err));
        return add_number(column, whole, integer, real, err);
    }
    if (!at_type_textual(column->type))
        AT_TRY(widen(column, AT_TYPE_TEXT, err));
    return add_number_text(column, whole, integer, real, err);
}

/* A text into a forced column that holds no text. */
static at_status force_text(at_sql_column *column, const char *bytes, int64_t length,
                            at_error *err) {
    char text[64];
    int64_t integer;
    double real;
    if (length >= (int64_t)sizeof text)
        return add_missing(column);
    memcpy(text, bytes, (size_t)length);
    text[length] = '\0';
    if (at_parse_int(text, &integer))
        return add_number(column, true, integer, 0, err);
    if (at_parse_real(text, &real) && !isnan(real))
        return add_number(column, false, 0, real, err);
    if (column->type == AT_TYPE_BOOL &&
        (at_equal_fold(text, "true") || at_equal_fold(text, "false"))) {
        at_column_builder_int(column->builder, at_equal_fold(text, "true"));
        return AT_OK;
    }
    return add_missing(column);
}

static at_status add_text(at_sql_column *column, const char *bytes, int64_t length,
                          at_error *err) {
    if (!column->builder) {
        column->from_value = !column->known;
        AT_TRY(begin(column, column->known ? column->type : AT_TYPE_CATEGORY, err));
    }
    int64_t moment;
    if ((column->type == AT_TYPE_DATE || column->type == AT_TYPE_TIMESTAMP) &&
        at_sql_parse_date(bytes, length, column->type, &moment)) {
        at_column_builder_int(column->builder, moment);
        return AT_OK;
    }
    if (!at_type_textual(column->type)) {
        if (column->forced)
            return force_text(column, bytes, length, err);
        AT_TRY(widen(column, AT_TYPE_TEXT, err));
    }
    return add_bytes(column, bytes, length, err);
}

static at_status add_blob(at_sql_column *column, const unsigned char *bytes, int length,
                          at_error *err) {
    at_text hex = {0};
    at_text_put(&hex, "x'");
    for (int i = 0; i < length; i++)
        at_text_format(&hex, "%02x", bytes[i]);
    at_text_char(&hex, '\'');
    at_status status = at_text_ok(&hex)
                           ? add_text(column, at_text_get(&hex), (int64_t)hex.length, err)
                           : at_fail(err, AT_NO_MEMORY, "out of memory");
    at_text_fini(&hex);
    return status;
}

at_status at_sql_column_add(at_sql_column *column, sqlite3_stmt *stmt, int place,
                            at_error *err) {
    switch (sqlite3_column_type(stmt, place)) {
    case SQLITE_NULL:
        return add_missing(column);
    case SQLITE_INTEGER:
        return add_number(column, true, sqlite3_column_int64(stmt, place), 0, err);
    case SQLITE_FLOAT:
        return add_number(column, false, 0, sqlite3_column_double(stmt, place), err);
    case SQLITE_TEXT: {
        /* As a blob: a text in a frame has no NUL behind it, and _text would copy it. */
        const char *bytes = sqlite3_column_blob(stmt, place);
        int length = sqlite3_column_bytes(stmt, place);
        return add_text(column, bytes ? bytes : "", bytes ? length : 0, err);
    }
    default: {
        const unsigned char *bytes = sqlite3_column_blob(stmt, place);
        return add_blob(column, bytes, sqlite3_column_bytes(stmt, place), err);
    }
    }
}

/* A category that a text began is one only if its levels are few. */
static at_status settle(at_sql_column *column, at_error *err) {
    int64_t rows = at_column_builder_rows(column->builder);
    at_frame_builder *frame_builder = NULL;
    at_frame *frame = NULL;
    AT_TRY(at_frame_builder_new(&frame_builder, err));
    at_status status = at_frame_builder_take(frame_builder, column->builder, err);
    column->builder = NULL;
    if (status) {
        at_frame_builder_release(frame_builder);
        return status;
    }
    AT_TRY(at_frame_builder_finish(frame_builder, &frame, err));
    const at_column *old = at_frame_column(frame, 0);
    bool few =
        old->levels <= MAX_LEVELS && 2 * (int64_t)old->levels <= rows - old->missing;
    at_type type = few ? AT_TYPE_CATEGORY : AT_TYPE_TEXT;
    status = at_column_builder_new(column->name, type, &column->builder, err);
    for (int64_t row = 0; row < rows && !status; row++)
        add_cell(column->builder, type, old, row);
    at_frame_release(frame);
    return status;
}

at_status at_sql_column_take(at_sql_column *column, at_column_builder **out,
                             at_error *err) {
    *out = NULL;
    if (!column->builder)
        AT_TRY(begin(column, column->known ? column->type : AT_TYPE_TEXT, err));
    if (column->from_value && column->type == AT_TYPE_CATEGORY)
        AT_TRY(settle(column, err));
    *out = column->builder;
    column->builder = NULL;
    return AT_OK;
}
