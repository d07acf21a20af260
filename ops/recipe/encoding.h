/* Encoding: numbers for the levels of a column: what frequency-encode and target-encode
 * learn, and put in the place of the cells. */
#ifndef ATELIER_OPS_RECIPE_ENCODING_H
#define ATELIER_OPS_RECIPE_ENCODING_H

#include "ops/recipe/level.h"

typedef struct at_encoding {
    at_dictionary levels;
    size_t outputs; /* numbers a level: 1, or one a class of the target */
    double *values; /* (levels.count + 2, outputs): the levels', then of a missing cell,
                       then of a level that the fit never saw */
    const char *const *names; /* (outputs) of the new columns; NULL: 1 output, in place */
} at_encoding;

/* The encodings of a step (step->column_count) become its state; released by
 * at_encodings_fini, the `fini` of its kind. */
AT_MUST_USE at_status at_encodings_new(at_step *step, at_error *err);
at_encoding *at_encodings(const at_step *step); /* borrowed */
void at_encodings_fini(at_step *step);
/* Room for the values; `levels` is complete. */
AT_MUST_USE at_status at_encoding_size(at_step *step, at_encoding *e, size_t outputs,
                                       at_error *err);
/* The `values` of a level's code. */
static inline double *at_encoding_row(const at_encoding *e, uint32_t code) {
    size_t row = code == AT_LEVEL_MISSING   ? e->levels.count
                 : code == AT_LEVEL_UNKNOWN ? (size_t)e->levels.count + 1
                                            : code;
    return e->values + row * e->outputs;
}

/* slab: (outputs, rows) of numbers, given by the sheet's at_sheet_cells and consumed,
 * also on failure; they take the place of column `place`, or follow as columns of their
 * names, and the column is discarded (at_sheet_sweep). */
AT_MUST_USE at_status at_encoding_put(const at_encoding *e, at_sheet *sheet, int place,
                                      double *slab, at_error *err);

/* For kinds: apply, save, load. */
AT_MUST_USE at_status at_encodings_apply(const at_step *step, at_sheet *sheet,
                                         const at_step_context *context,
                                         at_step_report *report, at_error *err);
json_t *at_encodings_save(const at_step *step);
AT_MUST_USE at_status at_encodings_load(at_step *step, const json_t *saved,
                                        at_error *err);

#endif
