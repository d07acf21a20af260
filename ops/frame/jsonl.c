/* Read twice: first which keys there are and what they hold, then the cells. */
#include "ops/frame/jsonl.h"

#include "ops/base/clock.h"
#include "ops/base/file.h"
#include "ops/base/memory.h"
#include "ops/frame/csv_reader.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_LIMIT = 64 << 20 };
static const size_t file_limit = (size_t)8 << 30;

typedef struct at_jsonl_column {
    at_cell_kind kind; /* EMPTY, INT, FLOAT, BOOL, DATE, STAMP, STAMP_ZONE or STRING */
    int64_t cells;
    at_dictionary levels; /* of strings, while they are few */
    bool many;
    at_column_builder *builder;
    int64_t last; /* the row that was written last */
} at_jsonl_column;

typedef struct at_jsonl {
    const char *text, *end;
    bool skip_bad;
    const at_read_context *context;
    at_csv_report *report;
    at_dictionary keys;
    at_jsonl_column *columns;
    size_t capacity;
    int64_t rows;
    bool second; /* the second reading */
    double told;
} at_jsonl;

/* Text of a value that is to be a string; the caller frees *owned. */
static const char *as_text(const json_t *value, size_t *length, char **owned) {
    char number[32];
    *owned = NULL;
    if (json_is_string(value)) {
        *length = json_string_length(value);
        return json_string_value(value);
    }
    if (json_is_real(value)) {
        *length = at_format_real(json_real_value(value), number);
        *owned = at_copy_bytes(number, *length);
    } else {
        char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
        *length = dump ? strlen(dump) : 0;
        *owned = dump ? at_copy_bytes(dump, *length) : NULL;
        free(dump);
    }
    return *owned;
}

static at_cell_kind kind_of(const json_t *value) {
    int64_t us;
    int32_t days;
    switch (json_typeof(value)) {
    case JSON_NULL:
        return AT_CELL_EMPTY;
    case JSON_TRUE:
    case JSON_FALSE:
        return AT_CELL_BOOL;
    case JSON_INTEGER:
        return AT_CELL_INT;
    case JSON_REAL:
        return AT_CELL_FLOAT;
    case JSON_STRING:
        if (at_cell_date(json_string_value(value), json_string_length(value), &days))
            return AT_CELL_DATE;
        if (at_cell_stamp(json_string_value(value), json_string_length(value), false,
                          &us))
            return AT_CELL_STAMP;
        if (at_cell_stamp(json_string_value(value), json_string_length(value), true, &us))
            return AT_CELL_STAMP_ZONE;
        return AT_CELL_STRING;
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    return AT_CELL_STRING;
}

/* First reading: the column widens so that it holds the value. */
static bool learn(at_jsonl_column *column, const json_t *value) {
    at_cell_kind kind = kind_of(value);
    if (kind == AT_CELL_EMPTY)
        return true;
    column->kind = at_cell_join(column->kind, kind);
    column->cells++;
    if (column->many)
        return true;
    char *owned;
    size_t length;
    const char *text = as_text(value, &length, &owned);
    bool ok =
        text && at_dictionary_add(&column->levels, text, length) != AT_DICTIONARY_NONE;
    at_free(owned);
    if (column->levels.count > AT_CSV_LEVELS) {
        column->many = true;
        at_dictionary_fini(&column->levels);
    }
    return ok;
}

/* Second reading: the value goes into the column, after the rows that lacked it. */
static bool build(at_jsonl_column *column, const json_t *value, int64_t row) {
    at_column_builder *b = column->builder;
    int64_t us = 0;
    int32_t days = 0;
    for (; column->last < row; column->last++)
        at_column_builder_missing(b);
    column->last = row + 1;
    if (json_is_null(value)) {
        at_column_builder_missing(b);
        return true;
    }
    switch (column->kind) {
    case AT_CELL_INT:
        at_column_builder_int(b, json_integer_value(value));
        return true;
    case AT_CELL_FLOAT:
        at_column_builder_real(b, json_number_value(value));
        return true;
    case AT_CELL_BOOL:
        at_column_builder_int(b, json_is_true(value));
        return true;
    case AT_CELL_DATE:
        at_cell_date(json_string_value(value), json_string_length(value), &days);
        at_column_builder_int(b, days);
        return true;
    case AT_CELL_STAMP:
    case AT_CELL_STAMP_ZONE:
        at_cell_stamp(json_string_value(value), json_string_length(value),
                      column->kind == AT_CELL_STAMP_ZONE, &us);
        at_column_builder_int(b, us);
        return true;
    default:
        break;
    }
    char *owned;
    size_t length;
    const char *text = as_text(value, &length, &owned);
    if (text)
        at_column_builder_text(b, text, (int64_t)length);
    at_free(owned);
    return text != NULL;
}

static bool take_object(at_jsonl *j, const json_t *object) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        uint32_t before = j->keys.count;
        uint32_t c = at_dictionary_add(&j->keys, key, strlen(key));
        if (c == AT_DICTIONARY_NONE)
            return false;
        if (j->keys.count != before) {
            at_jsonl_column *columns =
                at_grow(j->columns, &j->capacity, (size_t)c + 1, sizeof *columns);
            if (!columns)
                return false;
            j->columns = columns;
            columns[c] = (at_jsonl_column){.kind = AT_CELL_EMPTY};
        }
        bool ok = j->second ? build(&j->columns[c], value, j->rows)
                            : learn(&j->columns[c], value);
        if (!ok)
            return false;
    }
    return true;
}

static at_status bad_line(at_jsonl *j, int64_t line, const char *why, at_error *err) {
    at_csv_report *report = j->report;
    if (!j->skip_bad) {
        at_fail(err, AT_INVALID, "line %lld is not a JSON object: %s", (long long)line,
                why);
        if (err)
            at_hint(err, "such lines can be passed over: --on-bad-row skip");
        return AT_INVALID;
    }
    if (!j->second) {
        if (report->bad_rows < 10)
            report->first_bad[report->bad_rows] = line;
        report->bad_rows++;
    }
    return AT_OK;
}

static at_status take_line(at_jsonl *j, const char *p, size_t length, int64_t line,
                           at_error *err) {
    json_error_t why;
    json_t *object = json_loadb(p, length, 0, &why);
    /* An integer beyond 64 bits is a float. */
    if (!object && json_error_code(&why) == json_error_numeric_overflow)
        object = json_loadb(p, length, JSON_DECODE_INT_AS_REAL, &why);
    if (!json_is_object(object)) {
        const char *text = object ? "it is something else" : why.text;
        json_decref(object);
        return bad_line(j, line, text, err);
    }
    at_status status = AT_OK;
    if (!take_object(j, object))
        status = at_fail(err, AT_NO_MEMORY, "out of memory");
    else if (j->keys.count > AT_CSV_COLUMNS)
        status = at_fail(err, AT_LIMIT, "more than %d different keys", AT_CSV_COLUMNS);
    json_decref(object);
    j->rows++;
    return status;
}

static at_status check_in(at_jsonl *j, const char *p, at_error *err) {
    const at_read_context *context = j->context;
    if (!context)
        return AT_OK;
    if (at_cancelled(context->cancel))
        return at_fail(err, AT_CANCELLED, "reading was interrupted");
    double now = at_now();
    if (context->progress && now - j->told > 0.2) {
        int64_t total = j->end - j->text, done = (p - j->text) / 2;
        j->told = now;
        context->progress(context->context, done + (j->second ? total / 2 : 0), total);
    }
    return AT_OK;
}

static at_status read_lines(at_jsonl *j, at_error *err) {
    int64_t line = 0;
    j->rows = 0;
    for (const char *p = j->text; p < j->end;) {
        const char *stop = memchr(p, '\n', (size_t)(j->end - p));
        stop = stop ? stop : j->end;
        const char *from = p, *to = stop;
        while (from < to && (*from == ' ' || *from == '\t' || *from == '\r'))
            from++;
        line++;
        if (to - from > LINE_LIMIT)
            return at_fail(err, AT_LIMIT, "line %lld is longer than %d MB",
                           (long long)line, LINE_LIMIT >> 20);
        if (from < to)
            AT_TRY(take_line(j, from, (size_t)(to - from), line, err));
        if (line % 256 == 0)
            AT_TRY(check_in(j, p, err));
        p = stop < j->end ? stop + 1 : stop;
    }
    return AT_OK;
}

static at_type type_of(const at_jsonl_column *column) {
    at_type type = at_cell_type(column->kind);
    if (column->kind == AT_CELL_STRING && !column->many &&
        column->levels.count <= at_csv_most_levels(column->cells))
        type = AT_TYPE_CATEGORY;
    return type;
}

static at_status make_builders(at_jsonl *j, at_arena *arena, at_error *err) {
    size_t count = j->keys.count;
    const char **names = at_arena_alloc(arena, count * sizeof *names);
    if (!names)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (size_t c = 0; c < count; c++) {
        names[c] = at_arena_text(arena, j->keys.bytes + j->keys.offsets[c],
                                 (size_t)(j->keys.offsets[c + 1] - j->keys.offsets[c]));
        if (!names[c])
            return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    AT_TRY(at_csv_unique_names(names, (int)count, arena, err));
    for (size_t c = 0; c < count; c++) {
        AT_TRY(at_column_builder_new(names[c], type_of(&j->columns[c]),
                                     &j->columns[c].builder, err));
        at_column_builder_reserve(j->columns[c].builder, j->rows);
    }
    return AT_OK;
}

static at_status make_frame(at_jsonl *j, at_frame **out, at_error *err) {
    at_frame_builder *b;
    AT_TRY(at_frame_builder_new(&b, err));
    at_status status = AT_OK;
    for (size_t c = 0; c < j->keys.count && status == AT_OK; c++) {
        at_jsonl_column *column = &j->columns[c];
        for (; column->last < j->rows; column->last++)
            at_column_builder_missing(column->builder);
        status = at_frame_builder_take(b, column->builder, err);
        column->builder = NULL;
    }
    if (status != AT_OK) {
        at_frame_builder_release(b);
        return status;
    }
    return at_frame_builder_finish(b, out, err);
}

static at_status read_twice(at_jsonl *j, at_frame **out, at_error *err) {
    at_arena arena = {0};
    at_status status = read_lines(j, err);
    if (status == AT_OK && j->keys.count == 0)
        status = at_fail(err, AT_INVALID, "there is no JSON object with a key in it");
    if (status == AT_OK)
        status = make_builders(j, &arena, err);
    j->second = true;
    if (status == AT_OK)
        status = read_lines(j, err);
    if (status == AT_OK)
        status = make_frame(j, out, err);
    at_arena_fini(&arena);
    for (size_t c = 0; j->columns && c < j->keys.count; c++) {
        at_dictionary_fini(&j->columns[c].levels);
        at_column_builder_release(j->columns[c].builder);
    }
    at_free(j->columns);
    at_dictionary_fini(&j->keys);
    return status;
}

at_status at_jsonl_read(const char *bytes, size_t length, bool skip_bad_rows,
                        const at_read_context *context, at_frame **out,
                        at_csv_report *report, at_error *err) {
    at_csv_report unused;
    bool mark = length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;
    at_jsonl j = {.text = bytes + (mark ? 3 : 0),
                  .end = bytes + length,
                  .skip_bad = skip_bad_rows,
                  .context = context,
                  .report = report ? report : &unused,
                  .told = at_now()};
    *j.report = (at_csv_report){.encoding = "utf-8", .decimal = '.'};
    AT_TRY(read_twice(&j, out, err));
    j.report->rows = j.rows;
    if (j.report->bad_rows > 0)
        snprintf(j.report->notes, sizeof j.report->notes,
                 "Skipped %lld line%s that were no JSON object, the first is line %lld.",
                 (long long)j.report->bad_rows, j.report->bad_rows == 1 ? "" : "s",
                 (long long)j.report->first_bad[0]);
    return AT_OK;
}

at_status at_jsonl_read_file(const char *path, bool skip_bad_rows,
                             const at_read_context *context, at_frame **out,
                             at_csv_report *report, at_error *err) {
    at_text text = {0};
    at_status status = at_file_read(path, file_limit, &text, err);
    if (status == AT_OK) {
        status = at_jsonl_read(at_text_get(&text), text.length, skip_bad_rows, context,
                               out, report, err);
        if (status != AT_OK && status != AT_CANCELLED && err)
            at_prefix(err, "%s", at_path_base(path));
    }
    at_text_fini(&text);
    return status;
}
