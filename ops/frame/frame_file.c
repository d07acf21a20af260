#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/frame/column.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "atelier-frame/1"
/* Most columns of a frame file. */
enum { COLUMNS = 100000 };

static at_dtype value_dtype(at_type type) {
    switch (type) {
    case AT_TYPE_FLOAT:
        return AT_DTYPE_F64;
    case AT_TYPE_BOOL:
        return AT_DTYPE_BOOL;
    case AT_TYPE_CATEGORY:
        return AT_DTYPE_U32;
    case AT_TYPE_DATE:
        return AT_DTYPE_I32;
    case AT_TYPE_INT:
    case AT_TYPE_TIMESTAMP:
    case AT_TYPE_TEXT:
        break;
    }
    return AT_DTYPE_I64;
}

static bool add_array(at_arena *arena, at_array *arrays, size_t *count, int column,
                      const char *part, at_dtype dtype, int64_t length,
                      const void *data) {
    const char *name = at_arena_format(arena, "%d.%s", column, part);
    arrays[(*count)++] = (at_array){
        .name = name, .dtype = dtype, .rank = 1, .shape = {length}, .data = data};
    return name != NULL;
}

/* Up to four arrays a column. */
static bool add_column(at_arena *arena, at_array *arrays, size_t *count, int index,
                       const at_column *column) {
    bool ok = true;
    int64_t strings = column->type == AT_TYPE_TEXT ? column->rows : column->levels;
    if (column->type != AT_TYPE_TEXT)
        ok = add_array(arena, arrays, count, index, "values", value_dtype(column->type),
                       column->rows, column->values);
    if (ok && column->validity)
        ok = add_array(arena, arrays, count, index, "validity", AT_DTYPE_U64,
                       (column->rows + 63) / 64, column->validity);
    if (ok && column->offsets)
        ok = add_array(arena, arrays, count, index, "offsets", AT_DTYPE_I64, strings + 1,
                       column->offsets) &&
             add_array(arena, arrays, count, index, "bytes", AT_DTYPE_U8,
                       column->offsets[strings], column->bytes);
    return ok;
}

at_status at_frame_save(const at_frame *frame, const char *path, at_error *err) {
    return at_frame_save_with(frame, path, NULL, 0, NULL, 0, err);
}

at_status at_frame_save_with(const at_frame *frame, const char *path,
                             const at_array *extra, size_t extra_count,
                             const at_meta *extra_meta, size_t extra_meta_count,
                             at_error *err) {
    at_arena arena = {0};
    int columns = at_frame_columns(frame);
    if (columns > COLUMNS)
        return at_fail(err, AT_LIMIT, "a table may have at most %d columns", COLUMNS);
    at_array *arrays =
        at_alloc_array((size_t)columns * 4 + extra_count + 1, sizeof *arrays);
    at_meta *meta = at_alloc_array(extra_meta_count + 3, sizeof *meta);
    json_t *schema = at_frame_schema(frame);
    char *schema_text = schema ? json_dumps(schema, JSON_COMPACT) : NULL;
    char rows[32];
    snprintf(rows, sizeof rows, "%lld", (long long)at_frame_rows(frame));
    bool ok = arrays && meta && schema_text;
    size_t count = 0;
    for (int i = 0; ok && i < columns; i++)
        ok = add_column(&arena, arrays, &count, i, at_frame_column(frame, i));
    if (ok) {
        const at_meta own[3] = {
            {"format", FORMAT}, {"rows", rows}, {"schema", schema_text}};
        memcpy(meta, own, sizeof own);
        if (extra_meta_count)
            memcpy(meta + 3, extra_meta, extra_meta_count * sizeof *meta);
        if (extra_count)
            memcpy(arrays + count, extra, extra_count * sizeof *arrays);
    }
    at_status status = ok ? at_safetensors_write(path, arrays, count + extra_count, meta,
                                                 extra_meta_count + 3, err)
                          : at_fail(err, AT_NO_MEMORY, "out of memory");
    free(schema_text);
    json_decref(schema);
    at_free(meta);
    at_free(arrays);
    at_arena_fini(&arena);
    return status;
}

static at_status damaged(const at_column *column, const char *what, at_error *err) {
    return at_fail(err, AT_CORRUPT, "the file is damaged: column '%s' %s", column->name,
                   what);
}

/* The array "INDEX.PART" of that type and length; NULL in *out where it may be absent. */
static at_status find_array(at_safetensors *file, const at_column *column, int index,
                            const char *part, at_dtype dtype, int64_t length,
                            const at_array **out, at_error *err) {
    char name[48];
    snprintf(name, sizeof name, "%d.%s", index, part);
    *out = at_safetensors_find(file, name);
    if (!*out)
        return AT_OK;
    if ((*out)->dtype != dtype || (*out)->rank != 1 ||
        (length >= 0 && (*out)->shape[0] != length))
        return damaged(column, "has an array of the wrong shape", err);
    return AT_OK;
}

static at_status read_strings(at_safetensors *file, int index, at_column *column,
                              at_error *err) {
    const at_array *offsets, *bytes;
    bool text = column->type == AT_TYPE_TEXT;
    AT_TRY(find_array(file, column, index, "offsets", AT_DTYPE_I64,
                      text ? column->rows + 1 : -1, &offsets, err));
    AT_TRY(find_array(file, column, index, "bytes", AT_DTYPE_U8, -1, &bytes, err));
    if (!offsets || !bytes || offsets->shape[0] < 1 ||
        (!text && offsets->shape[0] > UINT32_MAX))
        return damaged(column, "lacks its texts", err);
    int64_t count = offsets->shape[0] - 1, bad = 0;
    const int64_t *at = offsets->data;
    for (int64_t i = 0; i < count; i++)
        bad |= at[i + 1] < at[i];
    if (bad || at[0] != 0 || at[count] != bytes->shape[0])
        return damaged(column, "has offsets out of order", err);
    if (!text && !at_utf8_valid(bytes->data, bytes->bytes))
        return damaged(column, "has texts that are not UTF-8", err);
    column->offsets = at;
    column->bytes = bytes->data;
    if (!text)
        column->levels = (uint32_t)count;
    return AT_OK;
}

static at_status read_validity(at_safetensors *file, int index, at_column *column,
                               at_error *err) {
    const at_array *array;
    int64_t words = (column->rows + 63) / 64;
    AT_TRY(find_array(file, column, index, "validity", AT_DTYPE_U64, words, &array, err));
    if (!array)
        return AT_OK;
    const uint64_t *bits = array->data;
    int64_t valid = 0;
    for (int64_t i = 0; i < words; i++) {
        uint64_t word = bits[i];
        if (i == words - 1 && column->rows % 64)
            word &= ((uint64_t)1 << (column->rows % 64)) - 1;
        valid += __builtin_popcountll(word);
    }
    column->missing = column->rows - valid;
    column->validity = column->missing ? bits : NULL;
    return AT_OK;
}

/* What a reader uses as an index must be in range. */
static at_status check_values(const at_column *column, at_error *err) {
    if (column->type == AT_TYPE_CATEGORY) {
        uint32_t most = 0;
        for (int64_t i = 0; i < column->rows; i++)
            most = column->codes[i] > most ? column->codes[i] : most;
        /* A column of missing cells alone has codes 0 and no levels. */
        if (most >= column->levels && (most > 0 || column->missing < column->rows))
            return damaged(column, "has a code without a level", err);
    } else if (column->type == AT_TYPE_BOOL) {
        uint8_t any = 0;
        for (int64_t i = 0; i < column->rows; i++)
            any |= column->bools[i];
        if (any > 1)
            return damaged(column, "has a truth value other than 0 and 1", err);
    }
    return AT_OK;
}

static at_status read_column(at_safetensors *file, int index, at_column *column,
                             at_error *err) {
    const at_array *values;
    AT_TRY(read_validity(file, index, column, err));
    if (at_type_textual(column->type))
        AT_TRY(read_strings(file, index, column, err));
    if (column->type == AT_TYPE_TEXT)
        return AT_OK;
    AT_TRY(find_array(file, column, index, "values", value_dtype(column->type),
                      column->rows, &values, err));
    if (!values)
        return damaged(column, "lacks its values", err);
    column->values = values->data;
    return check_values(column, err);
}

static at_status read_schema(at_safetensors *file, const json_t *schema, int64_t rows,
                             at_frame_builder *b, at_error *err) {
    for (size_t i = 0; i < json_array_size(schema); i++) {
        const json_t *entry = json_array_get(schema, i);
        const char *type = json_string_value(json_object_get(entry, "type"));
        at_column column = {.name = json_string_value(json_object_get(entry, "name")),
                            .rows = rows};
        if (!column.name || !type || !at_type_from_name(type, &column.type))
            return at_fail(err, AT_CORRUPT,
                           "the file is damaged: its schema is unreadable");
        AT_TRY(read_column(file, (int)i, &column, err));
        at_column_store *store;
        AT_TRY(at_column_store_new(&store, err));
        store->file = at_safetensors_retain(file);
        at_status status = at_frame_builder_put(b, &column, store, err);
        if (status == AT_INVALID)
            return at_fail(err, AT_CORRUPT,
                           "the file is damaged: its schema repeats a column");
        AT_TRY(status);
    }
    return AT_OK;
}

static at_status read_frame(at_safetensors *file, at_frame **out, at_error *err) {
    const char *format = at_safetensors_meta(file, "format");
    const char *schema_text = at_safetensors_meta(file, "schema");
    const char *rows_text = at_safetensors_meta(file, "rows");
    int64_t rows = -1;
    if (!format || strncmp(format, "atelier-frame/", 14) != 0)
        return at_fail(err, AT_CORRUPT, "the file holds no table");
    if (strcmp(format, FORMAT) != 0)
        return at_fail(err, AT_UNSUPPORTED,
                       "the table is of the newer format %s; this Atelier reads %s",
                       format, FORMAT);
    json_t *schema = schema_text ? json_loads(schema_text, 0, NULL) : NULL;
    at_frame_builder *b = NULL;
    at_status status = AT_OK;
    if (!json_is_array(schema) || json_array_size(schema) > COLUMNS || !rows_text ||
        !at_parse_int(rows_text, &rows) || rows < 0 || rows > INT64_MAX / 64)
        status =
            at_fail(err, AT_CORRUPT, "the file is damaged: its schema is unreadable");
    if (status == AT_OK)
        status = at_frame_builder_new(&b, err);
    if (status == AT_OK)
        status = read_schema(file, schema, rows, b, err);
    json_decref(schema);
    if (status != AT_OK) {
        at_frame_builder_release(b);
        return status;
    }
    return at_frame_builder_finish(b, out, err);
}

at_status at_frame_open(const char *path, at_frame **out, at_error *err) {
    at_safetensors *file;
    AT_TRY(at_safetensors_open(path, &file, err));
    at_status status = read_frame(file, out, err);
    at_safetensors_release(file); /* the columns hold it */
    if (status != AT_OK && err)
        at_prefix(err, "%s", path);
    return status;
}
