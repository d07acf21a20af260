/* Value: one cell apart from its column: what a user wrote in a step, what a step
 * learned. */
#ifndef ATELIER_OPS_RECIPE_VALUE_H
#define ATELIER_OPS_RECIPE_VALUE_H

#include "ops/base/memory.h"
#include "ops/frame/frame.h"

#include <jansson.h>

typedef struct at_value {
    at_type type; /* TEXT stands for CATEGORY too */
    union {
        int64_t integer; /* INT, BOOL, DATE, TIMESTAMP */
        double real;     /* FLOAT */
    };
    const char *bytes; /* TEXT */
    size_t length;
} at_value;

/* Reads a text as a value of the type; false if it is none. INT takes 3 and 3.0; BOOL
 * true, false, yes, no, 1, 0; DATE 2024-01-31; TIMESTAMP 2024-01-31[
 * T]12:00[:00[.ffffff]][Z], or a date. Texts are borrowed. */
bool at_value_read(const char *bytes, size_t length, at_type type, at_value *out);
/* The same from a NUL-terminated text; a TEXT is copied (false too on no memory). */
bool at_value_parse(const char *text, at_type type, at_arena *arena, at_value *out);
/* From the bytes of a cell as a column holds it; a text is copied. False: no memory. */
bool at_value_from_bytes(at_value *value, at_type type, const char *bytes, size_t length,
                         at_arena *arena);
/* As it stands in a CSV. Appends; false on no memory. */
struct at_text;
bool at_value_write(const at_value *value, struct at_text *out);
/* {"int": 3}, {"float": 0.5}, {"text": "a"} ...; new reference, or NULL. */
json_t *at_value_to_json(const at_value *value);
AT_MUST_USE at_status at_value_from_json(const json_t *json, at_arena *arena,
                                         at_value *out, at_error *err);

/* Mean and population deviation of the valid cells of a numeric column, NaN aside; NaN if
 * there are none. Two passes, sums by Neumaier (1974), so that the order of magnitude of
 * the values does not matter. */
double at_value_mean(const at_column *column);
double at_value_deviation(const at_column *column, double mean);

#endif
