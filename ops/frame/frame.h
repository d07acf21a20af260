/* Frame: a table of typed columns, immutable once built, perhaps mapped from a file.
 *
 * A frame is refcounted; retain and release are thread-safe, and so is every read.
 * Columns and their arrays are borrowed from the frame. Rows are counted from 0 inside
 * and from 1 in whatever a user reads. */
#ifndef ATELIER_OPS_FRAME_FRAME_H
#define ATELIER_OPS_FRAME_FRAME_H

#include "ops/base/error.h"

#include <stdint.h>

typedef enum at_type {
    AT_TYPE_INT,       /* int64_t */
    AT_TYPE_FLOAT,     /* double; NaN counts as missing when read from text */
    AT_TYPE_BOOL,      /* uint8_t 0 or 1 */
    AT_TYPE_TEXT,      /* bytes + (rows + 1) offsets, UTF-8 */
    AT_TYPE_CATEGORY,  /* uint32_t codes into a dictionary of distinct levels */
    AT_TYPE_DATE,      /* int32_t days since 1970-01-01 */
    AT_TYPE_TIMESTAMP, /* int64_t microseconds since 1970-01-01T00:00:00, no zone (or UTC)
                        */
} at_type;

const char *at_type_name(at_type type); /* "int", "float", ... */
bool at_type_from_name(const char *name, at_type *out);
static inline bool at_type_numeric(at_type type) {
    return type == AT_TYPE_INT || type == AT_TYPE_FLOAT;
}
static inline bool at_type_textual(at_type type) {
    return type == AT_TYPE_TEXT || type == AT_TYPE_CATEGORY;
}

typedef struct at_column {
    const char
        *name; /* UTF-8, never empty, unique in the frame (ASCII case-insensitive) */
    at_type type;
    int64_t rows;
    int64_t missing; /* number of invalid rows */
    const uint64_t
        *validity; /* bit (i % 64) of word (i / 64) = row i is there; NULL: all are */
    union {
        const void *values;
        const int64_t *ints; /* INT, TIMESTAMP */
        const double *reals;
        const uint8_t *bools;
        const uint32_t *codes; /* CATEGORY; 0 where missing */
        const int32_t *days;
    };
    /* TEXT: row i is bytes[offsets[i] .. offsets[i + 1]). CATEGORY: level k likewise. */
    const int64_t *offsets;
    const char *bytes;
    uint32_t levels; /* CATEGORY: size of the dictionary, in order of first appearance */
} at_column;

static inline bool at_column_valid(const at_column *column, int64_t row) {
    return !column->validity || (column->validity[row >> 6] >> (row & 63) & 1);
}
/* Text of a TEXT or CATEGORY cell; NULL where missing. Not NUL-terminated. */
const char *at_column_text(const at_column *column, int64_t row, int64_t *length);
/* A numeric, bool, date (days) or timestamp (us) cell as double; NaN where missing. */
double at_column_real(const at_column *column, int64_t row);
/* Writes the cell as it stands in a CSV: "" where missing, shortest decimals, ISO dates
 * (2024-01-31, 2024-01-31 12:00:00[.ffffff]), true/false. Appends to *out. */
struct at_text;
void at_column_format(const at_column *column, int64_t row, struct at_text *out);

typedef struct at_frame at_frame;

int64_t at_frame_rows(const at_frame *frame);
int at_frame_columns(const at_frame *frame);
const at_column *at_frame_column(const at_frame *frame, int index); /* borrowed */
int at_frame_find(const at_frame *frame,
                  const char *name); /* -1: none; case-insensitive */
at_frame *at_frame_retain(const at_frame *frame);
void at_frame_release(at_frame *frame);        /* NULL is fine */
int64_t at_frame_bytes(const at_frame *frame); /* memory of all columns */

/* New frames that share columns with old ones (a column keeps its frame alive). */
AT_MUST_USE at_status at_frame_select(const at_frame *frame, const int *columns,
                                      int count, at_frame **out, at_error *err);
/* Copies the given rows, in the given order (they may repeat). A category keeps its whole
 * dictionary, so that codes mean the same in every part of a split. */
AT_MUST_USE at_status at_frame_take_rows(const at_frame *frame, const int64_t *rows,
                                         int64_t count, at_frame **out, at_error *err);

/* Column builder: one column, appended cell by cell. A wrong-typed append is our bug. */
typedef struct at_column_builder at_column_builder;
AT_MUST_USE at_status at_column_builder_new(const char *name, at_type type,
                                            at_column_builder **out, at_error *err);
void at_column_builder_reserve(at_column_builder *b, int64_t rows); /* a wish */
/* Appends are sticky-failing: the finish says AT_NO_MEMORY once. */
void at_column_builder_missing(at_column_builder *b);
void at_column_builder_int(at_column_builder *b,
                           int64_t value); /* INT, TIMESTAMP, DATE, BOOL */
void at_column_builder_real(at_column_builder *b, double value);
void at_column_builder_text(at_column_builder *b, const char *bytes,
                            int64_t length); /* TEXT,
                                     CATEGORY */
int64_t at_column_builder_rows(const at_column_builder *b);
void at_column_builder_release(at_column_builder *b);

/* Frame builder: takes finished columns, old or new, of equal length. */
typedef struct at_frame_builder at_frame_builder;
AT_MUST_USE at_status at_frame_builder_new(at_frame_builder **out, at_error *err);
/* Consumes the column builder, also on failure. AT_INVALID on a repeated name or a length
 * that differs. */
AT_MUST_USE at_status at_frame_builder_take(at_frame_builder *b,
                                            at_column_builder *column, at_error *err);
/* Adds column `index` of `frame`, shared, under `name` (NULL: its own). */
AT_MUST_USE at_status at_frame_builder_share(at_frame_builder *b, const at_frame *frame,
                                             int index, const char *name, at_error *err);
/* Consumes the builder, also on failure. A frame may have 0 rows; not 0 columns. */
AT_MUST_USE at_status at_frame_builder_finish(at_frame_builder *b, at_frame **out,
                                              at_error *err);
void at_frame_builder_release(at_frame_builder *b);

/* On disk: a safetensors container (github.com/huggingface/safetensors, "Format"), one
 * tensor an array, names "0.values", "0.validity", ..., schema as JSON in __metadata__
 * with "format": "atelier-frame/1". Written atomically and durably; opened by mmap, after
 * the header and every offset were checked, so that a damaged file is AT_CORRUPT, never a
 * crash. */
AT_MUST_USE at_status at_frame_save(const at_frame *frame, const char *path,
                                    at_error *err);
AT_MUST_USE at_status at_frame_open(const char *path, at_frame **out, at_error *err);
/* As at_frame_save, with more arrays and texts in the same file, for those who know of
 * them (ops/image/images.h); their names begin with no digit. */
struct at_array;
struct at_meta;
AT_MUST_USE at_status at_frame_save_with(const at_frame *frame, const char *path,
                                         const struct at_array *arrays, size_t count,
                                         const struct at_meta *meta, size_t meta_count,
                                         at_error *err);

/* What a frame looks like, without its rows: for lineage, endpoints, catalogues.
 * [{"name": "age", "type": "int"}, ...]; new reference. */
typedef struct json_t json_t;
json_t *at_frame_schema(const at_frame *frame);

#endif
