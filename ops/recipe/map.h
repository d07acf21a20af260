/* Map: new cells for old ones in a column, for the steps that change values. */
#ifndef ATELIER_OPS_RECIPE_MAP_H
#define ATELIER_OPS_RECIPE_MAP_H

#include "ops/base/text.h"
#include "ops/recipe/report.h"

/* A text cell becomes another: *bytes and *length are set anew, to a part of the old or
 * into `scratch`, which is empty at the call. False: the cell becomes missing. */
typedef bool (*at_map_text)(const void *context, const char **bytes, int64_t *length,
                            at_text *scratch);

static inline bool at_map_takes(const at_column *column) {
    return at_type_textual(column->type);
}

/* Maps a TEXT or CATEGORY column of the sheet; a category by its levels. */
AT_MUST_USE at_status at_map_column(at_sheet *sheet, int place, at_map_text map,
                                    const void *context, at_tally *tally, at_error *err);

/* For the kinds that map text only, as trim. Fit: of the columns selected, those that
 * hold text; AT_INVALID if none does. */
AT_MUST_USE at_status at_map_fit(at_step *step, const at_sheet *sheet,
                                 const at_step_context *context, at_error *err);
AT_MUST_USE at_status at_map_apply(const at_step *step, at_sheet *sheet, at_map_text map,
                                   at_step_report *report, at_error *err);

#endif
