#include "ops/recipe/value.h"

#include "ops/base/clock.h"
#include "ops/base/text.h"
#include "ops/frame/column.h"
#include "ops/recipe/json.h"

#include <math.h>
#include <string.h>

static bool digits(const char **at, int count, int64_t *out) {
    *out = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *out = *out * 10 + (**at - '0');
    }
    return true;
}

static bool mark(const char **at, char c) {
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

static bool read_date(const char **at, int64_t *days) {
    int64_t year, month, day, y;
    unsigned m, d;
    if (!digits(at, 4, &year) || !mark(at, '-') || !digits(at, 2, &month) ||
        !mark(at, '-') || !digits(at, 2, &day) || month < 1 || month > 12 || day < 1 ||
        day > 31)
        return false;
    *days = at_days_from_civil(year, (unsigned)month, (unsigned)day);
    at_civil_from_days(*days, &y, &m, &d); /* no 30th of February */
    return y == year && m == month && d == day;
}

static bool read_time(const char **at, int64_t *us) {
    int64_t hour, minute, second = 0, part = 0;
    if (!digits(at, 2, &hour) || !mark(at, ':') || !digits(at, 2, &minute) || hour > 23 ||
        minute > 59)
        return false;
    if (mark(at, ':') && (!digits(at, 2, &second) || second > 59))
        return false;
    if (mark(at, '.')) {
        int count = 0;
        for (; **at >= '0' && **at <= '9' && count < 6; count++)
            part = part * 10 + (*(*at)++ - '0');
        if (count == 0)
            return false;
        for (; count < 6; count++)
            part *= 10;
    }
    mark(at, 'Z');
    *us = ((hour * 60 + minute) * 60 + second) * 1000000 + part;
    return true;
}

static bool read_moment(const char *at, at_type type, int64_t *out) {
    int64_t days, us = 0;
    if (!read_date(&at, &days))
        return false;
    if (type == AT_TYPE_TIMESTAMP && (mark(&at, ' ') || mark(&at, 'T')) &&
        !read_time(&at, &us))
        return false;
    *out = type == AT_TYPE_DATE ? days : days * 86400 * 1000000 + us;
    return *at == '\0';
}

static bool read_int(const char *text, int64_t *out) {
    double real;
    if (at_parse_int(text, out))
        return true;
    if (!at_parse_real(text, &real) || !(fabs(real) <= 9007199254740992.0) ||
        fabs(real - rint(real)) > 0)
        return false;
    *out = (int64_t)real;
    return true;
}

static bool read_bool(const char *text, int64_t *out) {
    static const char *const words[] = {"false", "true", "no", "yes", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (at_equal_fold(text, words[i])) {
            *out = (int64_t)(i & 1);
            return true;
        }
    }
    return false;
}

bool at_value_read(const char *bytes, size_t length, at_type type, at_value *out) {
    *out = (at_value){.type = type};
    if (at_type_textual(type)) {
        *out = (at_value){.type = AT_TYPE_TEXT, .bytes = bytes, .length = length};
        return true;
    }
    char text[400]; /* any double, written out */
    while (length && (*bytes == ' ' || *bytes == '\t')) {
        bytes++;
        length--;
    }
    while (length && (bytes[length - 1] == ' ' || bytes[length - 1] == '\t'))
        length--;
    if (length == 0 || length >= sizeof text || memchr(bytes, '\0', length))
        return false;
    memcpy(text, bytes, length);
    text[length] = '\0';
    switch (type) {
    case AT_TYPE_INT:
        return read_int(text, &out->integer);
    case AT_TYPE_FLOAT:
        return at_parse_real(text, &out->real) && !isnan(out->real);
    case AT_TYPE_BOOL:
        return read_bool(text, &out->integer);
    default:
        return read_moment(text, type, &out->integer);
    }
}

bool at_value_parse(const char *text, at_type type, at_arena *arena, at_value *out) {
    if (!at_value_read(text, strlen(text), type, out))
        return false;
    if (out->type == AT_TYPE_TEXT)
        out->bytes = at_arena_text(arena, out->bytes, out->length);
    return out->type != AT_TYPE_TEXT || out->bytes;
}

bool at_value_from_bytes(at_value *value, at_type type, const char *bytes, size_t length,
                         at_arena *arena) {
    *value = (at_value){.type = type};
    uint8_t truth;
    int32_t days;
    switch (type) {
    case AT_TYPE_TEXT:
    case AT_TYPE_CATEGORY:
        value->type = AT_TYPE_TEXT;
        value->bytes = at_arena_text(arena, bytes, length);
        value->length = length;
        return value->bytes != NULL;
    case AT_TYPE_FLOAT:
        memcpy(&value->real, bytes, sizeof value->real);
        break;
    case AT_TYPE_BOOL:
        memcpy(&truth, bytes, sizeof truth);
        value->integer = truth;
        break;
    case AT_TYPE_DATE:
        memcpy(&days, bytes, sizeof days);
        value->integer = days;
        break;
    case AT_TYPE_INT:
    case AT_TYPE_TIMESTAMP:
        memcpy(&value->integer, bytes, sizeof value->integer);
        break;
    }
    return true;
}

bool at_value_write(const at_value *value, at_text *out) {
    if (value->type == AT_TYPE_TEXT) {
        at_text_append(out, value->bytes, value->length);
        return at_text_ok(out);
    }
    uint8_t truth = value->integer != 0;
    int32_t days = (int32_t)value->integer;
    at_column cell = {.type = value->type, .rows = 1, .values = &value->integer};
    if (value->type == AT_TYPE_BOOL)
        cell.bools = &truth;
    if (value->type == AT_TYPE_DATE)
        cell.days = &days;
    if (value->type == AT_TYPE_FLOAT)
        cell.reals = &value->real;
    at_column_format(&cell, 0, out);
    return at_text_ok(out);
}

json_t *at_value_to_json(const at_value *value) {
    json_t *object = json_object(), *content;
    if (value->type == AT_TYPE_FLOAT)
        content = json_real(value->real);
    else if (value->type == AT_TYPE_TEXT)
        content = json_stringn(value->bytes, value->length);
    else
        content = json_integer(value->integer);
    if (!object || !at_json_put(object, at_type_name(value->type), content)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

at_status at_value_from_json(const json_t *json, at_arena *arena, at_value *out,
                             at_error *err) {
    const char *key;
    json_t *content;
    json_object_foreach((json_t *)json, key, content) {
        *out = (at_value){0};
        if (!at_type_from_name(key, &out->type))
            break;
        if (out->type == AT_TYPE_FLOAT && json_is_number(content)) {
            out->real = json_number_value(content);
            return AT_OK;
        }
        if (out->type == AT_TYPE_TEXT && json_is_string(content)) {
            out->length = json_string_length(content);
            out->bytes = at_arena_text(arena, json_string_value(content), out->length);
            return out->bytes ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
        }
        if (out->type == AT_TYPE_FLOAT || out->type == AT_TYPE_TEXT ||
            out->type == AT_TYPE_CATEGORY || !json_is_integer(content))
            break;
        out->integer = json_integer_value(content);
        return AT_OK;
    }
    return at_json_broken(err);
}

/* sum += value, the rounding error kept in *rest. */
static void add(double *sum, double *rest, double value) {
    double total = *sum + value;
    if (fabs(*sum) >= fabs(value))
        *rest += (*sum - total) + value;
    else
        *rest += (value - total) + *sum;
    *sum = total;
}

double at_value_mean(const at_column *c) {
    double sum = 0, rest = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < c->rows; i++) {
        double value = at_column_real(c, i);
        if (isnan(value))
            continue;
        add(&sum, &rest, value);
        count++;
    }
    return count ? (sum + rest) / (double)count : (double)NAN;
}

double at_value_deviation(const at_column *c, double mean) {
    double sum = 0, rest = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < c->rows; i++) {
        double value = at_column_real(c, i) - mean;
        if (isnan(value))
            continue;
        add(&sum, &rest, value * value);
        count++;
    }
    return count ? sqrt((sum + rest) / (double)count) : (double)NAN;
}
