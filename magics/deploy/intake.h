/* Intake: what an endpoint takes: the columns of its model's source in order, less target
 * and dropped columns, each with its type; and the names that a named payload may also
 * hold, which are passed over. Immutable once made. */
#ifndef ATELIER_MAGICS_DEPLOY_INTAKE_H
#define ATELIER_MAGICS_DEPLOY_INTAKE_H

#include "ops/base/memory.h"
#include "ops/frame/csv_cell.h"
#include "ops/frame/frame.h"

#include <jansson.h>

typedef struct at_intake_column {
    const char *name;
    at_type type;
} at_intake_column;

typedef struct at_intake {
    const at_intake_column *columns;
    size_t count;
    const char *const *ignored;
    size_t ignored_count;
    /* What stands for a missing cell in CSV, beside an empty field: what did so when the
     * source was read, so that a row means here what it meant in training. */
    at_missing_words missing;
} at_intake;

/* From schemas [{"name","type"}, ...] (at_model_inputs, at_model_ignored; the latter also
 * as plain names; may be NULL), the target's name (passed over too; may be NULL) and the
 * missing markers of the source (an array of strings; NULL: the CSV reader's own).
 * Everything is copied into `arena`. A schema that is none: AT_CORRUPT. */
AT_MUST_USE at_status at_intake_init(at_intake *intake, const json_t *inputs,
                                     const json_t *ignored, const char *target,
                                     const json_t *missing, at_arena *arena,
                                     at_error *err);

enum { AT_INTAKE_UNKNOWN = -1, AT_INTAKE_IGNORED = -2 };
/* The place of this name (ASCII case-insensitive, blanks around it allowed). `guess` is
 * tried first: names mostly come in order. */
int at_intake_find(const at_intake *intake, const char *name, size_t length,
                   size_t guess);

/* Puts "did you mean x?", or the names, into the hint of *err; returns err->code. */
at_status at_intake_hint(const at_intake *intake, const char *name, at_error *err);

#endif
